//! oha, in Rust.

use serde_json::Value;

use super::{Gets, Lab, Measure, Tool};

pub(in crate::bench) const TOOL: Tool = Tool { name: "oha", version: &["--version"], gets, read };

fn gets(_: &Lab, gets: &Gets) -> anyhow::Result<Vec<String>> {
    let Gets { url, connections, seconds, rate, .. } = gets;
    let mut arguments: Vec<String> =
        ["--no-tui", "--output-format", "json", "-c", &connections.to_string(), "-z", &format!("{seconds}s")]
            .map(str::to_owned)
            .to_vec();
    if let Some(rate) = rate {
        arguments.extend(["-q".to_owned(), rate.to_string()]);
    }
    arguments.push(url.clone());
    Ok(arguments)
}

fn read(output: &str) -> Option<Measure> {
    let value: Value = serde_json::from_str(output).ok()?;
    let sum = |name: &str, wanted: &dyn Fn(&str) -> bool| -> u64 {
        let counts = value[name].as_object().into_iter().flatten();
        counts.filter(|(key, _)| wanted(key)).filter_map(|(_, n)| n.as_u64()).sum()
    };
    let quantile = |name: &str| Some(value["latencyPercentiles"][name].as_f64()? * 1000.0);
    // Requests under way when the time is over are told as errors, which they are not.
    let is_error = |key: &str| !key.contains("deadline");
    Some(Measure {
        requests: sum("statusCodeDistribution", &|_| true),
        failed: sum("statusCodeDistribution", &|code| !code.starts_with('2'))
            + sum("errorDistribution", &is_error),
        per_second: value["summary"]["requestsPerSec"].as_f64()?,
        p50: quantile("p50"),
        p95: quantile("p95"),
        p99: quantile("p99"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tools::near;

    #[test]
    fn output_is_read() {
        let output = r#"{
            "summary": { "successRate": 1.0, "total": 5.0, "requestsPerSec": 73221.5 },
            "latencyPercentiles": { "p50": 0.00061, "p95": 0.0009, "p99": 0.0012 },
            "statusCodeDistribution": { "200": 366107, "503": 2 },
            "errorDistribution": { "aborted due to deadline": 50, "connection closed": 1 }
        }"#;
        let expected = Measure {
            requests: 366_109,
            failed: 3,
            per_second: 73_221.5,
            p50: Some(0.61),
            p95: Some(0.9),
            p99: Some(1.2),
        };
        near(read(output), expected);
        assert_eq!(read("error: unexpected argument"), None);
    }
}

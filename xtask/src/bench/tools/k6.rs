//! k6, in Go with scripts in JavaScript. Each script ends in [`SUMMARY`], which makes k6 print its figures as JSON.

use serde_json::Value;

use super::{Gets, Lab, Measure, Tool};

pub(in crate::bench) const TOOL: Tool = Tool { name: "k6", version: &["version"], gets, read };

/// The end of a script: k6 hands its figures to this function.
pub(in crate::bench) const SUMMARY: &str =
    "export function handleSummary(data) { return { stdout: JSON.stringify(data) }; }\n";

/// The quantiles that a script asks for.
pub(in crate::bench) const TREND: &str = "summaryTrendStats: ['avg', 'med', 'p(95)', 'p(99)', 'max']";

/// Its arguments for a script in a file.
pub(in crate::bench) fn script(file: &str) -> Vec<String> {
    ["run", "--quiet", "--no-color", "--no-usage-report", "--log-output=none", file]
        .map(str::to_owned)
        .to_vec()
}

fn gets(lab: &Lab, gets: &Gets) -> anyhow::Result<Vec<String>> {
    lab.write("gets.js", &gets_script(gets))?;
    Ok(script("gets.js"))
}

fn gets_script(gets: &Gets) -> String {
    let Gets { url, connections, seconds, rate, .. } = gets;
    let load = match rate {
        None => format!("executor: 'constant-vus', vus: {connections}, duration: '{seconds}s'"),
        Some(rate) => format!(
            "executor: 'constant-arrival-rate', rate: {rate}, timeUnit: '1s', duration: '{seconds}s', \
             preAllocatedVUs: {connections}, maxVUs: {connections}"
        ),
    };
    format!(
        "import http from 'k6/http';\n\
         export const options = {{ {TREND}, scenarios: {{ gets: {{ {load} }} }} }};\n\
         export default function () {{ http.get('{url}'); }}\n{SUMMARY}"
    )
}

fn read(output: &str) -> Option<Measure> {
    let value: Value = serde_json::from_str(output.trim()).ok()?;
    let metrics = &value["metrics"];
    let count = |name: &str, field: &str| metrics[name]["values"][field].as_u64();
    let quantile = |name: &str| metrics["http_req_duration"]["values"][name].as_f64();
    Some(Measure {
        requests: count("http_reqs", "count")?,
        // Failed requests, and failed checks of requests that did not fail themselves.
        failed: count("http_req_failed", "passes").unwrap_or(0) + count("checks", "fails").unwrap_or(0),
        per_second: metrics["http_reqs"]["values"]["rate"].as_f64()?,
        p50: quantile("med"),
        p95: quantile("p(95)"),
        p99: quantile("p(99)"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tools::near;

    #[test]
    fn output_is_read() {
        let output = r#"{ "metrics": {
            "http_reqs": { "type": "counter", "values": { "count": 41230, "rate": 8243.1 } },
            "http_req_failed": { "type": "rate", "values": { "rate": 0.0, "passes": 2, "fails": 41228 } },
            "checks": { "type": "rate", "values": { "rate": 1, "passes": 82459, "fails": 1 } },
            "http_req_duration": { "type": "trend", "values": { "med": 1.2, "p(95)": 4.5, "p(99)": 7.25 } }
        } }"#;
        let expected = Measure {
            requests: 41_230,
            failed: 3,
            per_second: 8243.1,
            p50: Some(1.2),
            p95: Some(4.5),
            p99: Some(7.25),
        };
        near(read(output), expected);
        assert_eq!(read("there was an error"), None);
    }
}

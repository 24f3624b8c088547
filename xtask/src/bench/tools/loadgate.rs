//! loadgate itself: the program as users run it, with a suite from a file; its report is what it prints.

use serde_json::Value;

use super::{Aim, Gets, Lab, Measure, Tool};

pub(in crate::bench) const TOOL: Tool = Tool { name: "loadgate", version: &["--version"], gets, read };

/// Its arguments for a suite in a file.
pub(in crate::bench) fn suite(file: &str) -> Vec<String> {
    ["run", file, "--mode", "off", "--fail-on", "never", "--format", "json", "--out", "out"]
        .map(str::to_owned)
        .to_vec()
}

fn gets(lab: &Lab, gets: &Gets) -> anyhow::Result<Vec<String>> {
    lab.write("gets.yml", &gets_suite(gets))?;
    Ok(suite("gets.yml"))
}

/// A bare request: the status is all that is looked at.
fn gets_suite(gets: &Gets) -> String {
    let Gets { url, connections, seconds, rate, aim } = gets;
    let warm_up_ms = if *aim == Aim::Latency { 500 } else { 0 };
    let load = match rate {
        None => format!("users: {connections}, duration: {seconds}s"),
        Some(rate) => format!("rate: {rate}/s, duration: {seconds}s, max_users: {connections}"),
    };
    format!(
        "name: gets\ntarget: {{ url: \"{url}\" }}\nscenarios:\n  gets:\n    load: {{ {load} }}\n    warm_up: {warm_up_ms}ms\n    \
         flow: [ {{ get: \"{url}\", check: status == 200 }} ]\n    settle: 0s\n"
    )
}

/// The report that it printed.
pub(in crate::bench) fn report(output: &str) -> Option<Value> {
    serde_json::from_str(output).ok()
}

fn read(output: &str) -> Option<Measure> {
    let report = report(output)?;
    let scenario = report["scenarios"].as_array()?.first()?;
    let latency = &scenario["latency_ms"];
    let failed = scenario["failed"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum();
    Some(Measure {
        requests: scenario["requests"].as_u64()?,
        failed,
        per_second: scenario["throughput"].as_f64()?,
        p50: latency["p50"].as_f64(),
        p95: latency["p95"].as_f64(),
        p99: latency["p99"].as_f64(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tools::near;

    #[test]
    fn a_report_is_read() {
        let output = r#"{ "scenarios": [ {
            "requests": 1000, "failed": { "timeout": 1, "status 5xx": 2 }, "throughput": 200.5,
            "latency_ms": { "mean": 1.0, "p50": 0.28, "p95": 550.1, "p99": null }
        } ] }"#;
        let expected = Measure {
            requests: 1000,
            failed: 3,
            per_second: 200.5,
            p50: Some(0.28),
            p95: Some(550.1),
            p99: None,
        };
        near(read(output), expected);
        assert_eq!(read("error: there is no suite"), None);
    }
}

//! The service freezes for a second: does the client tell?

use std::time::Duration;

use super::finding::{Finding, figure};
use super::lab::Lab;
use super::stats::median;
use super::tools::{self, Aim, Gets, Measure, Tool};
use super::truth::Truth;

const RATE: u32 = 200;
const SECONDS: u32 = 10;
/// When it freezes, from the first request on, and for how long.
const AFTER: Duration = Duration::from_millis(4500);
const LENGTH: Duration = Duration::from_millis(1050);

/// The latency at quantile `q` of a run at an even rate in which everything stops once for `frozen_ms`: a request that is due
/// in the freeze waits for its end, so that latencies spread evenly from `frozen_ms` down to nothing. Nothing else takes long.
fn true_ms(q: f64, frozen_ms: f64) -> f64 {
    (frozen_ms - (1.0 - q) * f64::from(SECONDS) * 1000.0).max(0.0)
}

/// Who takes part, with how many connections; the first two also where it is to be quick.
const PEERS: [(&Tool, u32, &str); 4] = [
    (&tools::OHA, 50, "oha -q, 50 connections"),
    (&tools::K6, 10, "k6, 10 users"),
    (&tools::HEY, 20, "hey -q, 20 connections"),
    (&tools::K6, 300, "k6, 300 users"),
];

pub(super) fn run(lab: &Lab) -> anyhow::Result<Finding> {
    let mut finding = Finding::default();
    let (mut ours, mut frozen, mut p95s, mut seen) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..lab.either(3, 1) {
        let (measure, frozen_ms, series_ms) = ours_once(lab)?;
        p95s.push(measure.p95.unwrap_or(f64::NAN) / true_ms(0.95, frozen_ms));
        ours.push(measure);
        frozen.push(frozen_ms);
        seen.push(series_ms);
    }
    let frozen_ms = median(&frozen);
    finding.say(format!(
        "{RATE} requests a second for {SECONDS} s; after {:.1} s the server stands still for {:.2} s. Requests that were due meanwhile waited, \
         so the true p95 is {:.0} ms and the true p99 {:.0} ms, while the true p50 is that of a server at rest. A client that sends \
         nothing while it waits does not see it.",
        AFTER.as_secs_f64(),
        frozen_ms / 1000.0,
        true_ms(0.95, frozen_ms),
        true_ms(0.99, frozen_ms),
    ));
    let middle = |of: fn(&Measure) -> Option<f64>| {
        median(&ours.iter().map(|m| of(m).unwrap_or(f64::NAN)).collect::<Vec<_>>())
    };
    let off = (median(&p95s) - 1.0).abs();
    finding.at_most("stall: p95 off the truth", 5.0, off * 100.0, "%");
    finding.at_least("stall: p99", 900.0, middle(|m| m.p99), "ms");
    finding.at_most("stall: p50", 0.4, middle(|m| m.p50), "ms");
    finding.at_least("stall: slowest interval of the report's series", 900.0, median(&seen), "ms");
    let cells = |name: &str, values: [f64; 3]| {
        let [p50, p95, p99] = values.map(|value| figure(value, "ms"));
        [name.to_owned(), p50, p95, p99]
    };
    let truth = [f64::NAN, true_ms(0.95, frozen_ms), true_ms(0.99, frozen_ms)];
    let mut rows = vec![
        cells("the truth", truth).map(|cell| if cell.starts_with("NaN") { "–".to_owned() } else { cell }),
        cells("loadgate", [middle(|m| m.p50), middle(|m| m.p95), middle(|m| m.p99)]),
    ];
    for &(tool, connections, name) in lab.either(&PEERS[..], &PEERS[..2]) {
        if tool.is_there(lab) {
            let measure = peer(lab, tool, connections)?;
            rows.push(cells(
                name,
                [measure.p50, measure.p95, measure.p99].map(|value| value.unwrap_or(f64::NAN)),
            ));
        }
    }
    finding.table(["client", "p50", "p95", "p99"], &rows);
    Ok(finding)
}

fn gets(truth: &Truth, connections: u32) -> Gets {
    Gets { url: truth.url("/small"), connections, seconds: SECONDS, rate: Some(RATE), aim: Aim::Speed }
}

/// loadgate's figures, the true length of the freeze, and the largest latency in its series.
fn ours_once(lab: &Lab) -> anyhow::Result<(Measure, f64, f64)> {
    let truth = Truth::start(&lab.cores)?;
    truth.freeze(AFTER, LENGTH)?;
    let ran = tools::LOADGATE.get(lab, &gets(&truth, 1000))?;
    let report = tools::loadgate::report(&ran.ended.stdout).unwrap_or_default();
    let series = report["scenarios"][0]["series"]["max_ms"].as_array();
    let most = series.into_iter().flatten().filter_map(serde_json::Value::as_f64).fold(f64::NAN, f64::max);
    Ok((ran.measure, truth.take()?.frozen_ms, most))
}

fn peer(lab: &Lab, tool: &Tool, connections: u32) -> anyhow::Result<Measure> {
    let truth = Truth::start(&lab.cores)?;
    truth.freeze(AFTER, LENGTH)?;
    // What a peer cannot send it drops, which is its way of telling; that is none of ours to judge here.
    let arguments = (tool.gets)(lab, &gets(&truth, connections))?;
    Ok(tool.try_run(lab, &arguments)?.measure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_truth_by_table() {
        for (q, frozen_ms, expected) in
            [(0.95, 1050.0, 550.0), (0.99, 1050.0, 950.0), (0.5, 1050.0, 0.0), (0.95, 1000.0, 500.0)]
        {
            assert!((true_ms(q, frozen_ms) - expected).abs() < 1e-6, "{q} of {frozen_ms}");
        }
    }
}

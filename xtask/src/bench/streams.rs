//! Times to the first token and between tokens, over many streams at once.

use super::finding::{Finding, figure};
use super::lab::Lab;
use super::stats::median;
use super::truth::{Times, Truth};

const STREAMS: u32 = 200;
const TOKENS: u32 = 50;
const FIRST_MS: u32 = 30;
const GAP_MS: u32 = 30;

fn suite(url: &str) -> String {
    let (first, gap) = (FIRST_MS * 1000, GAP_MS * 1000);
    format!(
        "name: streams\ntarget: {{ url: \"{url}\" }}\nscenarios:\n  streams:\n    \
         load: {{ users: {STREAMS}, iterations: 2, start: {{ over: 500ms }} }}\n    \
         flow: [ {{ name: stream, post: /stream/{TOKENS}/{first}/{gap}, json: {{ stream: true }}, stream: true, check: status == 200 }} ]\n    \
         settle: 0s\n"
    )
}

pub(super) fn run(lab: &Lab) -> anyhow::Result<Finding> {
    let mut finding = Finding::default();
    finding.say(format!(
        "{STREAMS} streams at once, each of {TOKENS} tokens as server-sent events: the first after {FIRST_MS} ms, then one every {GAP_MS} ms. \
         The server records when it really wrote them. *error* is the largest of the errors at p50, p95 and p99."
    ));
    let mut errors: [Vec<f64>; 2] = Default::default();
    let mut known: [Vec<f64>; 2] = Default::default();
    for _ in 0..lab.either(5, 2) {
        let truth = Truth::start(&lab.cores)?;
        let (_, report) = lab.suite(&suite(&truth.url("")))?;
        let told = truth.take()?;
        let step = &report["scenarios"][0]["steps"][0];
        for (at, (name, times)) in [("ttft_ms", told.ttft), ("itl_ms", told.itl)].into_iter().enumerate() {
            anyhow::ensure!(
                step[name]["count"].as_u64() == Some(times.n),
                "{name}: the server wrote {} and loadgate saw {}",
                times.n,
                step[name]["count"]
            );
            errors[at].push(worst(&step[name], &times));
            known[at].push(times.p50);
        }
    }
    let names = ["time to first token", "time between tokens"];
    let mut rows = Vec::new();
    for ((name, errors), known) in names.into_iter().zip(&errors).zip(&known) {
        finding.at_most(format!("error of the {name}"), 1.0, median(errors), "ms");
        rows.push([name.to_owned(), figure(median(known), "ms"), figure(median(errors), "ms")]);
    }
    finding.table(["figure", "the truth (p50)", "error"], &rows);
    Ok(finding)
}

/// The largest error of three quantiles; infinite where one is missing.
fn worst(found: &serde_json::Value, known: &Times) -> f64 {
    [("p50", known.p50), ("p95", known.p95), ("p99", known.p99)]
        .into_iter()
        .map(|(name, truth)| found[name].as_f64().map_or(f64::INFINITY, |found| (found - truth).abs()))
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_three_quantiles_counts() {
        let known = Times { n: 10, p50: 30.0, p95: 31.0, p99: 32.0 };
        let found = serde_json::json!({ "p50": 30.25, "p95": 30.5, "p99": 32.125 });
        assert!((worst(&found, &known) - 0.5).abs() < 1e-9);
        assert!(worst(&serde_json::json!({ "p50": 30.0, "p95": 31.0 }), &known).is_infinite());
    }
}

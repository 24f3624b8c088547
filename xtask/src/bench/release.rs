//! Users released together: how far apart do their first requests arrive?

use super::finding::{Finding, figure};
use super::lab::Lab;
use super::stats::{median, range};
use super::truth::Truth;

const USERS: u32 = 50;
/// Fixed, so that the median is that of ten runs however quick it is to be; they take no time.
const RUNS: usize = 10;

pub(super) fn run(lab: &Lab) -> anyhow::Result<Finding> {
    let mut finding = Finding::default();
    let (mut received, mut sent, mut spread) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let truth = Truth::start(&lab.cores)?;
        let url = truth.url("");
        let suite = format!(
            "name: release\ntarget: {{ url: \"{url}\" }}\nscenarios:\n  release:\n    \
             load: {{ users: {USERS}, iterations: 1, start: together }}\n    flow: [ {{ get: /fixed/20000 }} ]\n    settle: 0s\n"
        );
        let (_, report) = lab.suite(&suite)?;
        let told = truth.take()?;
        anyhow::ensure!(told.requests == u64::from(USERS), "the server saw {} requests", told.requests);
        received.push(told.receipts_spread_ms);
        sent.push(report["scenarios"][0]["generator"]["release_spread_ms"].as_f64().unwrap_or(f64::NAN));
        // The server can be late to the first and then read all at once, so the larger of the two counts.
        spread.push(received[received.len() - 1].max(sent[sent.len() - 1]));
    }
    let (least, most) = range(&spread);
    finding.at_most(
        format!("first requests of {USERS} users released together, first to last"),
        2.0,
        median(&spread),
        "ms",
    );
    finding.say(format!(
        "{USERS} users that start together, {RUNS} runs; from the first to the last request: {} at the median, {} to {}; as the server \
         read them {}, as loadgate sent them {}.",
        figure(median(&spread), "ms"),
        figure(least, "ms"),
        figure(most, "ms"),
        figure(median(&received), "ms"),
        figure(median(&sent), "ms"),
    ));
    Ok(finding)
}

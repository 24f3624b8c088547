//! From the start of the process to the first request.

use super::finding::{Finding, figure};
use super::lab::Lab;
use super::stats::{median, range};
use super::truth::Truth;

pub(super) fn run(lab: &Lab) -> anyhow::Result<Finding> {
    let mut finding = Finding::default();
    let mut times = Vec::new();
    for _ in 0..lab.either(21, 7) {
        let truth = Truth::start(&lab.cores)?;
        let url = truth.url("");
        let suite = format!(
            "name: start\ntarget: {{ url: \"{url}\" }}\nscenarios:\n  start:\n    load: {{ users: 1, iterations: 1 }}\n    \
             flow: [ {{ get: /small }} ]\n    settle: 0s\n"
        );
        let (ran, _) = lab.suite(&suite)?;
        let first_ns = truth.take()?.first_ns;
        times.push(first_ns.saturating_sub(ran.ended.started_ns) as f64 / 1e6);
    }
    let (least, most) = range(&times);
    finding.at_most("start of the process to its first request", 15.0, median(&times), "ms");
    finding.say(format!(
        "From just before the process is made to the server's having read the first request, over {} starts: {} at the median, \
         {} to {}.",
        times.len(),
        figure(median(&times), "ms"),
        figure(least, "ms"),
        figure(most, "ms"),
    ));
    Ok(finding)
}

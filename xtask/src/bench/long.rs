//! Millions of requests in one run, and ten scenarios in one report: neither memory nor the report may grow without end.

use std::time::Duration;

use super::finding::{Finding, figure};
use super::lab::Lab;
use super::nginx::Nginx;
use super::truth::Truth;

/// Memory within this time is that of a run that begins.
const BEGINNING: Duration = Duration::from_secs(60);

pub(super) fn run(lab: &Lab) -> anyhow::Result<Finding> {
    let mut finding = Finding::default();
    one_run(lab, &mut finding)?;
    ten_scenarios(lab, &mut finding)?;
    Ok(finding)
}

fn one_run(lab: &Lab, finding: &mut Finding) -> anyhow::Result<()> {
    let nginx = Nginx::start(lab)?;
    let requests: u64 = lab.either(10_000_000, 1_000_000);
    let suite = format!(
        "name: long\ntarget: {{ url: \"{}\" }}\nscenarios:\n  long:\n    \
         load: {{ users: 50, shared_iterations: {requests} }}\n    flow: [ {{ get: /, check: status == 200 }} ]\n    settle: 0s\n",
        nginx.url()
    );
    let (ran, _) = lab.suite(&suite)?;
    anyhow::ensure!(ran.measure.requests == requests, "{} requests were sent", ran.measure.requests);
    let report_kb = fs_err::metadata(lab.folder().join("out/report.json"))?.len() as f64 / 1024.0;
    let memory = &ran.ended.memory;
    let end = memory.last().map_or(Duration::ZERO, |(at, _)| *at);
    let from = BEGINNING.min(end / 2);
    let growth = growth(memory, from).map_or(f64::NAN, |bytes| bytes / 1024.0 / 1024.0);
    let spelled = figure(requests as f64, "");
    finding.at_most(
        format!("growth of memory in {spelled} requests, from {:.0} s on", from.as_secs_f64()),
        1.0,
        growth,
        "MiB",
    );
    finding.say(format!(
        "{spelled} requests in one run of {:.0} s against nginx: {} at most; growth from {:.0} s to the end: {}. Its report has {}.",
        end.as_secs_f64(),
        figure(ran.ended.most_memory() as f64 / 1024.0 / 1024.0, "MiB"),
        from.as_secs_f64(),
        figure(growth, "MiB"),
        figure(report_kb, "KiB"),
    ));
    Ok(())
}

/// Bytes by which memory at the end is above that at `from`. The last looks are left out: then the report is drawn up, and the
/// process goes.
fn growth(memory: &[(Duration, u64)], from: Duration) -> Option<f64> {
    let end = memory.last()?.0.saturating_sub(Duration::from_millis(500));
    let begin = memory.iter().find(|(at, _)| *at >= from)?.1;
    let last = memory.iter().rev().find(|(at, _)| *at <= end && *at >= from)?.1;
    Some(last as f64 - begin as f64)
}

fn ten_scenarios(lab: &Lab, finding: &mut Finding) -> anyhow::Result<()> {
    let truth = Truth::start(&lab.cores)?;
    let seconds = lab.either(3, 1);
    let mut suite = format!("name: ten\ntarget: {{ url: \"{}\" }}\nscenarios:\n", truth.url(""));
    for number in 1..=10 {
        suite.push_str(&format!(
            "  tier{number}:\n    load: {{ users: {}, duration: {seconds}s }}\n    settle: 0s\n    flow:\n      \
             - {{ name: mixed, get: /mixed }}\n      - {{ name: chat, post: /chat, json: {{ a: \"{{{{ user.id }}}}\" }} }}\n      \
             - {{ name: stream, get: /stream/10/1000/1000, stream: true }}\n    \
             expect: [ error_rate < 1%, latency.p95 < 5s, chat.latency.p95 < 5s, throughput > 1/s ]\n",
            number * 20
        ));
    }
    lab.suite(&suite)?;
    let size = |name: &str| -> anyhow::Result<f64> {
        Ok(fs_err::metadata(lab.folder().join("out").join(name))?.len() as f64 / 1024.0)
    };
    finding.at_most("report.json of ten scenarios", 1024.0, size("report.json")?, "KiB");
    finding.say(format!(
        "Ten scenarios of three steps, one of them streamed, with 20 to 200 users each: report.json has {}, report.html {}.",
        figure(size("report.json")?, "KiB"),
        figure(size("report.html")?, "KiB"),
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_from_the_beginning_to_shortly_before_the_end() {
        let at = |seconds: u64, bytes: u64| (Duration::from_secs(seconds), bytes);
        let memory = [at(0, 10), at(60, 100), at(61, 101), at(100, 103), at(101, 900)];
        assert_eq!(growth(&memory, Duration::from_secs(60)), Some(3.0));
        assert_eq!(growth(&memory, Duration::from_secs(101)), None);
        assert_eq!(growth(&[], Duration::ZERO), None);
    }
}

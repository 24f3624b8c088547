//! What it costs to look for other users' canaries in every response.

use super::chat;
use super::finding::{Finding, figure};
use super::lab::Lab;
use super::stats::{median, paired_ratio};
use super::truth::Truth;

pub(super) fn run(lab: &Lab) -> anyhow::Result<Finding> {
    let truth = Truth::start(&lab.cores)?;
    let mut finding = Finding::default();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    let (mut cpu_with, mut cpu_without) = (Vec::new(), Vec::new());
    let seconds = lab.either(3, 2);
    for round in 0..lab.rounds() {
        // Who goes first takes turns.
        for scan in [round % 2 == 0, round % 2 != 0] {
            let (ran, _) = lab.suite(&chat::suite(&truth.url(""), seconds, scan))?;
            let (speed, cpu) =
                if scan { (&mut with, &mut cpu_with) } else { (&mut without, &mut cpu_without) };
            speed.push(ran.measure.per_second);
            cpu.push(ran.cpu_per_100k());
            lab.rest();
        }
    }
    let loss = (1.0 - paired_ratio(&with, &without)) * 100.0;
    finding.at_most("requests/s lost to the canary scan", 5.0, loss, "%");
    finding.say(
        "The chat-like flow, in which every answer repeats the user's own canary, with the scan and with `canary_scan: false`.",
    );
    let row = |name: &str, speed: &[f64], cpu: &[f64]| {
        [name.to_owned(), figure(median(speed), ""), figure(median(cpu), "s")]
    };
    finding.table(
        ["scan", "requests/s", "cpu for 100,000 requests"],
        &[row("on", &with, &cpu_with), row("off", &without, &cpu_without)],
    );
    Ok(finding)
}

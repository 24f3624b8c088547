//! Latencies as loadgate tells them against those that the server knows.

use super::finding::Finding;
use super::lab::Lab;
use super::stats::median;
use super::tools::{self, Aim, Gets, Measure};
use super::truth::{Times, Truth};

/// Paths of the server, and what it does there.
const SERVED: [(&str, &str); 4] = [
    ("/fixed/1000", "1 ms"),
    ("/fixed/5000", "5 ms"),
    ("/fixed/50000", "50 ms"),
    ("/mixed", "2 ms, one in 19 of them 40 ms"),
];

/// A load: what it is called, and its rate if it has one.
const LOADS: [(&str, Option<u32>); 3] =
    [("50 users, closed", None), ("500/s, open", Some(500)), ("2,000/s, open", Some(2000))];

/// What is measured once more with processors that sleep when they have nothing to do, to tell what that adds.
const ASLEEP: [(&str, u32); 2] = [("5 ms; 500/s, open", 500), ("5 ms; 2,000/s, open", 2000)];

const QUANTILES: [&str; 3] = ["p50", "p95", "p99"];

/// An error that is not told apart from none: what loopback and waking up cost.
const FLOOR_MS: f64 = 0.150;
/// The same as a share of the truth.
const SHARE: f64 = 0.01;

/// Errors of the three quantiles as shares of what is allowed, in absolute terms.
fn excess(found: [f64; 3], truth: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|at| (found[at] - truth[at]).abs() / FLOOR_MS.max(truth[at] * SHARE))
}

fn quantiles_of(measure: &Measure) -> [f64; 3] {
    [measure.p50, measure.p95, measure.p99].map(|value| value.unwrap_or(f64::NAN))
}

fn quantiles_known(times: &Times) -> [f64; 3] {
    [times.p50, times.p95, times.p99]
}

pub(super) fn run(lab: &Lab) -> anyhow::Result<Finding> {
    let mut finding = Finding::default();
    finding.say(
        "The server holds each request for a known time and records how long it really held it, from its arrival, as the kernel \
         stamps it, to beginning to write. A figure is loadgate's less the server's, in microseconds: what loopback, the kernel and the \
         client add. Open loads count from when a request was due. wrk, which measures the same closed load, shows how much of it is \
         the way there and back.",
    );
    finding.say(if lab.real_time.is_empty() {
        "The first half second, with the connecting in it, is not measured. This system lets no process come before others: what its \
         other processes take of the client's processor is in the errors."
    } else {
        "The first half second, with the connecting in it, is not measured. The clients run at real-time priority: else the \
         system's own threads, which use some tenths of a per cent of a processor in slices of 2 ms, would be in the p99."
    });
    let awake = lab.awake();
    finding.say(if awake.is_some() {
        "Processors do not sleep meanwhile (`/dev/cpu_dma_latency`, as cyclictest does it): the hypervisor gives a sleeping one back \
         late, now and then by a millisecond, whoever waits for it."
    } else {
        "This system does not let us keep its processors awake, so what it takes to wake them is in the errors."
    });
    let mut rows = Vec::new();
    for (load, rate) in LOADS {
        let mut worst: f64 = 0.0;
        for (path, served) in SERVED {
            let (row, excess) = one(lab, path, rate)?;
            worst = worst.max(excess);
            let mut cells = vec![format!("{served}; {load}")];
            cells.extend(row);
            rows.push(cells.try_into().unwrap_or_else(|_| Default::default()));
        }
        finding.at_most(
            format!("worst error of p50, p95, p99 as a share of max(1 %, 150 µs), {load}"),
            1.0,
            worst,
            "",
        );
    }
    let heads = [
        "held; load",
        "p50 held",
        "error",
        "p95 held",
        "error",
        "p99 held",
        "error",
        "wrk's p50",
        "wrk's p99",
    ];
    finding.table::<9>(heads, &rows);
    if awake.is_some() {
        drop(awake);
        asleep(lab, &mut finding)?;
    }
    Ok(finding)
}

/// The same where processors sleep. No target: it is the machine's share.
fn asleep(lab: &Lab, finding: &mut Finding) -> anyhow::Result<()> {
    finding.say("The same with processors that may sleep: what it comes to where nothing else keeps the machine awake.");
    let mut rows = Vec::new();
    for (name, rate) in ASLEEP {
        let (row, _) = one(lab, "/fixed/5000", Some(rate))?;
        let mut cells = vec![name.to_owned()];
        cells.extend(row.into_iter().take(6));
        rows.push(cells.try_into().unwrap_or_else(|_| Default::default()));
    }
    finding.table::<7>(["held; load", "p50 held", "error", "p95 held", "error", "p99 held", "error"], &rows);
    Ok(())
}

/// A row: for each quantile the truth and the error, then wrk's errors; and the worst error as a share of what is allowed.
fn one(lab: &Lab, path: &str, rate: Option<u32>) -> anyhow::Result<(Vec<String>, f64)> {
    let rounds = lab.either(5, 3);
    let (mut errors, mut excesses): ([Vec<f64>; 3], [Vec<f64>; 3]) = Default::default();
    let mut known: [Vec<f64>; 3] = Default::default();
    let mut floor: [Vec<f64>; 3] = Default::default();
    for _ in 0..rounds {
        // A server of its own for each run: nothing of the last one is left in it.
        let truth = Truth::start(&lab.cores)?;
        let connections = if rate.is_some() { 1000 } else { 50 };
        let gets =
            Gets { url: truth.url(path), connections, seconds: lab.either(3, 2), rate, aim: Aim::Latency };
        let found = quantiles_of(&tools::LOADGATE.get(lab, &gets)?.measure);
        let held = quantiles_known(&truth.take()?.held);
        let excess = excess(found, held);
        for at in 0..QUANTILES.len() {
            known[at].push(held[at]);
            errors[at].push((found[at] - held[at]) * 1000.0);
            excesses[at].push(excess[at]);
        }
        if rate.is_none() && tools::WRK.is_there(lab) {
            let found = quantiles_of(&tools::WRK.get(lab, &gets)?.measure);
            let held = quantiles_known(&truth.take()?.held);
            (0..QUANTILES.len()).for_each(|at| floor[at].push((found[at] - held[at]) * 1000.0));
        }
    }
    let us = |values: &[f64]| {
        if values.is_empty() { "–".to_owned() } else { format!("{:+.0} µs", median(values)) }
    };
    let mut cells = Vec::new();
    for at in 0..QUANTILES.len() {
        cells.push(format!("{:.3} ms", median(&known[at])));
        cells.push(us(&errors[at]));
    }
    cells.extend([us(&floor[0]), us(&floor[2])]);
    // NaN, which is no figure at all, must not pass.
    let worst = excesses
        .iter()
        .map(|values| median(values))
        .fold(0.0, |worst: f64, share| if share.is_nan() { f64::INFINITY } else { worst.max(share) });
    Ok((cells, worst))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_latencies_are_judged_by_the_floor_and_large_ones_by_the_share() {
        let shares = excess([1.075, 39.4, 51.0], [1.0, 40.0, 50.0]);
        let expected = [0.5, 1.5, 2.0];
        for (share, expected) in shares.into_iter().zip(expected) {
            assert!((share - expected).abs() < 1e-9, "{shares:?}");
        }
    }
}

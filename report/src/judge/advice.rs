//! What to do next, for each kind of figure.

use crate::model::{FailureKind, Scenario, Step};
use crate::quantity::{Quantity, Unit};

/// What to look at when `figure` is worse than it may be.
pub(super) fn for_figure(figure: &str, scenario: &Scenario) -> String {
    let has = |word: &str| figure.split(['.', ' ', '(', '/', '+', '*']).any(|part| part == word);
    if has("capacity")
        && let Some(search) = &scenario.search
    {
        return format!("{}; the table of levels shows what gave way", search.reason);
    }
    if has("score") {
        return for_score(figure, scenario);
    }
    if has("estimate") {
        return for_slowness(scenario);
    }
    if has("success_rate") || has("error_rate") || has("failed") {
        return for_failures(scenario);
    }
    if has("latency")
        || has("service_time")
        || has("ttft")
        || has("itl")
        || has("throughput")
        || has("tokens_per_s")
    {
        return for_slowness(scenario);
    }
    if has("refused") || has("refusal_rate") || has("status") {
        return "look at the limit that refuses: its size, whether it is shared or per user, and whether a slot is freed \
                after use"
            .to_owned();
    }
    if has("memory") {
        return "look at what the service keeps per request or conversation after it has ended".to_owned();
    }
    if has("rate") {
        return format!(
            "look at what decides it: for a cache its key, size and time to live; answers in this run: {}",
            counters(scenario)
        );
    }
    if scenario.failed_total() > 0 {
        return for_failures(scenario);
    }
    if has("after") {
        return "look at what is not given back when the load is over: slots, sessions, counters".to_owned();
    }
    steps_in_words(scenario)
}

/// Most steps named in one sentence.
const STEPS: usize = 6;

/// What came of the steps, such as `what came of each step: start 21 ok, 29 refused; end 21 ok`.
fn steps_in_words(scenario: &Scenario) -> String {
    let outcome = |step: &Step| {
        let failed: u64 = step.failed.values().sum();
        let parts = [(step.ok, "ok"), (step.refused, "refused"), (failed, "failed")];
        let parts: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        format!("{} {}", step.name, if parts.is_empty() { "never sent".to_owned() } else { parts.join(", ") })
    };
    let mut steps: Vec<String> = scenario.steps.iter().take(STEPS).map(outcome).collect();
    if steps.is_empty() {
        return "nothing was sent: look at the setup and at the load".to_owned();
    }
    if let Some(more) = scenario.steps.len().checked_sub(STEPS).filter(|more| *more > 0) {
        steps.push(format!("{more} more"));
    }
    format!("what came of each step: {}", steps.join("; "))
}

/// The failures by kind, most frequent first, such as `12 × timeout, 3 × connect`; empty where there are none.
pub(super) fn failures_in_words(scenario: &Scenario) -> String {
    let mut kinds: Vec<(&FailureKind, &u64)> = scenario.failed.iter().filter(|(_, n)| **n > 0).collect();
    kinds.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    kinds.iter().map(|(kind, n)| format!("{n} × {}", kind.as_str())).collect::<Vec<_>>().join(", ")
}

pub(super) fn for_failures(scenario: &Scenario) -> String {
    let kinds = failures_in_words(scenario);
    if kinds.is_empty() {
        return steps_in_words(scenario);
    }
    let worst = scenario.failed.iter().max_by_key(|(_, n)| **n).map(|(kind, _)| *kind);
    let sample = scenario.failures.iter().find(|f| Some(f.kind) == worst).or(scenario.failures.first());
    match sample {
        Some(f) => format!("failures: {kinds}; for example step `{}`, {}: {}", f.step, f.user, f.message),
        None => format!("failures: {kinds}"),
    }
}

fn for_slowness(scenario: &Scenario) -> String {
    let slowest = scenario
        .steps
        .iter()
        .filter_map(|step| Some((step, step.latency_ms.p95.or(step.latency_ms.max)?)))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    let at = match slowest {
        Some((step, ms)) if scenario.steps.len() > 1 => {
            format!("step `{}` is the slowest (p95 {})", step.name, Quantity::new(ms, Unit::Ms))
        }
        _ => match scenario.users_peak {
            0 | 1 => "look at what a single request waits for".to_owned(),
            n => format!("look at what {n} users at once wait for"),
        },
    };
    match scenario.resources.as_ref().map(|r| r.cpu_cores) {
        Some(cores) => format!(
            "{at}; the service used {} on average: {}",
            Quantity::new(cores, Unit::Cores),
            if cores < 0.7 {
                "it mostly waits (locks, queues, back ends)"
            } else {
                "profile what it computes"
            }
        ),
        None => format!("{at}; see the latencies over time"),
    }
}

/// The conditions that cost points.
fn for_score(figure: &str, scenario: &Scenario) -> String {
    let of_figure = |name: &str| {
        figure.split(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).any(|word| word == name)
    };
    let cards = scenario.scorecards.iter().filter(|card| of_figure(&card.name));
    let lost = cards.flat_map(|card| &card.rows).filter(|row| row.earned < row.points);
    let lost: Vec<String> =
        lost.map(|row| format!("{} of `{}`: {}", row.points, row.text, row.message)).collect();
    format!("points lost: {}", lost.join("; "))
}

fn counters(scenario: &Scenario) -> String {
    let all = scenario.counters.iter().map(|c| format!("{} {} yes, {} no", c.name, c.yes, c.no));
    all.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_next_by_table() {
        let step = |name: &str, ok, refused, timeouts: u64| Step {
            name: name.to_owned(),
            ok,
            refused,
            failed: [(FailureKind::Timeout, timeouts)].into_iter().filter(|(_, n)| *n > 0).collect(),
            ..Step::default()
        };
        let scenario = |steps: Vec<Step>| Scenario { steps, ..Scenario::default() };
        let two = || scenario(vec![step("start", 21, 29, 0), step("end", 20, 0, 1)]);
        let many = scenario((1..=8).map(|n| step(&format!("s{n}"), 0, 0, 0)).collect());
        for (figure, scenario, expected) in [
            ("start.ok", &two(), "what came of each step: start 21 ok, 29 refused; end 20 ok, 1 failed"),
            ("error_rate", &two(), "what came of each step: start 21 ok, 29 refused; end 20 ok, 1 failed"),
            (
                "s1.ok",
                &many,
                "what came of each step: s1 never sent; s2 never sent; s3 never sent; s4 never sent; \
              s5 never sent; s6 never sent; 2 more",
            ),
            ("ok", &Scenario::default(), "nothing was sent: look at the setup and at the load"),
            (
                "active.after",
                &two(),
                "look at what is not given back when the load is over: slots, sessions, counters",
            ),
            (
                "start.refused",
                &two(),
                "look at the limit that refuses: its size, whether it is shared or per user, and \
              whether a slot is freed after use",
            ),
        ] {
            assert_eq!(for_figure(figure, scenario), expected, "{figure}");
        }
    }
}

//! The rounds of a comparison in a file, so that it can be judged again.

use camino::Utf8Path;
use loadgate_report::judge::paired::{PairedRound, Rounds, Slot};
use loadgate_report::model::Scenario;
use serde::Serialize;

use super::PairedError;
use crate::output::atomic;

/// The file in the folder of the outputs.
const NAME: &str = "rounds.jsonl";

/// One line of the file.
#[derive(Serialize)]
struct Line<'a> {
    scenario: &'a str,
    /// Whether it belongs to the confirmation.
    fresh: bool,
    round: PairedRound,
}

/// Writes the rounds, one JSON line each.
pub(super) fn write(out: &Utf8Path, rounds: &Rounds, fresh: &Rounds) -> Result<(), PairedError> {
    let path = out.join(NAME);
    let error = |source| PairedError::Keep { path: path.clone(), source };
    let mut text = String::new();
    for (fresh, rounds) in [(false, rounds), (true, fresh)] {
        for (scenario, round) in
            rounds.iter().flat_map(|(name, rounds)| rounds.iter().map(move |r| (name, r)))
        {
            let round = PairedRound { base: lean(&round.base), head: lean(&round.head), ..round.clone() };
            let line =
                serde_json::to_string(&Line { scenario, fresh, round }).map_err(|e| error(e.into()))?;
            text.push_str(&line);
            text.push('\n');
        }
    }
    atomic::write(&path, text.as_bytes()).map_err(error)
}

/// What the judgement reads, and none of what a service or a user said.
fn lean(slot: &Slot) -> Slot {
    let s = &slot.scenario;
    let scenario = Scenario {
        name: s.name.clone(),
        users_peak: s.users_peak,
        started_s: s.started_s,
        duration_s: s.duration_s,
        iterations: s.iterations,
        requests: s.requests,
        ok: s.ok,
        refused: s.refused,
        failed: s.failed.clone(),
        success_rate: s.success_rate,
        throughput: s.throughput,
        latency_ms: s.latency_ms.clone(),
        counters: s.counters.clone(),
        classes: s.classes.clone(),
        resources: s.resources.clone(),
        generator: s.generator.clone(),
        ..Scenario::default()
    };
    Slot { scenario, ..slot.clone() }
}

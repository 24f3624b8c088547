//! What is tried: a condition of the machine, and a change of the service.

use super::Phase;
use super::condition::Condition;
use super::frozen::Frozen;
use super::record::Record;

/// One kind of run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cell {
    /// What the machine does meanwhile.
    pub(crate) condition: Condition,
    /// The change.
    pub(crate) change: &'static Change,
    /// How often it is run, relative to the others.
    weight: f64,
}

/// A change of the service under test.
#[derive(Debug, PartialEq)]
pub(crate) struct Change {
    /// As the record names it.
    pub(crate) name: &'static str,
    /// In words.
    pub(crate) words: &'static str,
    /// `--slow` of the head; the base has [`SLOW`].
    pub(crate) slow: f64,
    /// `--inject` of the head.
    pub(crate) inject: &'static str,
    /// The figure that it is aimed at, as `scenario figure`; empty without a change.
    pub(crate) target: &'static str,
    /// The least share of runs that should find it, where one is asked for.
    pub(crate) wanted: Option<f64>,
}

/// `--slow` of the base.
pub(crate) const SLOW: f64 = 0.4;

macro_rules! change {
    ($id:ident, $name:literal, $words:literal, $slow:expr, $inject:literal, $target:literal, $wanted:expr) => {
        static $id: Change = Change {
            name: $name,
            words: $words,
            slow: $slow,
            inject: $inject,
            target: $target,
            wanted: $wanted,
        };
    };
}

change!(SAME, "same", "no change", SLOW, "", "", None);
change!(P50_7, "p50+7.5", "every answer 7.5 % slower", SLOW * 1.075, "", "ask latency.p50", Some(0.8));
change!(P50_10, "p50+10", "every answer 10 % slower", SLOW * 1.1, "", "ask latency.p50", Some(0.9));
change!(P50_25, "p50+25", "every answer 25 % slower", SLOW * 1.25, "", "ask latency.p50", None);
change!(TAIL, "p95+15", "each 12th request stalls for 40 ms", SLOW, "tail=40", "ask latency.p95", Some(0.85));
change!(ERRORS, "errors+1", "1 % of the requests fail", SLOW, "error=0.01", "ask error_rate", Some(0.95));
change!(CPU, "cpu", "each request hashes 256 KiB", SLOW, "cpu=256", "cached throughput", None);
change!(SLEEP, "sleep", "each request sleeps 0.3 ms", SLOW, "sleep=0.3", "cached throughput", None);
change!(LOCK, "lock", "each request holds a lock for 3 ms", SLOW, "lock=3", "ask latency.p50", None);
change!(ALLOC, "alloc", "each request takes 4 MiB of memory", SLOW, "alloc=4096", "cached throughput", None);
change!(
    MISS,
    "miss",
    "one answer in 10 is not found in the cache",
    SLOW,
    "miss=0.1",
    "cached cache_hit.rate",
    None
);

const fn cell(condition: Condition, change: &'static Change, weight: f64) -> Cell {
    Cell { condition, change, weight }
}

/// All that is tried. A third of the runs without a change are under noise.
pub(crate) static CELLS: &[Cell] = &[
    cell(Condition::Quiet, &SAME, 8.0),
    cell(Condition::Bursts, &SAME, 2.0),
    cell(Condition::Stops, &SAME, 2.0),
    cell(Condition::Quiet, &P50_10, 2.5),
    cell(Condition::Quiet, &TAIL, 2.5),
    cell(Condition::Quiet, &P50_7, 1.0),
    cell(Condition::Quiet, &ERRORS, 1.0),
    cell(Condition::Quiet, &P50_25, 1.0),
    cell(Condition::Quiet, &CPU, 0.5),
    cell(Condition::Quiet, &SLEEP, 0.5),
    cell(Condition::Quiet, &LOCK, 0.5),
    cell(Condition::Quiet, &ALLOC, 0.5),
    cell(Condition::Quiet, &MISS, 0.5),
    cell(Condition::Bursts, &P50_10, 0.5),
];

/// The cell that lacks most. A run on a machine that others used as well counts half.
pub(crate) fn next(record: &Record, phase: Phase, frozen: &Frozen, only: &str) -> Option<&'static Cell> {
    let done = |cell: &Cell| -> f64 {
        let own = record
            .of(phase, frozen)
            .filter(|run| run.asked == cell.condition && run.change == cell.change.name);
        own.map(|run| if run.label == run.asked { 1.0 } else { 0.5 }).sum::<f64>() / cell.weight
    };
    let named = |cell: &&Cell| format!("{} {}", cell.condition.name(), cell.change.name).contains(only);
    CELLS.iter().filter(named).min_by(|a, b| done(a).total_cmp(&done(b)))
}

/// The change of a name.
pub(crate) fn change(name: &str) -> Option<&'static Change> {
    CELLS.iter().map(|cell| cell.change).find(|change| change.name == name)
}

#[cfg(test)]
mod tests {
    use super::super::record::Run;
    use super::*;

    #[test]
    fn what_lacks_most_comes_next_and_other_judgements_do_not_count() {
        let frozen = Frozen { judge: "a".into(), rounds: "b".into() };
        let mut record = Record::default();
        let mut counts = vec![0; CELLS.len()];
        for _ in 0..45 {
            let cell = next(&record, Phase::Judge, &frozen, "").expect("there are cells");
            counts[CELLS.iter().position(|c| c == cell).expect("it is one of them")] += 1;
            record.runs.push(Run {
                phase: Some(Phase::Judge),
                judge: "a".into(),
                rounds_of: "b".into(),
                asked: cell.condition,
                label: cell.condition,
                change: cell.change.name.into(),
                ..Run::default()
            });
        }
        assert!(counts.iter().all(|n| *n > 0) && counts[0] >= 14 && counts[1] >= 3, "{counts:?}");
        // All of them were for another judgement: it begins anew.
        let other = Frozen { judge: "c".into(), ..frozen };
        assert_eq!(next(&record, Phase::Judge, &other, ""), Some(&CELLS[0]));
        assert_eq!(next(&record, Phase::Judge, &other, "bursts p50").map(|c| c.change.name), Some("p50+10"));
        assert_eq!(next(&record, Phase::Judge, &other, "no such"), None);
    }
}

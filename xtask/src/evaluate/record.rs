//! The record: a line for each run that was made, and what came of resampling their rounds. Both are committed, as the rounds are.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Phase;
use super::condition::Condition;
use super::frozen::Frozen;
use super::machine::Restlessness;
use crate::shell;

/// One run of the real binary.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) phase: Option<Phase>,
    /// [`Frozen::judge`] and [`Frozen::rounds`] of then.
    pub(crate) judge: String,
    pub(crate) rounds_of: String,
    /// The condition that was asked for, and the one that was measured.
    pub(crate) asked: Condition,
    pub(crate) label: Condition,
    pub(crate) change: String,
    pub(crate) started_at: String,
    pub(crate) seconds: f64,
    pub(crate) machine: String,
    pub(crate) restlessness: Restlessness,
    pub(crate) verdict: String,
    pub(crate) reason: String,
    /// Rounds in all, and those of them that were to confirm.
    pub(crate) rounds: u32,
    pub(crate) fresh: u32,
    /// Figures that are regressions, undecided or suspected, and better, as `scenario figure`.
    pub(crate) red: Vec<String>,
    pub(crate) open: Vec<String>,
    pub(crate) better: Vec<String>,
    /// 95 % intervals of the relative change of latency and throughput.
    pub(crate) intervals: BTreeMap<String, [f64; 2]>,
}

impl Run {
    /// For whoever watches.
    pub(crate) fn in_a_line(&self) -> String {
        let share = |value: Option<f64>| value.map_or("?".to_owned(), |v| format!("{:.0} %", v * 100.0));
        format!(
            "{:<7} {:<9} {:<12} {:>4.0} s, {:>2} rounds, others {}, pressure {}: {}",
            self.label.name(),
            self.change,
            self.verdict,
            self.seconds,
            self.rounds,
            share(self.restlessness.others),
            share(self.restlessness.pressure),
            self.reason
        )
    }
}

/// All runs, oldest first.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) runs: Vec<Run>,
}

fn folder() -> PathBuf {
    shell::root().join("docs/evaluation")
}

impl Record {
    /// # Errors
    /// The file is there and cannot be read.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let path = folder().join("runs.jsonl");
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs_err::read_to_string(path)?;
        let runs = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(Self { runs })
    }

    /// Adds a run, here and in the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn add(&mut self, run: Run) -> anyhow::Result<()> {
        fs_err::create_dir_all(folder())?;
        let mut file =
            fs_err::OpenOptions::new().create(true).append(true).open(folder().join("runs.jsonl"))?;
        file.write_all(format!("{}\n", serde_json::to_string(&run)?).as_bytes())?;
        self.runs.push(run);
        Ok(())
    }

    /// The other judgements that judging runs of this suite had, newest first.
    pub(crate) fn before(&self, frozen: &Frozen) -> Vec<Frozen> {
        let mut others: Vec<Frozen> = Vec::new();
        for run in self.runs.iter().rev().filter(|run| run.phase == Some(Phase::Judge)) {
            let other = Frozen { judge: run.judge.clone(), rounds: run.rounds_of.clone() };
            if other.rounds == frozen.rounds && other != *frozen && !others.contains(&other) {
                others.push(other);
            }
        }
        others
    }

    /// The runs that count together.
    pub(crate) fn of(&self, phase: Phase, frozen: &Frozen) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| {
            run.phase == Some(phase) && run.judge == frozen.judge && run.rounds_of == frozen.rounds
        })
    }
}

/// What came of resampling.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) phase: Phase,
    pub(crate) frozen: Frozen,
    pub(crate) same: Vec<Resampled>,
    pub(crate) changed: Vec<Resampled>,
    pub(crate) rivals: Vec<Rival>,
    pub(crate) stored: Vec<Stored>,
}

/// Runs put together from the rounds of one cell.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Resampled {
    pub(crate) condition: Condition,
    pub(crate) change: String,
    /// Recorded runs and rounds that they were put together from.
    pub(crate) runs: usize,
    pub(crate) rounds: usize,
    /// Runs that were put together, and how many of them were red, red in the figure that the change is aimed at (or in that
    /// scenario's throughput, its mirror), and undecided.
    pub(crate) trials: usize,
    pub(crate) red: usize,
    pub(crate) aimed: usize,
    pub(crate) open: usize,
    /// Runs of the aimed figure's scenario alone that were red in it: what is left of [`Self::aimed`] where a run ends with
    /// something else that it found first.
    #[serde(default)]
    pub(crate) alone: usize,
    /// Runs in which a figure that truly got worse was called better, or the other way round.
    pub(crate) wrong: usize,
    /// Intervals, and those that hold the change over all rounds.
    pub(crate) intervals: usize,
    pub(crate) covered: usize,
    /// Rounds that a run took, on average.
    pub(crate) rounds_taken: f64,
    /// The change of the aimed figure over all rounds.
    pub(crate) true_change: Option<f64>,
}

/// A rule of others on the same rounds: how often it was red, by cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rival {
    pub(crate) rule: String,
    /// By `condition change`: trials and alarms.
    pub(crate) alarms: BTreeMap<String, (usize, usize)>,
}

/// Stored mode, put together from first passes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) condition: Condition,
    pub(crate) change: String,
    /// Earlier runs in the baseline.
    pub(crate) earlier: usize,
    /// Recorded runs that there are to choose from.
    pub(crate) runs: usize,
    pub(crate) trials: usize,
    pub(crate) red: usize,
    pub(crate) open: usize,
}

impl Results {
    fn path() -> PathBuf {
        folder().join("results.json")
    }

    /// The results as they were last worked out; `None` where they never were.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub(crate) fn load() -> anyhow::Result<Option<Self>> {
        let path = Self::path();
        Ok(if path.exists() { Some(serde_json::from_slice(&fs_err::read(path)?)?) } else { None })
    }

    /// # Errors
    /// The file cannot be written.
    pub(crate) fn save(&self) -> anyhow::Result<()> {
        fs_err::create_dir_all(folder())?;
        Ok(fs_err::write(Self::path(), serde_json::to_string_pretty(self)? + "\n")?)
    }
}

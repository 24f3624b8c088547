//! One run of the real binary, from end to end.

use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use loadgate_report::Report;
use loadgate_report::judge::paired::PairedRound;
use loadgate_report::model::{ChangeOutcome, ComparedFigure, Scenario};
use loadgate_report::quantity::Unit;
use serde::{Deserialize, Serialize};

use super::Phase;
use super::condition::{Condition, Kept};
use super::frozen::Frozen;
use super::machine::{self, Moment};
use super::plan::{Cell, SLOW};
use super::record::Run;
use crate::shell;

/// The rounds of a run, and its first pass, as they are kept.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kit {
    pub(crate) run: Run,
    /// Each round with all scenarios, in the order in which they were run.
    pub(crate) rounds: Vec<Joint>,
    pub(crate) pass: Vec<Scenario>,
}

/// One round: each scenario with both sides.
pub(crate) type Joint = Vec<(String, PairedRound)>;

/// A line of rounds.jsonl.
#[derive(Deserialize)]
struct Line {
    scenario: String,
    fresh: bool,
    round: PairedRound,
}

impl Kit {
    /// Where they are kept: in the repository, so that the rounds of all machines add up.
    pub(crate) fn folder() -> PathBuf {
        shell::root().join("docs/evaluation/rounds")
    }

    /// # Errors
    /// The file cannot be read, or is none of these.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Self> {
        let file = BufReader::new(GzDecoder::new(fs_err::File::open(path)?));
        serde_json::from_reader(file)
            .with_context(|| format!("failed to read rounds from {}", path.display()))
    }

    /// # Errors
    /// The file cannot be written.
    pub(crate) fn save(&self, folder: &Path) -> anyhow::Result<()> {
        fs_err::create_dir_all(folder)?;
        let (whole, part) = (format!("{}.json.gz", self.run.id), format!("{}.part", self.run.id));
        let mut packed = GzEncoder::new(fs_err::File::create(folder.join(&part))?, Compression::best());
        packed.write_all(&serde_json::to_vec(self)?)?;
        packed.finish()?;
        // Half a file would stop every evaluation after it.
        fs_err::rename(folder.join(part), folder.join(whole))?;
        Ok(())
    }
}

/// Runs a cell once.
///
/// # Errors
/// The program does not run, or writes no report.
pub(crate) fn run(
    program: &Path,
    cell: &Cell,
    phase: Phase,
    frozen: &Frozen,
    number: usize,
) -> anyhow::Result<Run> {
    let out = shell::target().join("evaluation/out");
    if out.exists() {
        // Nothing of the run before may be taken for this one's.
        fs_err::remove_dir_all(&out)?;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let base = format!(
        "{{{{ loadgate }}}} serve cached-chat --port {{{{ port }}}} --seed {{{{ port }}}} --slow {SLOW}"
    );
    let inject = cell.change.inject;
    let inject = if inject.is_empty() { String::new() } else { format!("--inject {inject}") };
    let mut command = Command::new(program);
    command
        .args(["run", "xtask/src/evaluate/suite.yml", "--mode", "paired", "--keep-rounds"])
        .args(["--base-start", &base, "--seed", &now.to_string()])
        .args(["--set", &format!("slow={}", cell.change.slow), "--set", &format!("inject={inject}")])
        .arg("--out")
        .arg(&out)
        .current_dir(shell::root())
        .env_remove("GITHUB_ACTIONS")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    machine::adopt_orphans();
    let (moment, begun) = (Moment::now(), Instant::now());
    let mut child =
        command.spawn().with_context(|| format!("failed to start `{}`", shell::spelled(&command)))?;
    let kept = Kept::new(cell.condition, child.id(), now);
    let status = child.wait()?;
    drop(kept);
    machine::bury_orphans();
    let restlessness = moment.since();
    let Ok(text) = fs_err::read(out.join("report.json")) else {
        bail!("`{}` wrote no report and ended with {status}", shell::spelled(&command));
    };
    let report: Report = serde_json::from_slice(&text)?;
    let (rounds, fresh) = rounds(&out)?;
    let label = if restlessness.is_quiet() { cell.condition } else { Condition::Busy };
    let gated: Vec<&ComparedFigure> =
        report.comparison.iter().flat_map(|c| &c.figures).filter(|figure| figure.gated).collect();
    let with = |outcomes: &[ChangeOutcome]| {
        gated.iter().filter(|figure| outcomes.contains(&figure.outcome)).map(|figure| name(figure)).collect()
    };
    let run = Run {
        id: format!("{now}-{number}"),
        phase: Some(phase),
        judge: frozen.judge.clone(),
        rounds_of: frozen.rounds.clone(),
        asked: cell.condition,
        label,
        change: cell.change.name.to_owned(),
        started_at: report.run.started_at.clone(),
        seconds: begun.elapsed().as_secs_f64(),
        machine: report.environment.machine.class(),
        restlessness,
        verdict: report.verdict.to_string(),
        reason: report.reason.clone(),
        rounds: rounds.len() as u32,
        fresh,
        red: with(&[ChangeOutcome::Regression]),
        open: with(&[ChangeOutcome::Undecided, ChangeOutcome::Suspected]),
        better: with(&[ChangeOutcome::Improved]),
        intervals: gated
            .iter()
            .filter(|f| is_speed(f))
            .filter_map(|f| Some((name(f), f.interval?)))
            .collect(),
    };
    let pass = report.scenarios.into_iter().map(lean).collect();
    let kit = Kit { run, rounds, pass };
    kit.save(&Kit::folder())?;
    Ok(kit.run)
}

/// As `scenario figure`.
pub(crate) fn name(figure: &ComparedFigure) -> String {
    format!("{} {}", figure.scenario, figure.figure)
}

/// Whether it is compared as a ratio.
pub(crate) fn is_speed(figure: &ComparedFigure) -> bool {
    matches!(figure.unit, Unit::Ms | Unit::PerSecond)
}

/// The rounds that a run kept, and how many of them were to confirm.
fn rounds(out: &Path) -> anyhow::Result<(Vec<Joint>, u32)> {
    let path = out.join("rounds.jsonl");
    let mut rounds: Vec<(bool, Joint)> = Vec::new();
    if !path.exists() {
        return Ok((Vec::new(), 0));
    }
    for line in fs_err::read_to_string(path)?.lines() {
        let Line { scenario, fresh, round } = serde_json::from_str(line)?;
        // Scenario by scenario in the file; here round by round.
        let open = rounds
            .iter_mut()
            .find(|(f, joint)| *f == fresh && joint.iter().all(|(name, _)| *name != scenario));
        match open {
            Some((_, joint)) => joint.push((scenario, round)),
            None => rounds.push((fresh, vec![(scenario, round)])),
        }
    }
    let fresh = rounds.iter().filter(|(fresh, _)| *fresh).count() as u32;
    Ok((rounds.into_iter().map(|(_, joint)| joint).collect(), fresh))
}

/// Without what no judgement reads.
fn lean(scenario: Scenario) -> Scenario {
    Scenario {
        steps: Vec::new(),
        series: Default::default(),
        users: Vec::new(),
        failures: Vec::new(),
        conditions: Vec::new(),
        phases: Vec::new(),
        ..scenario
    }
}

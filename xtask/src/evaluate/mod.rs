//! `cargo xtask evaluate`: the experiment that shows how often the judgement is wrong, and what it finds.
//!
//! ```text
//!   for as long as --budget says:   plan → the real binary, paired, against itself or a changed service → docs/evaluation/runs.jsonl
//!                                                                                         its rounds → docs/evaluation/rounds/
//!   then:   rounds → resampled runs, rival rules, stored mode → docs/evaluation/results.json → docs/evaluation.md
//! ```
//!
//! What has been run is never run again: every run is added to the record as it ends, and the next call goes on with what is
//! missing most. Runs with another judgement (its sources are hashed) or of the other phase are not mixed in.

mod condition;
mod frozen;
mod machine;
mod once;
mod page;
mod plan;
mod pool;
mod power;
mod record;
mod rivals;
mod stored;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;

use self::frozen::Frozen;
use self::once::Kit;
use self::pool::Pools;
use self::record::{Record, Results};
use crate::{faults, shell};

/// What runs are for. Thresholds may be chosen by the tuning runs; what is published comes from the judging runs alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// To try things out.
    Tune,
    /// With frozen thresholds.
    Judge,
}

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Minutes of machine time for new runs; 0 only works out the results of those that there are. The last run may overrun it.
    #[arg(long, default_value_t = 10.0)]
    budget: f64,
    /// What the runs are for.
    #[arg(long, value_enum, default_value = "judge")]
    phase: Phase,
    /// The `loadgate` to try [default: a release build of the workspace].
    #[arg(long)]
    program: Option<PathBuf>,
    /// Run only what has this in its name, such as `same` or `bursts`.
    #[arg(long, default_value = "")]
    only: String,
    /// Leave what was resampled as it is; only run, and write the page.
    #[arg(long)]
    no_results: bool,
}

/// Runs, records, and writes the page.
///
/// # Errors
/// The program cannot be run, or the record cannot be read or written.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let frozen = Frozen::now()?;
    let mut record = Record::load()?;
    let budget = Duration::from_secs_f64((options.budget * 60.0).max(0.0));
    if !budget.is_zero() {
        let program = match &options.program {
            Some(program) => fs_err::canonicalize(program)?,
            None => faults::build(true)?,
        };
        let begun = Instant::now();
        while begun.elapsed() < budget {
            let cell = plan::next(&record, options.phase, &frozen, &options.only)
                .context("nothing in the plan has such a name")?;
            let run = once::run(&program, cell, options.phase, &frozen, record.runs.len())?;
            println!("{}", run.in_a_line());
            record.add(run)?;
        }
    }
    if !options.no_results {
        let pools = Pools::load(&Kit::folder(), options.phase, &frozen)?;
        println!("resampling {} rounds", pools.rounds());
        Results {
            phase: options.phase,
            frozen: frozen.clone(),
            same: power::same(&pools),
            changed: power::changed(&pools),
            rivals: rivals::all(&pools),
            stored: stored::all(&pools),
        }
        .save()?;
    }
    let page = page::write(&record, &Results::load()?, &frozen);
    fs_err::write(shell::root().join("docs/evaluation.md"), page)?;
    println!("docs/evaluation.md is written");
    Ok(())
}

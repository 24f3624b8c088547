//! `loadgate baseline accept|list|show|prune`.

use anyhow::Context;
use camino::Utf8PathBuf;
use clap::{Args, Subcommand};

use loadgate_report::baseline::KEEP;

use super::run::terminal_width;
use super::{CliError, Exit};
use crate::baseline::{self, Store};
use crate::output;

#[derive(Debug, Subcommand)]
pub(super) enum BaselineCommand {
    /// Add a run to the baseline of its suite
    Accept(AcceptArguments),
    /// List the suites that have a baseline
    List(ListArguments),
    /// Show what the baseline of a suite holds
    Show(ShowArguments),
    /// Leave out runs that nothing will be compared with any more
    Prune(PruneArguments),
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Directory of the stored baselines
    #[arg(long, value_name = "DIR", default_value = "baselines")]
    baseline: Utf8PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct PruneArguments {
    /// Name of the suite
    suite: String,
    /// Runs to keep of each machine class
    #[arg(long, value_name = "N", default_value_t = KEEP)]
    keep: usize,
    /// Leave out machine classes without a run since this day (YYYY-MM-DD)
    #[arg(long, value_name = "DAY")]
    since: Option<String>,
    /// Directory of the stored baselines
    #[arg(long, value_name = "DIR", default_value = "baselines")]
    baseline: Utf8PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct AcceptArguments {
    /// The report of the run
    #[arg(default_value = "loadgate-report/report.json")]
    report: Utf8PathBuf,
    /// Directory of the stored baselines
    #[arg(long, value_name = "DIR", default_value = "baselines")]
    baseline: Utf8PathBuf,
    /// Accept it although it did not pass: what it shows is intended
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// Name of the suite [default: all that there are]
    suite: Option<String>,
    /// Directory of the stored baselines
    #[arg(long, value_name = "DIR", default_value = "baselines")]
    baseline: Utf8PathBuf,
}

pub(super) fn run(command: BaselineCommand) -> Result<Exit, CliError> {
    match command {
        BaselineCommand::Accept(arguments) => {
            let path = &arguments.report;
            let text = fs_err::read_to_string(path).map_err(CliError::usage)?;
            let report = output::json::parse(&text).with_context(|| format!("failed to read {path}"))?;
            let accepted = Store::new(&arguments.baseline)
                .accept(&report, KEEP, arguments.force)
                .context("failed to accept the run")?;
            anstream::println!("{}: {} runs of {}", accepted.path, accepted.runs, accepted.class);
            for change in &accepted.changes {
                anstream::println!("  accepted as intended: {change}");
            }
        }
        BaselineCommand::Show(arguments) => {
            let store = Store::new(&arguments.baseline);
            let width = terminal_width().unwrap_or(140);
            let text = match &arguments.suite {
                Some(suite) => baseline::show(&store.require(suite).map_err(CliError::usage)?, width),
                None => baseline::list(&store.list().map_err(CliError::usage)?, width),
            };
            output::terminal::print(&text);
        }
        BaselineCommand::List(arguments) => {
            let all = Store::new(&arguments.baseline).list().map_err(CliError::usage)?;
            output::terminal::print(&baseline::list(&all, terminal_width().unwrap_or(140)));
        }
        BaselineCommand::Prune(arguments) => {
            let pruned = Store::new(&arguments.baseline)
                .prune(&arguments.suite, arguments.keep, arguments.since.as_deref())
                .map_err(CliError::usage)?;
            anstream::println!(
                "left out {} runs beyond the last {}, {} of another load, {} machine classes",
                pruned.surplus,
                arguments.keep,
                pruned.outdated,
                pruned.classes.len()
            );
        }
    }
    Ok(Exit::Pass)
}

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
    /// Runs to keep of each load of each machine class
    #[arg(long, value_name = "N", default_value_t = KEEP)]
    keep: usize,
    /// Leave out machine classes and loads without a run since this day (2026-01-31) or time (2026-01-31T12:00:00Z)
    #[arg(long, value_name = "DAY", value_parser = day_or_time)]
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
                .map_err(|error| CliError::usage(anyhow::anyhow!("failed to {error}")))?;
            anstream::println!(
                "left out {} runs beyond the last {} of their load, {} of unused loads, {} unused machine classes",
                pruned.surplus,
                arguments.keep,
                pruned.outdated,
                pruned.classes.len()
            );
        }
    }
    Ok(Exit::Pass)
}

/// A day, or a time in UTC and whole seconds: as baselines write them, since they are compared as text.
fn day_or_time(text: &str) -> Result<String, String> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(format!("{time:.0}"));
    }
    // What else may follow a day, such as a time without offset, would be lost.
    let day = text.parse::<jiff::civil::Date>().ok().map(|day| day.to_string()).filter(|day| day == text);
    day.ok_or_else(|| "write it as 2026-01-31 or 2026-01-31T12:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::day_or_time;

    #[test]
    fn days_and_times_are_as_baselines_write_them() {
        for (text, expected) in [
            ("2026-01-31", "2026-01-31"),
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
            ("2026-01-31T12:00:00.9Z", "2026-01-31T12:00:00Z"),
            ("2026-02-01T00:30:00+02:00", "2026-01-31T22:30:00Z"),
        ] {
            assert_eq!(day_or_time(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "yesterday", "Jan 2026", "2026-02-30", "20260131", "2026-01-31T12:00"] {
            assert!(day_or_time(text).is_err(), "{text}");
        }
    }
}

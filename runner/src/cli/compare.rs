//! `loadgate compare BASE HEAD`.

use anyhow::Context;
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use loadgate_report::Report;
use loadgate_report::judge::{self, Policy};

use super::run::{FailOnArgument, Format, exit_of, show};
use super::{CliError, Exit};
use crate::output::{self, Secrets};

#[derive(Debug, Args)]
pub(super) struct CompareArguments {
    /// The report before
    base: Utf8PathBuf,
    /// The report now
    head: Utf8PathBuf,
    /// Directory for the head's report with the comparison in it
    #[arg(long, value_name = "DIR")]
    out: Option<Utf8PathBuf>,
    /// What makes the exit code other than 0
    #[arg(long, value_enum, default_value_t)]
    fail_on: FailOnArgument,
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: CompareArguments) -> Result<Exit, CliError> {
    let base = read(&arguments.base)?;
    let mut head = read(&arguments.head)?;
    let mut comparison = judge::compare_reports(&base, &head, &Policy::default());
    comparison.base = arguments.base.to_string();
    head.comparison = Some(comparison);
    judge::conclude(&mut head);
    if let Some(out) = &arguments.out {
        // What was secret was masked when the reports were written.
        output::write_all(out, &head, &Secrets::default()).map_err(CliError::usage)?;
    }
    show(&head, arguments.format);
    Ok(exit_of(&head, arguments.fail_on))
}

fn read(path: &Utf8Path) -> Result<Report, CliError> {
    let text = fs_err::read_to_string(path).map_err(CliError::usage)?;
    Ok(output::json::parse(&text).with_context(|| format!("failed to read {path}"))?)
}

//! `loadgate trend`.

use camino::Utf8PathBuf;
use clap::Args;
use loadgate_report::Report;
use loadgate_report::baseline::Baseline;
use loadgate_report::judge::Policy;
use loadgate_report::trend::Trend;

use super::run::{Format, terminal_width};
use super::{CliError, Exit};
use crate::{baseline, output};

#[derive(Debug, Args)]
pub(super) struct TrendArguments {
    /// A baseline file, or a folder of reports
    path: Utf8PathBuf,
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: TrendArguments) -> Result<Exit, CliError> {
    let history = if arguments.path.is_dir() {
        of_folder(&arguments.path)?
    } else {
        baseline::read(&arguments.path).map_err(CliError::usage)?
    };
    let trend = Trend::of(&history, &Policy::default());
    match arguments.format {
        Format::Human => {
            output::terminal::print(&output::trend::trend(&trend, terminal_width().unwrap_or(160)))
        }
        Format::Json => {
            anstream::println!("{}", serde_json::to_string_pretty(&trend).map_err(CliError::usage)?)
        }
    }
    Ok(Exit::Pass)
}

/// All reports of a folder, however deep, as one history; they must be of one suite. Other files are passed over.
fn of_folder(folder: &Utf8PathBuf) -> Result<Baseline, CliError> {
    let mut reports: Vec<Report> = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().map_err(CliError::usage)? {
            let entry = entry.map_err(CliError::usage)?;
            let kind = entry.file_type().map_err(CliError::usage)?;
            if kind.is_dir() {
                folders.push(entry.into_path());
            } else if entry.path().extension() == Some("json")
                && let Ok(text) = fs_err::read_to_string(entry.path())
                && let Ok(report) = output::json::parse(&text)
            {
                reports.push(report);
            }
        }
    }
    reports.sort_by(|a, b| a.run.started_at.cmp(&b.run.started_at));
    let Some(suite) = reports.last().map(|r| r.suite.name.clone()) else {
        return Err(CliError::usage(anyhow::anyhow!("there is no report in {folder}")));
    };
    let mut history = Baseline::new(suite);
    for report in &reports {
        history
            .append(report, usize::MAX, true)
            .map_err(|e| CliError::usage(anyhow::anyhow!("{e}: name a folder with reports of one suite")))?;
    }
    Ok(history)
}

//! `loadgate report FILE`: the page from a report, or the report from a page.

use anyhow::Context;
use camino::Utf8PathBuf;
use clap::Args;

use super::{CliError, Exit};
use crate::output;

#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// report.json; with --extract a page
    file: Utf8PathBuf,
    /// Print the report that a page holds
    #[arg(long)]
    extract: bool,
    /// Where the page is written [default: beside the report, ending in .html]
    #[arg(long, short, value_name = "FILE", conflicts_with = "extract")]
    output: Option<Utf8PathBuf>,
}

pub(super) fn run(arguments: ReportArguments) -> Result<Exit, CliError> {
    let file = &arguments.file;
    let text = fs_err::read_to_string(file).map_err(CliError::usage)?;
    if arguments.extract {
        let json = loadgate_report::page::extract(&text)
            .with_context(|| format!("{file} is not a page of loadgate: it holds no report"))?;
        anstream::println!("{json}");
        return Ok(Exit::Pass);
    }
    let report = output::json::parse(&text).with_context(|| format!("failed to read {file}"))?;
    let path = arguments.output.unwrap_or_else(|| file.with_extension("html"));
    let page = loadgate_report::page::assemble(output::html::TEMPLATE, &report);
    output::atomic::write(&path, page.as_bytes()).with_context(|| format!("failed to write {path}"))?;
    anstream::eprintln!("{path}");
    Ok(Exit::Pass)
}

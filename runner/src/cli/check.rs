//! `loadgate check [SUITE…]`.

use std::io::IsTerminal;

use camino::Utf8PathBuf;
use clap::Args;

use super::run::{Selection, suites_or_default};
use super::{CliError, Exit};
use crate::suite::{self, Diagnostics};

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Suite files [default: loadgate.yml]
    #[arg(value_name = "SUITE")]
    suites: Vec<Utf8PathBuf>,
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(arguments: CheckArguments) -> Result<Exit, CliError> {
    let options = arguments.selection.load_options();
    let mut errors = Vec::new();
    for file in suites_or_default(arguments.suites)? {
        match suite::load(&file, &options) {
            Ok(plan) => {
                let conditions: usize = plan.scenarios.iter().map(|scenario| scenario.conditions.len()).sum();
                anstream::println!(
                    "{file}: {} scenarios, {conditions} conditions, no error",
                    plan.scenarios.len()
                );
            }
            Err(diagnostics) => errors.push(draw(&diagnostics)),
        }
    }
    if errors.is_empty() { Ok(Exit::Pass) } else { Err(CliError::Suite(errors.join("\n"))) }
}

/// The errors of a suite with their places; in colour where standard error is a terminal.
pub(super) fn draw(diagnostics: &Diagnostics) -> String {
    diagnostics.render(std::io::stderr().is_terminal())
}

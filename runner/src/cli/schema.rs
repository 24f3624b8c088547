//! `loadgate schema suite|report`.

use clap::{Args, ValueEnum};

use super::{CliError, Exit};

#[derive(Debug, Args)]
pub(super) struct SchemaArguments {
    /// Of what
    #[arg(value_enum)]
    of: Schema,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Schema {
    /// Suite files
    Suite,
    /// report.json
    Report,
}

pub(super) fn run(arguments: SchemaArguments) -> Result<Exit, CliError> {
    let text = match arguments.of {
        Schema::Suite => crate::schema::suite(),
        Schema::Report => crate::schema::report(),
    };
    anstream::print!("{text}");
    Ok(Exit::Pass)
}

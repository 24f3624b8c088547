//! The `loadgate` command: parse, run, exit.

use std::process::ExitCode;

use clap::Parser;
use loadgate::cli::{self, Arguments};

fn main() -> ExitCode {
    cli::run(Arguments::parse())
}

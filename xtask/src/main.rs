//! `cargo xtask …`: everything around the product. One command per file.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's tool talks to the terminal; the product's own printing is fenced in by `tidy`"
)]

#[cfg(target_os = "linux")]
mod bench;
mod dist;
mod evaluate;
mod faults;
mod package;
mod repeat;
mod schema;
mod setup;
mod shell;
mod test;
mod tidy;
mod viewer;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Set-up, page, schemas, tests and tidiness of the loadgate workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the tests need and is not there yet, saying what.
    Setup,
    /// Build the report page into runner/assets/viewer.html.
    Viewer {
        /// Only say whether the committed page is what the sources build.
        #[arg(long)]
        check: bool,
    },
    /// Write the JSON Schemas of suites and reports into docs/schema/.
    Schema {
        /// Only say whether the committed schemas are what the sources say.
        #[arg(long)]
        check: bool,
    },
    /// Build the product and pack it into target/dist/, as a release does.
    Dist(dist::Options),
    /// Check that what would be published compiles from its archive.
    Package,
    /// Check the house rules that no compiler checks.
    Tidy,
    /// Run every fault of every reference service: each must turn its suite red for the right reason.
    Faults(faults::Options),
    /// Run a scenario of a reference suite over and over and print how often it passed.
    Repeat(repeat::Options),
    /// Try the judgement on unchanged and changed services, and write docs/evaluation.md; goes on where the record ends.
    Evaluate(evaluate::Options),
    /// Compare speed, honesty and memory with other load generators, on loopback.
    #[cfg(target_os = "linux")]
    Bench(bench::Options),
    /// The server of known latency that `bench` starts.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    TruthServer,
    /// Everything that must pass before a change goes in; sets up first.
    Test(test::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Setup => setup::run(),
        Command::Viewer { check } => viewer::run(check),
        Command::Schema { check } => schema::run(check),
        Command::Dist(options) => dist::run(&options),
        Command::Package => package::run(),
        Command::Tidy => tidy::run(),
        Command::Faults(options) => faults::run(&options),
        Command::Repeat(options) => repeat::run(&options),
        Command::Evaluate(options) => evaluate::run(&options),
        #[cfg(target_os = "linux")]
        Command::Bench(options) => bench::run(&options),
        #[cfg(target_os = "linux")]
        Command::TruthServer => bench::truth::serve(),
        Command::Test(options) => test::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

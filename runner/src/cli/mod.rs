//! The command line: what may be typed, and where it goes.

mod base;
mod baseline;
mod check;
mod comment;
mod compare;
mod demo;
mod exit;
mod init;
mod noise;
mod report;
mod run;
mod schema;
mod serve;
mod trend;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use self::exit::{CliError, Exit};

/// A gate for pull requests: does the service behave, and is it as fast as before, under concurrent users?
#[derive(Debug, Parser)]
#[command(name = "loadgate", version, max_term_width = 100, after_help = exit::HELP)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run suites against a service, judge, write the report
    Run(run::RunArguments),
    /// Run a built-in reference service and its suite: see what a verdict looks like
    Demo(demo::DemoArguments),
    /// Run a built-in reference service
    Serve(serve::ServeArguments),
    /// Write a first suite and a first workflow
    Init(init::InitArguments),
    /// Validate suites without running them
    Check(check::CheckArguments),
    /// Judge one report against another
    Compare(compare::CompareArguments),
    /// Accept, list, show or prune stored baselines
    #[command(subcommand)]
    Baseline(baseline::BaselineCommand),
    /// Say which revision a run would compare with in pairs, and where it is built
    Base(base::BaseArguments),
    /// Show where figures changed for good over many runs
    Trend(trend::TrendArguments),
    /// Make the page from a report, or get the report back out of a page
    Report(report::ReportArguments),
    /// Write the verdict as one comment on a pull request
    Comment(comment::CommentArguments),
    /// Run a revision against itself: what can this machine see?
    Noise(noise::NoiseArguments),
    /// Print the JSON Schema of suites or reports
    Schema(schema::SchemaArguments),
}

/// Runs a command to its end and says how it ended.
pub fn run(arguments: Arguments) -> ExitCode {
    let result = match arguments.command {
        Command::Run(arguments) => run::run(arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Init(arguments) => init::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Compare(arguments) => compare::run(arguments),
        Command::Baseline(command) => baseline::run(command),
        Command::Base(arguments) => base::run(arguments),
        Command::Trend(arguments) => trend::run(arguments),
        Command::Report(arguments) => report::run(arguments),
        Command::Comment(arguments) => comment::run(arguments),
        Command::Noise(arguments) => noise::run(arguments),
        Command::Schema(arguments) => schema::run(arguments),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            error.print();
            error.exit().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}

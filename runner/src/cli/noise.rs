//! `loadgate noise [SUITE]`: the same revision against itself.

use camino::Utf8PathBuf;
use clap::Args;
use loadgate_report::judge::paired::noise::{ROUNDS, Sensitivity};
use loadgate_report::quantity::{Quantity, Unit};

use super::run::{Format, Selection, interruptible, suites_or_default, terminal_width};
use super::{CliError, Exit};
use crate::engine::Proxies;
use crate::gate::{self, GateError, Mode, Options};
use crate::output::tables::{Column, Table};
use crate::output::{live::Live, terminal};
use crate::suite;

#[derive(Debug, Args)]
pub(super) struct NoiseArguments {
    /// Suite file [default: loadgate.yml]
    suite: Option<Utf8PathBuf>,
    /// Rounds to run
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(6..=1000))]
    rounds: u32,
    #[command(flatten)]
    selection: Selection,
    /// Directory for the logs of the service
    #[arg(long, value_name = "DIR", default_value = "loadgate-report")]
    out: Utf8PathBuf,
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: NoiseArguments) -> Result<Exit, CliError> {
    let files = suites_or_default(arguments.suite.into_iter().collect())?;
    let mut plan = suite::load(&files[0], &arguments.selection.load_options())
        .map_err(|diagnostics| CliError::Suite(super::check::draw(&diagnostics)))?;
    plan.keep_secret(Proxies::of_environment().secrets());
    let options = Options {
        url: None,
        mode: Mode::Paired,
        baseline: "baselines".into(),
        out: arguments.out,
        base: None,
        keep_rounds: false,
        base_cache: gate::paired::default_cache(),
    };
    let live = Live::new(arguments.format == Format::Human);
    let (outcome, signal) = interruptible(&live, async |control| {
        gate::noise(plan.into(), &options, control, &live, arguments.rounds).await
    })?;
    if let Some(number) = signal {
        return Ok(Exit::Signal(number));
    }
    let found = outcome.map_err(|error| match error {
        GateError::Paired(_) | GateError::Target(_) => CliError::Target(error.into()),
        _ => CliError::usage(error),
    })?;
    match arguments.format {
        Format::Human => terminal::print(&in_words(&found)),
        Format::Json => anstream::println!("{}", as_json(&found)),
    }
    Ok(Exit::Pass)
}

fn in_words(found: &[Sensitivity]) -> String {
    let share = |value: f64| Quantity::new(value, Unit::Ratio).to_string();
    let mut titles = vec!["scenario".to_owned(), "figure".to_owned(), "noise of a round".to_owned()];
    titles.extend(ROUNDS.iter().map(|rounds| format!("seen with {rounds} rounds")));
    titles.extend(["tolerance".to_owned(), "suggested".to_owned()]);
    let columns = titles.into_iter().enumerate().map(|(i, title)| Column { title, right: i >= 2 }).collect();
    let rows = found.iter().map(|figure| {
        let mut row =
            vec![figure.scenario.clone(), figure.figure.clone(), format!("±{}", share(figure.noise))];
        row.extend(figure.detectable.iter().map(|(_, change)| share(*change)));
        row.extend([share(figure.tolerance), share(figure.suggested)]);
        row
    });
    let table = Table { columns, rows: rows.collect() };
    let rounds = found.iter().map(|figure| figure.rounds).max().unwrap_or(0);
    format!(
        "{}\nThe same revision on both sides, {rounds} rounds. A change for the worse of the size in a `seen` column is found four\n\
         times out of five. `suggested` is the tightest tolerance at which unchanged code is found unchanged nineteen times out\n\
         of twenty; write it into the suite as `gate: {{ tolerance: {{ FIGURE: … }} }}`.\n",
        terminal::table(&table, terminal_width().unwrap_or(140))
    )
}

fn as_json(found: &[Sensitivity]) -> serde_json::Value {
    found
        .iter()
        .map(|figure| {
            let seen: serde_json::Map<String, serde_json::Value> = figure
                .detectable
                .iter()
                .map(|(rounds, change)| (rounds.to_string(), (*change).into()))
                .collect();
            serde_json::json!({
                "scenario": figure.scenario,
                "figure": figure.figure,
                "rounds": figure.rounds,
                "noise": figure.noise,
                "tolerance": figure.tolerance,
                "detectable_by_rounds": seen,
                "suggested_tolerance": figure.suggested,
            })
        })
        .collect()
}

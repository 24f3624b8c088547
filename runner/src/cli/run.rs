//! `loadgate run [SUITE…]`.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};
use loadgate_report::Report;
use loadgate_report::judge::{self, FailOn};

use super::{CliError, Exit};
use crate::engine::{Control, Proxies};
use crate::gate::{self, Base, GateError, Mode, Options};
use crate::github;
use crate::output::{self, Secrets, Written};
use crate::suite::plan::Plan;
use crate::suite::{self, LoadOptions};

/// Names under which a suite is found where none is given.
const DEFAULT_SUITES: &[&str] = &["loadgate.yml", "loadgate.yaml", ".github/loadgate.yml"];

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Suite files [default: loadgate.yml]
    #[arg(value_name = "SUITE")]
    suites: Vec<Utf8PathBuf>,
    /// Test the service at this URL, which is already running, instead of the suite's target
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    gate: GateArguments,
}

/// What of a suite is run.
#[derive(Clone, Debug, Args)]
pub(super) struct Selection {
    /// Run only the scenarios of this name, tag or requirement (may be given several times)
    #[arg(long, value_name = "NAME")]
    pub(super) only: Vec<String>,
    /// Full lengths instead of the short ones
    #[arg(long)]
    pub(super) full: bool,
    /// Seed of every random choice [default: the same in every run, so that runs can be compared]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Set a variable of the suite
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(super) set: Vec<(String, String)>,
}

/// How a run is judged and where it is written.
#[derive(Clone, Debug, Args)]
pub(super) struct GateArguments {
    /// Directory for report.json, report.html, summary.md and junit.xml
    #[arg(long, value_name = "DIR", default_value = "loadgate-report")]
    pub(super) out: Utf8PathBuf,
    /// Directory of the stored baselines
    #[arg(long, value_name = "DIR", default_value = "baselines")]
    pub(super) baseline: Utf8PathBuf,
    /// How to compare
    #[arg(long, value_enum, default_value_t)]
    pub(super) mode: Mode,
    #[command(flatten)]
    pub(super) base: BaseRevision,
    /// Compare in pairs with the service at this URL, which is already running
    #[arg(long, value_name = "URL", conflicts_with = "base")]
    pub(super) base_url: Option<String>,
    /// Compare in pairs with the service that this command starts
    #[arg(long, value_name = "CMD", conflicts_with_all = ["base", "base_url"])]
    pub(super) base_start: Option<String>,
    /// Keep the rounds of a paired comparison too, as rounds.jsonl in the output directory
    #[arg(long)]
    pub(super) keep_rounds: bool,
    /// What makes the exit code other than 0
    #[arg(long, value_enum, default_value_t)]
    pub(super) fail_on: FailOnArgument,
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// The revision to compare with.
#[derive(Clone, Debug, Args)]
pub(super) struct BaseRevision {
    /// Compare in pairs with this git revision, built and run beside the current one [default: on a pull request, what it changes]
    #[arg(long, value_name = "REF")]
    pub(super) base: Option<String>,
    /// Directory in which base revisions are built, each by its commit [default: in that of temporary files]
    #[arg(long, value_name = "DIR", env = "LOADGATE_BASE_CACHE")]
    pub(super) base_cache: Option<Utf8PathBuf>,
}

impl BaseRevision {
    /// What was asked for, else what the event says that started the workflow.
    pub(super) fn revision(&self) -> Option<Base> {
        let event = || github::pull_request::base_of_environment(|name| std::env::var(name).ok());
        self.base.clone().map(Base::Revision).or_else(|| event().map(Base::PullRequest))
    }

    pub(super) fn cache(&self) -> Utf8PathBuf {
        self.base_cache.clone().unwrap_or_else(gate::paired::default_cache)
    }
}

/// What makes the exit code other than 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOnArgument {
    /// Failed conditions and counts, confirmed regressions, invalid runs
    #[default]
    Regression,
    /// The same, and what could not be decided or compared
    Inconclusive,
    /// Nothing: report only
    Never,
}

impl From<FailOnArgument> for FailOn {
    fn from(argument: FailOnArgument) -> Self {
        match argument {
            FailOnArgument::Regression => Self::Regression,
            FailOnArgument::Inconclusive => Self::Inconclusive,
            FailOnArgument::Never => Self::Never,
        }
    }
}

/// What is printed on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Tables and sentences
    #[default]
    Human,
    /// The report as one JSON document
    Json,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    if name.is_empty() {
        return Err("the name before `=` is empty".into());
    }
    Ok((name.to_owned(), value.to_owned()))
}

impl Selection {
    /// How a suite is to be read.
    pub(super) fn load_options(&self) -> LoadOptions {
        LoadOptions {
            set: self.set.clone(),
            full: self.full,
            seed: self.seed,
            only: self.only.clone(),
            // A variable that is no text cannot be read by a suite.
            environment: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        }
    }
}

pub(super) fn run(arguments: RunArguments) -> Result<Exit, CliError> {
    let files = suites_or_default(arguments.suites)?;
    let plans =
        files.iter().map(|file| suite::load(file, &arguments.selection.load_options())).collect::<Vec<_>>();
    // Every suite's errors are shown before anything runs.
    let errors: Vec<String> =
        plans.iter().filter_map(|plan| plan.as_ref().err()).map(super::check::draw).collect();
    if !errors.is_empty() {
        return Err(CliError::Suite(errors.join("\n")));
    }
    let plans: Vec<Plan> = plans.into_iter().flatten().collect();
    let several = plans.len() > 1;
    let mut exit = Exit::Pass;
    for plan in &plans {
        let mut gate = arguments.gate.clone();
        if several {
            gate.out = gate.out.join(&plan.name);
        }
        exit = exit.worst(run_plan(plan, arguments.target.clone(), gate.base.revision(), &gate)?);
        if matches!(exit, Exit::Signal(_)) {
            break;
        }
    }
    Ok(exit)
}

/// The suites given, or the one that lies where suites lie.
pub(super) fn suites_or_default(given: Vec<Utf8PathBuf>) -> Result<Vec<Utf8PathBuf>, CliError> {
    if !given.is_empty() {
        return Ok(given);
    }
    let found = DEFAULT_SUITES.iter().map(Utf8Path::new).find(|path| path.is_file());
    found.map(|path| vec![path.to_owned()]).ok_or_else(|| {
        CliError::Usage(anyhow::anyhow!(
            "there is no suite: give a file, or write one as {}; `loadgate init` writes a first one",
            DEFAULT_SUITES.join(" or ")
        ))
    })
}

/// Runs one decided suite to its outputs. `base` is compared with where the arguments name nothing else.
pub(super) fn run_plan(
    plan: &Plan,
    url: Option<String>,
    base: Option<Base>,
    arguments: &GateArguments,
) -> Result<Exit, CliError> {
    // What the environment knows of proxies is as secret as what a suite takes from it.
    let mut plan = plan.clone();
    plan.keep_secret(Proxies::of_environment().secrets());
    let plan = Arc::new(plan);
    let elsewhere =
        [arguments.base_url.clone().map(Base::Url), arguments.base_start.clone().map(Base::Start)];
    let options = Options {
        url,
        mode: arguments.mode,
        baseline: arguments.baseline.clone(),
        out: arguments.out.clone(),
        keep_rounds: arguments.keep_rounds,
        base: elsewhere.into_iter().flatten().next().or(base),
        base_cache: arguments.base.cache(),
    };
    let live = output::live::Live::new(arguments.format == Format::Human);
    let (report, signal) =
        interruptible(&live, async |control| gate::run(Arc::clone(&plan), &options, control, &live).await)?;
    let report = match report {
        Ok(report) => report,
        Err(GateError::Target(error)) => return Err(CliError::Target(error.into())),
        Err(GateError::Paired(error)) => return Err(CliError::Target(error.into())),
        Err(error @ (GateError::Output(_) | GateError::Acceptance(_) | GateError::Baseline(_))) => {
            return Err(CliError::usage(error));
        }
    };
    let secrets = Secrets::new(&plan.secrets);
    let written = output::write_all(&arguments.out, &report, &secrets).map_err(CliError::usage)?;
    let exit = signal.map_or_else(|| exit_of(&report, arguments.fail_on), Exit::Signal);
    show(&secrets.mask_report(&report), arguments.format);
    for (name, path) in &written.files {
        // A folder's name may hold a line break, behind which it would be a command to GitHub's runner.
        anstream::eprintln!("{name:<12} {}", output::text::plain(path.as_str()));
    }
    publish(&report, &written, exit, &secrets).map_err(CliError::usage)?;
    Ok(exit)
}

/// Runs a task on a runtime of its own; SIGINT and SIGTERM tell it to stop. Gives what it came to and the signal, if
/// there was one.
pub(super) fn interruptible<T>(
    live: &output::live::Live,
    task: impl AsyncFnOnce(&Control) -> T,
) -> Result<(T, Option<u8>), CliError> {
    let control = Control::new();
    let signal = Arc::new(AtomicU8::new(0));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(CliError::usage)?;
    let outcome = runtime.block_on(async {
        tokio::spawn({
            let (control, signal) = (control.clone(), Arc::clone(&signal));
            async move {
                let number = terminated().await;
                signal.store(number, Ordering::Relaxed);
                control.stop("interrupted");
            }
        });
        task(&control).await
    });
    // An engine thread that does not end must not keep the process alive.
    runtime.shutdown_background();
    live.finish();
    let number = signal.load(Ordering::Relaxed);
    Ok((outcome, (number != 0).then_some(number)))
}

/// The exit that a judged report asks for.
pub(super) fn exit_of(report: &Report, fail_on: FailOnArgument) -> Exit {
    match judge::exit_code(report, fail_on.into()) {
        0 => Exit::Pass,
        1 => Exit::Fail,
        4 => Exit::Inconclusive,
        _ => Exit::Invalid,
    }
}

/// Prints a report, in which nothing secret is left, to standard output.
pub(super) fn show(report: &Report, format: Format) {
    match format {
        Format::Human => output::terminal::print(&output::terminal::verdict(report, terminal_width())),
        Format::Json => {
            let text = serde_json::to_string_pretty(report).unwrap_or_default();
            anstream::println!("{text}");
        }
    }
}

/// Columns of the terminal, where there is one.
pub(super) fn terminal_width() -> Option<u16> {
    let term = std::io::stdout().is_terminal().then(|| std::env::var("COLUMNS").ok()).flatten();
    term.and_then(|columns| columns.parse().ok())
}

/// Tells GitHub Actions, where it runs this: job summary, step outputs, annotations.
fn publish(report: &Report, written: &Written, exit: Exit, secrets: &Secrets) -> std::io::Result<()> {
    let ci = github::Ci::detect(|name| std::env::var(name).ok());
    let report = secrets.mask_report(report);
    if let Some(file) = &ci.summary {
        github::append_summary(file.as_ref(), &output::summary::render(&report))?;
    }
    if let Some(file) = &ci.output {
        github::append_outputs(file.as_ref(), &github::step_outputs(&report, exit.code(), written))?;
    }
    if ci.annotations {
        // On standard error, which the runner reads as well, so that `--format json` stays one document.
        for line in output::annotations::annotations(&report) {
            anstream::eprintln!("{line}");
        }
    }
    Ok(())
}

/// Waits for SIGINT or SIGTERM and gives its number.
#[cfg(unix)]
pub(super) async fn terminated() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let streams = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = streams else { return std::future::pending().await };
    tokio::select! {
        _ = interrupt.recv() => 2,
        _ = terminate.recv() => 15,
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(super) async fn terminated() -> u8 {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    2
}

//! A whole run of one suite: first pass, comparison, fresh rounds for what is suspected, report.

use std::sync::Arc;
use std::time::{Duration, Instant};

use loadgate_report::baseline::Baseline;
use loadgate_report::judge::paired::noise::Sensitivity;
use loadgate_report::judge::{self, Policy};
use loadgate_report::model::{
    self, ChangeOutcome, ComparedFigure, Comparison, ComparisonMode, Report, RunInfo, SuiteInfo,
};
use loadgate_report::quantity::{Quantity, Unit};
use loadgate_report::trend::Trend;

use super::acceptance::{self, AcceptanceError};
use super::later::Later;
use super::paired::{Base, PairedError};
use super::pass::Pass;
use super::{Context, Event, Mode, Observer, Options, conditions, environment, gaps, paired};
use crate::baseline::{Edit, Store, StoreError, edited_from, edited_since, is_part_of};
use crate::engine::{Control, Proxies, Reach};
use crate::output::{self, OutputError, Secrets};
use crate::suite::plan::{Plan, Trust};
use crate::target::{Arm, Target, TargetError};

/// Fresh rounds that decide a suspicion, each with restarted processes.
const CONFIRM_ROUNDS: u32 = 2;
/// Time for all of them together, unless the suite says otherwise.
const BUDGET: Duration = Duration::from_secs(180);

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// Nothing to test.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The report could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Paired rounds could not be run.
    #[error(transparent)]
    Paired(#[from] PairedError),
    /// The file of accepted changes is wrong.
    #[error(transparent)]
    Acceptance(#[from] AcceptanceError),
    /// There is a baseline, and it cannot be used.
    #[error("failed to {0}")]
    Baseline(#[from] StoreError),
}

/// Runs a suite and judges it. The report is written after each scenario, so that whatever happens something is there;
/// the caller writes the final outputs.
///
/// # Errors
/// Nothing can be written to `options.out`, or the baseline or the list of acceptances is damaged. All else is in the report, also
/// that there was nothing to test.
pub async fn run(
    plan: Arc<Plan>,
    options: &Options,
    control: &Control,
    observer: &dyn Observer,
) -> Result<Report, GateError> {
    let started = Instant::now();
    let secrets = Secrets::new(&plan.secrets);
    let ticks = environment::machine_ticks();
    // Before any load: what is wrong with the file will be wrong after it, too.
    let stored = match options.mode {
        Mode::Off | Mode::Paired => None,
        Mode::Auto | Mode::Stored => Store::new(&options.baseline).load(&plan.name)?,
    };
    let mut report = begin(&plan);
    report.acceptances = acceptance::load(".".into(), jiff::Zoned::now().date())?;
    // Likewise: nothing would be as annoying as a long run whose report cannot be written.
    report.run.interrupted = true;
    judge::conclude(&mut report);
    output::save(&options.out, &report, &secrets)?;
    let later = Later::default();
    let context = Context { plan: Arc::clone(&plan), options, control, observer, started, later: &later };
    let finish = |report: &mut Report, pass: &Pass| {
        report.scenarios = pass.scenarios.clone();
        report.target = pass.target.clone();
        report.cost = plan.cost.as_ref().map(|cost| conditions::cost(&report.scenarios, cost));
        report.run.duration_s = started.elapsed().as_secs_f64();
        report.run.interrupted = control.is_stopped();
    };
    let mut write_error = None;
    let save = |so_far: &Pass| {
        let mut partial = report.clone();
        finish(&mut partial, so_far);
        // Should this be its last state, the file on disk is one of an interrupted run; also after the last scenario, since what the
        // comparison says is not in it.
        partial.run.interrupted = true;
        judge::conclude(&mut partial);
        write_error = output::save(&options.out, &partial, &secrets).err();
    };
    let (pass, pass_time) = match first_pass(&context, save).await {
        Ok(both) => both,
        Err(error) => {
            // Told like any other verdict, so that whoever reads the report or the outputs of the action learns of it too.
            let is_missing = !matches!(error, TargetError::Interrupted);
            report.target.unavailable = is_missing.then(|| error.to_string());
            report.run.duration_s = started.elapsed().as_secs_f64();
            report.run.interrupted = control.is_stopped();
            judge::conclude(&mut report);
            return Ok(report);
        }
    };
    if let Some(error) = write_error {
        return Err(error.into());
    }
    finish(&mut report, &pass);
    report.warnings.extend(proxied(&pass.target.url));
    if options.mode != Mode::Off && !control.is_stopped() {
        let edit = tokio::select! {
            edit = edited_baseline(&context) => edit,
            () = control.stopped() => None,
        };
        let (mut comparison, warning) =
            compare(&context, &report, stored.as_ref(), edit.as_ref(), pass_time).await;
        forget_what_fresh_rounds_left_open(&mut comparison);
        later.show_in(&mut report);
        report.warnings.extend(warning);
        let edit_that_counts = edit.as_ref().filter(|_| options.mode != Mode::Paired);
        let known = earlier(stored.as_ref(), edit_that_counts);
        if comparison.mode == ComparisonMode::Stored {
            let unknown = known.and_then(|known| gaps::unknown_scenarios(&report, known));
            report.warnings.extend(unknown);
        }
        let lost = known.map(|known| gaps::lost_figures(&report, known));
        report.warnings.extend(lost.into_iter().flatten());
        report.comparison = Some(comparison);
        let trend = stored.as_ref().or(known).map(|known| Trend::of(known, &policy(&plan)));
        report.history = trend.and_then(|trend| trend.history(&report.environment.machine.class()));
        report.warnings.extend(edit.map(|edit| match options.mode {
            Mode::Paired => edit.told,
            _ => format!("{}; {}", edit.told, edit.instead),
        }));
    }
    report.environment.steal = environment::machine_ticks().zip(ticks).and_then(|(now, before)| {
        let all = now.1.saturating_sub(before.1);
        (all > 0).then(|| now.0.saturating_sub(before.0) as f64 / all as f64)
    });
    report.run.duration_s = started.elapsed().as_secs_f64();
    report.run.interrupted = control.is_stopped();
    judge::conclude(&mut report);
    Ok(report)
}

/// Tells that a proxy is measured along with the service.
fn proxied(url: &str) -> Option<String> {
    let reach = Reach::new(url::Url::parse(url).ok()?).on_terms(Trust::default(), Proxies::of_environment());
    let proxy = reach.through()?;
    Some(format!(
        "all requests went through the proxy {proxy}: its time and its limits are part of every figure"
    ))
}

/// Builds the service where loadgate starts it, and runs every scenario once. Gives the time of the latter, too.
async fn first_pass(
    context: &Context<'_>,
    after_each: impl FnMut(&Pass),
) -> Result<(Pass, Duration), TargetError> {
    let (plan, options) = (&context.plan, context.options);
    if options.url.is_none() {
        let log = options.out.join("build.log");
        Target::build(&plan.target, &Arm::head(), &context.variables(), &log, context.control).await?;
    }
    let begun = Instant::now();
    let pass = context.pass(0, &options.out.join("target.log"), after_each).await?;
    Ok((pass, begun.elapsed()))
}

/// Runs a suite's service against itself for so many rounds, and tells what could be seen.
///
/// # Errors
/// The target did not come up or ended, or the suite does not start one.
pub async fn noise(
    plan: Arc<Plan>,
    options: &Options,
    control: &Control,
    observer: &dyn Observer,
    rounds: u32,
) -> Result<Vec<Sensitivity>, GateError> {
    let started = Instant::now();
    output::make_folder(&options.out)?;
    let policy = policy(&plan);
    let later = Later::default();
    let context = Context { plan: Arc::clone(&plan), options, control, observer, started, later: &later };
    let log = options.out.join("build.log");
    Target::build(&plan.target, &Arm::head(), &context.variables(), &log, control).await?;
    Ok(paired::noise(&context, rounds, &policy).await?)
}

fn begin(plan: &Plan) -> Report {
    let now = jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_else(|_| jiff::Timestamp::now());
    Report {
        schema: model::SCHEMA.to_owned(),
        suite: SuiteInfo {
            name: plan.name.clone(),
            file: plan.file.to_string(),
            hash: plan.hash.clone(),
            description: plan.description.clone(),
        },
        run: RunInfo {
            id: format!("{now}-{:x}", plan.seed ^ u64::from(std::process::id())),
            started_at: now.to_string(),
            seed: plan.seed,
            loadgate: env!("CARGO_PKG_VERSION").to_owned(),
            full: plan.full,
            variables: plan.variables.clone(),
            ..RunInfo::default()
        },
        environment: environment::read(),
        ..Report::default()
    }
}

/// Compares as the mode says; gives a warning where it could not be done as asked for.
///
/// `auto` looks at the stored runs first. What they suspect, or cannot judge, the base revision decides where there is one.
async fn compare(
    context: &Context<'_>,
    report: &Report,
    stored: Option<&Baseline>,
    edit: Option<&Edit>,
    pass_time: Duration,
) -> (Comparison, Option<String>) {
    let policy = policy(&context.plan);
    let Options { mode, base, .. } = context.options;
    if *mode == Mode::Paired {
        let outcome = match base {
            Some(base) => paired::compare(context, base, &policy).await.map_err(|error| error.to_string()),
            None => Err("there is nothing to pair with: the event that started the run names no base; name one with `--base REVISION`".to_owned()),
        };
        return (
            outcome.unwrap_or_else(|why| unusable(&why, "mend the cause, or compare with `--mode stored`")),
            None,
        );
    }
    let known = earlier(stored, edit);
    let mut stored = with_baseline(context, report, stored, edit, &policy);
    let open = !suspects(&stored).is_empty()
        || stored.status != model::ComparisonStatus::Judged
        || known.is_some_and(|known| gaps::unknown_scenarios(report, known).is_some());
    if *mode == Mode::Auto
        && open
        && let Some(base) = base
        && can_pair(context, base)
    {
        match paired::compare(context, base, &policy).await {
            Ok(mut comparison) => {
                with_what_pairs_cannot_judge(context, &mut comparison, stored, pass_time).await;
                return (comparison, None);
            }
            // It started for the first pass, and did not again: nothing was judged.
            Err(error @ PairedError::Target { arm: "head", .. })
                if stored.status != model::ComparisonStatus::Judged && !context.control.is_stopped() =>
            {
                let next = "see how it ended in target-head.log; a comparison starts it several times";
                return (unusable(&error.to_string(), next), None);
            }
            Err(error) => {
                confirm(context, pass_time, &mut stored).await;
                return (stored, Some(format!("not compared in pairs: {error}")));
            }
        }
    }
    confirm(context, pass_time, &mut stored).await;
    (stored, None)
}

/// Adds what the stored runs suspect and slots cannot judge, such as the trend of the memory, or a quantile that no slot has the samples
/// for: fresh rounds decide that.
async fn with_what_pairs_cannot_judge(
    context: &Context<'_>,
    comparison: &mut Comparison,
    mut stored: Comparison,
    pass_time: Duration,
) {
    let same = |a: &ComparedFigure, b: &ComparedFigure| a.scenario == b.scenario && a.figure == b.figure;
    let judged: Vec<&ComparedFigure> =
        comparison.figures.iter().filter(|f| f.outcome != ChangeOutcome::NotJudged).collect();
    stored
        .figures
        .retain(|f| f.outcome == ChangeOutcome::Suspected && !judged.iter().any(|judged| same(judged, f)));
    confirm(context, pass_time, &mut stored).await;
    comparison.figures.retain(|f| !stored.figures.iter().any(|stored| same(stored, f)));
    comparison.figures.extend(stored.figures);
}

/// Fresh rounds of pairs that decided nothing may all have been spoiled. What they came to is no measure of how much worse it is, so
/// nothing that is accepted may be held against it.
fn forget_what_fresh_rounds_left_open(comparison: &mut Comparison) {
    let pairs = comparison.figures.iter_mut().filter(|figure| figure.runs == 0);
    pairs.filter(|figure| figure.outcome == ChangeOutcome::Undecided).for_each(|figure| figure.fresh = None);
}

/// Whether a base that nobody asked for, because the event of a pull request names it, can be run beside what is under test.
fn can_pair(context: &Context<'_>, base: &Base) -> bool {
    let is_started = context.plan.target.start.is_some() && context.options.url.is_none();
    is_started || !matches!(base, Base::PullRequest(_))
}

/// The baseline that is compared with: that of before, where the change under test has edited it.
fn earlier<'a>(stored: Option<&'a Baseline>, edit: Option<&'a Edit>) -> Option<&'a Baseline> {
    edit.map(|edit| &edit.before).filter(|before| before.runs() > 0).or(stored)
}

/// Compares with the stored baseline: that of before, where the change under test has edited it.
fn with_baseline(
    context: &Context<'_>,
    report: &Report,
    stored: Option<&Baseline>,
    edit: Option<&Edit>,
    policy: &Policy,
) -> Comparison {
    let path = Store::new(&context.options.baseline).path(&context.plan.name);
    let mut comparison = match (stored, edit.filter(|edit| edit.before.runs() > 0)) {
        (now, Some(edit)) => {
            let now = now.unwrap_or(&edit.before);
            judge::compare_unedited(report, &edit.before, now, &edit.accepted, policy)
        }
        (Some(stored), None) => judge::compare(report, stored, policy),
        (None, None) => judge::missing(path.as_str()),
    };
    comparison.base = path.to_string();
    comparison
}

/// Tells on a change that edits its own baseline. The branch it is to go into is the base revision, or what GitHub says of a pull
/// request.
async fn edited_baseline(context: &Context<'_>) -> Option<Edit> {
    let store = Store::new(&context.options.baseline);
    let stored = store.load(&context.plan.name).ok()?;
    let path = store.path(&context.plan.name);
    if !is_part_of(&path, ".".into()) {
        return None;
    }
    let reference = match &context.options.base {
        Some(base @ Base::PullRequest(_)) => {
            let commit = base.commit(".".into()).await.ok()??;
            return edited_from(&commit, &path, stored.as_ref());
        }
        Some(Base::Revision(reference)) => reference.clone(),
        _ => format!("origin/{}", std::env::var("GITHUB_BASE_REF").ok().filter(|name| !name.is_empty())?),
    };
    edited_since(&reference, &path, stored.as_ref())
}

/// Runs fresh rounds for what looks worse. Where the suite sets no time for it, there is time for all rounds, however long the suite
/// is: what is never confirmed never fails.
async fn confirm(context: &Context<'_>, pass_time: Duration, comparison: &mut Comparison) {
    let suspects = suspects(comparison);
    if suspects.is_empty() {
        return;
    }
    let begun = Instant::now();
    let budget = context.plan.gate.budget;
    let time = budget.unwrap_or_else(|| BUDGET.max(pass_time * (CONFIRM_ROUNDS + 1)));
    let mut rounds = Vec::new();
    for round in 1..=CONFIRM_ROUNDS {
        if context.control.is_stopped() || begun.elapsed() + pass_time > time {
            break;
        }
        context.observer.on(&Event::Confirming { suspects: &suspects, round, of: CONFIRM_ROUNDS });
        let log = context.options.out.join("target-confirm.log");
        match context.pass(round, &log, |_| {}).await {
            Ok(pass) if !context.control.is_stopped() => rounds.push(pass.scenarios),
            // The suspicion stays unconfirmed, which is told as such. Half a round is none.
            Ok(_) | Err(_) => break,
        }
    }
    judge::confirm(comparison, &rounds);
    if rounds.is_empty() && budget.is_some_and(|budget| pass_time > budget) {
        for figure in comparison.figures.iter_mut().filter(|f| f.outcome == ChangeOutcome::Suspected) {
            figure.note = Some(format!(
                "no fresh round was run: one takes {}, more than `gate.budget`; raise that",
                Quantity::new(pass_time.as_secs_f64() * 1000.0, Unit::Ms)
            ));
        }
    }
}

fn suspects(comparison: &Comparison) -> Vec<String> {
    comparison
        .figures
        .iter()
        .filter(|figure| figure.outcome == ChangeOutcome::Suspected)
        .map(|figure| format!("{} {}", figure.scenario, figure.figure))
        .collect()
}

/// The policy of a suite.
pub(crate) fn policy(plan: &Plan) -> Policy {
    Policy {
        tolerances: plan.gate.tolerance.clone(),
        floors: plan.gate.floor.clone(),
        better: plan.gate.better.clone(),
        ..Policy::default()
    }
}

/// A comparison that was asked for and could not be made.
fn unusable(why: &str, next: &str) -> Comparison {
    Comparison {
        status: model::ComparisonStatus::Incompatible,
        message: why.to_owned(),
        next: Some(next.to_owned()),
        ..judge::missing("")
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use loadgate_report::judge::Better;

    use super::*;
    use crate::suite::{LoadOptions, load_text};

    /// Longer than the time that there once was for all fresh rounds together.
    const LONG: Duration = Duration::from_secs(300);

    #[tokio::test(flavor = "multi_thread")]
    async fn a_suspicion_is_confirmed_however_long_the_suite_is() {
        let mut comparison = comparison(&[("error_rate", ChangeOutcome::Suspected)]);
        with_suite("", async |context| confirm(context, LONG, &mut comparison).await).await;
        let figure = &comparison.figures[0];
        assert_eq!(
            (figure.outcome, figure.rounds),
            (ChangeOutcome::Regression, 1 + CONFIRM_ROUNDS),
            "{figure:?}"
        );
    }

    #[test]
    fn what_fresh_rounds_left_open_is_not_held_against_a_bound() {
        let mut comparison = comparison(&[
            ("error_rate", ChangeOutcome::Undecided),
            ("refusal_rate", ChangeOutcome::Regression),
            ("hit.rate", ChangeOutcome::Undecided),
        ]);
        for (figure, runs) in comparison.figures.iter_mut().zip([0, 0, 3]) {
            (figure.runs, figure.fresh) = (runs, Some(0.5));
        }
        forget_what_fresh_rounds_left_open(&mut comparison);
        let fresh: Vec<_> = comparison.figures.iter().map(|figure| figure.fresh).collect();
        assert_eq!(fresh, [None, Some(0.5), Some(0.5)]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_budget_that_is_too_small_for_a_round_is_told() {
        let mut comparison = comparison(&[("error_rate", ChangeOutcome::Suspected)]);
        with_suite("gate: { budget: 1s }\n", async |context| confirm(context, LONG, &mut comparison).await)
            .await;
        let figure = &comparison.figures[0];
        let note = figure.note.as_deref().unwrap_or_default();
        assert_eq!(figure.outcome, ChangeOutcome::Suspected, "{figure:?}");
        assert!(
            note.starts_with("no fresh round was run") && note.ends_with("`gate.budget`; raise that"),
            "{note}"
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_the_pairs_do_not_judge_stays_suspected_and_is_confirmed() {
        let stored = comparison(&[
            ("latency.p50", ChangeOutcome::Suspected),
            ("error_rate", ChangeOutcome::Suspected),
            ("success_rate", ChangeOutcome::Unchanged),
        ]);
        // What the rounds say of the error rate; what it comes to.
        for (of_rounds, expected) in [
            (None, ChangeOutcome::Regression),
            (Some(ChangeOutcome::NotJudged), ChangeOutcome::Regression),
            (Some(ChangeOutcome::Undecided), ChangeOutcome::Undecided),
            (Some(ChangeOutcome::Unchanged), ChangeOutcome::Unchanged),
        ] {
            let mut paired = comparison(&[("latency.p50", ChangeOutcome::Unchanged)]);
            paired.figures.extend(of_rounds.map(|outcome| figure("error_rate", outcome)));
            let stored = stored.clone();
            with_suite("", async |context| {
                with_what_pairs_cannot_judge(context, &mut paired, stored, LONG).await;
            })
            .await;
            let found: Vec<_> = paired.figures.iter().map(|f| (f.figure.as_str(), f.outcome)).collect();
            let all = [("latency.p50", ChangeOutcome::Unchanged), ("error_rate", expected)];
            assert_eq!(found, all, "the rounds say {of_rounds:?}");
        }
    }

    #[test]
    fn the_suite_says_which_way_a_counter_is_better() {
        let text = "name: t\ntarget: { url: 'http://127.0.0.1:1' }\ngate: { better: { queued.rate: lower } }\n\
             scenarios:\n  s:\n    load: { users: 1, iterations: 1 }\n    flow: [ { get: /, count: { queued: \
             json.position > 0, hit: json.cached } } ]\n";
        let plan = load_text("test.yml", text, ".".into(), &LoadOptions::default());
        let policy = policy(&plan.unwrap_or_else(|e| panic!("{}", e.render(false))));
        assert_eq!(policy.rule("queued.rate").better, Better::Lower);
        assert_eq!(policy.rule("hit.rate").better, Better::Higher);
    }

    fn comparison(figures: &[(&str, ChangeOutcome)]) -> Comparison {
        let figures = figures.iter().map(|(name, outcome)| figure(name, *outcome)).collect();
        Comparison { figures, ..judge::missing("") }
    }

    /// One that was at 0 and is at 1.
    fn figure(name: &str, outcome: ChangeOutcome) -> ComparedFigure {
        ComparedFigure {
            scenario: "s".to_owned(),
            figure: name.to_owned(),
            unit: Unit::Ratio,
            gated: true,
            now: Some(1.0),
            fresh: None,
            before: Some(0.0),
            change: None,
            interval: None,
            noise: None,
            tolerance: 0.0,
            floor: 0.02,
            limit: Some(0.02),
            detectable: None,
            samples: 10,
            runs: 1,
            rounds: 0,
            round_changes: Vec::new(),
            outcome,
            note: None,
        }
    }

    /// Runs something in a run of a suite whose service fails at everything.
    async fn with_suite(more: &str, test: impl AsyncFnOnce(&Context<'_>)) {
        let text = format!(
            "name: t\ntarget: {{ url: '{}' }}\n{more}flows: {{ f: [ {{ get: / }} ] }}\nscenarios:\n  \
             s: {{ load: {{ users: 1, iterations: 10 }}, flow: f, settle: 0s }}\n",
            failing()
        );
        let plan = load_text("test.yml", &text, ".".into(), &LoadOptions::default());
        let plan = plan.unwrap_or_else(|e| panic!("{}", e.render(false)));
        let folder = tempfile::tempdir().unwrap();
        let out = camino::Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
        let options = Options {
            url: None,
            mode: Mode::Auto,
            baseline: out.join("baselines"),
            base_cache: out.join("cache"),
            out,
            base: None,
            keep_rounds: false,
        };
        let (control, later) = (Control::new(), Later::default());
        let (plan, started) = (Arc::new(plan), Instant::now());
        let context =
            Context { plan, options: &options, control: &control, observer: &(), started, later: &later };
        test(&context).await;
    }

    /// The URL of a service that answers everything with 500, and ends with the test's process.
    fn failing() -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                std::thread::spawn(move || {
                    let mut request = [0; 10_000];
                    while matches!(stream.read(&mut request), Ok(n) if n > 0) {
                        stream.write_all(b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n").unwrap();
                    }
                });
            }
        });
        url
    }
}

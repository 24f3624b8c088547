//! Paired mode: the base revision and the one under test side by side on this machine, loaded in turns.
//!
//! ```text
//! block ─ start both ─┬─ round: control, then for each scenario  base │ head  (or  head │ base)
//!                     └─ round …                                              ─ stop both
//! ```
//!
//! Which side goes first is drawn from the seed. Both get the same load with the same choices. What the rounds mean is
//! [`loadgate_report::judge::paired`]'s to say.

mod base;
mod control;
mod keep;
mod machine;
mod revision;

use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use loadgate_report::judge::Policy;
use loadgate_report::judge::paired::noise::{Sensitivity, sensitivity};
use loadgate_report::judge::paired::{LEAST_ROUNDS, Next, PairedRound, Rounds, Sequence, Slot, head_first};
use loadgate_report::model::Comparison;

pub use self::base::{BaseError, BaseTree, folder};
use self::machine::Moment;
pub use self::revision::PullRequestBase;
use super::arm::RunningArm;
use super::{Context, Event};
use crate::suite::plan::{Load, Plan, Scenario, Start};
use crate::suite::text::Text;
use crate::target::{Arm, Target, TargetError};

/// Longest slot of a scenario that runs by time.
const SLOT: Duration = Duration::from_secs(5);
/// Flows that begin in a slot at a constant rate, where the scenario has as many: at 10 a second and more they do within [`SLOT`]. Four
/// fifths of them are measured, twice what carries a median.
const LEAST_STARTS: f64 = 50.0;
/// Cut off its beginning: connections and caches warm up.
const WARM_UP: Duration = Duration::from_secs(1);
/// Rounds against the same processes, where starting them takes long.
const ROUNDS_PER_BLOCK: u32 = 3;
/// Share of a round that starting both sides may take before rounds share their processes.
const START_SHARE: f64 = 0.2;
/// Time for all rounds together, unless the suite says otherwise.
pub(super) const BUDGET: Duration = Duration::from_secs(600);

/// What the revision under test is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// A git revision, checked out beside the current one, built and started by the suite's commands.
    Revision(String),
    /// The revision that the pull request under test changes: likewise.
    PullRequest(PullRequestBase),
    /// A service that is running already.
    Url(String),
    /// A command that starts it in the current directory.
    Start(String),
}

impl Base {
    /// The commit, brought here where it was not; `None` where the base is no revision. `directory` is in the checkout under test.
    ///
    /// # Errors
    /// [`BaseError`]: there is no such commit, or no checkout.
    pub async fn commit(&self, directory: &Utf8Path) -> Result<Option<String>, BaseError> {
        match self {
            Self::Revision(reference) => revision::find(reference, directory).await.map(Some),
            Self::PullRequest(base) => revision::find_base(base, directory).await.map(Some),
            Self::Url(_) | Self::Start(_) => Ok(None),
        }
    }

    /// How messages call it, where it is a revision.
    fn name(&self) -> &str {
        match self {
            Self::PullRequest(_) => "the pull request's base",
            Self::Revision(name) | Self::Url(name) | Self::Start(name) => name,
        }
    }
}

/// Where base revisions are checked out and built, unless somebody says otherwise.
pub fn default_cache() -> Utf8PathBuf {
    Utf8PathBuf::from_path_buf(std::env::temp_dir())
        .unwrap_or_else(|_| ".loadgate".into())
        .join("loadgate-base")
}

/// Why there is no paired comparison.
#[derive(Debug, thiserror::Error)]
pub enum PairedError {
    /// The base revision is not to be had.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// A side did not come up.
    #[error("the {arm} does not run: {source}")]
    Target {
        /// `head` or `base`.
        arm: &'static str,
        /// Why not.
        source: TargetError,
    },
    /// The suite does not say how to start the service.
    #[error(
        "a base revision needs `target.start` in the suite; with a service that is running already use `--base-url`"
    )]
    NoStart,
    /// The command of `--base-start` is no valid text.
    #[error("the command of `--base-start` cannot be read: {0}")]
    Command(String),
    /// The rounds that were to be kept could not be written.
    #[error("failed to write the rounds to {path}: {source}")]
    Keep {
        /// Where to.
        path: Utf8PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The run was interrupted while the base was fetched, or while another run was waited for that builds it.
    #[error("the run was interrupted before the base was there")]
    Interrupted,
    /// Nothing was looked at.
    #[error("no round was run")]
    NoRounds,
    /// A side ended during a round.
    #[error("the {arm} ended during `{scenario}`: {status}")]
    Ended {
        /// `head` or `base`.
        arm: &'static str,
        /// The scenario.
        scenario: String,
        /// How it ended.
        status: String,
    },
}

/// One side of the comparison.
struct Side {
    arm: Arm,
    url: Option<String>,
    /// Replaces the suite's target for the base where it is started by a command of its own.
    plan: Option<Arc<Plan>>,
}

/// Runs rounds until every figure is decided or the time is over, and fresh ones for what is suspected.
///
/// # Errors
/// [`PairedError`]: nothing can be said about the change then.
pub(super) async fn compare(
    context: &Context<'_>,
    base: &Base,
    policy: &Policy,
) -> Result<Comparison, PairedError> {
    let (side, name, commit) = prepare(context, base).await?;
    let paired = Paired::new(context, side);
    let (mut rounds, mut fresh, mut number) = (paired.empty(), paired.empty(), 0);
    let least = LEAST_ROUNDS as u32;
    let begun = Instant::now();
    paired.run(&mut rounds, &mut number, least, "comparing with the base").await?;
    let round_time = begun.elapsed() / least;
    let budget = context.plan.gate.budget.unwrap_or(BUDGET).max(begun.elapsed());
    // The looks are planned by the time, and not by what is seen: see `Looks`.
    let fitting = |time: Duration| (time.as_secs_f64() / round_time.as_secs_f64().max(1e-3)) as u32;
    let mut sequence = Sequence::new(&name, policy, fitting(budget));
    let mut confirming: Option<Instant> = None;
    loop {
        // The confirmation may take as long again: a red check has to hold up.
        let (rounds, wanted, since, purpose) = match sequence.look(&rounds, &fresh) {
            Next::Done => break,
            Next::Rounds(n) => (&mut rounds, n, begun, "more rounds to decide"),
            Next::Fresh(n) => {
                let since = *confirming.get_or_insert_with(Instant::now);
                (&mut fresh, n, since, "confirming with restarted processes")
            }
        };
        let missing = wanted.saturating_sub(rounds.first().map_or(0, |(_, rounds)| rounds.len() as u32));
        let more = missing.min(fitting(budget.saturating_sub(since.elapsed())));
        if more == 0 || context.control.is_stopped() {
            break;
        }
        paired.run(rounds, &mut number, more, purpose).await?;
    }
    if context.options.keep_rounds {
        keep::write(&context.options.out, &rounds, &fresh)?;
    }
    let mut comparison = sequence.comparison().ok_or(PairedError::NoRounds)?;
    comparison.commit = commit;
    Ok(comparison)
}

/// Runs the service against itself.
///
/// # Errors
/// [`PairedError`].
pub(super) async fn noise(
    context: &Context<'_>,
    count: u32,
    policy: &Policy,
) -> Result<Vec<Sensitivity>, PairedError> {
    if context.plan.target.start.is_none() {
        return Err(PairedError::NoStart);
    }
    let paired = Paired::new(context, Side { arm: Arm::base(None), url: None, plan: None });
    let (mut rounds, mut number) = (paired.empty(), 0);
    paired.run(&mut rounds, &mut number, count, "the same revision on both sides").await?;
    Ok(sensitivity(&rounds, policy))
}

/// The base side, its name for messages, and its commit.
async fn prepare(context: &Context<'_>, base: &Base) -> Result<(Side, String, Option<String>), PairedError> {
    let plan = &context.plan;
    Ok(match base {
        Base::Url(url) => {
            (Side { arm: Arm::base(None), url: Some(url.clone()), plan: None }, url.clone(), None)
        }
        Base::Start(command) => {
            let mut own = (**plan).clone();
            let start = Text::compile(command).map_err(|e| PairedError::Command(e.to_string()))?;
            own.target.start = Some(start);
            own.target.build = None;
            let side = Side { arm: Arm::base(None), url: None, plan: Some(Arc::new(own)) };
            (side, format!("`{command}`"), None)
        }
        Base::Revision(_) | Base::PullRequest(_) => of_revision(context, base).await?,
    })
}

/// A revision, checked out and built beside the current one.
async fn of_revision(
    context: &Context<'_>,
    base: &Base,
) -> Result<(Side, String, Option<String>), PairedError> {
    let plan = &context.plan;
    let here = Utf8Path::new(".");
    let alone = async {
        let commit = match base.commit(here).await? {
            Some(commit) if plan.target.start.is_some() => commit,
            _ => return Err(PairedError::NoStart),
        };
        let lock = base::alone(&commit, &context.options.base_cache).await?;
        Ok((commit, lock))
    };
    let (commit, _lock) = tokio::select! {
        alone = alone => alone?,
        () = context.control.stopped() => return Err(PairedError::Interrupted),
    };
    // Not given up half-way: the next run would take what is there of it for the whole.
    let tree = BaseTree::check_out(&commit, here, &context.options.base_cache).await?;
    let arm = Arm::base(Some(tree.directory));
    context.observer.on(&Event::Building { arm: "base", commit: &tree.commit });
    let log = context.options.out.join("base-build.log");
    Target::build(&plan.target, &arm, &context.variables(), &log, context.control)
        .await
        .map_err(|source| PairedError::Target { arm: "base", source })?;
    let short: String = tree.commit.chars().take(12).collect();
    Ok((Side { arm, url: None, plan: None }, format!("{} ({short})", base.name()), Some(tree.commit)))
}

/// Runs rounds.
struct Paired<'a> {
    context: &'a Context<'a>,
    /// The plan with its scenarios cut to slots.
    head: Context<'a>,
    base: Context<'a>,
    base_side: Side,
    /// Both sides would listen on the same port, so only one can run at a time.
    in_turns: bool,
}

impl<'a> Paired<'a> {
    fn new(context: &'a Context<'a>, base_side: Side) -> Self {
        let slots = |plan: &Plan| {
            let mut plan = plan.clone();
            // A search takes long, ends at another level each time, and is not compared.
            plan.scenarios.retain(|scenario| scenario.search.is_none());
            plan.scenarios = plan.scenarios.iter().map(|scenario| Arc::new(slot(scenario))).collect();
            Arc::new(plan)
        };
        let head = context.with_plan(slots(&context.plan));
        let base = context.with_plan(slots(base_side.plan.as_deref().unwrap_or(&context.plan)));
        let both_started = context.options.url.is_none() && base_side.url.is_none();
        let in_turns = both_started && context.plan.target.fixed_url().is_some();
        Self { context, head, base, base_side, in_turns }
    }
}

impl Paired<'_> {
    fn empty(&self) -> Rounds {
        self.head.plan.scenarios.iter().map(|scenario| (scenario.name.clone(), Vec::new())).collect()
    }

    /// Runs so many rounds, beginning with restarted processes, and adds them. `number` counts the rounds of the whole run.
    async fn run(
        &self,
        rounds: &mut Rounds,
        number: &mut u32,
        count: u32,
        purpose: &str,
    ) -> Result<(), PairedError> {
        match self.blocks(rounds, number, count, purpose).await {
            // What has been seen until then stays.
            Err(PairedError::Target { source: TargetError::Interrupted, .. }) => Ok(()),
            outcome => outcome,
        }
    }

    async fn blocks(
        &self,
        rounds: &mut Rounds,
        number: &mut u32,
        count: u32,
        purpose: &str,
    ) -> Result<(), PairedError> {
        let mut left = count;
        while left > 0 && !self.context.control.is_stopped() {
            let block = *number;
            if self.in_turns {
                self.context.observer.on(&Event::Round { number: *number + 1, purpose });
                self.round_in_turns(rounds, *number, block).await?;
                (*number, left) = (*number + 1, left - 1);
                continue;
            }
            let begun = Instant::now();
            let mut sides = self.start_both().await?;
            let starting = begun.elapsed();
            for _ in 0..ROUNDS_PER_BLOCK.min(left) {
                self.context.observer.on(&Event::Round { number: *number + 1, purpose });
                let begun = Instant::now();
                let outcome = self.round(rounds, *number, block, &mut sides).await;
                if outcome.is_err() {
                    stop(sides).await;
                    return outcome;
                }
                (*number, left) = (*number + 1, left - 1);
                // Fresh processes for every round, where they are cheap: their own luck (memory layout, hash seeds) is
                // part of the noise, and the state of the service is the same in each round.
                let dear = starting.as_secs_f64() > START_SHARE * begun.elapsed().as_secs_f64();
                if !dear || self.context.control.is_stopped() {
                    break;
                }
            }
            stop(sides).await;
        }
        Ok(())
    }

    async fn start_both(&self) -> Result<[RunningArm<'_>; 2], PairedError> {
        let base = self.start_base().await?;
        match self.start_head().await {
            Ok(head) => Ok([base, head]),
            Err(error) => {
                base.stop().await;
                Err(error)
            }
        }
    }

    async fn start_base(&self) -> Result<RunningArm<'_>, PairedError> {
        let log = self.context.options.out.join("target-base.log");
        RunningArm::start(&self.base, self.base_side.arm.clone(), self.base_side.url.as_deref(), &log)
            .await
            .map_err(|source| PairedError::Target { arm: "base", source })
    }

    async fn start_head(&self) -> Result<RunningArm<'_>, PairedError> {
        let log = self.context.options.out.join("target-head.log");
        RunningArm::start(&self.head, Arm::head(), self.context.options.url.as_deref(), &log)
            .await
            .map_err(|source| PairedError::Target { arm: "head", source })
    }

    /// Both sides are there: scenario by scenario, one after the other.
    async fn round(
        &self,
        rounds: &mut Rounds,
        number: u32,
        block: u32,
        sides: &mut [RunningArm<'_>; 2],
    ) -> Result<(), PairedError> {
        let control_ms = control::measure().await;
        for (index, (_, of_scenario)) in rounds.iter_mut().enumerate() {
            let mut slots = [Slot::default(), Slot::default()];
            for side in self.order(number, index) {
                slots[side] = slot_of(&mut sides[side], index, number).await?;
            }
            if self.context.control.is_stopped() {
                return Ok(());
            }
            let [base, head] = slots;
            of_scenario.push(PairedRound { block, base, head, control_ms });
        }
        Ok(())
    }

    /// One port for both: the whole suite on one side, then on the other.
    async fn round_in_turns(&self, rounds: &mut Rounds, number: u32, block: u32) -> Result<(), PairedError> {
        let control_ms = control::measure().await;
        let mut slots: [Vec<Slot>; 2] = [Vec::new(), Vec::new()];
        for side in self.order(number, 0) {
            let mut arm = if side == 0 { self.start_base().await? } else { self.start_head().await? };
            for index in 0..rounds.len() {
                match slot_of(&mut arm, index, number).await {
                    Ok(slot) => slots[side].push(slot),
                    Err(error) => {
                        arm.stop().await;
                        return Err(error);
                    }
                }
            }
            arm.stop().await;
        }
        if self.context.control.is_stopped() {
            return Ok(());
        }
        let [base, head] = slots;
        for ((_, of_scenario), (base, head)) in rounds.iter_mut().zip(base.into_iter().zip(head)) {
            of_scenario.push(PairedRound { block, base, head, control_ms });
        }
        Ok(())
    }

    /// Indices of the sides (0 base, 1 head) in the order of this round; each scenario draws for itself.
    fn order(&self, number: u32, scenario: usize) -> [usize; 2] {
        let seed = self.context.plan.seed.wrapping_add(scenario as u64);
        if head_first(seed, number) { [1, 0] } else { [0, 1] }
    }
}

async fn stop(sides: [RunningArm<'_>; 2]) {
    for side in sides {
        side.stop().await;
    }
}

/// Loads one side once.
async fn slot_of(side: &mut RunningArm<'_>, index: usize, number: u32) -> Result<Slot, PairedError> {
    let moment = Moment::now();
    // Rounds after the first pass, so that no round repeats its choices.
    let scenario = side.scenario(index, number + 1).await;
    let (steal, pressure) = (moment.steal(), moment.pressure());
    match side.died(&scenario).await {
        Some(status) => Err(PairedError::Ended { arm: side.name(), scenario: scenario.name, status }),
        None => Ok(Slot { scenario, steal, pressure }),
    }
}

/// The scenario as it is run in a slot: long ones are cut, and nobody waits for the target to come to rest. What is left out at both ends
/// and the time over which users begin are cut with the load, or nothing would be left to measure.
fn slot(scenario: &Scenario) -> Scenario {
    let mut slot = scenario.clone();
    slot.settle = Duration::ZERO;
    let lengths: Vec<Duration> = slot.classes.iter_mut().filter_map(|class| cut(&mut class.load)).collect();
    if let Some(shortest) = lengths.into_iter().min() {
        slot.warm_up = slot.warm_up.max(WARM_UP).min(shortest / 5);
        slot.ramp_down = slot.ramp_down.min(shortest / 5);
    }
    slot
}

/// Cuts a load that is the same all the time to a slot, and gives its length then. Others mean something only as a whole.
fn cut(load: &mut Load) -> Option<Duration> {
    match load {
        Load::Duration { duration, start, .. } => {
            *duration = (*duration).min(SLOT);
            if let Start::Over(time) = start {
                *time = (*time).min(*duration / 5);
            }
            Some(*duration)
        }
        Load::ArrivalRate { from, stages, .. } => {
            let [(duration, to)] = &mut stages[..] else { return None };
            if from != to {
                return None;
            }
            let enough = Duration::try_from_secs_f64(LEAST_STARTS / *from).unwrap_or(Duration::MAX);
            *duration = (*duration).min(SLOT.max(enough));
            Some(*duration)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_scenarios_are_cut_to_slots() {
        let seconds = Duration::from_secs;
        // What the scenario says; (length, warm-up, ramp-down) of its slot.
        for (scenario, length, warm_up, ramp_down) in [
            ("load: { users: 2, duration: 30s }", Some(SLOT), WARM_UP, seconds(0)),
            ("load: { users: 2, duration: 30s }, warm_up: 9s, ramp_down: 5s", Some(SLOT), WARM_UP, WARM_UP),
            (
                "load: { users: 2, duration: 2s }, ramp_down: 1s",
                Some(seconds(2)),
                seconds(2) / 5,
                seconds(2) / 5,
            ),
            ("load: { users: 2, iterations: 3 }, ramp_down: 1s", None, seconds(0), seconds(1)),
            ("load: { rate: 50/s, duration: 10min }, ramp_down: 9s", Some(SLOT), WARM_UP, WARM_UP),
            (
                "load: { rate: 1/s, duration: 10min }, warm_up: 30s",
                Some(seconds(50)),
                seconds(10),
                seconds(0),
            ),
            ("load: { rate: 1/s, duration: 20s }", Some(seconds(20)), WARM_UP, seconds(0)),
            (
                "load: { rate: 1/s, stages: [ { to: 9/s, over: 40s } ] }, warm_up: 9s",
                Some(seconds(40)),
                seconds(9),
                seconds(0),
            ),
        ] {
            let cut = slot(&planned(scenario));
            assert_eq!(cut.classes[0].load.time(), length, "{scenario}");
            assert_eq!((cut.warm_up, cut.ramp_down), (warm_up, ramp_down), "{scenario}");
            assert_eq!(cut.settle, Duration::ZERO, "{scenario}");
        }
    }

    #[test]
    fn every_user_works_in_a_slot() {
        for (given, expected) in [("20s", WARM_UP), ("300ms", Duration::from_millis(300))] {
            let scenario = format!("load: {{ users: 2, duration: 30s, start: {{ over: {given} }} }}");
            let cut = slot(&planned(&scenario));
            let Load::Duration { start, .. } = cut.classes[0].load else { panic!("{cut:?}") };
            assert_eq!(start, Start::Over(expected), "{given}");
        }
    }

    fn planned(scenario: &str) -> Scenario {
        let text = format!(
            "name: t\ntarget: {{ url: 'http://127.0.0.1:1' }}\nflows: {{ f: [ {{ get: / }} ] }}\nscenarios:\n  s: {{ {scenario}, flow: f }}\n"
        );
        let options = crate::suite::LoadOptions::default();
        let plan = crate::suite::load_text("test.yml", &text, ".".into(), &options);
        let plan = plan.unwrap_or_else(|e| panic!("{}", e.render(false)));
        (*plan.scenarios[0]).clone()
    }
}

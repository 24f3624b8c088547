//! How often repeated looks are wrong, on simulated rounds: the figures that `docs/method.md` quotes.
//!
//! A round's log ratio is the true change plus noise: normal; or with one round in twenty four times as noisy; or resembling the
//! round before (AR(1), ρ = 0.3). Simulated, not measured: what real machines do is in docs/evaluation.md.

use super::Looks;
use super::judge::{judge_speed, row};
use super::looks::LEVEL;
use crate::figure::FigureValue;
use crate::judge::policy::{FigureRule, Policy};
use crate::model::{ChangeOutcome, ComparedFigure};
use crate::quantity::{Quantity, Unit};
use crate::random::Random;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Noise {
    Normal,
    Outliers,
    Resembling,
}

struct Rounds {
    random: Random,
    noise: Noise,
    scale: f64,
    /// True change, as a logarithm.
    change: f64,
    last: f64,
    pairs: Vec<(f64, f64)>,
}

impl Rounds {
    fn new(seed: u64, noise: Noise, scale: f64, change: f64) -> Self {
        Self { random: Random(seed), noise, scale, change: change.ln_1p(), last: 0.0, pairs: Vec::new() }
    }

    fn fill(&mut self, n: u32) {
        while self.pairs.len() < n as usize {
            let wild = self.noise == Noise::Outliers && self.random.uniform() < 0.05;
            let own = self.random.normal() * self.scale * if wild { 4.0 } else { 1.0 };
            let noise =
                if self.noise == Noise::Resembling { 0.3 * self.last + 0.91f64.sqrt() * own } else { own };
            self.last = noise;
            let weather = 500.0 * (self.random.normal() * 0.3).exp();
            self.pairs.push((weather, weather * (self.change + noise).exp()));
        }
    }

    fn judge(&self, rule: &FigureRule, level: f64) -> ComparedFigure {
        let figure =
            FigureValue { name: "latency.p50".into(), quantity: Quantity::new(0.0, Unit::Ms), samples: 60 };
        let mut row = row("light", &figure, rule, &self.pairs, 60);
        judge_speed(&mut row, &self.pairs, rule, level);
        row
    }
}

/// Looks until it is decided or there is no look left, each time at its level.
fn look(
    mut rounds: Rounds,
    rule: &FigureRule,
    looks: &Looks,
    level: impl Fn(usize) -> f64,
) -> ComparedFigure {
    let mut judged = None;
    for (i, n) in looks.at().iter().enumerate() {
        rounds.fill(*n);
        let row = rounds.judge(rule, level(i));
        let decided = row.outcome != ChangeOutcome::Undecided;
        judged = Some(row);
        if decided {
            break;
        }
    }
    judged.expect("there is a look")
}

/// Share of the trials of which it is true.
fn share(trials: u64, is: impl Fn(u64) -> bool) -> f64 {
    (0..trials).filter(|seed| is(seed * 7919 + 1)).count() as f64 / trials as f64
}

const TRIALS: u64 = 1500;

fn suspected(noise: Noise, scale: f64, change: f64, looks: &Looks, level: impl Fn(usize) -> f64) -> f64 {
    let rule = Policy::default().rule("latency.p50");
    share(TRIALS, |seed| {
        let judged = look(Rounds::new(seed, noise, scale, change), &rule, looks, &level);
        judged.outcome == ChangeOutcome::Suspected
    })
}

/// A change of just what is allowed is the hardest of those that must not be suspected.
#[test]
fn looking_again_suspects_no_oftener_than_looking_once() {
    let allowed = Policy::default().rule("latency.p50").tolerance;
    // Three standard errors of so many trials.
    let nominal = LEVEL + 3.0 * (LEVEL * (1.0 - LEVEL) / TRIALS as f64).sqrt();
    for (most, scale) in [(6, 0.05), (18, 0.05), (60, 0.2)] {
        let looks = Looks::up_to(most);
        // Rounds that resemble each other are more than the few rounds of the first looks can tell; docs/method.md says so.
        for (noise, at_most) in
            [(Noise::Normal, nominal), (Noise::Outliers, nominal), (Noise::Resembling, 0.13)]
        {
            let alarms = suspected(noise, scale, allowed, &looks, |i| looks.level(i));
            assert!(alarms <= at_most, "{most} rounds, {scale}, {noise:?}: {alarms}");
        }
        let alarms = suspected(Noise::Normal, scale, 0.0, &looks, |i| looks.level(i));
        assert!(alarms <= 0.01, "{most} rounds, {scale}, unchanged: {alarms}");
    }
    let looks = Looks::up_to(60);
    let uncorrected = suspected(Noise::Normal, 0.05, allowed, &looks, |_| LEVEL);
    assert!(
        uncorrected > 2.0 * LEVEL,
        "without the correction there would be nothing to correct: {uncorrected}"
    );
}

#[test]
fn real_changes_are_suspected_in_spite_of_the_correction() {
    for (most, scale, change, least) in
        [(12, 0.02, 0.1, 0.95), (30, 0.05, 0.1, 0.8), (60, 0.05, 0.1, 0.95), (30, 0.02, 0.075, 0.85)]
    {
        let looks = Looks::up_to(most);
        let found = suspected(Noise::Normal, scale, change, &looks, |i| looks.level(i));
        assert!(found >= least, "{most} rounds, {scale}, {change:+}: {found}");
    }
}

#[test]
fn the_interval_holds_the_true_change() {
    let rule = Policy::default().rule("latency.p50");
    let looks = Looks::up_to(60);
    for (change, noise) in [
        (0.0, Noise::Normal),
        (0.05, Noise::Normal),
        (0.1, Noise::Normal),
        (0.2, Noise::Outliers),
        (-0.1, Noise::Outliers),
    ] {
        let covered = share(TRIALS, |seed| {
            let row = look(Rounds::new(seed, noise, 0.05, change), &rule, &looks, |i| looks.level(i));
            row.interval.is_some_and(|[low, high]| low <= change && change <= high)
        });
        assert!((0.92..=0.98).contains(&covered), "{change} {noise:?}: {covered}");
    }
}

/// Errors, through all of a sequence.
mod errors {
    use super::super::{PairedRound, Rounds, Sequence, Slot};
    use super::*;
    use crate::Histogram;
    use crate::model::{FailureKind, Scenario};

    /// Rounds of either stage: 180 s of load in slots of 2 s.
    const MOST: u32 = 22;

    #[derive(Clone, Copy)]
    struct Case {
        /// Of a slot.
        requests: u64,
        /// Shares of them that fail.
        base: f64,
        head: f64,
        /// Errors come in heaps of so many.
        heap: u64,
    }

    fn slot(random: &mut Random, case: &Case, share: f64) -> Slot {
        let heaps = (0..case.requests / case.heap).filter(|_| random.uniform() < share).count();
        let failed = heaps as u64 * case.heap;
        let ms = 60.0 * (random.normal() * 0.01).exp();
        let mut latency = Histogram::default();
        (0..40).for_each(|i| latency.record_us((ms * (800.0 + 10.0 * f64::from(i))) as u64));
        let scenario = Scenario {
            name: "ask".into(),
            users_peak: 14,
            requests: case.requests,
            ok: case.requests - failed,
            failed: [(FailureKind::Timeout, failed)].into(),
            throughput: Some(case.requests as f64 / 2.0 * 60.0 / ms),
            latency_ms: latency.into(),
            ..Scenario::default()
        };
        Slot { scenario, steal: None, pressure: None }
    }

    fn rounds(random: &mut Random, case: &Case) -> Vec<PairedRound> {
        (0..MOST)
            .map(|block| {
                let base = slot(random, case, case.base);
                let head = slot(random, case, case.head);
                PairedRound { block, base, head, control_ms: None }
            })
            .collect()
    }

    fn outcome(seed: u64, case: &Case) -> ChangeOutcome {
        let (policy, mut random) = (Policy::default(), Random(seed));
        let stages = [rounds(&mut random, case), rounds(&mut random, case)];
        let part =
            |stage: usize, n: u32| -> Rounds { vec![("ask".into(), stages[stage][..n as usize].to_vec())] };
        let sequence = Sequence::new("base", &policy, MOST);
        let (comparison, _) = sequence.replay(|first, fresh| [part(0, first), part(1, fresh)]);
        let comparison = comparison.expect("it looked");
        comparison.figures.iter().find(|f| f.figure == "error_rate").expect("it is judged").outcome
    }

    /// Shares of the trials in which they are a regression, and are not decided.
    fn red_and_open(case: Case) -> (f64, f64) {
        const TRIALS: u64 = 200;
        let outcomes: Vec<ChangeOutcome> = (0..TRIALS).map(|seed| outcome(seed * 7919 + 1, &case)).collect();
        let share = |wanted: &[ChangeOutcome]| {
            outcomes.iter().filter(|o| wanted.contains(o)).count() as f64 / TRIALS as f64
        };
        (share(&[ChangeOutcome::Regression]), share(&[ChangeOutcome::Undecided, ChangeOutcome::Suspected]))
    }

    #[test]
    fn one_point_more_is_found() {
        for (requests, head, least) in [(375, 0.01, 0.97), (375, 0.009, 0.95), (4000, 0.005, 0.99)] {
            let (red, _) = red_and_open(Case { requests, base: 0.0, head, heap: 1 });
            assert!(red >= least, "{requests} requests a slot, {head}: {red}");
        }
    }

    #[test]
    fn a_hiccup_now_and_then_on_both_sides_is_no_regression() {
        // A slot in twelve to twenty loses a third of its requests at once.
        for share in [0.017, 0.03] {
            let (red, _) = red_and_open(Case { requests: 375, base: share, head: share, heap: 112 });
            assert!(red <= 0.005, "{share}: {red}");
        }
    }

    #[test]
    fn a_service_that_fails_anyway_is_decided() {
        let (red, open) = red_and_open(Case { requests: 375, base: 0.01, head: 0.01, heap: 1 });
        assert!(red == 0.0 && open <= 0.06, "{red} {open}");
    }
}

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

/// Looks until it is decided or there is no look left.
fn look(mut rounds: Rounds, rule: &FigureRule, looks: &Looks, level: f64) -> ComparedFigure {
    let mut judged = None;
    for n in looks.at() {
        rounds.fill(*n);
        let row = rounds.judge(rule, level);
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

fn suspected(noise: Noise, scale: f64, change: f64, looks: &Looks, level: f64) -> f64 {
    let rule = Policy::default().rule("latency.p50");
    share(TRIALS, |seed| {
        let judged = look(Rounds::new(seed, noise, scale, change), &rule, looks, level);
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
            let alarms = suspected(noise, scale, allowed, &looks, looks.level());
            assert!(alarms <= at_most, "{most} rounds, {scale}, {noise:?}: {alarms}");
        }
        let alarms = suspected(Noise::Normal, scale, 0.0, &looks, looks.level());
        assert!(alarms <= 0.01, "{most} rounds, {scale}, unchanged: {alarms}");
    }
    let looks = Looks::up_to(60);
    let uncorrected = suspected(Noise::Normal, 0.05, allowed, &looks, LEVEL);
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
        let found = suspected(Noise::Normal, scale, change, &looks, looks.level());
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
            let row = look(Rounds::new(seed, noise, 0.05, change), &rule, &looks, looks.level());
            row.interval.is_some_and(|[low, high]| low <= change && change <= high)
        });
        assert!((0.92..=0.98).contains(&covered), "{change} {noise:?}: {covered}");
    }
}

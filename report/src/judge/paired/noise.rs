//! What a machine can see: the same revision against itself.

use super::bound::Mean;
use super::{Looks, PairedRound, look_at};
use crate::figure::main_figures;
use crate::judge::policy::{Kind, Policy};

/// How finely a figure can be judged here.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensitivity {
    /// The scenario.
    pub scenario: String,
    /// The figure.
    pub figure: String,
    /// Rounds that were looked at.
    pub rounds: u32,
    /// Relative scatter of one round's ratio without any change.
    pub noise: f64,
    /// Tolerance that applied.
    pub tolerance: f64,
    /// (Rounds, smallest relative change for the worse that so many rounds find four times out of five.)
    pub detectable: Vec<(u32, f64)>,
    /// The tightest tolerance at which unchanged code is found unchanged nineteen times out of twenty, with as many rounds as
    /// were run.
    pub suggested: f64,
}

/// Numbers of rounds for which [`Sensitivity::detectable`] is given: about one, three and ten minutes of slots of five seconds.
pub const ROUNDS: [u32; 3] = [6, 18, 60];

/// The sensitivity of each gated latency and throughput, from rounds in which both sides were the same.
pub fn sensitivity(scenarios: &[(String, Vec<PairedRound>)], policy: &Policy) -> Vec<Sensitivity> {
    scenarios.iter().flat_map(|(name, rounds)| of_scenario(name, rounds, policy)).collect()
}

fn of_scenario(name: &str, rounds: &[PairedRound], policy: &Policy) -> Vec<Sensitivity> {
    let good = look_at(rounds).good;
    let read: Vec<_> = good
        .iter()
        .map(|i| (main_figures(&rounds[*i].base.scenario), main_figures(&rounds[*i].head.scenario)))
        .collect();
    let Some((_, first)) = read.first() else { return Vec::new() };
    first
        .iter()
        .filter(|f| matches!(policy.rule(&f.name).kind, Kind::Speed { .. }))
        .filter_map(|figure| {
            let value = |of: &[crate::figure::FigureValue]| {
                of.iter().find(|f| f.name == figure.name).map(|f| f.quantity.value).filter(|v| *v > 0.0)
            };
            let logs: Vec<f64> =
                read.iter().filter_map(|(b, h)| Some((value(h)? / value(b)?).ln())).collect();
            let mean = Mean::of(&logs)?;
            let rule = policy.rule(&figure.name);
            let allowed = rule.tolerance.max(rule.floor / figure.quantity.value).ln_1p();
            let n = logs.len() as f64;
            Some(Sensitivity {
                scenario: name.to_owned(),
                figure: figure.name.clone(),
                rounds: logs.len() as u32,
                noise: (mean.error * n.sqrt()).exp_m1(),
                tolerance: rule.tolerance,
                detectable: ROUNDS
                    .map(|r| {
                        let level = Looks::up_to(r).last_level();
                        (r, mean.with_rounds(n, f64::from(r)).detectable(allowed, level))
                    })
                    .into(),
                // Found unchanged where the mean is below allowed − t(0.8) · error; the mean itself is below t(0.95) · error.
                suggested: ((mean.quantile(0.95) + mean.quantile(0.8)) * mean.error).exp_m1(),
            })
        })
        .collect()
}

impl Mean {
    /// What the error would be with another number of rounds.
    fn with_rounds(self, now: f64, then: f64) -> Self {
        let per_round = now / (self.freedom + 1.0);
        Self { error: self.error * (now / then).sqrt(), freedom: (then / per_round - 1.0).max(1.0), ..self }
    }

    /// The relative change that is found beyond `allowed` (a logarithm) at `level` four times out of five.
    pub(super) fn detectable(&self, allowed: f64, level: f64) -> f64 {
        (allowed + (self.quantile(1.0 - level) + self.quantile(0.8)) * self.error).exp_m1()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{compare, rounds};
    use super::*;
    use crate::model::ChangeOutcome;

    #[test]
    fn what_it_promises_to_find_is_found() {
        let same = [("light".to_owned(), rounds(5, 40, 0.03, 0.0))];
        let all = sensitivity(&same, &Policy::default());
        let p50 = all.iter().find(|s| s.figure == "latency.p50").unwrap();
        assert!((0.03..0.09).contains(&p50.noise), "{p50:?}");
        assert!(p50.detectable.is_sorted_by(|a, b| a.0 < b.0 && a.1 > b.1), "{p50:?}");
        // Eighteen rounds with just that change: suspected about four times out of five.
        let (_, change) = p50.detectable[1];
        let found = (0..60)
            .filter(|seed| {
                let comparison = compare(&rounds(1000 + seed, 18, 0.03, change));
                let p50 = comparison.figures.iter().find(|f| f.figure == "latency.p50").unwrap();
                // Holm asks for a little more than the figure alone, which then is undecided.
                matches!(p50.outcome, ChangeOutcome::Suspected | ChangeOutcome::Undecided)
                    && p50.change.is_some_and(|c| c > p50.tolerance)
            })
            .count();
        assert!((42..=60).contains(&found), "{found} of 60 at {change}");
        assert!(p50.suggested > 0.005 && p50.suggested < change, "{p50:?}");
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        assert!(sensitivity(&[("light".to_owned(), vec![])], &Policy::default()).is_empty());
    }
}

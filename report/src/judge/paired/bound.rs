//! Mean and bounds of a few numbers.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::judge::share::Share;

/// Trimmed mean of log ratios or differences, with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mean {
    pub(super) mean: f64,
    pub(super) error: f64,
    pub(super) freedom: f64,
}

/// Share that is trimmed on each side from ten values on: a burst of the neighbours spoils a round or two.
const TRIM: f64 = 0.1;
/// Error of a log ratio that is assumed at least: rounds may agree by chance to the last digit of a histogram.
const LEAST_ERROR: f64 = 1e-3;
/// That of a difference of shares: nothing, but no division by it.
const LEAST_SHARE_ERROR: f64 = 1e-9;

impl Mean {
    /// `None` below two values. Trimmed mean and winsorised variance after Tukey & McLaughlin (*Sankhyā* A 25, 1963, 331–352); where
    /// neighbouring rounds resemble each other (lag-one autocorrelation ρ > 0), the variance is multiplied by (1 + ρ)/(1 − ρ), as
    /// for an AR(1) series.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n < 2 {
            return None;
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let trim = (n as f64 * TRIM) as usize;
        let kept = &sorted[trim..n - trim];
        let mean = kept.iter().sum::<f64>() / kept.len() as f64;
        let clamp = |v: &f64| v.clamp(kept[0], kept[kept.len() - 1]);
        let winsorised: Vec<f64> = values.iter().map(clamp).collect();
        let center = winsorised.iter().sum::<f64>() / n as f64;
        let squares: f64 = winsorised.iter().map(|v| (v - center).powi(2)).sum();
        let share = kept.len() as f64 / n as f64;
        let variance =
            squares / (n - 1) as f64 / (share * share) / n as f64 * inflation(&winsorised, center, squares);
        Some(Self { mean, error: variance.sqrt().max(LEAST_ERROR), freedom: kept.len() as f64 - 1.0 })
    }

    /// The difference of two shares over all rounds together, head − base, from (part, whole) of each side of each round. `None` below
    /// two rounds.
    ///
    /// The error is that of a ratio of sums (W. G. Cochran, *Sampling Techniques*, 3rd ed., 1977, §2.11), over rounds: errors come in
    /// heaps, and a heap is one accident however many requests it takes. Nothing is trimmed, since rounds with a heap are what the
    /// difference is made of. Rare events make most rounds equal to each other, so it is at least that of independent events.
    pub(super) fn of_shares(counts: &[(Share, Share)]) -> Option<Self> {
        let n = counts.len();
        if n < 2 {
            return None;
        }
        let (base, head) = (Ratio::of(counts.iter().map(|c| c.0)), Ratio::of(counts.iter().map(|c| c.1)));
        let apart: Vec<f64> = counts.iter().map(|(b, h)| head.apart(*h) - base.apart(*b)).collect();
        let squares: f64 = apart.iter().map(|v| v * v).sum();
        let variance = squares / (n - 1) as f64 / n as f64 * inflation(&apart, 0.0, squares);
        let p = (base.part + head.part) / (base.whole + head.whole);
        let independent = p * (1.0 - p) * (1.0 / base.whole + 1.0 / head.whole);
        let error = variance.max(independent).sqrt().max(LEAST_SHARE_ERROR);
        Some(Self { mean: head.rate() - base.rate(), error, freedom: n as f64 - 1.0 })
    }

    fn student(&self) -> StudentsT {
        StudentsT::new(0.0, 1.0, self.freedom.max(1.0)).expect("scale 1 and at least one degree of freedom")
    }

    /// Student's t at `level`.
    pub(super) fn quantile(&self, level: f64) -> f64 {
        self.student().inverse_cdf(level)
    }

    /// One-sided p-value of a true mean of at most `limit`, for a mean above it.
    pub(super) fn p_above(&self, limit: f64) -> f64 {
        self.student().sf((self.mean - limit) / self.error)
    }

    /// Two-sided interval at level 1 − `alpha`.
    pub(super) fn interval(&self, alpha: f64) -> [f64; 2] {
        let half = self.quantile(1.0 - alpha / 2.0) * self.error;
        [self.mean - half, self.mean + half]
    }
}

/// A share over all rounds of one side, none of which is empty.
#[derive(Clone, Copy)]
struct Ratio {
    part: f64,
    whole: f64,
    rounds: f64,
}

impl Ratio {
    fn of(shares: impl Iterator<Item = Share>) -> Self {
        shares.fold(Self { part: 0.0, whole: 0.0, rounds: 0.0 }, |sum, (part, whole)| Self {
            part: sum.part + part as f64,
            whole: sum.whole + whole as f64,
            rounds: sum.rounds + 1.0,
        })
    }

    fn rate(self) -> f64 {
        self.part / self.whole
    }

    /// By how much a round moves the share.
    fn apart(self, (part, whole): Share) -> f64 {
        (part as f64 - self.rate() * whole as f64) / (self.whole / self.rounds)
    }
}

fn inflation(values: &[f64], center: f64, squares: f64) -> f64 {
    // Below eight rounds ρ is all noise.
    if values.len() < 8 || squares <= 0.0 {
        return 1.0;
    }
    let products: f64 = values.windows(2).map(|w| (w[0] - center) * (w[1] - center)).sum();
    let rho = (products / squares).clamp(0.0, 0.8);
    (1.0 + rho) / (1.0 - rho)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_t_interval_below_ten_values() {
        // R: t.test(c(1,2,3,4,5)) gives 3 with [1.036757, 4.963243]; one-sided p of mu ≤ 1: t = 2.828427, p = 0.02371.
        let mean = Mean::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let [low, high] = mean.interval(0.05);
        assert!((low - 1.036_757).abs() < 1e-5 && (high - 4.963_243).abs() < 1e-5, "{low} {high}");
        assert!((mean.p_above(1.0) - 0.023_71).abs() < 1e-4, "{}", mean.p_above(1.0));
        assert_eq!(Mean::of(&[1.0]), None);
    }

    #[test]
    fn shares_are_as_sure_as_their_rounds_agree() {
        // By hand: 0 of 400 against 8 of 400, whose rounds of 100 are 4, 0, 4 and 0 of it: each is 2 of 100 apart from the mean, so the
        // error is √(4 · 0.02² / 3 / 4) = 0.011547, and that of independent events √(0.01 · 0.99 · 2 / 400) = 0.007036.
        let heaps = [(0, 4), (0, 0), (0, 4), (0, 0)].map(|(b, h)| ((b, 100), (h, 100)));
        let heaps = Mean::of_shares(&heaps).unwrap();
        assert!((heaps.mean - 0.02).abs() < 1e-12 && (heaps.error - 0.011_547).abs() < 1e-6, "{heaps:?}");
        assert_eq!(heaps.freedom, 3.0);
        // Rounds that agree by chance are no surer than independent events.
        let even = Mean::of_shares(&[((0, 100), (2, 100)); 4]).unwrap();
        assert!((even.error - 0.007_036).abs() < 1e-6, "{even:?}");
        // A round with few requests moves the whole by as much as it has: here by (1 − 0.25 · 4) / 50.5 and (0.25 · 97 − 24.25) / 50.5.
        let few = Mean::of_shares(&[((0, 97), (24, 97)), ((0, 4), (1, 4))]).unwrap();
        assert!((few.mean - 25.0 / 101.0).abs() < 1e-12 && few.error < 0.05, "{few:?}");
        let none = Mean::of_shares(&[((0, 9), (0, 9)); 6]).unwrap();
        assert!(none.p_above(0.003) > 0.999 && none.p_above(0.0) == 0.5, "{none:?}");
        assert_eq!(Mean::of_shares(&[((0, 9), (0, 9))]), None);
    }

    #[test]
    fn a_round_in_which_a_third_failed_is_one_accident() {
        let mut counts = vec![((0, 375), (0, 375)); 20];
        counts[7].1.0 = 125;
        let mean = Mean::of_shares(&counts).unwrap();
        assert!(mean.p_above(0.003) > 0.05, "{mean:?}");
    }

    #[test]
    fn one_wild_round_of_many_does_not_carry_the_mean_away() {
        let mut values = vec![0.0, 0.01, -0.01, 0.02, -0.02, 0.01, -0.01, 0.0, 0.015, -0.015, 0.005, -0.005];
        let quiet = Mean::of(&values).unwrap();
        values[3] = 1.5;
        let wild = Mean::of(&values).unwrap();
        assert!(
            (wild.mean - quiet.mean).abs() < 0.005 && wild.error < 2.0 * quiet.error,
            "{wild:?} {quiet:?}"
        );
    }

    #[test]
    fn rounds_that_resemble_their_neighbours_count_less() {
        let drifting: Vec<f64> = (0..20).map(|i| f64::from(i / 5) * 0.02).collect();
        let mut mixed = drifting.clone();
        (0..10).step_by(2).for_each(|i| mixed.swap(i, 19 - i));
        let (drifting, mixed) = (Mean::of(&drifting).unwrap(), Mean::of(&mixed).unwrap());
        assert!(drifting.error > 1.5 * mixed.error, "{drifting:?} {mixed:?}");
    }
}

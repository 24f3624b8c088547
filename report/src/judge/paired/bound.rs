//! Mean and bounds of a few numbers.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Trimmed mean of log ratios or differences, with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mean {
    pub(super) mean: f64,
    pub(super) error: f64,
    pub(super) freedom: f64,
}

/// Share that is trimmed on each side from ten values on: a burst of the neighbours spoils a round or two.
const TRIM: f64 = 0.1;
/// Error that is assumed at least, relative to nothing: rounds may agree by chance to the last digit of a histogram.
const LEAST_ERROR: f64 = 1e-3;

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

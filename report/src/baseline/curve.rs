//! A distribution curve with few points, for drawing the baseline beside the run.

use crate::Histogram;

/// Most points of a stored curve.
pub(crate) const POINTS: usize = 24;

/// The shares of the samples at which the curve is kept: dense towards the tail, where distributions differ.
const SHARES: [f64; POINTS - 2] = [
    0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97,
    0.98, 0.99, 0.995,
];

/// The distribution as ascending (share of samples, ms), from the smallest to the largest sample; empty without samples.
pub(crate) fn curve(histogram: &Histogram) -> Vec<[f64; 2]> {
    let (Some(min), Some(max)) = (histogram.min_ms(), histogram.max_ms()) else { return Vec::new() };
    let inner = SHARES.iter().filter_map(|&q| Some([q, rounded(histogram.quantile_ms(q)?)]));
    std::iter::once([0.0, rounded(min)]).chain(inner).chain(std::iter::once([1.0, rounded(max)])).collect()
}

/// Rounds to five significant digits: finer than any histogram, and short in the file.
pub(crate) fn rounded(value: f64) -> f64 {
    format!("{value:.4e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_ascends_and_is_short() {
        let mut histogram = Histogram::default();
        assert!(curve(&histogram).is_empty());
        (1..=2000).for_each(|us| histogram.record_us(us * 37));
        let points = curve(&histogram);
        assert!(points.len() <= POINTS);
        assert!(points.is_sorted_by(|a, b| a[0] < b[0] && a[1] <= b[1]), "{points:?}");
        assert_eq!(rounded(123_456.789), 123_460.0);
    }
}

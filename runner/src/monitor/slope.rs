//! The trend of a series that a few outliers must not bend.

/// Points that the estimate uses at most: it looks at every pair, and 300 points are 45,000 pairs.
const POINTS: usize = 300;
/// Fewer points say nothing about a trend.
const FEWEST: usize = 10;

/// The Theil–Sen slope: the median over the slopes of all pairs of points (Theil 1950, Sen 1968). `None` with fewer than
/// ten points.
pub(super) fn theil_sen(points: &[(f64, f64)]) -> Option<f64> {
    if points.len() < FEWEST {
        return None;
    }
    let step = points.len().div_ceil(POINTS);
    let points: Vec<_> = points.iter().step_by(step).collect();
    let mut slopes: Vec<f64> = points
        .iter()
        .enumerate()
        .flat_map(|(i, a)| points[i + 1..].iter().map(move |b| (b.1 - a.1) / (b.0 - a.0)))
        .filter(|slope| slope.is_finite())
        .collect();
    slopes.sort_by(f64::total_cmp);
    slopes.get(slopes.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outliers_do_not_bend_it() {
        let mut points: Vec<(f64, f64)> = (0..50).map(|i| (f64::from(i), 3.0 * f64::from(i) + 7.0)).collect();
        points[10].1 = 1e9;
        points[40].1 = -1e9;
        assert!((theil_sen(&points).unwrap() - 3.0).abs() < 1e-6);
        assert_eq!(theil_sen(&points[..9]), None);
        let many: Vec<_> = (0..10_000).map(|i| (f64::from(i), f64::from(i) * -0.5)).collect();
        assert!((theil_sen(&many).unwrap() + 0.5).abs() < 1e-6);
    }
}

//! Where the level of a series changes: E-divisive.
//!
//! D. S. Matteson, N. A. James: A nonparametric approach for multiple change point analysis of multivariate data, *JASA* 109, 2014,
//! 334–345; for performance histories see D. Daly et al.: The use of change point detection to identify software performance
//! regressions in a continuous integration system, ICPE 2020.
//!
//! ```text
//! ▁▂▁▂▁▁▂▁ ▅▆▅▅▆▅ ▂▁▂   split where both sides differ most by energy distance, test by permuting,
//!         ^      ^      then look again within each side
//! ```

use crate::random::Random;

/// A split of the series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Split {
    /// Index of the first value of the new level.
    pub(super) at: usize,
    /// Permutation p-value.
    pub(super) p: f64,
}

/// Fewest values of a level.
const LEAST: usize = 4;
/// Permutations of a test. The smallest p-value is 1/400.
const PERMUTATIONS: usize = 399;
/// Level of a test.
const LEVEL: f64 = 0.01;

/// The change points of a series, ascending. The permutations are drawn from a fixed seed, so equal series give equal answers.
pub(super) fn change_points(values: &[f64]) -> Vec<Split> {
    let mut found = Vec::new();
    let mut open = vec![(0, values.len())];
    while let Some((from, to)) = open.pop() {
        let Some((offset, strength)) = best_split(&values[from..to]) else { continue };
        let mut random = Random(0x10ad_9a7e ^ (from as u64) << 32 ^ to as u64);
        let mut shuffled = values[from..to].to_vec();
        let as_strong = (0..PERMUTATIONS)
            .filter(|_| {
                random.shuffle(&mut shuffled);
                best_split(&shuffled).is_some_and(|(_, s)| s >= strength)
            })
            .count();
        let p = (1 + as_strong) as f64 / (1 + PERMUTATIONS) as f64;
        if p <= LEVEL {
            found.push(Split { at: from + offset, p });
            open.push((from, from + offset));
            open.push((from + offset, to));
        }
    }
    found.sort_by_key(|split| split.at);
    found
}

/// The split with the largest scaled energy distance of both sides, in one pass of n² steps; `None` where the series is too short or
/// all values are equal.
fn best_split(values: &[f64]) -> Option<(usize, f64)> {
    let n = values.len();
    if n < 2 * LEAST {
        return None;
    }
    let distance = |i: usize, j: usize| (values[i] - values[j]).abs();
    // Sums of |x − y| within the left, within the right and between both; moving one value updates them in n steps.
    let (mut left, mut right, mut between) = (0.0, 0.0, 0.0);
    for i in 0..n {
        right += (i + 1..n).map(|j| distance(i, j)).sum::<f64>();
    }
    let mut best: Option<(usize, f64)> = None;
    for moved in 0..n - LEAST {
        let to_left: f64 = (0..moved).map(|i| distance(i, moved)).sum();
        let to_right: f64 = (moved + 1..n).map(|i| distance(i, moved)).sum();
        left += to_left;
        right -= to_right;
        between += to_right - to_left;
        let (a, b) = (moved + 1, n - moved - 1);
        if a < LEAST {
            continue;
        }
        let (x, y) = (a as f64, b as f64);
        let energy = 2.0 * between / (x * y) - left / (x * (x - 1.0) / 2.0) - right / (y * (y - 1.0) / 2.0);
        let strength = energy * x * y / (x + y);
        if strength > best.map_or(1e-12, |(_, s)| s) {
            best = Some((a, strength));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(seed: u64, levels: &[(usize, f64)], noise: f64) -> Vec<f64> {
        let mut random = Random(seed);
        levels.iter().flat_map(|&(n, level)| vec![level; n]).map(|v| v + noise * random.normal()).collect()
    }

    #[test]
    fn levels_are_told_apart() {
        let at = |values: &[f64]| change_points(values).iter().map(|s| s.at).collect::<Vec<_>>();
        assert_eq!(at(&series(1, &[(20, 0.0), (20, 5.0)], 1.0)), [20]);
        assert_eq!(at(&series(2, &[(15, 0.0), (15, 5.0), (15, 0.0)], 0.7)), [15, 30]);
        assert!(at(&[1.0; 30]).is_empty());
        assert!(at(&[1.0, 1.0, 1.0, 9.0, 9.0]).is_empty(), "too short");
        // A single outlier is no level.
        let mut outlier = series(3, &[(30, 0.0)], 1.0);
        outlier[12] = 40.0;
        assert!(at(&outlier).is_empty());
    }

    #[test]
    fn noise_alone_hardly_ever_splits() {
        let false_alarms =
            (0..200).filter(|seed| !change_points(&series(*seed, &[(25, 0.0)], 1.0)).is_empty()).count();
        assert!(false_alarms <= 3, "{false_alarms} of 100");
    }

    #[test]
    fn the_sums_that_move_along_are_those_of_the_definition() {
        let values = series(9, &[(6, 0.0), (7, 2.0)], 1.0);
        let pairs =
            |a: &[f64], b: &[f64]| a.iter().flat_map(|x| b.iter().map(move |y| (x - y).abs())).sum::<f64>();
        let strength = |at: usize| {
            let (l, r) = values.split_at(at);
            let (x, y) = (l.len() as f64, r.len() as f64);
            let energy =
                2.0 * pairs(l, r) / (x * y) - pairs(l, l) / (x * (x - 1.0)) - pairs(r, r) / (y * (y - 1.0));
            energy * x * y / (x + y)
        };
        let best =
            (LEAST..=values.len() - LEAST).max_by(|a, b| strength(*a).total_cmp(&strength(*b))).unwrap();
        let (at, found) = best_split(&values).unwrap();
        assert_eq!(at, best);
        assert!((found - strength(best)).abs() < 1e-9);
    }
}

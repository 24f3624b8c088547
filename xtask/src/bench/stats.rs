//! The arithmetic of benches.

/// The value at quantile `q` of an ascending list, as the report defines it: the smallest that at least the share `q` of all
/// does not exceed. `None` of an empty list.
pub(super) fn quantile<T>(sorted: &[T], q: f64) -> Option<&T> {
    let rank = (q * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank.min(sorted.len()).checked_sub(1)?)
}

/// The median; of an even number, the mean of the two in the middle. NaN of none.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The median of the ratios of pairs: what ran in the same round is compared, so that a slow moment of the machine hits both.
pub(super) fn paired_ratio(over: &[f64], under: &[f64]) -> f64 {
    median(&over.iter().zip(under).map(|(a, b)| a / b).collect::<Vec<_>>())
}

/// Smallest and largest. NaN of none.
pub(super) fn range(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::NAN, f64::NAN), |(low, high), value| (low.min(*value), high.max(*value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_by_table() {
        let hundred: Vec<u64> = (1..=100).collect();
        for (list, q, expected) in [
            (&hundred[..], 0.5, Some(50)),
            (&hundred, 0.95, Some(95)),
            (&hundred, 0.951, Some(96)),
            (&hundred, 1.0, Some(100)),
            (&hundred, 0.0, Some(1)),
            (&hundred[..1], 0.99, Some(1)),
            (&[], 0.5, None),
        ] {
            assert_eq!(quantile(list, q).copied(), expected, "{q} of {}", list.len());
        }
    }

    #[test]
    fn medians_by_table() {
        for (values, expected) in [(&[3.0, 1.0, 2.0][..], 2.0), (&[4.0, 1.0, 2.0, 3.0], 2.5), (&[7.0], 7.0)] {
            assert_eq!(median(values).to_bits(), f64::to_bits(expected), "{values:?}");
        }
        assert!(median(&[]).is_nan());
        assert_eq!(range(&[2.0, 1.0, 3.0]), (1.0, 3.0));
        assert!(range(&[]).0.is_nan());
    }

    #[test]
    fn ratios_are_of_pairs() {
        // Twice as fast in each round, though the last round was slow for both.
        assert_eq!(paired_ratio(&[200.0, 220.0, 20.0], &[100.0, 110.0, 10.0]).to_bits(), 2.0_f64.to_bits());
        assert!(paired_ratio(&[], &[]).is_nan());
    }
}

//! Time spans counted into buckets: small, growing with the largest span, cheap to record.

use loadgate_report::Histogram;

/// A log-linear histogram of microseconds. Values below 2^`BITS` are kept exactly, larger ones to `BITS` − 1 binary digits
/// after the first. With 11 bits its buckets are those of [`Histogram`] (HDR, 3 significant digits), so that nothing is
/// lost between the two.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spans<const BITS: u32> {
    counts: Vec<u32>,
}

/// As precise as the report.
pub(crate) type FineSpans = Spans<11>;
/// To 1 part in 64, for the many intervals of a series.
pub(crate) type CoarseSpans = Spans<7>;

impl<const BITS: u32> Spans<BITS> {
    const HALF: usize = 1 << (BITS - 1);

    fn index(us: u64) -> usize {
        let us = us.clamp(1, loadgate_report::histogram::MAX_US);
        let shift = (64 - us.leading_zeros()).saturating_sub(BITS);
        shift as usize * Self::HALF + (us >> shift) as usize
    }

    /// The highest value of a bucket.
    fn highest(index: usize) -> u64 {
        let shift = (index / Self::HALF).saturating_sub(1);
        let lowest = ((index - shift * Self::HALF) as u64) << shift;
        lowest + (1 << shift) - 1
    }

    /// Counts one span.
    pub(crate) fn record(&mut self, us: u64) {
        let index = Self::index(us);
        if index >= self.counts.len() {
            self.counts.resize((index / Self::HALF + 1) * Self::HALF, 0);
        }
        self.counts[index] = self.counts[index].saturating_add(1);
    }

    /// Adds all spans of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (own, other) in self.counts.iter_mut().zip(&other.counts) {
            *own = own.saturating_add(*other);
        }
    }

    /// Filled buckets: (highest value in µs, count).
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let filled = self.counts.iter().enumerate().filter(|(_, n)| **n > 0);
        filled.map(|(index, n)| (Self::highest(index), u64::from(*n)))
    }

    /// Number of spans.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().map(|n| u64::from(*n)).sum()
    }

    /// The value at quantile `q` in milliseconds; `None` without samples.
    pub(crate) fn quantile_ms(&self, q: f64) -> Option<f64> {
        let rank = (q * self.count() as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        let mut found = self.buckets().skip_while(|(_, n)| {
            seen += n;
            seen < rank
        });
        found.next().map(|(us, _)| us as f64 / 1000.0)
    }
}

impl From<&FineSpans> for Histogram {
    fn from(spans: &FineSpans) -> Self {
        let mut histogram = Self::default();
        spans.buckets().for_each(|(us, n)| histogram.record_us_n(us, n));
        histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [u64; 12] =
        [0, 1, 2, 1023, 1024, 2047, 2048, 4095, 4097, 1_000_000, 3_599_999_999, u64::MAX];

    #[test]
    fn nothing_is_lost_on_the_way_into_the_report() {
        let (mut spans, mut histogram) = (FineSpans::default(), Histogram::default());
        for us in VALUES {
            spans.record(us);
            histogram.record_us(us);
        }
        assert_eq!(
            Histogram::from(&spans).buckets().collect::<Vec<_>>(),
            histogram.buckets().collect::<Vec<_>>()
        );
    }

    #[test]
    fn every_bucket_holds_its_values_closely() {
        for us in (1..20_000).chain(VALUES[1..11].iter().copied()) {
            for (highest, bits) in [
                (FineSpans::highest(FineSpans::index(us)), 10),
                (CoarseSpans::highest(CoarseSpans::index(us)), 6),
            ] {
                assert!(highest >= us && highest - us <= us >> bits, "{us} is counted as {highest}");
            }
        }
    }

    #[test]
    fn merged_spans_have_the_quantiles_of_all() {
        let (mut low, mut high) = (CoarseSpans::default(), CoarseSpans::default());
        assert_eq!(low.quantile_ms(0.5), None);
        (1..=50).for_each(|us| low.record(us));
        (51..=100).for_each(|us| high.record(us));
        low.merge(&high);
        assert_eq!(low.count(), 100);
        assert_eq!(low.quantile_ms(0.5), Some(0.050));
        assert_eq!(low.quantile_ms(0.95), Some(0.095));
        assert_eq!(low.quantile_ms(1.0), Some(0.100));
    }
}

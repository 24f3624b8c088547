//! Latencies as an HDR histogram, and its sparse form in JSON.

use serde::{Deserialize, Serialize};

/// Highest value that is kept apart: one hour in microseconds. Longer ones count as this.
pub const MAX_US: u64 = 3_600_000_000;
/// Significant decimal digits of every recorded value.
pub const DIGITS: u8 = 3;

/// Buckets of one power of two above the exact ones: HDR histograms of 3 digits tell 2048 values apart, the upper half of
/// which each further power of two shares.
const HALF_BITS: u32 = 10;

/// A histogram of time spans: 1 µs to 1 h at 3 significant digits, merged and never averaged.
///
/// The buckets are those of HDR histograms (Gil Tene, <https://hdrhistogram.github.io/HdrHistogram/>), but only the filled
/// ones are kept: a report holds hundreds of histograms of a few samples each, and a dense one takes 188 kB.
///
/// In JSON it is `{"us": [bucket value, …], "n": [count, …]}` with the values ascending. A bucket's value is the highest
/// that counts into it, so reading back and merging is exact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Highest value of each filled bucket with its count, ascending.
    filled: Vec<(u64, u64)>,
    total: u64,
}

/// Lowest and highest value of the bucket that a value counts into.
fn bucket(us: u64) -> (u64, u64) {
    let shift = us.checked_ilog2().unwrap_or(0).saturating_sub(HALF_BITS);
    let lowest = (us >> shift) << shift;
    (lowest, lowest + (1 << shift) - 1)
}

/// The value that stands for a whole bucket in sums.
fn middle(highest: u64) -> f64 {
    let (lowest, highest) = bucket(highest);
    (lowest + (highest - lowest).div_ceil(2)) as f64
}

impl Histogram {
    /// Counts one time span in microseconds; 0 counts as 1, more than [`MAX_US`] as that.
    pub fn record_us(&mut self, us: u64) {
        self.record_us_n(us, 1);
    }

    /// Counts `n` equal time spans in microseconds.
    pub fn record_us_n(&mut self, us: u64, n: u64) {
        if n == 0 {
            return;
        }
        let (_, highest) = bucket(us.clamp(1, MAX_US));
        self.total = self.total.saturating_add(n);
        match self.filled.binary_search_by_key(&highest, |(value, _)| *value) {
            Ok(at) => self.filled[at].1 = self.filled[at].1.saturating_add(n),
            Err(at) => self.filled.insert(at, (highest, n)),
        }
    }

    /// Adds all samples of another.
    pub fn merge(&mut self, other: &Self) {
        other.buckets().for_each(|(us, n)| self.record_us_n(us, n));
    }

    /// Number of samples.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// Arithmetic mean in milliseconds, `None` without samples.
    pub fn mean_ms(&self) -> Option<f64> {
        let total = self.total as f64;
        let mean = self.buckets().fold(0.0, |sum, (us, n)| sum + middle(us) * n as f64 / total);
        (self.total > 0).then_some(mean / 1000.0)
    }

    /// Standard deviation in milliseconds, `None` with fewer than two samples.
    pub fn stdev_ms(&self) -> Option<f64> {
        let mean = self.mean_ms()? * 1000.0;
        let squares: f64 = self.buckets().map(|(us, n)| (middle(us) - mean).powi(2) * n as f64).sum();
        (self.total > 1).then(|| (squares / self.total as f64).sqrt() / 1000.0)
    }

    /// Smallest sample in milliseconds.
    pub fn min_ms(&self) -> Option<f64> {
        self.filled.first().map(|(us, _)| bucket(*us).0 as f64 / 1000.0)
    }

    /// Largest sample in milliseconds.
    pub fn max_ms(&self) -> Option<f64> {
        self.filled.last().map(|(us, _)| *us as f64 / 1000.0)
    }

    /// The value at quantile `q` (0 to 1) in milliseconds; `None` where the samples cannot carry it, that is where
    /// n(1 − q) < 1.
    pub fn quantile_ms(&self, q: f64) -> Option<f64> {
        // The small allowance keeps 100 samples enough for p99 in spite of binary fractions.
        if (self.total as f64) * (1.0 - q) < 1.0 - 1e-9 {
            return None;
        }
        let rank = ((q * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let reached = self.buckets().find(|(_, n)| {
            seen += n;
            seen >= rank
        });
        reached.map(|(us, _)| us as f64 / 1000.0)
    }

    /// Samples that quantile `q` needs.
    pub fn samples_for(q: f64) -> u64 {
        (1.0 / (1.0 - q) - 1e-9).ceil() as u64
    }

    /// Share of samples at or below `ms`; `None` without samples.
    pub fn share_within_ms(&self, ms: f64) -> Option<f64> {
        // 1.001 ms × 1000 is a little less than 1001 in binary fractions, and would lose its own bucket.
        let us = ms * 1000.0 * (1.0 + 1e-12);
        let (_, highest) = bucket(us.clamp(0.0, MAX_US as f64) as u64);
        let within: u64 = self.buckets().take_while(|(us, _)| *us <= highest).map(|(_, n)| n).sum();
        (self.total > 0).then(|| within as f64 / self.total as f64)
    }

    /// The filled buckets, ascending: (highest value of the bucket in µs, count).
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.filled.iter().copied()
    }

    /// The distribution curve for drawing: (share of samples, ms) at each filled bucket.
    pub fn curve(&self) -> Vec<(f64, f64)> {
        let total = self.count() as f64;
        let mut seen = 0;
        self.buckets()
            .map(|(us, n)| {
                seen += n;
                (seen as f64 / total, us as f64 / 1000.0)
            })
            .collect()
    }
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Histogram"))]
struct Sparse {
    /// Bucket values in microseconds, ascending.
    us: Vec<u64>,
    /// Samples in each bucket.
    #[serde(deserialize_with = "crate::count::list")]
    n: Vec<u64>,
}

impl Serialize for Histogram {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (us, n) = self.buckets().unzip();
        Sparse { us, n }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sparse = Sparse::deserialize(deserializer)?;
        if sparse.us.len() != sparse.n.len() {
            return Err(serde::de::Error::custom("histogram: `us` and `n` differ in length"));
        }
        let mut histogram = Self::default();
        for (us, n) in sparse.us.into_iter().zip(sparse.n) {
            if us > MAX_US * 2 {
                return Err(serde::de::Error::custom("histogram: a value is beyond one hour"));
            }
            histogram.record_us_n(us, n);
        }
        Ok(histogram)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Histogram {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Sparse::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Sparse::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The published implementation is the measure.
        #[test]
        fn agrees_with_hdrhistogram(values in prop::collection::vec((0u32..33, any::<u64>()), 0..200), q in 0.01f64..0.999) {
            let mut theirs = hdrhistogram::Histogram::<u64>::new_with_bounds(1, MAX_US, DIGITS).unwrap();
            let mut ours = Histogram::default();
            for (bits, value) in values {
                let us = value >> (63 - bits);
                theirs.saturating_record(us.clamp(1, MAX_US));
                ours.record_us(us);
            }
            prop_assert_eq!(ours.count(), theirs.len());
            let buckets: Vec<_> = theirs.iter_recorded().map(|b| (b.value_iterated_to(), b.count_at_value())).collect();
            prop_assert_eq!(ours.buckets().collect::<Vec<_>>(), buckets);
            if ours.count() > 1 {
                let close = |a: Option<f64>, b: f64| (a.unwrap() * 1000.0 - b).abs() <= b.abs() * 1e-9 + 1e-9;
                prop_assert!(close(ours.mean_ms(), theirs.mean()));
                prop_assert!(close(ours.stdev_ms(), theirs.stdev()));
                prop_assert!(close(ours.min_ms(), theirs.min() as f64));
                prop_assert!(close(ours.max_ms(), theirs.max() as f64));
                let at = theirs.value_at_quantile(q);
                prop_assert!(ours.quantile_ms(q).is_none_or(|ms| close(Some(ms), at as f64)));
                prop_assert!((ours.share_within_ms(at as f64 / 1000.0).unwrap() - theirs.quantile_below(at)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_quantile_needs_its_samples() {
        let mut h = Histogram::default();
        for i in 1..=99 {
            h.record_us(i * 1000);
        }
        assert_eq!(h.quantile_ms(0.99), None);
        h.record_us(100_000);
        assert!(h.quantile_ms(0.99).is_some());
        assert_eq!(h.quantile_ms(0.999), None);
        assert_eq!(Histogram::samples_for(0.95), 20);
        assert_eq!(Histogram::samples_for(0.99), 100);
        assert_eq!(Histogram::default().mean_ms(), None);
    }

    #[test]
    fn json_brings_back_the_same_histogram() {
        let mut h = Histogram::default();
        for us in [0, 1, 17, 1_234, 56_789, 1_000_000, 9_999_999_999] {
            h.record_us(us);
        }
        let text = serde_json::to_string(&h).unwrap();
        let back: Histogram = serde_json::from_str(&text).unwrap();
        assert_eq!(h.buckets().collect::<Vec<_>>(), back.buckets().collect::<Vec<_>>());
        assert!(serde_json::from_str::<Histogram>(r#"{"us":[1,2],"n":[1]}"#).is_err());
    }
}

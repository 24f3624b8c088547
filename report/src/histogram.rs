//! Latencies as an HDR histogram, and its sparse form in JSON.

use serde::{Deserialize, Serialize};

/// Highest value that is kept apart: one hour in microseconds. Longer ones count as this.
pub const MAX_US: u64 = 3_600_000_000;
/// Significant decimal digits of every recorded value.
pub const DIGITS: u8 = 3;

/// A histogram of time spans: 1 µs to 1 h at 3 significant digits, merged and never averaged.
///
/// In JSON it is sparse: `{"us": [bucket value, …], "n": [count, …]}` with the values ascending. A bucket's value is the
/// highest that HDR histograms count into it, so reading back and merging is exact.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram(hdrhistogram::Histogram<u64>);

impl Default for Histogram {
    fn default() -> Self {
        Self(
            hdrhistogram::Histogram::new_with_bounds(1, MAX_US, DIGITS)
                .expect("the bounds are constant and valid"),
        )
    }
}

impl Histogram {
    /// Counts one time span in microseconds; 0 counts as 1, more than [`MAX_US`] as that.
    pub fn record_us(&mut self, us: u64) {
        self.0.saturating_record(us.clamp(1, MAX_US));
    }

    /// Adds all samples of another.
    pub fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all histograms share their bounds");
    }

    /// Number of samples.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Arithmetic mean in milliseconds, `None` without samples.
    pub fn mean_ms(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.0.mean() / 1000.0)
    }

    /// Standard deviation in milliseconds, `None` with fewer than two samples.
    pub fn stdev_ms(&self) -> Option<f64> {
        (self.count() > 1).then(|| self.0.stdev() / 1000.0)
    }

    /// Smallest sample in milliseconds.
    pub fn min_ms(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.0.min() as f64 / 1000.0)
    }

    /// Largest sample in milliseconds.
    pub fn max_ms(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.0.max() as f64 / 1000.0)
    }

    /// The value at quantile `q` (0 to 1) in milliseconds; `None` where the samples cannot carry it, that is where
    /// n(1 − q) < 1.
    pub fn quantile_ms(&self, q: f64) -> Option<f64> {
        // The small allowance keeps 100 samples enough for p99 in spite of binary fractions.
        (self.count() as f64 * (1.0 - q) >= 1.0 - 1e-9).then(|| self.0.value_at_quantile(q) as f64 / 1000.0)
    }

    /// Samples that quantile `q` needs.
    pub fn samples_for(q: f64) -> u64 {
        (1.0 / (1.0 - q) - 1e-9).ceil() as u64
    }

    /// Share of samples at or below `ms`; `None` without samples.
    pub fn share_within_ms(&self, ms: f64) -> Option<f64> {
        (self.count() > 0).then(|| self.0.quantile_below((ms * 1000.0).clamp(0.0, MAX_US as f64) as u64))
    }

    /// The filled buckets, ascending: (highest value of the bucket in µs, count).
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter_recorded().map(|b| (b.value_iterated_to(), b.count_at_value()))
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
            histogram.0.saturating_record_n(us.clamp(1, MAX_US), n);
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
    use super::*;

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

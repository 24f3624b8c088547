//! Counts of files from outside: bounded, so that sums of them cannot overflow.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error};

/// Largest count that is believed: whole numbers up to it are exact in JSON's own arithmetic (RFC 8259, section 6).
const LARGEST: u64 = 1 << 53;

fn checked<E: Error>(count: u64) -> Result<u64, E> {
    if count > LARGEST {
        return Err(E::custom(format!(
            "a count of {count} is more than {LARGEST}, which nobody has counted"
        )));
    }
    Ok(count)
}

/// Reads one.
pub(crate) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    u64::deserialize(deserializer).and_then(checked)
}

/// Reads a list of them.
pub(crate) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    Vec::deserialize(deserializer)?.into_iter().map(checked).collect()
}

/// Reads counts by something.
pub(crate) fn by<'de, D: Deserializer<'de>, K: Deserialize<'de> + Ord>(
    deserializer: D,
) -> Result<BTreeMap<K, u64>, D::Error> {
    let counts = BTreeMap::<K, u64>::deserialize(deserializer)?;
    counts.values().try_for_each(|count| checked(*count).map(drop))?;
    Ok(counts)
}

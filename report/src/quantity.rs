//! Numbers with a dimension: how they are written in a suite and shown to a person.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a number measures. Base units: milliseconds, bytes, a share of 1, per second, a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A time span in milliseconds.
    Ms,
    /// A size in bytes.
    Bytes,
    /// A share, 0 to 1 (shown in per cent).
    Ratio,
    /// Events per second.
    PerSecond,
    /// A whole number of things, or a plain number without dimension.
    Count,
    /// Processor time in cores (1 = one core fully busy).
    Cores,
    /// Bytes per second.
    BytesPerSecond,
    /// Money, in the currency of the suite.
    Money,
}

/// A number in its base unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Quantity {
    /// The number, in the base unit of `unit`.
    pub value: f64,
    /// What it measures.
    pub unit: Unit,
}

impl Quantity {
    /// A number with its unit.
    pub const fn new(value: f64, unit: Unit) -> Self {
        Self { value, unit }
    }
}

/// The suffixes that a suite may write, with the factor to the base unit. Longest first where one ends with another.
const SUFFIXES: &[(&str, Unit, f64)] = &[
    ("us", Unit::Ms, 0.001),
    ("µs", Unit::Ms, 0.001),
    ("ms", Unit::Ms, 1.0),
    ("min", Unit::Ms, 60_000.0),
    ("m", Unit::Ms, 60_000.0),
    ("h", Unit::Ms, 3_600_000.0),
    ("s", Unit::Ms, 1000.0),
    ("B/s", Unit::BytesPerSecond, 1.0),
    ("kB/s", Unit::BytesPerSecond, 1e3),
    ("MB/s", Unit::BytesPerSecond, 1e6),
    ("KiB", Unit::Bytes, 1024.0),
    ("MiB", Unit::Bytes, 1024.0 * 1024.0),
    ("GiB", Unit::Bytes, 1024.0 * 1024.0 * 1024.0),
    ("kB", Unit::Bytes, 1e3),
    ("KB", Unit::Bytes, 1e3),
    ("MB", Unit::Bytes, 1e6),
    ("GB", Unit::Bytes, 1e9),
    ("B", Unit::Bytes, 1.0),
    ("%", Unit::Ratio, 0.01),
    ("/s", Unit::PerSecond, 1.0),
    ("/min", Unit::PerSecond, 1.0 / 60.0),
    ("/h", Unit::PerSecond, 1.0 / 3600.0),
    ("cores", Unit::Cores, 1.0),
    ("", Unit::Count, 1.0),
];

/// Interprets a suffix written directly after a number; `None` if there is no such unit.
pub fn suffix(text: &str) -> Option<(Unit, f64)> {
    SUFFIXES.iter().find(|(s, ..)| *s == text).map(|&(_, unit, factor)| (unit, factor))
}

/// The suffixes that may be written, for messages and docs.
pub fn suffixes() -> impl Iterator<Item = &'static str> {
    SUFFIXES.iter().map(|(s, ..)| *s).filter(|s| !s.is_empty())
}

/// Parses `5s`, `250 ms`, `50MB`, `95%`, `20/s` or a plain number.
///
/// # Errors
/// A sentence fragment that says what is wrong and what may be written.
pub fn parse(text: &str) -> Result<Quantity, String> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|&(i, c)| !(c.is_ascii_digit() || c == '.' || c == '_' || (i == 0 && (c == '-' || c == '+'))))
        .map_or(text.len(), |(i, _)| i);
    let (number, unit) = text.split_at(end);
    let number: f64 =
        number.replace('_', "").parse().map_err(|_| format!("`{text}` does not begin with a number"))?;
    let unit = unit.trim();
    let (unit, factor) = suffix(unit).ok_or_else(|| {
        format!("`{unit}` is not a unit; use one of {}", suffixes().collect::<Vec<_>>().join(", "))
    })?;
    Ok(Quantity::new(number * factor, unit))
}

/// Three significant digits, no trailing zeros: what a person reads.
fn digits(value: f64) -> String {
    let magnitude = value.abs();
    let decimals = if magnitude >= 100.0 || magnitude == 0.0 {
        0
    } else if magnitude >= 10.0 {
        1
    } else if magnitude >= 1.0 {
        2
    } else {
        3
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v = self.value;
        if !v.is_finite() {
            return f.pad("n/a");
        }
        let scaled = |steps: &[(f64, &str)]| {
            let (factor, unit) = steps
                .iter()
                .find(|(factor, _)| v.abs() >= *factor)
                .or(steps.last())
                .copied()
                .unwrap_or((1.0, ""));
            format!("{} {unit}", digits(v / factor))
        };
        let text = match self.unit {
            Unit::Ms if v == 0.0 => "0 ms".to_owned(),
            Unit::Ms => {
                scaled(&[(3_600_000.0, "h"), (60_000.0, "min"), (1000.0, "s"), (1.0, "ms"), (0.001, "µs")])
            }
            Unit::Bytes => scaled(&[(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")]),
            Unit::BytesPerSecond => scaled(&[(1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s")]),
            // Rounded up to 100 %, one failure of ten thousand would be none.
            Unit::Ratio if (0.9995..1.0).contains(&v) => {
                let text = format!("{:.4}", (v * 1e6).floor() / 1e4);
                format!("{} %", text.trim_end_matches('0'))
            }
            Unit::Ratio => format!("{} %", digits(v * 100.0)),
            Unit::PerSecond => format!("{}/s", digits(v)),
            Unit::Cores => format!("{} cores", digits(v)),
            Unit::Money => format!("{v:.2}"),
            Unit::Count => digits(v),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_suite_may_write() {
        let cases = [
            ("5s", 5000.0, Unit::Ms),
            ("250 ms", 250.0, Unit::Ms),
            ("20us", 0.02, Unit::Ms),
            ("1_000", 1000.0, Unit::Count),
            ("95%", 0.95, Unit::Ratio),
            ("50MB", 50e6, Unit::Bytes),
            ("1GiB", 1_073_741_824.0, Unit::Bytes),
            ("30/min", 0.5, Unit::PerSecond),
            ("-1.5", -1.5, Unit::Count),
        ];
        for (text, value, unit) in cases {
            let got = parse(text).unwrap();
            assert!((got.value - value).abs() < 1e-9 && got.unit == unit, "{text}: {got:?}");
        }
        for text in ["", "s", "5 parsecs", "1.2.3"] {
            assert!(parse(text).is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn what_a_person_reads() {
        let cases = [
            (Quantity::new(0.25, Unit::Ms), "250 µs"),
            (Quantity::new(12.34, Unit::Ms), "12.3 ms"),
            (Quantity::new(4321.0, Unit::Ms), "4.32 s"),
            (Quantity::new(0.9512, Unit::Ratio), "95.1 %"),
            (Quantity::new(0.99949, Unit::Ratio), "99.9 %"),
            (Quantity::new(0.9995, Unit::Ratio), "99.95 %"),
            (Quantity::new(0.9999, Unit::Ratio), "99.99 %"),
            (Quantity::new(0.99999999, Unit::Ratio), "99.9999 %"),
            (Quantity::new(1.0, Unit::Ratio), "100 %"),
            (Quantity::new(48e6, Unit::Bytes), "48 MB"),
            (Quantity::new(20.0, Unit::Count), "20"),
            (Quantity::new(1234.0, Unit::Count), "1234"),
            (Quantity::new(f64::NAN, Unit::Ms), "n/a"),
        ];
        for (quantity, text) in cases {
            assert_eq!(quantity.to_string(), text);
        }
    }
}

//! What a person reads off a number of the page, without the page's own code.

/// The suffixes that may follow a number of a unit of the report, with the factor to the base unit.
const SUFFIXES: &[(&str, &[(&str, f64)])] = &[
    ("ms", &[("µs", 1e-3), ("ms", 1.0), ("s", 1e3), ("min", 6e4), ("h", 3.6e6)]),
    ("seconds", &[("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("min", 60.0), ("h", 3600.0)]),
    ("bytes", &[("B", 1.0), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9)]),
    ("bytes_per_second", &[("B/s", 1.0), ("kB/s", 1e3), ("MB/s", 1e6), ("GB/s", 1e9)]),
    ("ratio", &[("%", 0.01)]),
    ("change", &[("%", 0.01)]),
    ("per_second", &[("/s", 1.0)]),
    ("count", &[("", 1.0)]),
    ("whole", &[("", 1.0)]),
    ("cores", &[("cores", 1.0)]),
    ("money", &[("", 1.0)]),
];

/// That the text of a number stands for the exact one, as far as its digits reach. `unit` is the report's own, or:
/// `seconds` for what the report has in seconds; `change` for a relative change, which has a sign and tenths of a per cent;
/// `whole` for what is never rounded.
pub(crate) fn readable(text: &str, exact: f64, unit: &str) -> Result<(), String> {
    let plain: String =
        text.replace('\u{2212}', "-").chars().filter(|c| !matches!(c, '\u{202f}' | '\u{a0}')).collect();
    let end =
        plain.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(plain.len());
    let (number, suffix) = (&plain[..end], plain[end..].trim());
    if unit == "change" && !number.starts_with(['-', '+']) {
        return Err(format!("{text} has no sign"));
    }
    let number: f64 = number.parse().map_err(|_| format!("{text} is no number"))?;
    let known = SUFFIXES.iter().find(|(name, _)| *name == unit);
    let known = known.ok_or_else(|| format!("no suffixes are known for the unit {unit}"))?.1;
    let factor = known.iter().find(|(name, _)| *name == suffix);
    let factor = factor.ok_or_else(|| format!("{text} is no number of the unit {unit}"))?.1;
    let error = match unit {
        "whole" => 0.0,
        "money" => 0.005,
        "change" if exact.abs() < 1.0 => 0.0005,
        // Three digits, and no more than three behind the point.
        _ => (exact.abs() * 0.005).max(factor * 0.0005),
    };
    let slack = 1e-9 * exact.abs();
    if (number * factor - exact).abs() > error + slack {
        return Err(format!("{text} stands for {exact}"));
    }
    Ok(())
}

/// Whether a number that was written for machines is the one of the report. Reading it out of JSON in the browser may
/// change its last bit.
pub(crate) fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 4.0 * f64::EPSILON * b.abs()
}

#[test]
fn a_number_is_read_as_a_person_reads_it() {
    let right = [
        ("4.32 s", 4321.0, "ms"),
        ("4.32 s", 4.321, "seconds"),
        ("250 µs", 0.25, "ms"),
        ("95.1 %", 0.9512, "ratio"),
        ("\u{2212}3.5 %", -0.0346, "change"),
        ("12\u{202f}345", 12345.0, "whole"),
        ("1.50", 1.499, "money"),
    ];
    for (text, exact, unit) in right {
        assert_eq!(readable(text, exact, unit), Ok(()), "{text}");
    }
    let wrong = [
        ("4.32 ms", 4321.0, "ms"),
        ("4.32 s", 4321.0, "bytes"),
        ("4.32", 4.32, "ms"),
        ("+3.5 %", -0.035, "change"),
        ("3.5 %", 0.035, "change"),
        ("+3.7 %", 0.035, "change"),
        ("12\u{202f}346", 12345.0, "whole"),
        ("1.51", 1.499, "money"),
        ("n/a", 0.0, "count"),
    ];
    for (text, exact, unit) in wrong {
        assert!(readable(text, exact, unit).is_err(), "{text} was read as {exact} {unit}");
    }
}

//! A value that follows straight lines over time; used for users and for rates.
//!
//! ```text
//! value │     ╱‾‾‾‾╲
//!       │  ╱         ╲
//!       └─────────────── time
//!        line 1│ 2  │3
//! ```

use std::time::Duration;

/// Lines joined end to end. Times are seconds from the release.
#[derive(Debug)]
pub(super) struct Lines(Vec<Line>);

#[derive(Clone, Copy, Debug)]
struct Line {
    from_s: f64,
    to_s: f64,
    from: f64,
    to: f64,
    /// Area under all lines before this one.
    before: f64,
}

impl Line {
    fn slope(&self) -> f64 {
        (self.to - self.from) / (self.to_s - self.from_s)
    }
}

impl Lines {
    /// Lines from a first value; lines of no length jump.
    pub(super) fn new(from: f64, lines: impl IntoIterator<Item = (Duration, f64)>) -> Self {
        let (mut time, mut value, mut area) = (0.0, from, 0.0);
        let mut all = Vec::new();
        for (length, to) in lines {
            let length = length.as_secs_f64();
            if length > 0.0 {
                all.push(Line { from_s: time, to_s: time + length, from: value, to, before: area });
                area += length * (value + to) / 2.0;
                time += length;
            }
            value = to;
        }
        Self(all)
    }

    /// The end of the last line in seconds.
    pub(super) fn end_s(&self) -> f64 {
        self.0.last().map_or(0.0, |line| line.to_s)
    }

    /// The area under all lines.
    pub(super) fn area(&self) -> f64 {
        self.0
            .last()
            .map_or(0.0, |line| line.before + (line.to_s - line.from_s) * (line.from + line.to) / 2.0)
    }

    /// The first time at or after `from_s` at which the value is at least `level`.
    pub(super) fn reaches(&self, level: f64, from_s: f64) -> Option<f64> {
        self.0.iter().filter(|line| from_s < line.to_s).find_map(|line| {
            let begin = from_s.max(line.from_s);
            let slope = line.slope();
            if line.from + slope * (begin - line.from_s) >= level - 1e-9 {
                return Some(begin);
            }
            (slope > 0.0 && line.to >= level).then(|| line.from_s + (level - line.from) / slope)
        })
    }

    /// The time at which the area since the release reaches `area`; `None` beyond the end.
    pub(super) fn time_of_area(&self, area: f64) -> Option<f64> {
        // A flow that rounding alone would bring is none.
        if area >= self.area() - 1e-9 {
            return None;
        }
        let index = self.0.partition_point(|line| line.before <= area);
        let line = self.0.get(index.checked_sub(1)?)?;
        let rest = area - line.before;
        // from·t + slope·t²/2 = rest, solved so that neither a flat line nor a start at zero loses digits.
        let root = (line.from * line.from + 2.0 * line.slope() * rest).max(0.0).sqrt();
        let time = if rest <= 0.0 { 0.0 } else { 2.0 * rest / (line.from + root) };
        let at = line.from_s + time;
        (at < line.to_s).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_and_their_inverses() {
        let s = Duration::from_secs;
        let lines = Lines::new(0.0, [(s(10), 100.0), (s(0), 50.0), (s(10), 50.0), (s(10), 0.0)]);
        assert_eq!(lines.area(), 500.0 + 500.0 + 250.0);
        assert_eq!(lines.end_s(), 30.0);
        for (area, time) in [
            (0.0, Some(0.0)),
            (125.0, Some(5.0)),
            (500.0, Some(10.0)),
            (750.0, Some(15.0)),
            (1000.0, Some(20.0)),
            (1187.5, Some(25.0)),
            (1250.0, None),
        ] {
            let found = lines.time_of_area(area);
            match (found, time) {
                (Some(a), Some(b)) => assert!((a - b).abs() < 1e-9, "{area}: {a} is not {b}"),
                _ => assert_eq!(found, time, "{area}"),
            }
        }
        assert_eq!(lines.reaches(30.0, 0.0), Some(3.0));
        assert_eq!(lines.reaches(30.0, 12.0), Some(12.0));
        assert_eq!(lines.reaches(60.0, 12.0), None);
    }
}

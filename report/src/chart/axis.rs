//! The axes: linear, logarithmic, and the tail axis of percentile curves.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::quantity::{Quantity, Unit};

/// One axis: what it spans, where its ticks are, what they say.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
    ticks: Vec<f64>,
    unit: AxisUnit,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    Linear,
    Log,
    /// log10(1 / (1 − q)), as HDR histograms are drawn: each further nine takes as much room as the one before.
    Tail,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum AxisUnit {
    Of(Unit),
    Percentile,
    Seconds,
    Change,
}

/// Quantiles that the tail axis may name.
const NINES: &[f64] = &[0.0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 0.999999];

impl Axis {
    /// From 0 to a little above `max`, which must be positive, with about `ticks` round values.
    pub(super) fn linear(max: f64, unit: Unit, ticks: usize) -> Self {
        let step = round_step(max / ticks as f64, unit);
        // The last tick is the end of the axis: a curve that touches the frame cannot be read.
        let count = (max * 1.02 / step).ceil().max(1.0);
        let ticks = (0..=count as usize).map(|i| i as f64 * step).collect();
        let mut axis =
            Self { scale: Scale::Linear, from: 0.0, to: count * step, ticks, unit: AxisUnit::Of(unit) };
        if unit == Unit::Ratio && axis.to > 1.0 {
            axis.to = 1.0;
            axis.ticks.retain(|tick| *tick <= 1.0);
        }
        axis
    }

    /// Relative changes from `-reach` to `reach`, no further down than −100 %.
    pub(super) fn change(reach: f64) -> Self {
        let step = round_step(reach / 2.0, Unit::Ratio);
        let count = (reach / step).ceil() as i32;
        let ticks: Vec<f64> =
            (-count..=count).map(|i| f64::from(i) * step).filter(|tick| *tick >= -1.0).collect();
        let (from, to) = ((-f64::from(count) * step).max(-1.0), f64::from(count) * step);
        Self { scale: Scale::Linear, from, to, ticks, unit: AxisUnit::Change }
    }

    /// Seconds of a run, `from` to `to`.
    pub(super) fn time(from: f64, to: f64) -> Self {
        let to = if to > from { to } else { from + 1.0 };
        let step = round_step((to - from) * 1000.0 / 6.0, Unit::Ms) / 1000.0;
        let first = (from / step).ceil() as i64;
        let last = (to / step + 1e-9).floor() as i64;
        let ticks = (first..=last).map(|i| i as f64 * step).collect();
        Self { scale: Scale::Linear, from, to, ticks, unit: AxisUnit::Seconds }
    }

    /// Latencies from `min` to `max` ms, both positive; logarithmic where they lie far apart.
    pub(super) fn spread(min: f64, max: f64) -> Self {
        if max / min < 8.0 {
            let room = ((max - min) * 0.04).max(max * 0.01);
            let (from, to) = ((min - room).max(0.0), max + room);
            let step = round_step((to - from) / 6.0, Unit::Ms);
            let first = (from / step).ceil() as i64;
            let ticks = (first..=(to / step) as i64).map(|i| i as f64 * step).collect();
            return Self { scale: Scale::Linear, from, to, ticks, unit: AxisUnit::Of(Unit::Ms) };
        }
        let (from, to) = (min / 1.1, max * 1.1);
        let decades = (to / from).log10();
        let steps: &[f64] = if decades > 3.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let ticks = (from.log10().floor() as i32..=to.log10().ceil() as i32)
            .flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)))
            .filter(|tick| (from..=to).contains(tick))
            .collect();
        Self { scale: Scale::Log, from, to, ticks, unit: AxisUnit::Of(Unit::Ms) }
    }

    /// Quantiles that `count` samples can show.
    pub(super) fn tail(count: u64) -> Self {
        let to = 1.0 - 0.5 / count.max(5) as f64;
        let mut axis =
            Self { scale: Scale::Tail, from: 0.0, to, ticks: Vec::new(), unit: AxisUnit::Percentile };
        for &q in NINES.iter().filter(|q| **q <= to) {
            while axis
                .ticks
                .last()
                .is_some_and(|last| *last > 0.0 && axis.place(q) - axis.place(*last) < 0.085)
            {
                axis.ticks.pop();
            }
            axis.ticks.push(q);
        }
        axis
    }

    /// Where a value lies between the ends of the axis, 0 to 1.
    pub(super) fn place(&self, value: f64) -> f64 {
        let along = |v: f64| match self.scale {
            Scale::Linear => v,
            Scale::Log => v.max(f64::MIN_POSITIVE).log10(),
            Scale::Tail => -(1.0 - v.min(self.to)).log10(),
        };
        let (from, to) = (along(self.from), along(self.to));
        ((along(value) - from) / (to - from)).clamp(0.0, 1.0)
    }

    /// The value at a place between 0 and 1.
    pub(super) fn value_at(&self, place: f64) -> f64 {
        match self.scale {
            Scale::Linear => self.from + place * (self.to - self.from),
            Scale::Log => self.from * (self.to / self.from).powf(place),
            Scale::Tail => 1.0 - (1.0 - self.to).powf(place),
        }
    }

    /// End of the axis.
    pub(super) fn end(&self) -> f64 {
        self.to
    }

    /// Whether a value lies on the axis.
    pub(super) fn holds(&self, value: f64) -> bool {
        (self.from..=self.to).contains(&value)
    }
}

/// The round number next above `rough`: 1, 2 or 5 times a power of ten. Whole numbers only for counts, and minutes
/// rather than hundreds of seconds for long time spans.
fn round_step(rough: f64, unit: Unit) -> f64 {
    if unit == Unit::Ms && rough > 20_000.0 {
        let minutes = [0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 1440.0];
        return minutes.iter().map(|m| m * 60_000.0).find(|m| *m >= rough).unwrap_or(rough);
    }
    let power = 10_f64.powf(rough.max(1e-9).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].iter().map(|s| s * power).find(|s| *s >= rough * 0.999).unwrap_or(rough);
    if unit == Unit::Count { step.max(1.0) } else { step }
}

/// A percentile without needless digits: `99.9 %`.
pub(super) fn percentile(q: f64) -> String {
    let text = format!("{:.4}", q * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        limit.0 + (self.place(*value) * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        match self.unit {
            AxisUnit::Percentile => percentile(*value),
            AxisUnit::Seconds if *value == 0.0 => "0".to_owned(),
            AxisUnit::Seconds => Quantity::new(value * 1000.0, Unit::Ms).to_string(),
            AxisUnit::Change => {
                format!("{:+.0} %", value * 100.0).replace('-', "\u{2212}").replace("+0 %", "0")
            }
            AxisUnit::Of(_) if *value == 0.0 => "0".to_owned(),
            AxisUnit::Of(unit) => Quantity::new(*value, unit).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|tick| axis.format_ext(tick)).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&Axis::linear(830.0, Unit::Ms, 4)), ["0", "500 ms", "1 s"]);
        assert_eq!(labels(&Axis::linear(3.0, Unit::Count, 4)), ["0", "1", "2", "3", "4"]);
        assert_eq!(
            labels(&Axis::spread(3.0, 300.0)),
            ["5 ms", "10 ms", "20 ms", "50 ms", "100 ms", "200 ms"]
        );
        assert_eq!(labels(&Axis::change(0.4)), ["\u{2212}40 %", "\u{2212}20 %", "0", "+20 %", "+40 %"]);
        assert_eq!(labels(&Axis::change(3.0)), ["0", "+200 %", "+400 %"]);
        assert_eq!(labels(&Axis::time(0.0, 300.0)), ["0", "1 min", "2 min", "3 min", "4 min", "5 min"]);
    }

    #[test]
    fn the_tail_axis_ends_where_the_samples_end() {
        assert_eq!(labels(&Axis::tail(15)), ["0 %", "50 %", "75 %", "90 %", "95 %"]);
        assert_eq!(labels(&Axis::tail(100_000)).last().unwrap(), "99.999 %");
        let axis = Axis::tail(1000);
        assert!((axis.place(0.99) - 2.0 * axis.place(0.9)).abs() < 1e-9);
        for share in [0.1, 0.5, 0.9] {
            assert!((axis.place(axis.value_at(share)) - share).abs() < 1e-9);
        }
    }
}

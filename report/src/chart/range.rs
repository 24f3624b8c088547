//! Latencies of one scenario on a scale that it shares with the others: a line from the smallest to the longest, a bar
//! from p50 to p95.

use crate::html::{Node, el};
use crate::model::{ComparedFigure, Distribution};
use crate::quantity::{Quantity, Unit};

/// A logarithmic scale over several distributions.
#[derive(Clone, Copy, Debug)]
pub struct RangeScale {
    from: f64,
    to: f64,
}

const WIDTH: f64 = 150.0;
const HEIGHT: f64 = 18.0;

impl RangeScale {
    /// The scale that holds all of them; `None` where there is nothing to draw.
    pub fn over<'a>(all: impl Iterator<Item = &'a Distribution> + Clone) -> Option<Self> {
        let from = all.clone().filter_map(|d| d.min).fold(f64::INFINITY, f64::min).max(0.001);
        let to = all.filter_map(|d| d.max).fold(0.0, f64::max);
        (to > 0.0 && from.is_finite()).then(|| Self { from: from / 1.2, to: to.max(from * 1.5) * 1.1 })
    }

    fn x(self, ms: f64) -> f64 {
        ((ms / self.from).ln() / (self.to / self.from).ln()).clamp(0.0, 1.0) * WIDTH
    }

    /// Draws one; `before` are the compared p50 and p95, shown as ticks.
    pub fn draw(self, d: &Distribution, before: &[&ComparedFigure]) -> Option<Node> {
        let (min, max) = d.min.zip(d.max)?;
        let at = |v: f64| format!("{v:.1}");
        let middle = HEIGHT / 2.0;
        let words = |ms: f64| Quantity::new(ms, Unit::Ms);
        let mut told = format!("From {} to {}", words(min), words(max));
        let mut svg =
            el("svg").class("range").attr("viewBox", format!("0 0 {WIDTH} {HEIGHT}")).attr("role", "img");
        let mut shapes =
            vec![el("line").class("s base solid").attr("x1", at(self.x(min))).attr("x2", at(self.x(max)))];
        if let Some(p50) = d.p50 {
            told.push_str(&format!(", half of them within {}", words(p50)));
            let end = d.p95.unwrap_or(max);
            if let Some(p95) = d.p95 {
                told.push_str(&format!(", 95 % within {}", words(p95)));
            }
            let (from, to) = (self.x(p50), self.x(end));
            shapes
                .push(el("line").class("s now wide").attr("x1", at(from)).attr("x2", at(to.max(from + 1.0))));
        }
        shapes = shapes.into_iter().map(|line| line.attr("y1", at(middle)).attr("y2", at(middle))).collect();
        for ms in before.iter().filter_map(|figure| figure.before) {
            let x = at(self.x(ms));
            let tick = el("line").class("s tick").attr("x1", x.clone()).attr("x2", x);
            shapes.push(tick.attr("y1", "2").attr("y2", at(HEIGHT - 2.0)));
        }
        svg = svg.attr("aria-label", told);
        Some(svg.all(shapes).into())
    }
}

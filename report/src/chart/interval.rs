//! A change with its interval, drawn against the noise band and the limit.

use crate::html::{Node, el};

/// A relative change and what it is held against; 0.25 is a quarter more.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Interval {
    /// The change that was seen.
    pub change: f64,
    /// Its interval: low, high.
    pub interval: Option<[f64; 2]>,
    /// Noise of the figure without any change, as a half width.
    pub noise: Option<f64>,
    /// The change beyond which it counts as worse.
    pub limit: Option<f64>,
}

const WIDTH: f64 = 200.0;
const HEIGHT: f64 = 26.0;

/// Draws it; `None` where a number is not finite.
pub fn interval(shown: &Interval) -> Option<Node> {
    let noise = shown.noise.unwrap_or(0.0);
    let [low, high] = shown.interval.unwrap_or([shown.change; 2]);
    let all = [shown.change, low, high, noise, shown.limit.unwrap_or(0.0)];
    if all.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let reach = all.iter().fold(0.02, |reach: f64, v| reach.max(v.abs())) * 1.15;
    let x = |change: f64| WIDTH / 2.0 * (1.0 + change / reach);
    let at = |v: f64| format!("{v:.1}");
    let line = |class: &str, x0: f64, y0: f64, x1: f64, y1: f64| {
        el("line")
            .class(format!("s {class}"))
            .attr("x1", at(x0))
            .attr("y1", at(y0))
            .attr("x2", at(x1))
            .attr("y2", at(y1))
    };
    let percent = |v: f64| format!("{:+.1} %", v * 100.0);

    let mut told = format!("Change {}", percent(shown.change));
    if shown.interval.is_some() {
        told.push_str(&format!(", interval {} to {}", percent(low), percent(high)));
    }
    if noise > 0.0 {
        told.push_str(&format!(", noise ±{:.1} %", noise * 100.0));
    }
    if let Some(limit) = shown.limit {
        told.push_str(&format!(", limit {}", percent(limit)));
    }
    let mut svg = el("svg")
        .class("interval")
        .attr("viewBox", format!("0 0 {WIDTH} {HEIGHT}"))
        .attr("role", "img")
        .attr("aria-label", told);
    if noise > 0.0 {
        svg = svg.with(
            el("rect")
                .class("f noise")
                .attr("x", at(x(-noise)))
                .attr("y", "4")
                .attr("width", at(x(noise) - x(-noise)))
                .attr("height", at(HEIGHT - 8.0)),
        );
    }
    svg = svg.with(line("axis", 0.0, HEIGHT / 2.0, WIDTH, HEIGHT / 2.0));
    svg = svg.with(line("axis", WIDTH / 2.0, 3.0, WIDTH / 2.0, HEIGHT - 3.0));
    if let Some(limit) = shown.limit {
        svg = svg.with(line("limit", x(limit), 1.0, x(limit), HEIGHT - 1.0));
    }
    if shown.interval.is_some() {
        svg = svg.with(line("now", x(low), HEIGHT / 2.0, x(high), HEIGHT / 2.0).attr("stroke-width", "3"));
    }
    let point = el("circle")
        .class("f now")
        .attr("cx", at(x(shown.change)))
        .attr("cy", at(HEIGHT / 2.0))
        .attr("r", "4.5");
    Some(svg.with(point).into())
}

//! A change with its interval, drawn against the noise band and the limit.

use crate::html::{Node, el};
use crate::model::RoundChange;

/// A relative change and what it is held against; 0.25 is a quarter more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interval {
    /// The change that was seen.
    pub change: f64,
    /// Its interval: low, high.
    pub interval: Option<[f64; 2]>,
    /// Noise of the figure without any change, as a half width.
    pub noise: Option<f64>,
    /// The change beyond which it counts as worse.
    pub limit: Option<f64>,
    /// What each round showed, as dots.
    pub rounds: Vec<RoundChange>,
}

const WIDTH: f64 = 200.0;
const LABELLED_WIDTH: f64 = 440.0;
const BAR: f64 = 26.0;
const LABELS: f64 = 15.0;
/// Room for the dots of the rounds, below the bar.
const DOTS: f64 = 12.0;

/// Draws it; `None` where a number is not finite. With `labels` for a place of its own, without for a table.
pub fn interval(shown: &Interval, labels: bool) -> Option<Node> {
    let noise = shown.noise.unwrap_or(0.0);
    let [low, high] = shown.interval.unwrap_or([shown.change; 2]);
    let all = [shown.change, low, high, noise, shown.limit.unwrap_or(0.0)];
    if all.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let (width, above) = if labels { (LABELLED_WIDTH, LABELS) } else { (WIDTH, 0.0) };
    // Room for the label of the outermost mark.
    let of_rounds = shown.rounds.iter().map(|round| round.change).filter(|v| v.is_finite());
    let reach = all.into_iter().chain(of_rounds).fold(0.02, |reach: f64, v| reach.max(v.abs()))
        * if labels { 1.2 } else { 1.1 };
    let x = |change: f64| width / 2.0 * (1.0 + change / reach);
    let (top, middle, bar) = (above, above + BAR / 2.0, above + BAR);
    let bottom = if shown.rounds.is_empty() { bar } else { bar + DOTS };
    let line = |class: &str, x0: f64, y0: f64, x1: f64, y1: f64| {
        el("line")
            .class(format!("s {class}"))
            .attr("x1", at(x0))
            .attr("y1", at(y0))
            .attr("x2", at(x1))
            .attr("y2", at(y1))
    };
    let mut svg = el("svg")
        .class(if labels { "interval labelled" } else { "interval" })
        .attr("viewBox", format!("0 0 {width} {}", at(bottom + above)))
        .attr("role", "img")
        .attr("aria-label", told(shown, [low, high], noise));
    if noise > 0.0 {
        svg = svg.with(
            el("rect")
                .class("f noise")
                .attr("x", at(x(-noise)))
                .attr("y", at(top + 4.0))
                .attr("width", at(x(noise) - x(-noise)))
                .attr("height", at(BAR - 8.0)),
        );
    }
    svg = svg.with(line("axis", 0.0, middle, width, middle));
    svg = svg.with(line("axis", x(0.0), top + 3.0, x(0.0), bottom - 3.0));
    if let Some(limit) = shown.limit {
        svg = svg.with(line("limit", x(limit), top + 1.0, x(limit), bottom - 1.0));
    }
    if shown.interval.is_some() {
        svg = svg.with(line("now", x(low), middle, x(high), middle).attr("stroke-width", "3"));
    }
    svg = svg.with(
        el("circle").class("f now").attr("cx", at(x(shown.change))).attr("cy", at(middle)).attr("r", "4.5"),
    );
    svg = svg.all(dots(&shown.rounds, &x, bar));
    if labels {
        let text = |text: String, place: f64, y: f64, anchor: &'static str| {
            el("text").attr("x", at(place)).attr("y", at(y)).attr("text-anchor", anchor).with(text)
        };
        let (below, over) = (bottom + 11.0, top - 2.0);
        let limit_side = shown.limit.map_or(1.0, f64::signum);
        // Zero and the limit lie close together where the change is large, so their labels face away from each other.
        let (zero_anchor, limit_anchor) = if limit_side > 0.0 { ("end", "start") } else { ("start", "end") };
        svg = svg.with(text("before".to_owned(), x(0.0) - 3.0 * limit_side, below, zero_anchor));
        if let Some(limit) = shown.limit {
            svg = svg.with(text(
                format!("limit {}", percent(limit)),
                x(limit) + 3.0 * limit_side,
                below,
                limit_anchor,
            ));
        }
        svg = svg.with(text(percent(shown.change), x(shown.change), over, "middle").class("strong"));
    }
    Some(svg.into())
}

/// The rounds in two lines, so that neighbours do not hide each other; those that confirm are hollow.
fn dots<'a>(
    rounds: &'a [RoundChange],
    x: &'a impl Fn(f64) -> f64,
    from: f64,
) -> impl Iterator<Item = Node> + 'a {
    rounds.iter().enumerate().filter(|(_, round)| round.change.is_finite()).map(move |(i, round)| {
        el("circle")
            .class(if round.confirms { "s now round" } else { "f now round" })
            .attr("cx", at(x(round.change)))
            .attr("cy", at(from + if i % 2 == 0 { 2.5 } else { 7.5 }))
            .attr("r", "2")
            .into()
    })
}

fn at(v: f64) -> String {
    format!("{v:.1}")
}

fn percent(v: f64) -> String {
    format!("{:+.1} %", v * 100.0).replace('-', "\u{2212}")
}

fn told(shown: &Interval, [low, high]: [f64; 2], noise: f64) -> String {
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
    if !shown.rounds.is_empty() {
        let rounds: Vec<String> = shown.rounds.iter().map(|round| percent(round.change)).collect();
        told.push_str(&format!("; rounds: {}", rounds.join(", ")));
    }
    told
}

//! One figure over the stored runs: a dot for each, its level as a line, this run at the end.

use crate::html::{Element, Node, el};
use crate::quantity::{Quantity, Unit};
use crate::trend::LevelChange;

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 64.0;
const EDGE: f64 = 6.0;

/// Draws it; `None` where there is nothing to draw.
pub fn trend(values: &[Option<f64>], changes: &[LevelChange], now: Option<f64>, unit: Unit) -> Option<Node> {
    let known = || values.iter().flatten().copied().chain(now).filter(|v| v.is_finite());
    let top = known().fold(0.0, f64::max);
    let slots = values.len() + usize::from(now.is_some());
    if slots < 2 || known().count() < 2 {
        return None;
    }
    // From 0: a figure that hardly moves shall look as if it hardly moved.
    let top = if top > 0.0 { top * 1.08 } else { 1.0 };
    let x = |slot: usize| EDGE + (WIDTH - 2.0 * EDGE) * slot as f64 / (slots - 1) as f64;
    let y = |value: f64| HEIGHT - EDGE - (HEIGHT - 2.0 * EDGE) * (value / top).clamp(0.0, 1.0);
    let line = |class: &str, from: (f64, f64), to: (f64, f64)| -> Node {
        let element = el("line").class(format!("s {class}"));
        element.attr("x1", at(from.0)).attr("y1", at(from.1)).attr("x2", at(to.0)).attr("y2", at(to.1)).into()
    };
    let dot = |class: &str, slot: usize, value: f64, radius: &str| -> Element {
        el("circle")
            .class(format!("f {class}"))
            .attr("cx", at(x(slot)))
            .attr("cy", at(y(value)))
            .attr("r", radius)
    };

    let words = |value: f64| Quantity::new(value, unit).to_string();
    let mut told = format!("{} runs", values.len());
    let mut shapes = vec![line("axis", (EDGE, HEIGHT - EDGE), (WIDTH - EDGE, HEIGHT - EDGE))];
    for (i, change) in changes.iter().enumerate() {
        let end = changes.get(i + 1).map_or(slots - 1, |next| next.at.saturating_sub(1));
        let begin = if i == 0 { 0 } else { changes[i - 1].at };
        if i == 0 {
            let until = change.at.saturating_sub(1);
            shapes.push(line("base", (x(begin), y(change.before)), (x(until), y(change.before))));
        }
        let class = if change.worse { "limit" } else { "better" };
        shapes.push(line(class, (x(change.at), EDGE), (x(change.at), HEIGHT - EDGE)));
        shapes.push(line("base", (x(change.at), y(change.after)), (x(end), y(change.after))));
        told.push_str(&format!(
            "; from {} to {} at run {}",
            words(change.before),
            words(change.after),
            change.at + 1
        ));
    }
    let dots = values.iter().enumerate().filter_map(|(slot, value)| Some((slot, (*value)?)));
    shapes.extend(dots.map(|(slot, value)| dot("base", slot, value, "2.2").into()));
    if let Some(now) = now {
        told.push_str(&format!("; this run {}", words(now)));
        shapes.push(dot("now", slots - 1, now, "3.6").into());
    }
    let svg = el("svg").class("trend").attr("viewBox", format!("0 0 {WIDTH} {HEIGHT}")).attr("role", "img");
    Some(svg.attr("aria-label", told).all(shapes).into())
}

fn at(v: f64) -> String {
    format!("{v:.1}")
}

//! Sweeping over a chart over time with the pointer shows that span of the run.
//!
//! While the pointer moves, only classes of the chart's places change; the span becomes a choice when it is let go.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event};

use crate::page::document;

/// The place of a chart over time that an event happened at.
fn place(event: &Event) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(".hit[data-from]").ok()?
}

fn number(element: &Element, name: &str) -> Option<f64> {
    element.get_attribute(name)?.parse().ok()
}

fn start() -> Option<Element> {
    document().query_selector(".hit.start").ok()?
}

/// The pointer goes down.
pub(crate) fn begin(event: &Event) {
    if let Some(hit) = place(event) {
        event.prevent_default();
        drop(hit.class_list().add_1("start"));
    }
}

/// The pointer moves: shows what would be chosen.
pub(crate) fn sweep(event: &Event) {
    let Some((start, hit)) = start().zip(place(event)) else { return };
    let Some(chart) = start.parent_element().filter(|chart| chart.contains(Some(&hit))) else { return };
    let Some((from, to)) = span(&start, &hit) else { return };
    let Ok(hits) = chart.query_selector_all(".hit") else { return };
    for hit in (0..hits.length()).filter_map(|i| hits.item(i)?.dyn_into::<Element>().ok()) {
        let inside = number(&hit, "data-from").is_some_and(|at| (from..to).contains(&at));
        drop(hit.class_list().toggle_with_force("swept", inside));
    }
}

/// The pointer is let go: the scenario's section and the span, where it was a sweep within one chart.
pub(crate) fn end(event: &Event) -> Option<(String, f64, f64)> {
    let start = start()?;
    drop(start.class_list().remove_1("start"));
    if let Ok(hits) = document().query_selector_all(".hit.swept") {
        for hit in (0..hits.length()).filter_map(|i| hits.item(i)?.dyn_into::<Element>().ok()) {
            drop(hit.class_list().remove_1("swept"));
        }
    }
    let hit = place(event)
        .filter(|hit| *hit != start && start.parent_element().is_some_and(|c| c.contains(Some(hit))))?;
    let (from, to) = span(&start, &hit)?;
    Some((section(&start)?, from, to))
}

/// The span around the place that a chart's read-out tells of, half as long as what is shown now.
pub(crate) fn around(chart: &Element) -> Option<(String, f64, f64)> {
    let hits = chart.query_selector_all(".hit[data-from]").ok()?;
    let at = |i: u32| hits.item(i)?.dyn_into::<Element>().ok();
    let (first, last) = at(0).zip(at(hits.length().checked_sub(1)?))?;
    let (from, to) = span(&first, &last)?;
    let here = chart.query_selector(".hit.at[data-from]").ok()??;
    let middle = (number(&here, "data-from")? + number(&here, "data-to")?) / 2.0;
    let half = (to - from) / 4.0;
    Some((section(chart)?, (middle - half).max(from), (middle + half).min(to)))
}

fn span(a: &Element, b: &Element) -> Option<(f64, f64)> {
    let from = number(a, "data-from")?.min(number(b, "data-from")?);
    let to = number(a, "data-to")?.max(number(b, "data-to")?);
    Some((from, to))
}

/// The section of the scenario that an element belongs to.
pub(crate) fn section(element: &Element) -> Option<String> {
    Some(element.closest("details.scenario").ok()??.id())
}

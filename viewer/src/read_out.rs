//! Read-outs: the numbers at the place of a chart that is pointed at or reached with the arrow keys.
//!
//! They change with every move of the pointer, so they are written into the page directly; nothing is drawn anew.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event};

use crate::page::document;

/// Shows the numbers under the pointer; away from them, the last ones are cleared.
pub(crate) fn point(event: &Event) {
    let Some(target) = event.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return };
    let chart = target.closest("figure.chart-box").ok().flatten();
    if let Some(shown) = document().query_selector(".read-out.on").ok().flatten()
        && !chart.as_ref().is_some_and(|chart| chart.contains(Some(&shown)))
        && let Some(old) = shown.closest("figure.chart-box").ok().flatten()
    {
        clear(&old);
    }
    if let Some(chart) = chart
        && target.class_list().contains("hit")
    {
        show(&chart, &target);
    }
}

/// Moves the read-out of a chart to the next or the previous place; false where the event is for no chart.
pub(crate) fn step(chart: &Element, forward: bool) {
    let Ok(hits) = chart.query_selector_all(".hit") else { return };
    let current = (0..hits.length()).find(|i| {
        hits.item(*i)
            .and_then(|h| h.dyn_into::<Element>().ok())
            .is_some_and(|h| h.class_list().contains("at"))
    });
    let next = match (current, forward) {
        (None, true) => 0,
        (None, false) => hits.length().saturating_sub(1),
        (Some(at), true) => (at + 1).min(hits.length().saturating_sub(1)),
        (Some(at), false) => at.saturating_sub(1),
    };
    if let Some(hit) = hits.item(next).and_then(|h| h.dyn_into::<Element>().ok()) {
        show(chart, &hit);
    }
}

/// Whether a chart shows one.
pub(crate) fn is_shown(chart: &Element) -> bool {
    chart.query_selector(".read-out.on").is_ok_and(|out| out.is_some())
}

/// Takes a chart's read-out away.
pub(crate) fn clear(chart: &Element) {
    if let Ok(Some(old)) = chart.query_selector(".hit.at") {
        drop(old.class_list().remove_1("at"));
    }
    if let Ok(Some(out)) = chart.query_selector(".read-out") {
        out.set_text_content(None);
        out.set_class_name("read-out");
    }
}

fn show(chart: &Element, hit: &Element) {
    clear(chart);
    drop(hit.class_list().add_1("at"));
    if let Ok(Some(out)) = chart.query_selector(".read-out") {
        out.set_text_content(hit.get_attribute("data-read").as_deref());
        out.set_class_name("read-out on");
    }
}

//! What became of the requests: ok, refused, failed by kind.

use crate::html::{Node, el};
use crate::model::Scenario;

/// The outcomes of a scenario that occurred: class, words, requests.
pub fn outcomes(scenario: &Scenario) -> Vec<(&'static str, &'static str, u64)> {
    let mut parts = vec![("ok", "ok", scenario.ok), ("refused", "refused", scenario.refused)];
    parts.extend(scenario.failed.iter().map(|(kind, n)| ("failed", kind.as_str(), *n)));
    parts.retain(|part| part.2 > 0);
    parts
}

/// A bar in the proportion of the outcomes; the numbers stand beside it.
pub fn outcome(scenario: &Scenario) -> Option<Node> {
    let parts = outcomes(scenario);
    let total: u64 = parts.iter().map(|part| part.2).sum();
    if total == 0 {
        return None;
    }
    let told: Vec<String> = parts.iter().map(|(_, words, n)| format!("{n} {words}")).collect();
    let mut bar = el("svg")
        .class("outcome")
        .attr("viewBox", "0 0 1000 10")
        .attr("preserveAspectRatio", "none")
        .attr("role", "img")
        .attr("aria-label", told.join(", "));
    let mut x = 0.0;
    for (class, _, n) in &parts {
        // A single failure among thousands has to be seen.
        let width = (*n as f64 / total as f64 * 1000.0).max(6.0);
        bar = bar.with(
            el("rect")
                .class(format!("f {class}"))
                .attr("x", format!("{:.1}", f64::min(x, 1000.0 - width)))
                .attr("width", format!("{width:.1}"))
                .attr("height", "10"),
        );
        x += width;
    }
    Some(bar.into())
}

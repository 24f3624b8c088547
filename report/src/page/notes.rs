//! What the reader has to know before believing the rest: interrupted, a newer report, warnings.

use super::Page;
use crate::html::{Node, el};
use crate::model::SCHEMA;

pub(super) fn render(page: &Page<'_>) -> Option<Node> {
    let report = page.report;
    let mut notes = Vec::new();
    if report.run.interrupted {
        notes.push("This run was interrupted: what follows is what was measured by then.".to_owned());
    }
    if !report.is_known_version() {
        notes.push(format!(
            "This report says that its schema is “{}”; this page knows {SCHEMA} and shows what it understands of it.",
            super::words::cut(&report.schema, 80)
        ));
    }
    if report.scenarios.is_empty() {
        notes.push("No scenario was run.".to_owned());
    }
    notes.extend(report.warnings.iter().cloned());
    if notes.is_empty() {
        return None;
    }
    Some(
        el("ul")
            .class("notes")
            .all(notes.into_iter().map(|note| el("li").with(super::words::prose(&note))))
            .into(),
    )
}

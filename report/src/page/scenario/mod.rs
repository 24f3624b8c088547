//! One scenario in full. Each part is one file and one line in [`PARTS`].

mod charts;
mod conditions;
mod estimate;
mod failures;
mod figures;
mod groups;
mod load;
mod scorecards;
mod search;
mod target;
mod users;

use super::words::{cut, labels, prose, verdict};
use super::{Page, Table};
use crate::Verdict;
use crate::chart::Before;
use crate::html::{Element, Node, el, list, nothing};
use crate::model::Scenario;

/// A scenario with what its parts need to know.
pub(super) struct Part<'a> {
    page: &'a Page<'a>,
    scenario: &'a Scenario,
    before: Before<'a>,
    place: &'a str,
}

/// The parts in their order: title (empty for none) and content.
const PARTS: &[(&str, fn(&Part<'_>) -> Option<Node>)] = &[
    ("", figures::render),
    ("Conditions", conditions::render),
    ("Capacity", search::render),
    ("Scorecards", scorecards::render),
    ("", charts::render),
    ("Steps", groups::steps),
    ("Within the requests", groups::times),
    ("Classes", groups::classes),
    ("Counters", groups::counters),
    ("Failures", failures::render),
    ("Users", users::render),
    ("Estimated capacity", estimate::render),
    ("Target", target::render),
    ("Load", load::render),
];

/// Beyond this many scenarios, those that pass are drawn only when they are opened on the interactive page.
const LAZY: usize = 12;
/// Scenarios that are open from the start where there are many; the reader opens the rest one by one.
const OPEN: usize = 3;

pub(super) fn render(page: &Page<'_>) -> Option<Node> {
    let sections: Vec<Node> =
        page.scenarios().map(|(scenario, place)| section(page, scenario, place)).collect();
    (!sections.is_empty()).then(|| sections.into())
}

/// Whether a scenario is open before the reader has chosen.
pub(super) fn opens(page: &Page<'_>, scenario: &Scenario) -> bool {
    let few = page.report.scenarios.len() <= 2;
    let mut bad = page.report.scenarios.iter().filter(|s| s.verdict != Verdict::Pass).take(OPEN);
    few || bad.any(|s| std::ptr::eq(s, scenario))
}

fn section<'a>(page: &'a Page<'a>, scenario: &'a Scenario, place: &'a str) -> Node {
    let open = page.view.is_open(place, opens(page, scenario));
    let head = el("summary")
        .maybe("data-action", page.view.interactive.then_some("toggle"))
        .maybe("data-section", page.view.interactive.then_some(place))
        .with(verdict(scenario.verdict))
        .with(el("h3").with(el("bdi").with(cut(&scenario.name, 160))))
        .all(labels(scenario.requirements.iter().map(String::as_str)))
        .with(el("span").class("load quiet").with(cut(&scenario.load, 120)));
    let shown = open || !page.view.interactive;
    let body = if shown { body(page, scenario, place) } else { nothing() };
    el("details")
        .class(format!("scenario {}", scenario.verdict))
        .attr("id", place)
        .flag("open", open)
        .with(head)
        .with(body)
        .into()
}

fn body<'a>(page: &'a Page<'a>, scenario: &'a Scenario, place: &'a str) -> Node {
    let part = Part { page, scenario, before: page.before(scenario), place };
    let description = scenario.description.as_deref().map(|text| el("p").class("quiet").with(prose(text)));
    let not_run = scenario.not_run.as_deref().map(|why| el("p").class("problem").with(prose(why)));
    let parts = PARTS.iter().filter_map(|(title, render)| {
        let content = render(&part)?;
        let heading = (!title.is_empty()).then(|| el("h4").with(*title));
        Some(el("div").class("part").with(heading).with(content))
    });
    el("div")
        .class("body")
        .with(el("p").class("reason").with(prose(&scenario.reason)))
        .with(description)
        .with(not_run)
        .all(parts)
        .into()
}

impl Part<'_> {
    /// A table of this scenario, unless it is empty.
    fn table(&self, table: Table) -> Option<Node> {
        if table.rows.is_empty() {
            return None;
        }
        Some(self.page.show(&table.under(self.place)))
    }

    /// What is folded away until the reader wants it. On the interactive page it is not even drawn before; on paper and
    /// without scripts it is there.
    fn folded(&self, id: &str, title: String, content: impl FnOnce() -> Node) -> Element {
        self.page.folded(format!("{}-{id}", self.place), title, content)
    }

    /// Pieces one after the other, unless there are none.
    fn all(pieces: Vec<Node>) -> Option<Node> {
        if pieces.iter().all(Node::is_empty) { None } else { Some(list(pieces)) }
    }
}

//! The page: a report as HTML, section by section.
//!
//! It decides nothing. Every verdict, limit and sentence comes out of the report; here they are arranged. The runner
//! writes the default [`View`] into the file so that it reads where scripts are blocked; the interactive page renders the
//! same sections again with the reader's choices.

mod about;
mod acceptances;
mod assemble;
mod comparison;
mod cost;
mod findings;
mod notes;
mod scenario;
mod scenarios;
mod table;
mod top;
mod trend;
mod view;
mod words;

use std::cell::RefCell;

pub use self::assemble::{assemble, extract, title};
pub use self::table::{Cell, Column, Row, Table, Value, count, grouped, quantity};
pub use self::view::View;
pub(crate) use self::words::signed;
use crate::chart::{Before, CHARTS, ChartStyle, standalone};
use crate::html::{Element, Node, el, nothing};
use crate::model::{ComparedFigure, Report, Scenario};

/// A report with what the reader wants to see of it.
pub struct Page<'a> {
    /// The report.
    pub report: &'a Report,
    /// The reader's choices.
    pub view: &'a View,
    places: Vec<String>,
    /// Tables that were shown, while they are collected.
    shown: Option<RefCell<Vec<Table>>>,
}

/// A section of the page.
pub struct Section {
    /// Its id, for addresses.
    pub id: &'static str,
    /// Its heading; empty where it needs none.
    pub title: &'static str,
    /// Its content; `None` leaves the section out.
    pub render: fn(&Page<'_>) -> Option<Node>,
}

/// The sections in their order.
pub const SECTIONS: &[Section] = &[
    Section { id: "top", title: "", render: top::render },
    Section { id: "notes", title: "", render: notes::render },
    Section { id: "findings", title: "Findings", render: findings::render },
    Section { id: "scenarios", title: "Scenarios", render: scenarios::render },
    Section { id: "details", title: "Each scenario", render: scenario::render },
    Section { id: "comparison", title: "Comparison with the baseline", render: comparison::render },
    Section { id: "trend", title: "Trend", render: trend::render },
    Section { id: "acceptances", title: "Accepted changes", render: acceptances::render },
    Section { id: "cost", title: "Cost", render: cost::render },
    Section { id: "about", title: "About this run", render: about::render },
];

impl<'a> Page<'a> {
    /// Joins a report and a view.
    pub fn new(report: &'a Report, view: &'a View) -> Self {
        Self { report, view, places: places(report), shown: None }
    }

    /// The whole page below `body`.
    pub fn render(&self) -> Node {
        SECTIONS
            .iter()
            .filter_map(|section| {
                let content = (section.render)(self)?;
                let tag = if section.id == "top" { "header" } else { "section" };
                let title = format!("{}-title", section.id);
                let mut element = el(tag).attr("id", section.id);
                if !section.title.is_empty() {
                    element = element
                        .attr("aria-labelledby", title.clone())
                        .with(el("h2").attr("id", title).with(section.title));
                }
                Some(element.with(content).into())
            })
            .collect::<Vec<Node>>()
            .into()
    }

    /// The scenarios that fit the reader's search and filter, with their places in addresses.
    fn scenarios(&self) -> impl Iterator<Item = (&'a Scenario, &str)> {
        self.report.scenarios.iter().zip(&self.places).map(|(s, place)| (s, place.as_str())).filter(
            |(s, _)| {
                let of_steps = s.steps.iter().map(|step| step.name.as_str());
                let texts = [s.name.as_str(), s.reason.as_str(), s.load.as_str()];
                let labels = s.requirements.iter().map(String::as_str);
                self.view.verdict.is_none_or(|verdict| verdict == s.verdict)
                    && self.view.finds(texts.into_iter().chain(labels).chain(of_steps))
            },
        )
    }

    /// A link to a scenario's section.
    fn link(&self, scenario: &str) -> Node {
        let name = el("bdi").with(words::cut(scenario, 80));
        match self.report.scenarios.iter().position(|s| s.name == scenario) {
            Some(at) => el("a").attr("href", format!("#{}", self.places[at])).with(name).into(),
            None => name.into(),
        }
    }

    /// The place of a scenario in addresses.
    pub fn place(&self, scenario: usize) -> &str {
        self.places.get(scenario).map_or("", String::as_str)
    }

    /// Whether a scenario's section is open in this view.
    pub fn is_open(&self, scenario: usize) -> bool {
        self.report
            .scenarios
            .get(scenario)
            .is_some_and(|s| self.view.is_open(self.place(scenario), scenario::opens(self, s)))
    }

    /// All tables of the page, those of closed sections too.
    pub fn tables(&self) -> Vec<Table> {
        let view = View { interactive: false, ..self.view.clone() };
        let page = Page { shown: Some(RefCell::default()), ..Page::new(self.report, &view) };
        page.render();
        page.shown.map(RefCell::into_inner).unwrap_or_default()
    }

    /// A chart of a scenario as a file of its own, by the scenario's place and the chart's id.
    pub fn chart_file(&self, place: &str, id: &str) -> Option<String> {
        let at = self.places.iter().position(|p| p == place)?;
        let scenario = &self.report.scenarios[at];
        let kind = CHARTS.iter().find(|kind| kind.id == id)?;
        let before = self.before(scenario);
        let style = ChartStyle { span: self.view.span.get(place).copied(), ..ChartStyle::default() };
        let chart = (kind.draw)(scenario, &before, &style)?;
        standalone(&chart.figure, &format!("{}: {}", words::cut(&scenario.name, 60), kind.title))
    }

    /// What a scenario is held against, unless the reader left it out.
    fn before(&self, scenario: &Scenario) -> Before<'a> {
        let Some(comparison) = self.report.comparison.as_ref().filter(|_| !self.view.no_baseline) else {
            return Before::default();
        };
        Before {
            curve: comparison.curves.iter().find(|c| c.scenario == scenario.name),
            figures: comparison.figures.iter().filter(|f| f.scenario == scenario.name).collect(),
        }
    }

    /// What is folded away until the reader wants it. On the interactive page it is not even drawn before; on paper and
    /// without scripts it is there.
    fn folded(&self, id: String, title: String, content: impl FnOnce() -> Node) -> Element {
        let interactive = self.view.interactive;
        let open = interactive && self.view.is_open(&id, false);
        let summary = el("summary")
            .maybe("data-action", interactive.then_some("toggle"))
            .maybe("data-section", interactive.then_some(id.as_str()))
            .with(title);
        let shown = open || !interactive;
        let content = if shown { content() } else { nothing() };
        el("details").attr("id", id).flag("open", open).with(summary).with(content)
    }

    /// Whether long lists are given in full, which the pre-rendered page spares its readers.
    fn is_complete(&self) -> bool {
        self.view.interactive || self.shown.is_some()
    }

    /// Shows a table.
    fn show(&self, table: &Table) -> Node {
        if let Some(shown) = &self.shown {
            shown.borrow_mut().push(table.clone());
        }
        table.render(self.view)
    }

    /// All scenarios that fit the view, as one table.
    pub fn scenario_table(&self) -> Table {
        scenarios::table(self)
    }

    /// All compared figures that fit the view, as one table.
    pub fn comparison_table(&self) -> Table {
        comparison::table(self)
    }

    /// The places of the scenarios that fit the view.
    pub fn shown_places(&self) -> Vec<&str> {
        self.scenarios().map(|(_, place)| place).collect()
    }

    /// How a figure of a scenario compares, where it was compared.
    fn compared(&self, scenario: &str, figure: &str) -> Option<&'a ComparedFigure> {
        let figures = &self.report.comparison.as_ref()?.figures;
        figures.iter().find(|f| f.scenario == scenario && f.figure == figure)
    }
}

/// Names of scenarios as ids: what is not a plain letter or digit becomes a dash, and doubles are numbered.
fn places(report: &Report) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for scenario in &report.scenarios {
        let name: String = scenario
            .name
            .chars()
            .take(40)
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .collect();
        let base = format!("scenario-{}", name.trim_matches('-'));
        let mut place = base.clone();
        let mut n = 2;
        while seen.contains(&place) {
            place = format!("{base}-{n}");
            n += 1;
        }
        seen.push(place);
    }
    seen
}

/// A list of terms, leaving out those without a value.
fn facts(entries: Vec<(&'static str, Node)>) -> Node {
    let entries: Vec<Node> = entries
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(term, value)| el("div").with(el("dt").with(term)).with(el("dd").with(value)).into())
        .collect();
    if entries.is_empty() { nothing() } else { el("dl").class("facts").all(entries).into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_has_a_place_of_its_own() {
        let scenario = |name: &str| Scenario { name: name.to_owned(), ..Scenario::default() };
        let report = Report {
            scenarios: ["Light load", "light-load", "</script>", "日本", ""].map(scenario).to_vec(),
            ..Report::default()
        };
        assert_eq!(
            places(&report),
            ["scenario-light-load", "scenario-light-load-2", "scenario-script", "scenario-", "scenario--2"]
        );
    }
}

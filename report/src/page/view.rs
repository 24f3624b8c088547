//! What the reader has chosen to see. The pre-rendered page shows the default.

use std::collections::{BTreeMap, BTreeSet};

use crate::Verdict;

/// The reader's choices.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Whether there is a script to serve controls.
    pub interactive: bool,
    /// Sections that the reader has opened or closed, against the default.
    pub toggled: BTreeSet<String>,
    /// Column and direction (true: largest first) of the tables that the reader has sorted.
    pub sorted: BTreeMap<String, (usize, bool)>,
    /// Only scenarios and findings that contain this, in lower case.
    pub search: String,
    /// Only scenarios with this verdict.
    pub verdict: Option<Verdict>,
    /// Whether the comparison leaves out what did not change.
    pub only_changed: bool,
    /// Whether the baseline is left out of the charts.
    pub no_baseline: bool,
    /// Seconds of a scenario that its charts over time show, by section.
    pub span: BTreeMap<String, (f64, f64)>,
}

impl View {
    /// The pre-rendered page.
    pub fn printed() -> Self {
        Self::default()
    }

    /// Order of a table.
    pub(super) fn order(&self, table: &str) -> Option<(usize, bool)> {
        self.sorted.get(table).copied()
    }

    /// Whether a section is open that is so by default where `by_default`.
    pub fn is_open(&self, section: &str, by_default: bool) -> bool {
        by_default != self.toggled.contains(section)
    }

    /// Whether some text fits the search.
    pub(super) fn finds<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        self.search.is_empty() || texts.into_iter().any(|text| text.to_lowercase().contains(&self.search))
    }
}

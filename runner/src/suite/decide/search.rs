//! The search for a capacity.

use std::time::Duration;

use loadgate_report::figure::Names;
use loadgate_report::quantity::Unit;

use super::Decider;
use crate::suite::diagnostics::Diagnostic;
use crate::suite::file::{OneOrMany, SearchFile, SearchOverFile};
use crate::suite::plan::{Load, Search, SearchOver, Spacing, Start};

const EACH: Duration = Duration::from_secs(10);
const PRECISION: f64 = 0.1;

/// Most flows under way at once while rates are tried.
const MOST_UNDER_WAY: u32 = 10_000;

impl Decider<'_> {
    /// The levels of a search, without its limits.
    pub(super) fn search_levels(&mut self, file: &SearchFile) -> Option<Search> {
        let over = match file.over.get()? {
            SearchOverFile::Users => SearchOver::Users,
            SearchOverFile::Rate => SearchOver::Rate,
        };
        let each = self.positive(file.each.get(), "no level fits into no time");
        let (from, to) = (file.from.get()?, file.to.get()?);
        let whole = |value: f64| over == SearchOver::Rate || value.fract() == 0.0;
        for level in [from, to] {
            if level.value <= 0.0 || level.value > 1e6 || !whole(level.value) {
                let what = if over == SearchOver::Users { "number of users" } else { "rate" };
                self.error(Diagnostic::new(level.span, format!("{} is no {what} to try", level.value)));
                return None;
            }
        }
        if from.value >= to.value {
            let message = format!("a search from {} to {} has nowhere to go", from.value, to.value);
            self.error(Diagnostic::new(to.span, message).help("`to` is the highest level that is tried"));
            return None;
        }
        let precision = match file.precision.get() {
            None => PRECISION,
            Some(at) if at.value.unit == Unit::Ratio && at.value.value > 0.0 && at.value.value <= 1.0 => {
                at.value.value
            }
            Some(at) => {
                self.error(
                    Diagnostic::new(at.span, "this is no share of a level").help("write one such as 10%"),
                );
                PRECISION
            }
        };
        let (from, to) = (from.value, to.value);
        Some(Search { over, from, to, each: each.unwrap_or(EACH), precision, limits: Vec::new() })
    }

    /// What must hold of a level.
    pub(super) fn search_limits(&mut self, file: &SearchFile, names: &Names, search: &mut Search) {
        let limits = file.limits.get().map(|OneOrMany(all)| all.as_slice()).unwrap_or_default();
        // What the search finds in the end is no limit of a level.
        let names = Names { searches: false, scorecards: Vec::new(), ..names.clone() };
        search.limits = limits.iter().filter_map(|limit| self.parse_condition(limit, &names)).collect();
        if limits.is_empty() && file.limits.get().is_some() {
            self.error(Diagnostic::new(file.span, "a search without limits finds no capacity"));
        }
    }
}

impl Search {
    /// The load of a level.
    pub fn load(&self, level: f64) -> Load {
        match self.over {
            // Levels are checked to be whole and at most a million.
            SearchOver::Users => {
                Load::Duration { users: level.round() as u32, duration: self.each, start: Start::Together }
            }
            SearchOver::Rate => Load::ArrivalRate {
                from: level,
                stages: vec![(self.each, level)],
                spacing: Spacing::Poisson,
                max_users: MOST_UNDER_WAY,
            },
        }
    }
}

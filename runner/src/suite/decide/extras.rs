//! Grades, scorecards and cost.

use std::sync::Arc;

use loadgate_report::condition::Condition;
use loadgate_report::figure::{self, Names};
use loadgate_report::model::Level;

use super::Decider;
use super::scenario::names_of;
use crate::suite::diagnostics::{Diagnostic, instead};
use crate::suite::file::{At, CostFile, Fixed, LevelFile, ScorecardFile};
use crate::suite::plan::{ConditionRule, Cost, Grade, Scenario, Scorecard};

type Scenarios = [Option<Arc<Scenario>>];

const PER_DAY: f64 = 1000.0;

impl Decider<'_> {
    pub(super) fn grades(&mut self) -> Vec<Grade> {
        let mut grades = Vec::new();
        let entries: Vec<_> = self.file.grades.get().into_iter().flat_map(|table| table.iter()).collect();
        let last = entries.len().saturating_sub(1);
        for (index, (name, text)) in entries.into_iter().enumerate() {
            let condition = if text.value.0.trim() == "otherwise" {
                if index != last {
                    let message = "`otherwise` is the last grade";
                    self.error(
                        Diagnostic::new(text.span, message).help("grades after it would never be given"),
                    );
                }
                None
            } else {
                let Some(condition) = self.parse_condition(text, &Names::default()) else { continue };
                Some(condition)
            };
            grades.push(Grade { name: name.value.clone(), condition });
        }
        grades
    }

    /// The names of the scorecards on a scenario.
    pub(super) fn cards_on(&self, scenario: &str) -> Vec<String> {
        let entries = self.file.scorecards.get().into_iter().flat_map(|table| table.iter());
        let on_it = entries.filter(|(_, file)| file.scenario.get().is_some_and(|at| at.value.0 == scenario));
        on_it.map(|(name, _)| name.value.clone()).filter(|name| figure::is_valid_name(name)).collect()
    }

    /// The scorecards. Each gives its scenario the condition that enough points are earned.
    pub(super) fn scorecards(&mut self, scenarios: &mut Scenarios) -> Vec<Scorecard> {
        let entries: Vec<_> = self.file.scorecards.get().into_iter().flat_map(|table| table.iter()).collect();
        entries.into_iter().filter_map(|(name, file)| self.scorecard(name, file, scenarios)).collect()
    }

    fn scorecard(
        &mut self,
        name: &At<String>,
        file: &ScorecardFile,
        scenarios: &mut Scenarios,
    ) -> Option<Scorecard> {
        if !figure::is_valid_name(&name.value) {
            let message = format!("a scorecard cannot be called `{}`", name.value);
            let help =
                "conditions name it: a letter, then letters, digits, `_` and `-`, and no word of theirs";
            self.error(Diagnostic::new(name.span, message).help(help));
        }
        let wanted = file.scenario.get()?;
        let all = self.file.scenarios.get().map(|table| table.entries.as_slice()).unwrap_or_default();
        let Some(position) = all.iter().position(|(known, _)| known.value == wanted.value.0) else {
            let help = instead(&wanted.value.0, all.iter().map(|(name, _)| name.value.as_str()));
            let message = format!("there is no scenario `{}`", wanted.value.0);
            self.error(Diagnostic::new(wanted.span, message).help(help));
            return None;
        };
        let scenario = scenarios.get_mut(position)?.as_mut()?;
        let names = names_of(scenario, &self.probes);
        let mut points = Vec::new();
        for (text, value) in file.points.get()?.iter() {
            if value.value <= 0.0 {
                self.error(Diagnostic::new(value.span, "points must be above 0"));
            }
            let text = At { value: Fixed(text.value.clone()), span: text.span };
            points.extend(self.parse_condition(&text, &names).map(|condition| (condition, value.value)));
        }
        let total: f64 = points.iter().map(|(_, points)| points).sum();
        let pass = file.pass.get().map_or(total, |pass| pass.value);
        if let Some(at) = file.pass.get()
            && (at.value > total || at.value < 0.0)
            && points.len() == file.points.get()?.entries.len()
        {
            let message = format!("{} points are needed, and {total} can be had", at.value);
            self.error(Diagnostic::new(at.span, message));
        }
        let level = match file.level.get() {
            Some(LevelFile::Warn) => Level::Warn,
            Some(LevelFile::Critical) | None => Level::Critical,
        };
        let own = Names { scorecards: vec![name.value.clone()], ..Names::default() };
        let label = file.requirement.get().map(|at| at.value.0.clone());
        // What cannot be parsed has a name that was complained of above.
        if let Ok(condition) = Condition::parse(&format!("score.{} >= {pass}", name.value), &own) {
            let scenario = Arc::make_mut(scenario);
            let requirement = label.or_else(|| scenario.requirements.first().cloned());
            scenario.conditions.push(ConditionRule {
                condition,
                level,
                requirement,
                place: self.place(name.span),
            });
        }
        Some(Scorecard { name: name.value.clone(), scenario: wanted.value.0.clone(), pass, points })
    }

    pub(super) fn cost(&mut self, file: &CostFile, scenarios: &Scenarios) -> Cost {
        let not_negative = |decider: &mut Self, at: Option<&At<f64>>, default: f64| {
            let Some(at) = at else { return default };
            if at.value < 0.0 {
                decider.error(Diagnostic::new(at.span, "this cannot be negative"));
            }
            at.value
        };
        let per_request = not_negative(self, file.per_request.get(), 0.0);
        let per_day = not_negative(self, file.per_day.get(), PER_DAY);
        let free_when = file.free_when.get();
        if let Some(counter) = free_when {
            let counters: Vec<&str> =
                scenarios.iter().flatten().flat_map(|s| s.counters.iter().map(String::as_str)).collect();
            if !counters.contains(&counter.value.0.as_str()) && scenarios.iter().all(Option::is_some) {
                let help = instead(&counter.value.0, counters);
                let message = format!("no step counts `{}`", counter.value.0);
                self.error(Diagnostic::new(counter.span, message).help(help));
            }
        }
        Cost {
            per_request,
            free_when: free_when.map(|counter| counter.value.0.clone()),
            currency: file.currency.get().map_or_else(|| "USD".to_owned(), |code| code.value.0.clone()),
            per_day,
        }
    }
}

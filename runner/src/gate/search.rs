//! The search for a capacity: one load after the other, each judged by the limits. Which level comes next and what was found
//! is [`loadgate_report::judge::search`]'s to say.
//!
//! Setup and teardown run around each level and the target settles after it, so that each begins alike: what it still works
//! off would be counted against the next one.

use std::sync::Arc;

use loadgate_report::judge::{NextLevel, conclude_search, judge_level, next_level};
use loadgate_report::model::{self, LevelOutcome, Scenario, SearchOutcome};

use super::Event;
use super::arm::RunningArm;
use super::leaks::Leaks;
use crate::engine;
use crate::suite::plan;

/// The shown level and what must not be lost of the others.
#[derive(Default)]
struct Seen {
    /// What the largest level that held showed.
    held: Option<Scenario>,
    /// What the first level showed.
    first: Option<Scenario>,
    /// What the last level showed.
    last: Option<Scenario>,
    /// Of all levels.
    leaks: Leaks,
}

impl RunningArm<'_> {
    /// Searches. Gives the scenario as [`model::Scenario::search`] describes it.
    pub(super) async fn search(&mut self, index: usize, plan: &plan::Search, round: u32) -> Scenario {
        let whole = Arc::clone(&self.context.plan.scenarios[index]);
        let mut search = begin(plan);
        let mut seen = Seen::default();
        let outcome = loop {
            let level = match next_level(&search) {
                NextLevel::Try(level) => level,
                NextLevel::End(outcome) => break outcome,
            };
            let attempt = search.levels.len() as u64;
            let name = format!("{}, {}", whole.name, search.words(level));
            // Each attempt makes other choices, and the same ones whenever the run is repeated.
            let choices = u64::from(round) + (attempt << 32);
            let result = self.load(index, &Arc::new(at(&whole, plan, level)), &name, choices).await;
            if self.context.control.is_stopped() {
                // Half a level is none.
                seen.last.get_or_insert(result);
                break SearchOutcome::Interrupted;
            }
            let mut tried = judge_level(level, &result, &plan.limits);
            let died = self.died(&result).await.is_some();
            if died {
                tried.outcome = LevelOutcome::Broke;
                tried.message = format!("the target ended; {}", tried.message);
            }
            self.context.observer.on(&Event::LevelEnded { level: &tried, words: &search.words(level) });
            let held = tried.outcome == LevelOutcome::Held;
            search.levels.push(tried);
            seen.add(result, held);
            if died {
                break SearchOutcome::TargetEnded;
            }
        };
        conclude_search(&mut search, outcome);
        let mut result = seen.into_scenario(&whole, outcome);
        if outcome == SearchOutcome::Generator {
            result.generator.problem = Some(search.reason.clone());
        }
        result.load = engine::describe(&whole);
        result.search = Some(search);
        result
    }
}

impl Seen {
    fn add(&mut self, result: Scenario, held: bool) {
        self.leaks.add(&result);
        self.first.get_or_insert_with(|| result.clone());
        if held {
            // Levels are raised while they hold, so the last that held is the largest.
            self.held = Some(result.clone());
        }
        self.last = Some(result);
    }

    /// The scenario of the level that is shown: the one at which the target ended, else the largest that held, else the first.
    fn into_scenario(self, whole: &plan::Scenario, outcome: SearchOutcome) -> Scenario {
        let started_s = self.first.as_ref().map(|first| first.started_s);
        let shown = if outcome == SearchOutcome::TargetEnded {
            self.last
        } else {
            self.held.or(self.first).or(self.last)
        };
        let mut shown = shown.unwrap_or_else(|| super::arm::not_run(whole, "no level was tried"));
        shown.started_s = started_s.unwrap_or(shown.started_s);
        self.leaks.show_in(&mut shown);
        shown
    }
}

fn begin(plan: &plan::Search) -> model::Search {
    model::Search {
        over: match plan.over {
            plan::SearchOver::Users => model::SearchOver::Users,
            plan::SearchOver::Rate => model::SearchOver::Rate,
        },
        from: plan.from,
        to: plan.to,
        precision: plan.precision,
        each_s: plan.each.as_secs_f64(),
        limits: plan.limits.iter().map(|limit| limit.text.clone()).collect(),
        ..model::Search::default()
    }
}

/// The scenario with the load of one level.
fn at(whole: &plan::Scenario, search: &plan::Search, level: f64) -> plan::Scenario {
    let mut scenario = whole.clone();
    scenario.search = None;
    for class in &mut scenario.classes {
        class.load = search.load(level);
    }
    scenario
}

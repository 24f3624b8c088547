//! The suite's own rules over what a scenario showed: conditions, scorecards, grades, cost.

use loadgate_report::Verdict;
use loadgate_report::judge::{estimate, score};
use loadgate_report::model::{ConditionResult, Cost, Scenario};

use crate::suite::plan;

/// Makes the estimate, fills in the scorecards, judges every condition, gives the grade.
pub(super) fn judge(scenario: &mut Scenario, plan: &plan::Scenario, suite: &plan::Plan) {
    if scenario.search.is_none() {
        // Where the law says nothing there is none; a condition on it says why.
        scenario.estimate = estimate(scenario).ok();
    }
    let cards = suite.scorecards.iter().filter(|card| card.scenario == scenario.name);
    let cards = cards.map(|card| score(scenario, &card.name, &card.points, card.pass)).collect();
    // The conditions that enough points are earned read them.
    scenario.scorecards = cards;
    scenario.conditions = plan.conditions.iter().map(|rule| condition(scenario, rule)).collect();
    scenario.grade = suite
        .grades
        .iter()
        .find(|grade| {
            grade
                .condition
                .as_ref()
                .is_none_or(|condition| condition.judge(scenario).verdict == Verdict::Pass)
        })
        // A scenario that measured nothing has no grade, not the last one.
        .filter(|_| scenario.ok > 0)
        .map(|grade| grade.name.clone());
}

fn condition(scenario: &Scenario, rule: &plan::ConditionRule) -> ConditionResult {
    let judged = rule.condition.judge(scenario);
    let mut result = ConditionResult {
        text: rule.condition.text.clone(),
        level: rule.level,
        verdict: judged.verdict,
        figure: rule.condition.subject().to_owned(),
        value: judged.value,
        limit: judged.limit,
        unit: rule.condition.unit,
        samples: judged.samples,
        message: judged.message,
        requirement: rule.requirement.clone(),
        place: Some(rule.place.clone()),
    };
    if scenario.generator.problem.is_some() && rule.condition.depends_on_speed() {
        result.verdict = Verdict::Invalid;
        result.message = format!("{}, but the generator could not keep up", result.message);
    }
    result
}

/// The cost of all scenarios together.
pub(super) fn cost(scenarios: &[Scenario], plan: &plan::Cost) -> Cost {
    let answered: u64 = scenarios.iter().map(|scenario| scenario.ok).sum();
    let free: u64 = plan.free_when.iter().fold(0, |sum, counter| {
        let counters = scenarios.iter().flat_map(|scenario| &scenario.counters);
        sum + counters.filter(|c| &c.name == counter).map(|c| c.yes).sum::<u64>()
    });
    let paid = answered.saturating_sub(free);
    let paid_share = if answered == 0 { 0.0 } else { paid as f64 / answered as f64 };
    let monthly_all = plan.per_day * 30.0 * plan.per_request;
    Cost {
        currency: plan.currency.clone(),
        per_request: plan.per_request,
        paid,
        free,
        total: paid as f64 * plan.per_request,
        saved: free as f64 * plan.per_request,
        per_day: plan.per_day,
        monthly: monthly_all * paid_share,
        monthly_without_free: monthly_all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgate_report::model::Counter;

    #[test]
    fn the_cost_of_a_run_and_of_a_month() {
        let scenario = |ok, hits| Scenario {
            ok,
            counters: vec![Counter {
                name: "cache_hit".into(),
                yes: hits,
                no: ok - hits,
                ..Counter::default()
            }],
            ..Scenario::default()
        };
        let plan = plan::Cost {
            per_request: 0.06,
            free_when: Some("cache_hit".into()),
            currency: "USD".into(),
            per_day: 1000.0,
        };
        let cost = cost(&[scenario(60, 45), scenario(40, 30)], &plan);
        assert_eq!((cost.paid, cost.free), (25, 75));
        assert!((cost.total - 1.5).abs() < 1e-9 && (cost.saved - 4.5).abs() < 1e-9);
        assert!((cost.monthly - 450.0).abs() < 1e-9 && (cost.monthly_without_free - 1800.0).abs() < 1e-9);
    }
}

//! Points of a scorecard.

use crate::Verdict;
use crate::condition::Condition;
use crate::model::{Scenario, ScoreRow, Scorecard};

/// Gives a scenario its points: all of a condition's where it holds, else none. A condition that could not be judged earns
/// nothing and says why; its points are counted apart, since the target did not lose them.
pub fn score(scenario: &Scenario, name: &str, conditions: &[(Condition, f64)], pass: f64) -> Scorecard {
    let rows: Vec<ScoreRow> =
        conditions.iter().map(|(condition, points)| row(scenario, condition, *points)).collect();
    let sum = |of: &dyn Fn(&ScoreRow) -> f64| rows.iter().map(of).sum();
    Scorecard {
        name: name.to_owned(),
        points: sum(&|row| row.earned),
        unjudged: sum(&|row| if row.verdict == Verdict::Invalid { row.points } else { 0.0 }),
        total: sum(&|row| row.points),
        pass,
        rows,
    }
}

fn row(scenario: &Scenario, condition: &Condition, points: f64) -> ScoreRow {
    let mut judged = condition.judge(scenario);
    if scenario.generator.problem.is_some() && condition.depends_on_speed() {
        judged.verdict = Verdict::Invalid;
        judged.message = format!("not judged, since the generator could not keep up: {}", judged.message);
    }
    ScoreRow {
        text: condition.text.clone(),
        points,
        earned: if judged.verdict == Verdict::Pass { points } else { 0.0 },
        verdict: judged.verdict,
        value: judged.value,
        limit: judged.limit,
        unit: condition.unit,
        samples: judged.samples,
        message: judged.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Names;
    use crate::model::Generator;

    fn card(scenario: &Scenario) -> Scorecard {
        let names = Names::default();
        let conditions = [("success_rate > 90%", 60.0), ("ok >= 10", 30.0), ("memory.growth < 5MB", 10.0)];
        let conditions = conditions.map(|(text, points)| (Condition::parse(text, &names).unwrap(), points));
        score(scenario, "production_ready", &conditions, 90.0)
    }

    /// What `score.production_ready >= 90` comes to.
    fn verdict(scenario: &Scenario) -> Verdict {
        let mut scenario = scenario.clone();
        scenario.scorecards = vec![card(&scenario)];
        let names = Names::from(&scenario);
        Condition::parse("score.production_ready >= 90", &names).unwrap().judge(&scenario).verdict
    }

    #[test]
    fn points_are_earned_lost_or_left_open() {
        let well = Scenario {
            requests: 10,
            ok: 10,
            success_rate: Some(1.0),
            resources: Some(crate::model::Resources::default()),
            ..Scenario::default()
        };
        let unwatched = Scenario { resources: None, ..well.clone() };
        let failing = Scenario {
            ok: 8,
            failed: [(crate::model::FailureKind::Timeout, 2)].into(),
            success_rate: Some(0.8),
            ..unwatched.clone()
        };
        let nothing = Scenario { requests: 0, ok: 0, success_rate: None, ..unwatched.clone() };
        for (scenario, points, unjudged, expected) in [
            (&well, 100.0, 0.0, Verdict::Pass),
            // 90 are enough, whatever the missing figure would have been.
            (&unwatched, 90.0, 10.0, Verdict::Pass),
            // 0 of 90, and the 10 that are open cannot mend it.
            (&failing, 0.0, 10.0, Verdict::Fail),
            // Nothing was measured: that is no failure of the target, and never a pass.
            (&nothing, 0.0, 100.0, Verdict::Invalid),
        ] {
            let card = card(scenario);
            assert_eq!((card.points, card.unjudged, card.total), (points, unjudged, 100.0));
            assert_eq!(verdict(scenario), expected, "{card:?}");
        }
        assert!(card(&unwatched).rows[2].message.contains("has no value"));
    }

    #[test]
    fn what_a_tired_generator_shows_earns_nothing() {
        let condition = |text: &str| (Condition::parse(text, &Names::default()).unwrap(), 50.0);
        let tired = Scenario {
            requests: 10,
            ok: 10,
            throughput: Some(100.0),
            generator: Generator { problem: Some("too many users".into()), ..Generator::default() },
            ..Scenario::default()
        };
        let card = score(&tired, "c", &[condition("throughput > 30/s"), condition("ok == 10")], 100.0);
        assert_eq!((card.points, card.unjudged), (50.0, 50.0));
        assert!(card.rows[0].message.contains("the generator could not keep up"), "{}", card.rows[0].message);
    }
}

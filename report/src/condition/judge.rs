//! The judgement of a condition over a scenario.

use super::{Arithmetic, Condition, Op, Sum};
use crate::Verdict;
use crate::figure::Reading;
use crate::model::Scenario;
use crate::quantity::Quantity;

/// What a condition came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// `Pass`, `Fail`, or `Invalid` where there is nothing to judge.
    pub verdict: Verdict,
    /// The left side, in the condition's unit.
    pub value: Option<f64>,
    /// The right side.
    pub limit: Option<f64>,
    /// Samples behind the figure with the fewest.
    pub samples: u64,
    /// Value and limit in words, or why it could not be judged.
    pub message: String,
}

/// Why a side has no value.
struct Gap {
    figure: String,
    reason: String,
}

impl Condition {
    /// Judges it. A figure without samples makes it `Invalid`, never `Pass`.
    ///
    /// A figure without a value may still have bounds: a quantile that too few samples cannot carry does not exceed the
    /// largest sample, and a capacity above the range of its search is not below the level that held. Where a bound decides,
    /// it does.
    pub fn judge(&self, scenario: &Scenario) -> Judged {
        let samples =
            self.figures().iter().map(|(figure, _)| figure.read(scenario).samples()).min().unwrap_or(0);
        let limit = evaluate(&self.right, scenario);
        let value = evaluate(&self.left, scenario);
        match (value, limit) {
            (Ok(value), Ok(limit)) if value.is_finite() && limit.is_finite() => {
                let verdict = if self.op.holds(value, limit) { Verdict::Pass } else { Verdict::Fail };
                let mut message =
                    format!("{} is {}; must be {}", self.subject(), self.show(value), self.must(limit));
                if value != limit && self.show(value).to_string() == self.show(limit).to_string() {
                    let apart = self.show((value - limit).abs()).to_string();
                    let is_shown = apart.contains(|c: char| ('1'..='9').contains(&c));
                    let by = if is_shown { apart } else { "less than is shown".to_owned() };
                    message.push_str(&format!(" (they differ by {by})"));
                }
                Judged { verdict, value: Some(value), limit: Some(limit), samples, message }
            }
            (Ok(_), Ok(limit)) => Judged {
                verdict: Verdict::Invalid,
                value: None,
                limit: limit.is_finite().then_some(limit),
                samples,
                message: format!("{} cannot be computed: a division by zero", self.subject()),
            },
            (Err(gap), limit) => {
                self.judge_by_bounds(scenario, limit.as_ref().ok().copied()).unwrap_or(Judged {
                    verdict: Verdict::Invalid,
                    value: None,
                    limit: limit.ok(),
                    samples,
                    message: format!("{} has no value: {}", gap.figure, gap.reason),
                })
            }
            (Ok(value), Err(gap)) => Judged {
                verdict: Verdict::Invalid,
                value: Some(value),
                limit: None,
                samples,
                message: format!("{} has no value: {}", gap.figure, gap.reason),
            },
        }
    }

    fn judge_by_bounds(&self, scenario: &Scenario, limit: Option<f64>) -> Option<Judged> {
        let Sum::Figure { figure, name } = &self.left else { return None };
        let Reading::Missing { reason, at_most, at_least, samples } = figure.read(scenario) else {
            return None;
        };
        let limit = limit?;
        let (towards, away) = match self.op {
            Op::Less | Op::LessOrEqual => (at_most, at_least),
            Op::Greater | Op::GreaterOrEqual => (at_least, at_most),
            Op::Equal | Op::NotEqual => return None,
        };
        // The bound on the limit's side proves that it is kept, the other one that it is not.
        let kept = towards.filter(|bound| self.op.holds(*bound, limit)).map(|bound| (Verdict::Pass, bound));
        let broken = away.filter(|bound| !self.op.holds(*bound, limit)).map(|bound| (Verdict::Fail, bound));
        let (verdict, bound) = kept.or(broken)?;
        let is = if Some(bound) == at_most { "at most" } else { "at least" };
        Some(Judged {
            verdict,
            value: None,
            limit: Some(limit),
            samples,
            message: format!("{name} is {is} {}; must be {}: {reason}", self.show(bound), self.must(limit)),
        })
    }

    fn show(&self, value: f64) -> Quantity {
        Quantity::new(value, self.unit)
    }

    fn must(&self, limit: f64) -> String {
        format!("{} {}", self.op.as_str(), self.show(limit))
    }
}

fn evaluate(sum: &Sum, scenario: &Scenario) -> Result<f64, Gap> {
    Ok(match sum {
        Sum::Number(quantity) => quantity.value,
        Sum::Figure { figure, name } => match figure.read(scenario) {
            Reading::Value { quantity, .. } => quantity.value,
            Reading::Missing { reason, .. } => return Err(Gap { figure: name.clone(), reason }),
        },
        Sum::Negative(inner) => -evaluate(inner, scenario)?,
        Sum::Binary { op, left, right, .. } => {
            let (left, right) = (evaluate(left, scenario)?, evaluate(right, scenario)?);
            match op {
                Arithmetic::Add => left + right,
                Arithmetic::Subtract => left - right,
                Arithmetic::Multiply => left * right,
                Arithmetic::Divide => left / right,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Histogram;
    use crate::figure::Names;
    use crate::model::{Counter, FailureKind};

    fn scenario(samples_ms: &[u64]) -> Scenario {
        let mut latency = Histogram::default();
        samples_ms.iter().for_each(|ms| latency.record_us(ms * 1000));
        let n = samples_ms.len() as u64;
        Scenario {
            requests: n,
            ok: n,
            latency_ms: latency.into(),
            counters: vec![Counter { name: "hit".into(), ..Counter::default() }],
            ..Scenario::default()
        }
    }

    fn judge(text: &str, scenario: &Scenario) -> Judged {
        Condition::parse(text, &Names::from(scenario)).unwrap().judge(scenario)
    }

    #[test]
    fn a_condition_holds_or_does_not() {
        let s = scenario(&[10; 40]);
        for (text, verdict) in [
            ("latency.p95 < 20ms", Verdict::Pass),
            ("latency.p95 < 5ms", Verdict::Fail),
            ("ok == 40", Verdict::Pass),
            ("ok == 41", Verdict::Fail),
            ("ok != 40", Verdict::Fail),
            ("success_rate >= 100%", Verdict::Pass),
            ("success_rate > 100%", Verdict::Fail),
            ("failed == 0", Verdict::Pass),
            ("latency.max / latency.min <= 1.01", Verdict::Pass),
        ] {
            assert_eq!(judge(text, &s).verdict, verdict, "{text}");
        }
        assert_eq!(judge("latency.p95 < 5ms", &s).message, "latency.p95 is 10 ms; must be < 5 ms");
    }

    #[test]
    fn sides_that_look_alike_are_told_apart() {
        let failed = [(FailureKind::Timeout, 5004)].into();
        let s = Scenario { requests: 100_000, ok: 94_996, failed, ..Scenario::default() };
        for (text, message) in [
            ("success_rate >= 95%", "success_rate is 95 %; must be >= 95 % (they differ by 0.004 %)"),
            ("error_rate <= 5%", "error_rate is 5 %; must be <= 5 % (they differ by 0.004 %)"),
            (
                "error_rate <= 5.0039999%",
                "error_rate is 5 %; must be <= 5 % (they differ by less than is shown)",
            ),
            ("error_rate <= 6%", "error_rate is 5 %; must be <= 6 %"),
            ("ok > 94_996", "ok is 94996; must be > 94996"),
        ] {
            assert_eq!(judge(text, &s).message, message, "{text}");
        }
    }

    #[test]
    fn nothing_measured_never_passes() {
        let empty = scenario(&[]);
        for text in [
            "latency.p95 < 5s",
            "failed == 0",
            "ok < 5",
            "error_rate < 1%",
            "throughput > 0",
            "memory.growth < 50MB",
            "hit.rate > 0",
        ] {
            let judged = judge(text, &empty);
            assert_eq!(judged.verdict, Verdict::Invalid, "{text}: {judged:?}");
        }
        assert_eq!(
            judge("hit.true.latency.mean / hit.false.latency.mean > 1", &scenario(&[1])).verdict,
            Verdict::Invalid
        );
    }

    #[test]
    fn too_few_samples_are_judged_by_the_largest_or_not_at_all() {
        let s = scenario(&[10, 20, 30]);
        assert_eq!(judge("latency.p95 < 1s", &s).verdict, Verdict::Pass);
        assert!(judge("latency.p95 < 1s", &s).message.contains("3 samples cannot carry p95, which needs 20"));
        assert_eq!(judge("latency.p95 < 25ms", &s).verdict, Verdict::Invalid);
        assert_eq!(judge("latency.p95 > 1ms", &s).verdict, Verdict::Invalid);
        // No quantile exceeds the largest, so a lower limit beyond it is not reached.
        assert_eq!(judge("latency.p95 > 31ms", &s).verdict, Verdict::Fail);
    }

    #[test]
    fn a_capacity_that_was_not_found_is_judged_by_its_bounds() {
        use crate::model::{Search, SearchOutcome};
        let of = |search: Search| Scenario {
            search: Some(Search { from: 5.0, to: 80.0, ..search }),
            ..Scenario::default()
        };
        let found = Search {
            outcome: SearchOutcome::Found,
            capacity: Some(20.0),
            held: Some(20.0),
            ..Search::default()
        };
        let top = Search { outcome: SearchOutcome::Top, held: Some(80.0), ..Search::default() };
        let none = Search { outcome: SearchOutcome::NoneHeld, broke: Some(5.0), ..Search::default() };
        let unknown = Search { outcome: SearchOutcome::Unjudged, ..Search::default() };
        for (search, text, verdict) in [
            (&found, "capacity >= 20", Verdict::Pass),
            (&found, "capacity >= 21", Verdict::Fail),
            (&found, "capacity == 20", Verdict::Pass),
            (&top, "capacity >= 80", Verdict::Pass),
            (&top, "capacity > 80", Verdict::Invalid),
            (&top, "capacity < 80", Verdict::Fail),
            (&top, "capacity == 80", Verdict::Invalid),
            (&none, "capacity >= 5", Verdict::Fail),
            (&none, "capacity >= 3", Verdict::Invalid),
            (&none, "capacity < 5", Verdict::Pass),
            (&unknown, "capacity >= 1", Verdict::Invalid),
        ] {
            let judged = judge(text, &of(search.clone()));
            assert_eq!(judged.verdict, verdict, "{text}: {judged:?}");
        }
    }
}

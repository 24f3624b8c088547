//! Changes that somebody accepted, for a while and in public.

use serde::{Deserialize, Serialize};

use super::finding::Place;
use crate::quantity::Unit;

/// A line of `loadgate.accept.yml`: a figure may be worse than it should be, up to a bound and a day. It stays visible in every
/// report until it has expired; then the figure counts again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Acceptance {
    /// The scenario; `None` for all.
    #[serde(default)]
    pub scenario: Option<String>,
    /// The figure, such as `latency.p95`.
    pub figure: String,
    /// The new bound in the base unit of `unit`; `None` accepts any value (a waiver).
    #[serde(default)]
    pub bound: Option<f64>,
    /// Unit of `bound`.
    pub unit: Unit,
    /// Why it is accepted.
    pub reason: String,
    /// Last day on which it holds, `YYYY-MM-DD`.
    pub expires: String,
    /// Whether that day has passed.
    #[serde(default)]
    pub expired: bool,
    /// Whether it changed anything in this run.
    #[serde(default)]
    pub used: bool,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

impl Acceptance {
    /// Whether it speaks of this figure.
    pub fn speaks_of(&self, scenario: &str, figure: &str) -> bool {
        self.figure == figure && self.scenario.as_deref().is_none_or(|s| s == scenario)
    }

    /// Whether a value is still within what was accepted.
    ///
    /// Worse is the way that leads from `before` to `limit`. For a condition, which has no `before`, and where nothing at all is
    /// allowed, it is the way that the value went. A change without a limit was not judged, and is within no bound.
    pub fn covers(&self, value: Option<f64>, before: Option<f64>, limit: Option<f64>) -> bool {
        let Some(bound) = self.bound else { return true };
        let (Some(value), Some(limit)) = (value, limit) else { return false };
        let from = before.unwrap_or(limit);
        let more_is_worse = match from == limit {
            false => limit > from,
            // Just at a limit that has to be passed: any bound is beyond.
            true if value == from => return true,
            true => value > from,
        };
        if more_is_worse { value <= bound } else { value >= bound }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_bound_covers() {
        for (bound, value, before, limit, covered) in [
            // A condition. More is worse: the value went up past the limit.
            (Some(300.0), Some(200.0), None, Some(150.0), true),
            (Some(300.0), Some(300.0), None, Some(150.0), true),
            (Some(180.0), Some(200.0), None, Some(150.0), false),
            // Less is worse: it went down.
            (Some(0.90), Some(0.92), None, Some(0.95), true),
            (Some(0.90), Some(0.90), None, Some(0.95), true),
            (Some(0.90), Some(0.89), None, Some(0.95), false),
            // Neither, where a limit has to be passed and the value is just at it.
            (Some(0.90), Some(0.95), None, Some(0.95), true),
            (Some(300.0), Some(150.0), None, Some(150.0), true),
            // A change: the way to the limit is for the worse, whichever way the value went.
            (Some(120.0), Some(103.0), Some(100.0), Some(105.0), true),
            (Some(120.0), Some(98.0), Some(100.0), Some(105.0), true),
            (Some(102.0), Some(103.0), Some(100.0), Some(105.0), false),
            (Some(40.0), Some(51.0), Some(50.0), Some(47.5), true),
            (Some(40.0), Some(39.0), Some(50.0), Some(47.5), false),
            // Nothing is allowed.
            (Some(120.0), Some(110.0), Some(100.0), Some(100.0), true),
            (Some(120.0), Some(130.0), Some(100.0), Some(100.0), false),
            // It was not judged.
            (Some(120.0), Some(110.0), Some(100.0), None, false),
            (Some(0.02), Some(0.0), Some(0.0), None, false),
            // What is not known is within no bound; a waiver asks for none.
            (Some(300.0), None, None, Some(150.0), false),
            (Some(300.0), Some(200.0), None, None, false),
            (None, None, None, None, true),
            (None, Some(9e9), None, Some(150.0), true),
        ] {
            let acceptance = Acceptance {
                scenario: None,
                figure: "latency.p95".into(),
                bound,
                unit: Unit::Ms,
                reason: String::new(),
                expires: String::new(),
                expired: false,
                used: false,
                place: None,
            };
            let covers = acceptance.covers(value, before, limit);
            assert_eq!(covers, covered, "{bound:?}: {value:?} of {before:?} against {limit:?}");
        }
    }
}

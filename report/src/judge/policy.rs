//! Which figures gate, which way is worse, and how much change is allowed.

use std::collections::{BTreeMap, BTreeSet};

/// What a suite may say about the comparison. The default is what applies where it says nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Allowed relative change by figure (0.05 = 5 %). A name without subject (`latency.p50`) speaks for the same figure of
    /// every class and counter; the longer name wins. Naming a figure that does not gate by default makes it gate.
    pub tolerances: BTreeMap<String, f64>,
    /// Allowed absolute change by figure, in its base unit; found like the tolerances.
    pub floors: BTreeMap<String, f64>,
    /// Which way is better, where the default is wrong for this suite.
    pub better: BTreeMap<String, Better>,
    /// Figures that are shown only, although they gate by default.
    pub shown: BTreeSet<String>,
    /// Earlier runs that are looked at, newest first; also how many a baseline keeps.
    pub keep: usize,
    /// Probability of suspecting anything in a whole run without cause, over all figures that have a p-value (Holm). A
    /// suspicion only costs fresh rounds, which then decide, so it may be wrong now and then.
    pub alpha: f64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            tolerances: BTreeMap::new(),
            floors: BTreeMap::new(),
            better: BTreeMap::new(),
            shown: BTreeSet::new(),
            keep: crate::baseline::KEEP,
            alpha: 0.2,
        }
    }
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Less is better: latencies, errors.
    Lower,
    /// More is better: throughput, hit rates.
    Higher,
    /// Any change is for the worse: a limit that refuses more turns users away, one that refuses less has given way.
    Neither,
}

/// How a figure is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A positive number that the machine's speed goes into: judged within a machine class, as a ratio.
    Speed {
        /// Share of the samples that carries it: 0.05 for p95, 0.5 for a median, 1 for a rate over all.
        tail: f64,
    },
    /// A share of countable events: judged across machine classes, by counts.
    Share,
    /// A rate of growth, which may be zero or less: judged within a machine class, as a difference, and over long runs only.
    Slope,
    /// Not judged.
    Shown,
}

/// What applies to one figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FigureRule {
    /// How it is judged.
    pub kind: Kind,
    /// Which way is better.
    pub better: Better,
    /// Allowed relative change.
    pub tolerance: f64,
    /// Allowed absolute change in the figure's base unit.
    pub floor: f64,
    /// Allowed absolute change of a share that is never near 0 anyway; not below `floor`.
    pub most: f64,
}

/// What a share may change by, relative to what is usual, from the floor up to [`FigureRule::most`].
const OF_USUAL: f64 = 0.5;

impl FigureRule {
    /// What a share may change by (0 to 1) where `usual` of the events are nothing new and `mean` is that of both sides.
    pub(crate) fn allowed_share(&self, usual: f64, mean: f64) -> f64 {
        self.floor.max((usual * OF_USUAL).min(self.most)).max(self.tolerance * mean)
    }

    /// Whether the figure can fail the gate.
    pub fn gated(&self) -> bool {
        self.kind != Kind::Shown
    }
}

/// The figures that gate by default: last words of the name, kind, better, relative tolerance, absolute floor (ms, share or
/// bytes per second).
///
/// The floors say what no one would notice: 2 ms on a median, three requests of a thousand, 5.3 GiB a day. A `rate` is a counter's.
const GATED: &[(&str, Kind, Better, f64, f64)] = &[
    ("latency.p50", Kind::Speed { tail: 0.5 }, Better::Lower, 0.05, 2.0),
    ("latency.p95", Kind::Speed { tail: 0.05 }, Better::Lower, 0.10, 4.0),
    ("ttft.p50", Kind::Speed { tail: 0.5 }, Better::Lower, 0.05, 2.0),
    ("ttft.p95", Kind::Speed { tail: 0.05 }, Better::Lower, 0.10, 4.0),
    ("throughput", Kind::Speed { tail: 1.0 }, Better::Higher, 0.05, 0.0),
    ("error_rate", Kind::Share, Better::Lower, 0.0, 0.003),
    ("refusal_rate", Kind::Share, Better::Neither, 0.0, 0.01),
    ("rate", Kind::Share, Better::Higher, 0.0, 0.05),
    ("memory.slope", Kind::Slope, Better::Lower, 0.0, 65_536.0),
];

/// What a service that fails anyway may fail more: how much it does wanders, and no gate can see less in reasonable time.
const MOST_ERRORS: f64 = 0.005;

/// Whether `figure` is `last` or ends with it behind a dot.
fn ends_with(figure: &str, last: &str) -> bool {
    figure.strip_suffix(last).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// What the longest matching name says.
fn lookup<T: Copy>(map: &BTreeMap<String, T>, figure: &str) -> Option<T> {
    map.iter().filter(|(name, _)| ends_with(figure, name)).max_by_key(|(name, _)| name.len()).map(|(_, v)| *v)
}

impl Policy {
    /// What applies to a figure.
    pub fn rule(&self, figure: &str) -> FigureRule {
        let known = GATED.iter().find(|(last, ..)| ends_with(figure, last));
        let asked = lookup(&self.tolerances, figure);
        let (mut kind, better, tolerance, floor) = match known {
            Some(&(_, kind, better, tolerance, floor)) => (kind, better, tolerance, floor),
            None if asked.is_some() => (Kind::Speed { tail: tail(figure) }, better_of(figure), 0.0, 0.0),
            None => (Kind::Shown, better_of(figure), 0.0, 0.0),
        };
        // Beyond p99 a run has too few samples for two runs to agree, whatever a suite asks for.
        let shown = self.shown.iter().any(|name| ends_with(figure, name));
        if shown || figure.contains(".p99.") {
            kind = Kind::Shown;
        }
        let asked_floor = lookup(&self.floors, figure);
        let most = if ends_with(figure, "error_rate") { MOST_ERRORS } else { floor };
        FigureRule {
            kind,
            better: lookup(&self.better, figure).unwrap_or(better),
            tolerance: asked.unwrap_or(tolerance),
            floor: asked_floor.unwrap_or(floor),
            // Who names a floor means that one.
            most: asked_floor.unwrap_or(most),
        }
    }
}

/// Share of the samples that carries a figure, read off its name.
fn tail(figure: &str) -> f64 {
    let percent =
        figure.rsplit('.').next().and_then(|last| last.strip_prefix('p')).and_then(|p| p.parse::<f64>().ok());
    percent.map_or(1.0, |p| (p / 100.0).min(1.0 - p / 100.0).max(0.001))
}

fn better_of(figure: &str) -> Better {
    let more = ["throughput", "success_rate", "goodput", "tokens_per_s", "ok", "iterations"];
    if more.iter().any(|last| ends_with(figure, last)) { Better::Higher } else { Better::Lower }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_fails_anyway_may_fail_a_little_more() {
        let rule = Policy::default().rule("error_rate");
        let allowed = [0.0, 0.004, 0.008, 0.5].map(|usual| rule.allowed_share(usual, usual));
        assert_eq!(allowed, [0.003, 0.003, 0.004, 0.005]);
        // Who names a floor means that one.
        let mut policy = Policy::default();
        policy.floors.insert("error_rate".into(), 0.001);
        assert_eq!(policy.rule("error_rate").allowed_share(0.02, 0.02), 0.001);
        // Nothing of this for a hit rate, which is mostly high.
        assert_eq!(Policy::default().rule("cache_hit.rate").allowed_share(0.9, 0.9), 0.05);
    }

    #[test]
    fn what_gates_by_default() {
        let policy = Policy::default();
        for gated in [
            "latency.p50",
            "latency.p95",
            "quick.latency.p95",
            "hit.false.latency.p50",
            "ttft.p50",
            "throughput",
            "error_rate",
            "refusal_rate",
            "cache_hit.rate",
        ] {
            assert!(policy.rule(gated).gated(), "{gated}");
        }
        for shown in
            ["latency.p99", "latency.mean", "service_time.p50", "success_rate", "memory.growth", "requests"]
        {
            assert!(!policy.rule(shown).gated(), "{shown}");
        }
        assert_eq!(policy.rule("throughput").better, Better::Higher);
        assert_eq!(policy.rule("error_rate").kind, Kind::Share);
        assert_eq!(policy.rule("quick.latency.p95").kind, Kind::Speed { tail: 0.05 });
    }

    #[test]
    fn a_suite_changes_what_applies() {
        let policy = Policy {
            tolerances: [
                ("latency.p50".into(), 0.2),
                ("quick.latency.p50".into(), 0.3),
                ("latency.p99".into(), 0.5),
            ]
            .into(),
            floors: [("latency.p95".into(), 100.0)].into(),
            better: [("fallback.rate".into(), Better::Lower)].into(),
            shown: ["throughput".into()].into(),
            ..Policy::default()
        };
        assert_eq!(policy.rule("latency.p50").tolerance, 0.2);
        assert_eq!(policy.rule("complex.latency.p50").tolerance, 0.2);
        assert_eq!(policy.rule("quick.latency.p50").tolerance, 0.3);
        assert_eq!(policy.rule("latency.p95").floor, 100.0);
        assert_eq!(policy.rule("latency.p99").kind, Kind::Speed { tail: 1.0 - 0.99 });
        assert_eq!(policy.rule("fallback.rate").better, Better::Lower);
        assert!(!policy.rule("throughput").gated());
        let all = Policy { tolerances: [("latency.p99.9".into(), 0.1)].into(), ..Policy::default() };
        assert!(!all.rule("latency.p99.9").gated());
    }
}

//! From a name to a figure, with the names that a suite brings along.

use super::{
    Estimated, Extreme, Figure, Measure, MemoryFigure, ProbeMoment, Spans, Statistic, Subject, Third,
};
use crate::model::{FailureKind, Scenario};

/// The names that a scenario's steps, classes, counters, probes and scorecards have, and whether it searches for a capacity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Named steps.
    pub steps: Vec<String>,
    /// Classes.
    pub classes: Vec<String>,
    /// Counters (`count:`).
    pub counters: Vec<String>,
    /// Probes (`probes:`).
    pub probes: Vec<String>,
    /// Scorecards on this scenario.
    pub scorecards: Vec<String>,
    /// Whether its load is a search, so that there is a `capacity`.
    pub searches: bool,
}

impl From<&Scenario> for Names {
    fn from(scenario: &Scenario) -> Self {
        Self {
            steps: scenario.steps.iter().map(|s| s.name.clone()).collect(),
            classes: scenario.classes.iter().map(|c| c.name.clone()).collect(),
            counters: scenario.counters.iter().map(|c| c.name.clone()).collect(),
            probes: scenario.probes.iter().map(|p| p.name.clone()).collect(),
            scorecards: scenario.scorecards.iter().map(|c| c.name.clone()).collect(),
            searches: scenario.search.is_some(),
        }
    }
}

/// First words of figures, which no step, class, counter or probe may have as its name.
pub const RESERVED: &[&str] = &[
    "latency",
    "service_time",
    "queue_wait",
    "retries",
    "ttft",
    "itl",
    "tokens_per_s",
    "unstreamed",
    "unstreamed_rate",
    "goodput",
    "requests",
    "ok",
    "refused",
    "failed",
    "status",
    "success_rate",
    "error_rate",
    "refusal_rate",
    "throughput",
    "duration",
    "iterations",
    "users",
    "user",
    "memory",
    "cpu",
    "io",
    "open_files",
    "capacity",
    "score",
    "estimate",
    "otherwise",
];

/// Whether a name can be used in conditions: a letter, then letters, digits, `_` and `-`, and not a reserved word.
pub fn is_valid_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && !name.ends_with('-')
        && !RESERVED.contains(&name)
}

/// A name that is no figure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no figure `{name}`")]
pub struct UnknownFigure {
    /// As it was written.
    pub name: String,
    /// What may be written instead.
    pub help: String,
}

impl Figure {
    /// Understands a figure's name.
    ///
    /// # Errors
    /// [`UnknownFigure`] with the words that would fit in its place.
    pub fn parse(text: &str, names: &Names) -> Result<Self, UnknownFigure> {
        let unknown = |help: String| UnknownFigure { name: text.to_owned(), help };
        let words: Vec<&str> = text.split('.').collect();
        let (first, rest) = (words[0], &words[1..]);
        let has = |list: &[String]| list.iter().any(|n| n == first);
        let (subject, found, may) = if has(&names.steps) {
            (Subject::Step(first.to_owned()), requests_measure(rest, true), REQUEST_FIGURES)
        } else if has(&names.classes) {
            (Subject::Class(first.to_owned()), class_measure(rest), CLASS_FIGURES)
        } else if has(&names.counters) {
            (Subject::Counter(first.to_owned()), counter_measure(rest), COUNTER_FIGURES)
        } else if has(&names.probes) {
            (Subject::Probe(first.to_owned()), probe_measure(rest), PROBE_FIGURES)
        } else {
            if let Some(help) = not_here(&words, names) {
                return Err(unknown(help));
            }
            let found = requests_measure(&words, false).or_else(|| scenario_measure(&words));
            if found.is_none() && !RESERVED.contains(&first) {
                return Err(unknown(first_word_help(first, names)));
            }
            (Subject::Scenario, found, SCENARIO_FIGURES)
        };
        let measure = found.ok_or_else(|| match subject {
            Subject::Scenario => unknown(format!("figures of a scenario are {may}")),
            _ => unknown(format!("after `{first}.` may come {may}")),
        })?;
        Ok(Self { subject, measure })
    }
}

const REQUEST_FIGURES: &str = "`latency.STAT`, `service_time.STAT`, `queue_wait.STAT`, `ttft.STAT`, `itl.STAT` (STAT: mean, min, max, stdev, p50, p95 …), \
     `requests`, `ok`, `refused`, `failed`, `failed.KIND`, `status.CODE`, `success_rate`, `error_rate`, `refusal_rate`, `retries`, `tokens_per_s`, `unstreamed`, `unstreamed_rate`, `goodput`";
const CLASS_FIGURES: &str = "`latency.STAT` (STAT: mean, min, max, stdev, p50, p95 …), `requests`, `ok`, `refused`, `failed`, \
     `failed.KIND`, `success_rate`, `error_rate`, `refusal_rate`, `throughput`, `iterations`, `iterations.throughput`, `users`";
const COUNTER_FIGURES: &str = "`rate`, `true`, `false`, `true.latency.STAT`, `false.latency.STAT`";
const PROBE_FIGURES: &str = "`before`, `after`, `min`, `max`";
const SCENARIO_FIGURES: &str = "`latency.STAT`, `service_time.STAT`, `queue_wait.STAT`, `ttft.STAT`, `itl.STAT` (STAT: mean, min, max, stdev, p50, p95 …), \
     `requests`, `ok`, `refused`, `failed`, `failed.KIND`, `status.CODE`, `success_rate`, `error_rate`, `refusal_rate`, `retries`, `throughput`, \
     `throughput.first_third`, `throughput.last_third`, `throughput.lowest`, `tokens_per_s`, `unstreamed`, `unstreamed_rate`, `goodput`, `duration`, `iterations`, `iterations.throughput`, `users`, `user.ok.min`, \
     `user.ok.max`, `memory.before|peak|after|growth|slope`, `cpu.cores`, `cpu.time`, `io.read`, `io.written`, `open_files`, \
     `estimate.throughput`, `estimate.users`, `capacity` of a search, `score.CARD` of a scorecard";

fn first_word_help(first: &str, names: &Names) -> String {
    let own = [&names.steps, &names.classes, &names.counters, &names.probes];
    let all = own.into_iter().flatten().map(String::as_str).chain(RESERVED.iter().copied());
    let near = all.filter(|w| *w != "otherwise").min_by_key(|w| distance(first, w));
    match near {
        Some(word) if distance(first, word) <= 1 + first.len() / 4 => format!("did you mean `{word}`?"),
        _ => format!(
            "{SCENARIO_FIGURES}; or a name of this suite: {}",
            own.into_iter().flatten().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// Why a figure that some scenarios have is none of this one; `None` where it is.
fn not_here(words: &[&str], names: &Names) -> Option<String> {
    match words {
        ["capacity"] if !names.searches => Some("only a search finds one: `load: { search: … }`".to_owned()),
        ["score", card] if !names.scorecards.iter().any(|name| name == card) => {
            Some(if names.scorecards.is_empty() {
                "no scorecard is about this scenario".to_owned()
            } else {
                let cards: Vec<String> =
                    names.scorecards.iter().map(|name| format!("`score.{name}`")).collect();
                format!("the scorecards on this scenario are {}", cards.join(", "))
            })
        }
        _ => None,
    }
}

/// Levenshtein distance; names are short, so the plain table does.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &cb) in b.iter().enumerate() {
            let replace = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn statistic(words: &[&str]) -> Option<Statistic> {
    Some(match words {
        ["mean"] => Statistic::Mean,
        ["min"] => Statistic::Min,
        ["max"] => Statistic::Max,
        ["stdev"] => Statistic::Stdev,
        ["median"] => Statistic::Quantile(0.5),
        [p, decimals @ ..] if p.starts_with('p') && decimals.len() <= 1 => {
            let digits = |s: &&str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
            let whole = &p[1..];
            if !digits(&whole) || !decimals.iter().all(digits) {
                return None;
            }
            let percent: f64 = format!("{whole}.{}", decimals.first().unwrap_or(&"0")).parse().ok()?;
            (percent < 100.0).then_some(Statistic::Quantile(percent / 100.0))?
        }
        _ => return None,
    })
}

fn requests_measure(words: &[&str], of_step: bool) -> Option<Measure> {
    Some(match words {
        ["latency", stat @ ..] => Measure::Spans(Spans::Latency, statistic(stat)?),
        ["service_time", stat @ ..] => Measure::Spans(Spans::ServiceTime, statistic(stat)?),
        ["queue_wait", stat @ ..] => Measure::Spans(Spans::QueueWait, statistic(stat)?),
        ["retries"] => Measure::Retries,
        ["ttft", stat @ ..] => Measure::Spans(Spans::Ttft, statistic(stat)?),
        ["itl", stat @ ..] => Measure::Spans(Spans::Itl, statistic(stat)?),
        ["tokens_per_s"] => Measure::TokensPerSecond,
        ["unstreamed"] => Measure::Unstreamed,
        ["unstreamed_rate"] => Measure::UnstreamedRate,
        ["goodput"] => Measure::Goodput,
        ["requests"] => Measure::Requests,
        ["ok"] => Measure::Ok,
        ["refused"] => Measure::Refused,
        ["failed"] => Measure::Failed(None),
        ["failed", kind] => Measure::Failed(Some(
            FailureKind::ALL.into_iter().find(|k| k.as_str().replace(' ', "_") == *kind)?,
        )),
        ["status", code] => Measure::Status(code.parse().ok().filter(|c| (100..600).contains(c))?),
        ["success_rate"] => Measure::SuccessRate,
        ["error_rate"] => Measure::ErrorRate,
        ["refusal_rate"] => Measure::RefusalRate,
        ["throughput"] if !of_step => Measure::Throughput,
        _ => return None,
    })
}

fn class_measure(words: &[&str]) -> Option<Measure> {
    match words {
        ["throughput"] => Some(Measure::Throughput),
        ["iterations"] => Some(Measure::Iterations),
        ["iterations", "throughput"] => Some(Measure::IterationThroughput),
        ["users"] => Some(Measure::Users),
        ["service_time" | "queue_wait" | "retries" | "ttft" | "itl" | "status" | "tokens_per_s", ..]
        | ["unstreamed" | "unstreamed_rate" | "goodput", ..] => None,
        _ => requests_measure(words, true),
    }
}

fn counter_measure(words: &[&str]) -> Option<Measure> {
    Some(match words {
        ["rate"] => Measure::CounterRate,
        ["true"] => Measure::CounterCount(true),
        ["false"] => Measure::CounterCount(false),
        ["true", "latency", stat @ ..] => Measure::Spans(Spans::LatencyWhere(true), statistic(stat)?),
        ["false", "latency", stat @ ..] => Measure::Spans(Spans::LatencyWhere(false), statistic(stat)?),
        _ => return None,
    })
}

fn probe_measure(words: &[&str]) -> Option<Measure> {
    Some(Measure::ProbeAt(match words {
        ["before"] => ProbeMoment::Before,
        ["after"] => ProbeMoment::After,
        ["min"] => ProbeMoment::Min,
        ["max"] => ProbeMoment::Max,
        _ => return None,
    }))
}

fn scenario_measure(words: &[&str]) -> Option<Measure> {
    Some(match words {
        ["throughput", "first_third"] => Measure::ThroughputThird(Third::First),
        ["throughput", "lowest"] => Measure::ThroughputLowest,
        ["throughput", "last_third"] => Measure::ThroughputThird(Third::Last),
        ["duration"] => Measure::Duration,
        ["iterations"] => Measure::Iterations,
        ["iterations", "throughput"] => Measure::IterationThroughput,
        ["users"] => Measure::Users,
        ["user", "ok", "min"] => Measure::UserOk(Extreme::Min),
        ["user", "ok", "max"] => Measure::UserOk(Extreme::Max),
        ["memory", moment] => Measure::Memory(match *moment {
            "before" => MemoryFigure::Before,
            "peak" => MemoryFigure::Peak,
            "after" => MemoryFigure::After,
            "growth" => MemoryFigure::Growth,
            "slope" => MemoryFigure::Slope,
            _ => return None,
        }),
        ["cpu", "cores"] => Measure::CpuCores,
        ["cpu", "time"] => Measure::CpuSeconds,
        ["io", "read"] => Measure::ReadBytes,
        ["io", "written"] => Measure::WrittenBytes,
        ["open_files"] => Measure::OpenFiles,
        ["capacity"] => Measure::Capacity,
        ["score", card] => Measure::Score((*card).to_owned()),
        ["estimate", "throughput"] => Measure::Estimate(Estimated::Throughput),
        ["estimate", "users"] => Measure::Estimate(Estimated::Users),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Unit;

    fn names() -> Names {
        Names {
            steps: vec!["start".into()],
            classes: vec!["quick".into()],
            counters: vec!["cache_hit".into()],
            probes: vec!["active".into()],
            scorecards: vec!["ready".into()],
            searches: true,
        }
    }

    #[test]
    fn names_and_their_units() {
        let cases = [
            ("latency.p95", Unit::Ms),
            ("latency.p99.9", Unit::Ms),
            ("start.ok", Unit::Count),
            ("start.ttft.p50", Unit::Ms),
            ("start.unstreamed", Unit::Count),
            ("unstreamed_rate", Unit::Ratio),
            ("goodput", Unit::Ratio),
            ("start.goodput", Unit::Ratio),
            ("failed.status_5xx", Unit::Count),
            ("quick.latency.mean", Unit::Ms),
            ("quick.throughput", Unit::PerSecond),
            ("cache_hit.rate", Unit::Ratio),
            ("cache_hit.false.latency.mean", Unit::Ms),
            ("active.after", Unit::Count),
            ("memory.growth", Unit::Bytes),
            ("memory.slope", Unit::BytesPerSecond),
            ("throughput.last_third", Unit::PerSecond),
            ("throughput.lowest", Unit::PerSecond),
            ("iterations.throughput", Unit::PerSecond),
            ("quick.iterations.throughput", Unit::PerSecond),
            ("user.ok.min", Unit::Count),
            ("capacity", Unit::Count),
            ("score.ready", Unit::Count),
            ("estimate.throughput", Unit::PerSecond),
            ("estimate.users", Unit::Count),
        ];
        for (text, unit) in cases {
            assert_eq!(Figure::parse(text, &names()).map(|f| f.unit()), Ok(unit), "{text}");
        }
    }

    #[test]
    fn what_is_no_figure_says_what_would_be() {
        for (text, hint) in [
            ("latncy.p95", "did you mean `latency`?"),
            ("cachehit.rate", "did you mean `cache_hit`?"),
            ("latency.p100", "figures of a scenario"),
            ("latency", "figures of a scenario"),
            ("start.throughput", "after `start.` may come"),
            ("quick.ttft.p50", "after `quick.` may come"),
            ("quick.goodput", "after `quick.` may come"),
            ("active.mean", "`before`, `after`"),
            ("wholly_else", "`start`, `quick`"),
            ("score.redy", "the scorecards on this scenario are `score.ready`"),
            ("estimate.rate", "`estimate.throughput`"),
        ] {
            let error = Figure::parse(text, &names()).unwrap_err();
            assert!(error.help.contains(hint), "{text}: {}", error.help);
        }
    }

    #[test]
    fn a_capacity_needs_a_search_and_a_score_a_card() {
        for (text, hint) in [("capacity", "only a search"), ("score.ready", "no scorecard is about")] {
            let error = Figure::parse(text, &Names::default()).unwrap_err();
            assert!(error.help.contains(hint), "{text}: {}", error.help);
        }
    }

    #[test]
    fn names_that_conditions_can_use() {
        assert!(is_valid_name("start") && is_valid_name("cache_hit") && is_valid_name("large-file2"));
        for name in ["", "2nd", "latency", "a b", "a.b", "true-", "é"] {
            assert!(!is_valid_name(name), "{name}");
        }
    }
}

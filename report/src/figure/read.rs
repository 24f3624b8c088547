//! The value of a figure in a scenario.

use super::{
    Estimated, Extreme, Figure, Measure, MemoryFigure, ProbeMoment, Spans, Statistic, Subject, Third,
};
use crate::Histogram;
use crate::judge::estimate;
use crate::model::{Distribution, FailureKind, Phase, Scenario, SearchOutcome, SearchOver};
use crate::quantity::Quantity;
use std::collections::BTreeMap;

/// A figure's value, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// It has a value.
    Value {
        /// The value in base units.
        quantity: Quantity,
        /// Samples behind it.
        samples: u64,
    },
    /// It has none.
    Missing {
        /// Why not, as a sentence fragment.
        reason: String,
        /// Samples that there are.
        samples: u64,
        /// What it cannot exceed: the largest sample, for a quantile that too few samples cannot carry.
        at_most: Option<f64>,
        /// What it cannot be below: the level that held, for a capacity above the range of its search.
        at_least: Option<f64>,
    },
}

impl Reading {
    /// The value, if there is one.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Value { quantity, .. } => Some(quantity.value),
            Self::Missing { .. } => None,
        }
    }

    /// Samples behind it.
    pub fn samples(&self) -> u64 {
        match self {
            Self::Value { samples, .. } | Self::Missing { samples, .. } => *samples,
        }
    }

    fn missing(reason: impl Into<String>) -> Self {
        Self::Missing { reason: reason.into(), samples: 0, at_most: None, at_least: None }
    }
}

const NO_LIMITS: &str = "no request that the suite has `goodput` limits for was ok or failed; limits are written as `goodput: { latency: 2s }`";

/// The outcomes that scenarios, steps and classes share.
struct Outcomes<'a> {
    requests: u64,
    ok: u64,
    refused: u64,
    failed: &'a BTreeMap<FailureKind, u64>,
}

impl Outcomes<'_> {
    fn failed_total(&self) -> u64 {
        self.failed.values().sum()
    }
}

impl Figure {
    /// Reads the figure off a scenario.
    pub fn read(&self, scenario: &Scenario) -> Reading {
        match &self.subject {
            Subject::Scenario => self.of_scenario(scenario),
            Subject::Step(name) => self.of_step(scenario, name),
            Subject::Class(name) => self.of_class(scenario, name),
            Subject::Counter(name) => self.of_counter(scenario, name),
            Subject::Probe(name) => self.of_probe(scenario, name),
        }
    }

    fn value(&self, value: f64, samples: u64) -> Reading {
        Reading::Value { quantity: Quantity::new(value, self.unit()), samples }
    }

    fn optional(&self, value: Option<f64>, samples: u64, reason: &str) -> Reading {
        value.map_or_else(|| Reading::missing(reason), |v| self.value(v, samples))
    }

    fn of_outcomes(&self, of: &Outcomes<'_>) -> Option<Reading> {
        let failed = of.failed_total();
        let share = |part: u64, whole: u64, what: &str| {
            self.optional((whole > 0).then(|| part as f64 / whole as f64), whole, what)
        };
        // A count is a fact even where it is zero, but a scenario that sent nothing has no facts.
        let count = |n: u64| {
            if of.requests == 0 {
                Reading::missing("no request was made")
            } else {
                self.value(n as f64, of.requests)
            }
        };
        Some(match self.measure {
            Measure::Requests => count(of.requests),
            Measure::Ok => count(of.ok),
            Measure::Refused => count(of.refused),
            Measure::Failed(None) => count(failed),
            Measure::Failed(Some(kind)) => count(of.failed.get(&kind).copied().unwrap_or(0)),
            Measure::SuccessRate => share(of.ok, of.ok + failed, "no request was ok or failed"),
            Measure::ErrorRate => share(failed, of.ok + failed, "no request was ok or failed"),
            Measure::RefusalRate => share(of.refused, of.requests, "no request was made"),
            _ => return None,
        })
    }

    fn of_spans(&self, distribution: &Distribution, statistic: Statistic) -> Reading {
        let n = distribution.count;
        if n == 0 {
            return Reading::missing("there are no samples");
        }
        let histogram = &distribution.histogram;
        match statistic {
            Statistic::Mean => self.optional(distribution.mean, n, "there are no samples"),
            Statistic::Min => self.optional(distribution.min, n, "there are no samples"),
            Statistic::Max => self.optional(distribution.max, n, "there are no samples"),
            Statistic::Stdev => self.optional(distribution.stdev, n, "it needs two samples"),
            Statistic::Quantile(q) => histogram.quantile_ms(q).map_or_else(
                || Reading::Missing {
                    reason: format!(
                        "{n} samples cannot carry p{}, which needs {}",
                        (q * 1e4).round() / 100.0,
                        Histogram::samples_for(q)
                    ),
                    samples: n,
                    at_most: distribution.max,
                    at_least: None,
                },
                |v| self.value(v, n),
            ),
        }
    }

    fn of_scenario(&self, s: &Scenario) -> Reading {
        let outcomes = Outcomes { requests: s.requests, ok: s.ok, refused: s.refused, failed: &s.failed };
        if let Some(reading) = self.of_outcomes(&outcomes) {
            return reading;
        }
        let resources = |get: fn(&crate::model::Resources) -> Option<f64>| {
            let Some(resources) = &s.resources else {
                return Reading::missing(
                    "the target's processes were not watched (loadgate did not start them)",
                );
            };
            self.optional(get(resources), 1, "it could not be read on this machine")
        };
        match &self.measure {
            Measure::Spans(Spans::Latency, statistic) => self.of_spans(&s.latency_ms, *statistic),
            Measure::Spans(Spans::ServiceTime, statistic) => self.of_spans(&s.service_time_ms, *statistic),
            Measure::Spans(spans @ (Spans::Ttft | Spans::Itl | Spans::QueueWait), statistic) => {
                let mut all = Histogram::default();
                for step in &s.steps {
                    let own = match spans {
                        Spans::Ttft => &step.ttft_ms,
                        Spans::QueueWait => &step.queue_wait_ms,
                        _ => &step.itl_ms,
                    };
                    own.iter().for_each(|d| all.merge(&d.histogram));
                }
                self.of_spans(&Distribution::from(all), *statistic)
            }
            Measure::Retries if s.requests == 0 => Reading::missing("no request was made"),
            Measure::Retries => {
                self.value(s.steps.iter().map(|step| step.retries).sum::<u64>() as f64, s.requests)
            }
            Measure::TokensPerSecond => {
                let rates: Vec<f64> = s.steps.iter().filter_map(|step| step.tokens_per_s).collect();
                match rates[..] {
                    [rate] => self.value(rate, s.ok),
                    [] => Reading::missing("no step streams"),
                    _ => Reading::missing("several steps stream; name one, as in `STEP.tokens_per_s`"),
                }
            }
            Measure::Unstreamed | Measure::UnstreamedRate => {
                self.of_streams(s.steps.iter().map(|step| (step.unstreamed, step.streams)))
            }
            Measure::Goodput => {
                let limited = s.steps.iter().filter(|step| step.goodput.is_some());
                let judged = limited.map(|step| step.ok + step.failed.values().sum::<u64>()).sum();
                self.optional(s.goodput, judged, NO_LIMITS)
            }
            Measure::Status(code) => {
                let n = s.steps.iter().filter_map(|step| step.statuses.get(code)).sum::<u64>();
                if s.requests == 0 {
                    Reading::missing("no request was made")
                } else {
                    self.value(n as f64, s.requests)
                }
            }
            Measure::Throughput => self.optional(s.throughput, s.ok + s.refused, "nothing was completed"),
            Measure::ThroughputThird(third) => self.throughput_third(s, *third),
            Measure::ThroughputLowest => self.throughput_lowest(s),
            Measure::Duration => self.value(s.duration_s * 1000.0, s.requests),
            Measure::Iterations => self.value(s.iterations as f64, s.requests),
            Measure::IterationThroughput => self.per_second(s.iterations, s.duration_s),
            Measure::Users => self.value(f64::from(s.users_peak), s.requests),
            Measure::UserOk(_) if s.users_left_out > 0 => {
                Reading::missing("the report does not list every user")
            }
            Measure::UserOk(extreme) => {
                let counts = s.users.iter().map(|u| u.ok);
                let found = if *extreme == Extreme::Min { counts.min() } else { counts.max() };
                self.optional(found.map(|n| n as f64), s.users.len() as u64, "no user did anything")
            }
            Measure::Memory(MemoryFigure::Before) => resources(|r| Some(r.memory_before)),
            Measure::Memory(MemoryFigure::Peak) => resources(|r| Some(r.memory_peak)),
            Measure::Memory(MemoryFigure::After) => resources(|r| Some(r.memory_after)),
            Measure::Memory(MemoryFigure::Growth) => resources(|r| Some(r.memory_growth)),
            Measure::Memory(MemoryFigure::Slope) => resources(|r| r.memory_slope),
            Measure::CpuCores => resources(|r| Some(r.cpu_cores)),
            Measure::CpuSeconds => resources(|r| Some(r.cpu_s * 1000.0)),
            Measure::ReadBytes => resources(|r| r.read_bytes),
            Measure::WrittenBytes => resources(|r| r.written_bytes),
            Measure::OpenFiles => resources(|r| r.open_files_peak.map(|n| n as f64)),
            Measure::Capacity => self.capacity(s),
            Measure::Score(card) => self.score(s, card),
            Measure::Estimate(estimated) => self.estimate(s, *estimated),
            other => Reading::missing(format!("a scenario has no such figure ({other:?})")),
        }
    }

    /// A search that did not find the capacity still knows on which side of a level it lies.
    fn capacity(&self, s: &Scenario) -> Reading {
        let Some(search) = &s.search else { return Reading::missing("the scenario is no search") };
        let samples = search.levels.len() as u64;
        if let Some(capacity) = search.capacity {
            return self.value(capacity, samples);
        }
        let below_the_range = || match search.over {
            SearchOver::Users => search.from - 1.0,
            SearchOver::Rate => search.from.next_down(),
        };
        Reading::Missing {
            reason: search.reason.clone(),
            samples,
            at_most: (search.outcome == SearchOutcome::NoneHeld).then(below_the_range),
            at_least: search.held,
        }
    }

    /// Points that could not be judged may be there or not.
    fn score(&self, s: &Scenario, card: &str) -> Reading {
        let Some(card) = s.scorecards.iter().find(|known| known.name == card) else {
            return Reading::missing(format!("scorecard `{card}` was not filled in"));
        };
        let samples = card.rows.iter().map(|row| row.samples).min().unwrap_or(0);
        if card.unjudged <= 0.0 {
            return self.value(card.points, samples);
        }
        let open = card.rows.iter().find(|row| row.verdict == crate::Verdict::Invalid);
        Reading::Missing {
            reason: format!(
                "{} of {} points were earned, and {} could not be judged: {}",
                card.points,
                card.total,
                card.unjudged,
                open.map_or("", |row| row.message.as_str())
            ),
            samples,
            at_most: Some(card.points + card.unjudged),
            at_least: Some(card.points),
        }
    }

    fn estimate(&self, s: &Scenario, estimated: Estimated) -> Reading {
        let Some(known) = &s.estimate else {
            let why = estimate(s).err().unwrap_or_else(|| "it was not made".to_owned());
            return Reading::missing(why);
        };
        match estimated {
            Estimated::Throughput => self.value(known.throughput, s.ok),
            Estimated::Users => self.value(known.users, s.ok),
        }
    }

    /// What did not stream, of (unstreamed, streams) of each step.
    fn of_streams(&self, steps: impl Iterator<Item = (u64, u64)>) -> Reading {
        let (unstreamed, streams) = steps.fold((0, 0), |sum, step| (sum.0 + step.0, sum.1 + step.1));
        let share = if self.measure == Measure::Unstreamed { 1.0 } else { streams as f64 };
        let value = (streams > 0).then(|| unstreamed as f64 / share);
        self.optional(value, streams, "no stream had the five events with content from which on one can tell")
    }

    fn per_second(&self, count: u64, seconds: f64) -> Reading {
        let rate = (count > 0 && seconds > 0.0).then(|| count as f64 / seconds);
        self.optional(rate, count, "no flow was completed")
    }

    fn throughput_third(&self, s: &Scenario, third: Third) -> Reading {
        let series = &s.series;
        let all = under_load(s);
        let width = all.len() / 3;
        if width == 0 || series.interval_s <= 0.0 {
            return Reading::missing("the scenario is too short to be cut into thirds");
        }
        let range =
            if third == Third::First { all.start..all.start + width } else { all.end - width..all.end };
        let done: u64 = series.ok[range.clone()].iter().chain(series.refused.get(range).unwrap_or(&[])).sum();
        self.value(done as f64 / (width as f64 * series.interval_s), done)
    }

    /// The slowest whole interval under load, which is where a stall shows.
    fn throughput_lowest(&self, s: &Scenario) -> Reading {
        let series = &s.series;
        let whole = under_load(s);
        let intervals = whole.len();
        let done = whole.map(|i| series.ok[i] + series.refused.get(i).copied().unwrap_or(0));
        let lowest = done.min().filter(|_| series.interval_s > 0.0 && intervals >= 2);
        self.optional(
            lowest.map(|n| n as f64 / series.interval_s),
            intervals as u64,
            "the scenario is shorter than two intervals",
        )
    }

    fn of_step(&self, scenario: &Scenario, name: &str) -> Reading {
        let Some(step) = scenario.step(name) else {
            return Reading::missing(format!("step `{name}` was never reached"));
        };
        let outcomes =
            Outcomes { requests: step.requests, ok: step.ok, refused: step.refused, failed: &step.failed };
        if let Some(reading) = self.of_outcomes(&outcomes) {
            return reading;
        }
        let none = Distribution::default();
        match self.measure {
            Measure::Spans(Spans::Latency, statistic) => self.of_spans(&step.latency_ms, statistic),
            Measure::Spans(Spans::ServiceTime, statistic) => self.of_spans(&step.service_time_ms, statistic),
            Measure::Spans(Spans::Ttft, statistic) => {
                self.of_spans(step.ttft_ms.as_ref().unwrap_or(&none), statistic)
            }
            Measure::Spans(Spans::Itl, statistic) => {
                self.of_spans(step.itl_ms.as_ref().unwrap_or(&none), statistic)
            }
            Measure::Spans(Spans::QueueWait, statistic) => {
                self.of_spans(step.queue_wait_ms.as_ref().unwrap_or(&none), statistic)
            }
            Measure::Retries | Measure::Status(_) if step.requests == 0 => {
                Reading::missing("no request was made")
            }
            Measure::Retries => self.value(step.retries as f64, step.requests),
            Measure::TokensPerSecond => {
                self.optional(step.tokens_per_s, step.ok, "the step streamed nothing")
            }
            Measure::Unstreamed | Measure::UnstreamedRate => {
                self.of_streams(std::iter::once((step.unstreamed, step.streams)))
            }
            Measure::Goodput => {
                self.optional(step.goodput, step.ok + step.failed.values().sum::<u64>(), NO_LIMITS)
            }
            Measure::Status(code) => {
                self.value(step.statuses.get(&code).copied().unwrap_or(0) as f64, step.requests)
            }
            _ => Reading::missing("a step has no such figure"),
        }
    }

    fn of_class(&self, scenario: &Scenario, name: &str) -> Reading {
        let Some(class) = scenario.classes.iter().find(|c| c.name == name) else {
            return Reading::missing(format!("class `{name}` did nothing"));
        };
        let outcomes = Outcomes {
            requests: class.requests,
            ok: class.ok,
            refused: class.refused,
            failed: &class.failed,
        };
        if let Some(reading) = self.of_outcomes(&outcomes) {
            return reading;
        }
        match self.measure {
            Measure::Spans(Spans::Latency, statistic) => self.of_spans(&class.latency_ms, statistic),
            Measure::Throughput => {
                self.optional(class.throughput, class.ok + class.refused, "nothing was completed")
            }
            Measure::Iterations => self.value(class.iterations as f64, class.requests),
            Measure::IterationThroughput => self.per_second(class.iterations, scenario.duration_s),
            Measure::Users => self.value(f64::from(class.users), class.requests),
            _ => Reading::missing("a class has no such figure"),
        }
    }

    fn of_counter(&self, scenario: &Scenario, name: &str) -> Reading {
        let Some(counter) = scenario.counters.iter().find(|c| c.name == name) else {
            return Reading::missing(format!("counter `{name}` was never read"));
        };
        let n = counter.yes + counter.no;
        match self.measure {
            Measure::CounterRate => self.optional(counter.rate, n, "no response was counted"),
            Measure::CounterCount(_) if n == 0 => Reading::missing("no response was counted"),
            Measure::CounterCount(yes) => self.value(if yes { counter.yes } else { counter.no } as f64, n),
            Measure::Spans(Spans::LatencyWhere(true), statistic) => {
                self.of_spans(&counter.latency_true_ms, statistic)
            }
            Measure::Spans(Spans::LatencyWhere(false), statistic) => {
                self.of_spans(&counter.latency_false_ms, statistic)
            }
            _ => Reading::missing("a counter has no such figure"),
        }
    }

    fn of_probe(&self, scenario: &Scenario, name: &str) -> Reading {
        let Some(probe) = scenario.probes.iter().find(|p| p.name == name) else {
            return Reading::missing(format!("probe `{name}` was never read"));
        };
        let value = match self.measure {
            Measure::ProbeAt(ProbeMoment::Before) => probe.before,
            Measure::ProbeAt(ProbeMoment::After) => probe.after,
            Measure::ProbeAt(ProbeMoment::Min) => probe.min,
            Measure::ProbeAt(ProbeMoment::Max) => probe.max,
            _ => None,
        };
        self.optional(value, probe.samples, "the probe gave no number")
    }
}

/// The whole intervals of the measured load. Warm-up and ramp-down are cut everywhere; in the drain nobody asks for more, so it
/// would look like a stall; and the last interval is cut off by the end of the scenario.
fn under_load(s: &Scenario) -> std::ops::Range<usize> {
    let width = s.series.interval_s;
    let phase = |name: &str| s.phases.iter().find(|phase| phase.name == name).filter(|_| width > 0.0);
    let from = phase(Phase::WARM_UP).map_or(0, |phase| (phase.to_s / width).ceil() as usize);
    let ends = [Phase::RAMP_DOWN, Phase::DRAIN].into_iter().filter_map(phase);
    let ends = ends.map(|phase| (phase.from_s / width).floor() as usize);
    let to = ends.chain([s.series.ok.len().saturating_sub(1)]).min().unwrap_or(0);
    from.min(to)..to
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;
    use crate::condition::Condition;
    use crate::figure::Names;
    use crate::model::{Counter, Series, Step};

    #[test]
    fn a_count_of_nothing_is_no_fact() {
        let step =
            |name: &str, requests| Step { name: name.into(), requests, ok: requests, ..Step::default() };
        let counter = |name: &str, yes| Counter { name: name.into(), yes, ..Counter::default() };
        let some = Scenario {
            requests: 5,
            ok: 5,
            steps: vec![step("ask", 5), step("pay", 0)],
            counters: vec![counter("fresh", 5), counter("cache_hit", 0)],
            ..Scenario::default()
        };
        let none = Scenario { requests: 0, ok: 0, ..some.clone() };
        for (scenario, text, verdict) in [
            (&some, "ask.status.500 == 0", Verdict::Pass),
            (&some, "ask.retries == 0", Verdict::Pass),
            (&some, "fresh.false == 0", Verdict::Pass),
            (&some, "retries == 0", Verdict::Pass),
            (&some, "status.500 == 0", Verdict::Pass),
            (&some, "pay.status.500 == 0", Verdict::Invalid),
            (&some, "pay.retries == 0", Verdict::Invalid),
            (&some, "pay.failed == 0", Verdict::Invalid),
            (&some, "cache_hit.false == 0", Verdict::Invalid),
            (&some, "cache_hit.true == 0", Verdict::Invalid),
            (&none, "retries == 0", Verdict::Invalid),
            (&none, "status.500 == 0", Verdict::Invalid),
        ] {
            let judged = Condition::parse(text, &Names::from(scenario)).unwrap().judge(scenario);
            assert_eq!(judged.verdict, verdict, "{text}: {judged:?}");
        }
    }

    #[test]
    fn intervals_of_the_load_by_table() {
        let phase = |name: &str, from_s, to_s| Phase { name: name.to_owned(), from_s, to_s };
        for (phases, expected) in [
            (vec![], 0..9),
            (vec![phase(Phase::DRAIN, 3.2, 5.0)], 0..6),
            (vec![phase(Phase::WARM_UP, 0.0, 1.2)], 3..9),
            (
                vec![
                    phase(Phase::WARM_UP, 0.0, 1.0),
                    phase(Phase::RAMP_DOWN, 4.0, 4.5),
                    phase(Phase::DRAIN, 4.5, 5.0),
                ],
                2..8,
            ),
            (vec![phase("stage 1", 0.0, 2.0), phase("stage 2", 2.0, 4.0)], 0..9),
            (vec![phase(Phase::WARM_UP, 0.0, 60.0)], 9..9),
        ] {
            let series = Series { interval_s: 0.5, ok: vec![1; 10], ..Series::default() };
            let scenario = Scenario { phases: phases.clone(), series, ..Scenario::default() };
            assert_eq!(under_load(&scenario), expected, "{phases:?}");
        }
    }
}

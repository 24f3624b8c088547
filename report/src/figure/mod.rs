//! Figures: what a name such as `latency.p95`, `start.ok` or `cache_hit.rate` means, and its value in a scenario.
//!
//! A figure's name is `[subject.]measure`. The subject is a step, a class, a counter or a probe of the suite; without one
//! the figure is the whole scenario's.
//!
//! ```text
//! latency.p95              start.ok                 cache_hit.rate
//! failed.timeout           quick.latency.p95        cache_hit.true.latency.mean
//! memory.growth            ask.ttft.p50             active.after          (a probe)
//! capacity                 score.production_ready   estimate.users
//! ```

mod main_figures;
mod names;
mod read;

pub use self::main_figures::{FigureValue, main_figures, main_names};
pub use self::names::{Names, RESERVED, UnknownFigure, is_valid_name};
pub use self::read::Reading;
use crate::model::FailureKind;
use crate::quantity::Unit;

/// A figure whose name has been understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Whose figure it is.
    pub(crate) subject: Subject,
    /// Which one.
    pub(crate) measure: Measure,
}

/// Whose figure it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Scenario,
    Step(String),
    Class(String),
    Counter(String),
    Probe(String),
}

/// Which figure of the subject.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Measure {
    Spans(Spans, Statistic),
    Requests,
    Ok,
    Refused,
    Failed(Option<FailureKind>),
    Status(u16),
    SuccessRate,
    ErrorRate,
    RefusalRate,
    Throughput,
    ThroughputThird(Third),
    ThroughputLowest,
    TokensPerSecond,
    Unstreamed,
    UnstreamedRate,
    Goodput,
    Retries,
    Duration,
    Iterations,
    IterationThroughput,
    Users,
    UserOk(Extreme),
    Memory(MemoryFigure),
    CpuCores,
    CpuSeconds,
    ReadBytes,
    WrittenBytes,
    OpenFiles,
    CounterRate,
    CounterCount(bool),
    ProbeAt(ProbeMoment),
    Capacity,
    Score(String),
    Estimate(Estimated),
}

/// A figure of the estimate by Little's law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Estimated {
    Throughput,
    Users,
}

/// A distribution of time spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spans {
    Latency,
    LatencyWhere(bool),
    ServiceTime,
    QueueWait,
    Ttft,
    Itl,
}

/// A statistic of a distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Statistic {
    Mean,
    Min,
    Max,
    Stdev,
    Quantile(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Third {
    First,
    Last,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extreme {
    Min,
    Max,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemoryFigure {
    Before,
    Peak,
    After,
    Growth,
    Slope,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProbeMoment {
    Before,
    After,
    Min,
    Max,
}

impl Figure {
    /// Whether it tells requests that were refused from those that were not.
    pub(crate) fn tells_refusals(&self) -> bool {
        matches!(
            self.measure,
            Measure::Ok | Measure::Refused | Measure::RefusalRate | Measure::Status(_) | Measure::UserOk(_)
        )
    }

    /// Whether it tells requests that failed from those that did not.
    pub(crate) fn tells_failures(&self) -> bool {
        matches!(
            self.measure,
            Measure::Ok
                | Measure::Failed(_)
                | Measure::SuccessRate
                | Measure::ErrorRate
                | Measure::Goodput
                | Measure::UserOk(_)
        )
    }

    /// The unit of its values.
    pub fn unit(&self) -> Unit {
        match self.measure {
            Measure::Spans(..) | Measure::Duration | Measure::CpuSeconds => Unit::Ms,
            Measure::SuccessRate
            | Measure::ErrorRate
            | Measure::RefusalRate
            | Measure::UnstreamedRate
            | Measure::Goodput
            | Measure::CounterRate => Unit::Ratio,
            Measure::Throughput
            | Measure::IterationThroughput
            | Measure::ThroughputThird(_)
            | Measure::ThroughputLowest
            | Measure::Estimate(Estimated::Throughput)
            | Measure::TokensPerSecond => Unit::PerSecond,
            Measure::Memory(MemoryFigure::Slope) => Unit::BytesPerSecond,
            Measure::Memory(_) | Measure::ReadBytes | Measure::WrittenBytes => Unit::Bytes,
            Measure::CpuCores => Unit::Cores,
            Measure::Requests
            | Measure::Ok
            | Measure::Retries
            | Measure::Unstreamed
            | Measure::Refused
            | Measure::Failed(_)
            | Measure::Status(_)
            | Measure::Iterations
            | Measure::Users
            | Measure::UserOk(_)
            | Measure::OpenFiles
            | Measure::CounterCount(_)
            | Measure::Capacity
            | Measure::Score(_)
            | Measure::Estimate(Estimated::Users)
            | Measure::ProbeAt(_) => Unit::Count,
        }
    }

    /// Whether the speed of the generator or of the machine goes into it. Such figures mean nothing where the generator
    /// could not keep up; counts and outcomes still do.
    pub fn depends_on_speed(&self) -> bool {
        matches!(
            self.measure,
            Measure::Spans(..)
                | Measure::Throughput
                | Measure::IterationThroughput
                | Measure::ThroughputThird(_)
                | Measure::ThroughputLowest
                | Measure::TokensPerSecond
                | Measure::Goodput
                | Measure::Duration
                | Measure::CpuCores
                | Measure::Capacity
                | Measure::Estimate(_)
        )
    }
}

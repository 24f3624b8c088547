//! Scripts of named users, and steps that are no requests of the load, as typed.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{At, Decode, Decoder, Mapping as _, OneOrMany, Table, mapping};
use super::scalar::Fixed;
use super::scenario::FlowRef;
use super::step::OnFailure;
use crate::suite::diagnostics::Diagnostic;
use crate::suite::node::{Content, Node};

/// One act of a script.
#[derive(Clone, Debug)]
pub(in crate::suite) enum ActFile {
    Turn(TurnFile),
    Together(TogetherFile),
    Wait(WaitFile),
}

impl Decode for ActFile {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let Content::Map(_) = &node.content else {
            decoder.mismatch(node, "an act (a mapping such as `{ as: anna, do: ask }`)");
            return None;
        };
        if node.get("together").is_some() {
            return TogetherFile::decode(node, decoder).map(Self::Together);
        }
        if node.get("wait").is_some() {
            return WaitFile::decode(node, decoder).map(Self::Wait);
        }
        let turn = TurnFile::decode(node, decoder)?;
        if turn.given().is_empty() {
            let help = "write `as` and `do`, `together`, or `wait`";
            decoder.error(Diagnostic::new(turn.span, "it is not said what happens in this act").help(help));
        }
        Some(Self::Turn(turn))
    }
}

impl JsonSchema for ActFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Act".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let acts = [
            generator.subschema_for::<TurnFile>(),
            generator.subschema_for::<TogetherFile>(),
            generator.subschema_for::<WaitFile>(),
        ];
        json_schema!({ "anyOf": acts })
    }
}

mapping! {
    /// What a named user does in an act of a script. The next act begins when it is done.
    struct TurnFile as "an act" {
        /// Name of the user. It is the same user wherever the script names it.
        required r#as: At<Fixed>,
        /// How many: `as: guest` with `users: 10` are `guest-1` to `guest-10`, all at the same instant.
        optional users: At<u64>,
        /// What it does: the name of a flow, or steps.
        required r#do: FlowRef,
    }
}

mapping! {
    /// Several users at the same instant. The next act begins when all of them are done.
    struct TogetherFile as "`together`" {
        /// Who does what.
        required together: Vec<TurnFile>,
    }
}

mapping! {
    /// A time in which nobody does anything.
    struct WaitFile as "`wait`" {
        /// How long.
        required wait: At<Duration>,
    }
}

mapping! {
    /// Users wait here until enough of them have come; then they go on at the same instant.
    struct MeetFile as "a `meet` step" {
        /// Name of the meeting point.
        required meet: At<Fixed>,
        /// How many users are waited for (default: all of the class).
        optional users: At<u64>,
        /// Time after which a user gives up, and its flow fails (default 30s).
        optional within: At<Duration>,
    }
}

mapping! {
    /// A look at the service, or a command, between requests. It is no request of the load and does not go into its latency;
    /// only where its checks do not hold it is a failure.
    struct AsideFile as "this step" {
        /// Path or URL to GET.
        optional probe: At<String>,
        /// Shell command. Its exit code is `status`, its standard output `text`, and `json` if it is.
        optional command: At<String>,
        /// Name in reports and conditions (default: what it does).
        optional name: At<Fixed>,
        /// What must hold. Where nothing speaks of `status`, a probe must also be below 400 and a command end with 0.
        optional check: OneOrMany<At<String>>,
        /// Values kept for later steps.
        optional capture: Table<At<String>>,
        /// For one reading (default 30s).
        optional timeout: At<Duration>,
        /// Hold until the checks hold: read again until then, at most this time.
        optional within: At<Duration>,
        /// Time from one reading to the next, with `within` (default 200ms).
        optional every: At<Duration>,
        /// What a failure does to the rest of the flow (default `end`).
        optional on_failure: OnFailure,
    }
}

mapping! {
    /// How a request is sent again after a failure. It stays one request; its latency counts from the first time.
    struct RetryFile as "`retry`" {
        /// Most retries.
        required times: At<u64>,
        /// On which responses, such as `status == 503` (default: on every failure).
        optional when: OneOrMany<At<String>>,
        /// Pause before the first retry (default 100ms).
        optional wait: At<Duration>,
        /// Factor from one pause to the next (default 2).
        optional factor: At<f64>,
    }
}

mapping! {
    /// A search for the capacity: the load is raised until a limit breaks, then the gap is halved.
    struct SearchFile as "`search`" {
        /// What is raised.
        required over: SearchOverFile,
        /// First level: users, or flows per second.
        required from: At<f64>,
        /// Highest level.
        required to: At<f64>,
        /// Length of each level (default 10s).
        optional each: At<Duration>,
        /// How exactly it is found, as a share of the level (default 10%).
        optional precision: At<loadgate_report::quantity::Quantity>,
        /// What must hold of a level, such as `latency.p95 < 500ms`.
        required limits: OneOrMany<At<Fixed>>,
    }
}

super::decode::choice! {
    /// What a capacity search raises.
    enum SearchOverFile {
        /// The number of users.
        Users = "users",
        /// The rate at which flows begin.
        Rate = "rate",
    }
}

mapping! {
    /// Points for conditions on one scenario. Reaching `pass` is a condition of that scenario: `score.NAME >= pass`.
    struct ScorecardFile as "a scorecard" {
        /// The scenario whose figures count.
        required scenario: At<Fixed>,
        /// Points that are needed (default: all).
        optional pass: At<f64>,
        /// Points by condition: `success_rate > 90%: 30`.
        required points: Table<At<f64>>,
        /// Whether missing the points fails the gate (default) or only warns.
        optional level: LevelFile,
        /// Requirement label (default: the scenario's first).
        optional requirement: At<Fixed>,
    }
}

super::decode::choice! {
    /// Whether something fails the gate.
    enum LevelFile {
        /// It fails the gate.
        Critical = "critical",
        /// It is told, but fails nothing.
        Warn = "warn",
    }
}

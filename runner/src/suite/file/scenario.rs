//! Scenarios and their loads, as typed.

use std::time::Duration;

use loadgate_report::quantity::Quantity;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{At, Decode, Decoder, OneOrMany, Table, choice, mapping};
use super::scalar::Fixed;
use super::script::{ActFile, SearchFile};
use super::step::{FlowFile, GoodputFile};
use crate::suite::diagnostics::Diagnostic;
use crate::suite::node::{Content, Node};

mapping! {
    /// A scenario: a load on one or more flows, and what must hold of it.
    struct ScenarioFile as "a scenario" {
        /// What it is about, for the report.
        optional description: At<Fixed>,
        /// How many users do how much, and when.
        optional load: LoadFile,
        /// The flow that each user runs: its name, or its steps.
        optional flow: FlowRef,
        /// Several flows by name with their weights. The mix comes out exact, in seeded order.
        optional mix: Table<At<u64>>,
        /// Groups of users with loads, flows and figures of their own, at the same time.
        optional classes: Table<ClassFile>,
        /// Named users who act in a written order, instead of a load.
        optional script: Vec<ActFile>,
        /// Conditions that fail the gate where they do not hold.
        optional expect: OneOrMany<ConditionFile>,
        /// Conditions that are told, but fail nothing.
        optional warn: OneOrMany<ConditionFile>,
        /// Requirement labels. The first is that of all conditions that have none of their own.
        optional requirement: OneOrMany<At<Fixed>>,
        /// Steps that one user runs before the load. Not measured.
        optional setup: FlowRef,
        /// Steps that one user runs after the load, whatever happened. Not measured.
        optional teardown: FlowRef,
        /// Time at the beginning that is not measured.
        optional warm_up: At<Duration>,
        /// Time at the end that is not measured.
        optional ramp_down: At<Duration>,
        /// Time for the service to come to rest before `after` values are read (default 1s).
        optional settle: At<Duration>,
        /// Look for other users' canaries in every response (default true).
        optional canary_scan: At<bool>,
        /// Which connection a user's requests take (default `per_user`).
        optional connections: ConnectionsFile,
        /// What a good request keeps to, in each step that does not say otherwise. Gives the figure `goodput`.
        optional goodput: GoodputFile,
        /// Words by which `--only` finds it.
        optional tags: OneOrMany<At<Fixed>>,
    }
}

mapping! {
    /// A group of users.
    struct ClassFile as "a class" {
        /// How many users do how much, and when.
        required load: LoadFile,
        /// The flow that each user runs: its name, or its steps.
        optional flow: FlowRef,
        /// Several flows by name with their weights.
        optional mix: Table<At<u64>>,
        /// Which connection a user's requests take (default: the scenario's).
        optional connections: ConnectionsFile,
    }
}

/// Which connection a user's requests take.
#[derive(Clone, Debug)]
pub(in crate::suite) enum ConnectionsFile {
    PerUser,
    PerRequest,
    Shared(At<u64>),
}

mapping! {
    /// Connections that users share.
    struct SharedConnectionsFile as "`connections`" {
        /// Most that are open at once. Who finds none free waits, which is part of its latency.
        required shared: At<u64>,
    }
}

choice! {
    /// Which connection a user's requests take.
    enum ConnectionsWord {
        /// Every user has its own, kept open.
        PerUser = "per_user",
        /// A new one for each request.
        PerRequest = "per_request",
    }
}

impl Decode for ConnectionsFile {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        match node.content {
            Content::Map(_) => {
                SharedConnectionsFile::decode(node, decoder)?.shared.get().cloned().map(Self::Shared)
            }
            _ => match ConnectionsWord::decode(node, decoder)? {
                ConnectionsWord::PerUser => Some(Self::PerUser),
                ConnectionsWord::PerRequest => Some(Self::PerRequest),
            },
        }
    }
}

impl JsonSchema for ConnectionsFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Connections".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let word = generator.subschema_for::<ConnectionsWord>();
        let shared = generator.subschema_for::<SharedConnectionsFile>();
        json_schema!({ "anyOf": [word, shared] })
    }
}

/// A flow: its name, or the flow itself.
#[derive(Clone, Debug)]
pub(in crate::suite) enum FlowRef {
    Name(At<Fixed>),
    Inline(FlowFile),
}

impl Decode for FlowRef {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        match node.content {
            Content::List(_) | Content::Map(_) => FlowFile::decode(node, decoder).map(Self::Inline),
            _ => At::decode(node, decoder).map(Self::Name),
        }
    }
}

impl JsonSchema for FlowRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FlowRef".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let flow = generator.subschema_for::<FlowFile>();
        json_schema!({ "anyOf": [{ "type": "string" }, flow] })
    }
}

/// A condition, with or without a requirement label: `latency.p95 < 5s` or `C2: latency.p95 < 5s`.
#[derive(Clone, Debug)]
pub(in crate::suite) struct ConditionFile {
    pub(in crate::suite) label: Option<String>,
    pub(in crate::suite) text: At<Fixed>,
}

impl Decode for ConditionFile {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let Content::Map(pairs) = &node.content else {
            return At::decode(node, decoder).map(|text| Self { label: None, text });
        };
        let [(label, text)] = &pairs[..] else {
            let message = "a condition is a text, or one label with a text";
            decoder.error(Diagnostic::new(node.span, message).help("write `- C2: latency.p95 < 5s`"));
            return None;
        };
        At::decode(text, decoder).map(|text| Self { label: Some(label.name.clone()), text })
    }
}

impl JsonSchema for ConditionFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Condition".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = generator.subschema_for::<At<Fixed>>();
        json_schema!({ "anyOf": [
            text,
            { "type": "object", "additionalProperties": text, "minProperties": 1, "maxProperties": 1 },
        ] })
    }
}

mapping! {
    /// How many users do how much, and when. The keys together make one of: `users` + `iterations` · `users` + `duration` ·
    /// `users` + `shared_iterations` · `users` + `stages` · `rate` + `duration` · `rate` + `stages` · `bursts` + `users` +
    /// `gap` · `replay` · `search`.
    struct LoadFile as "a load" {
        /// Virtual users (for stages: at the start; for bursts: in each).
        optional users: At<u64>,
        /// How often each user runs its flow.
        optional iterations: At<u64>,
        /// How often all users together run their flow.
        optional shared_iterations: At<u64>,
        /// Time during which flows begin; those under way are finished.
        optional duration: At<Duration>,
        /// When users begin: `together` (default), or evenly over a time.
        optional start: StartFile,
        /// Straight lines that the number of users, or the rate, follows.
        optional stages: Vec<StageFile>,
        /// Flows that begin per second, whatever the service does: `50/s`.
        optional rate: At<Quantity>,
        /// Gaps between the starts of a `rate` (default `regular`).
        optional spacing: SpacingFile,
        /// Most flows under way at once with `rate` or `replay`; starts beyond it are dropped and counted (default 1000).
        optional max_users: At<u64>,
        /// Number of bursts. The users of each are released together.
        optional bursts: At<u64>,
        /// From one burst to the next.
        optional gap: At<Duration>,
        /// Data set that holds a recorded trace; each row starts a flow.
        optional replay: At<Fixed>,
        /// Field of the trace that holds a row's time: seconds, or a time such as `1.5s` (default `at`).
        optional at: At<Fixed>,
        /// How much faster than recorded (default 1).
        optional speed: At<f64>,
        /// Search for the capacity, instead of a fixed load.
        optional search: SearchFile,
    }
}

choice! {
    /// Gaps between the starts of an open load.
    enum SpacingFile {
        /// Even.
        Regular = "regular",
        /// As of independent users (a Poisson process).
        Poisson = "poisson",
    }
}

mapping! {
    /// A straight line.
    struct StageFile as "a stage" {
        /// Users, or rate, at its end.
        required to: At<Quantity>,
        /// How long it takes. `0s` is a jump.
        required over: At<Duration>,
    }
}

/// When users begin.
#[derive(Clone, Debug)]
pub(in crate::suite) enum StartFile {
    Together,
    Over(At<Duration>),
}

mapping! {
    /// Users begin evenly over a time.
    struct StartOverFile as "`start`" {
        /// The time.
        required over: At<Duration>,
    }
}

choice! {
    /// When users begin.
    enum StartWord {
        /// All at the same instant.
        Together = "together",
    }
}

impl Decode for StartFile {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        match node.content {
            Content::Map(_) => {
                StartOverFile::decode(node, decoder)?.over.get().map(|over| Self::Over(over.clone()))
            }
            _ => match StartWord::decode(node, decoder)? {
                StartWord::Together => Some(Self::Together),
            },
        }
    }
}

impl JsonSchema for StartFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Start".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let word = generator.subschema_for::<StartWord>();
        let over = generator.subschema_for::<StartOverFile>();
        json_schema!({ "anyOf": [word, over] })
    }
}

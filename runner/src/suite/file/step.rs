//! Flows and steps, as typed.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{At, Decode, Decoder, OneOrMany, Raw, Table, choice, mapping};
use super::scalar::{Fixed, Pause, Size};
use super::script::{AsideFile, MeetFile, RetryFile};
use super::socket::{AwaitFile, CloseFile, ConnectFile, SendFile};
use crate::suite::diagnostics::{Diagnostic, did_you_mean, list};
use crate::suite::node::{Content, Node};

/// A flow: a list of steps, or a mapping with more to say.
#[derive(Clone, Debug)]
pub(in crate::suite) struct FlowFile {
    pub(in crate::suite) steps: Vec<StepFile>,
}

mapping! {
    /// A flow with a description.
    struct DescribedFlowFile as "a flow" {
        /// What it does.
        optional description: At<Fixed>,
        /// Its steps.
        required steps: Vec<StepFile>,
    }
}

impl Decode for FlowFile {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        match node.content {
            Content::Map(_) => {
                let described = DescribedFlowFile::decode(node, decoder)?;
                described.steps.get().map(|steps| Self { steps: steps.clone() })
            }
            Content::List(_) => Vec::decode(node, decoder).map(|steps| Self { steps }),
            _ => {
                decoder.mismatch(node, "a list of steps");
                None
            }
        }
    }
}

impl JsonSchema for FlowFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Flow".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let step = generator.subschema_for::<StepFile>();
        let described = generator.subschema_for::<DescribedFlowFile>();
        json_schema!({ "anyOf": [{ "type": "array", "items": step }, described] })
    }
}

/// One step. What it does is told by one of its keys.
#[derive(Clone, Debug)]
pub(in crate::suite) enum StepFile {
    Request(Box<RequestFile>),
    Think(ThinkFile),
    Repeat(RepeatFile),
    If(IfFile),
    Parallel(ParallelFile),
    Flow(FlowStepFile),
    Meet(MeetFile),
    Aside(Box<AsideFile>),
    Connect(Box<ConnectFile>),
    Send(Box<SendFile>),
    Await(Box<AwaitFile>),
    Close(Box<CloseFile>),
}

/// The methods, which are keys of a request step.
const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];

/// All keys that tell what a step does.
const KINDS: &[&str] = &[
    "get", "post", "put", "patch", "delete", "head", "options", "think", "repeat", "if", "parallel", "flow",
    "meet", "probe", "command", "connect", "send", "await", "close",
];

impl Decode for StepFile {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let Content::Map(pairs) = &node.content else {
            decoder.mismatch(node, "a step (a mapping such as `get: /health`)");
            return None;
        };
        let mut kinds = pairs.iter().map(|(key, _)| key).filter(|key| KINDS.contains(&key.name.as_str()));
        let Some(first) = kinds.next() else {
            let near = pairs
                .iter()
                .find_map(|(key, _)| did_you_mean(&key.name, KINDS.iter().copied()).map(|near| (key, near)));
            decoder.error(match near {
                Some((key, near)) => Diagnostic::new(key.span, format!("there is no step `{}`", key.name))
                    .help(format!("did you mean `{near}`?")),
                None => Diagnostic::new(node.span, "it is not said what this step does")
                    .help(format!("a step has one of the keys {}", list(KINDS.iter().copied()))),
            });
            return None;
        };
        if let Some(second) = kinds.next() {
            let message =
                format!("a step does one thing; this one has `{}` and `{}`", first.name, second.name);
            decoder.error(Diagnostic::new(second.span, message).help("make two steps of it"));
            return None;
        }
        match first.name.as_str() {
            "think" => ThinkFile::decode(node, decoder).map(Self::Think),
            "repeat" => RepeatFile::decode(node, decoder).map(Self::Repeat),
            "if" => IfFile::decode(node, decoder).map(Self::If),
            "parallel" => ParallelFile::decode(node, decoder).map(Self::Parallel),
            "meet" => MeetFile::decode(node, decoder).map(Self::Meet),
            "probe" | "command" => AsideFile::decode(node, decoder).map(|aside| Self::Aside(Box::new(aside))),
            "connect" => ConnectFile::decode(node, decoder).map(|file| Self::Connect(Box::new(file))),
            "send" => SendFile::decode(node, decoder).map(|file| Self::Send(Box::new(file))),
            "await" => AwaitFile::decode(node, decoder).map(|file| Self::Await(Box::new(file))),
            "close" => CloseFile::decode(node, decoder).map(|file| Self::Close(Box::new(file))),
            "flow" => FlowStepFile::decode(node, decoder).map(Self::Flow),
            _ => RequestFile::decode(node, decoder).map(|request| Self::Request(Box::new(request))),
        }
    }
}

impl JsonSchema for StepFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Step".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one_of: Vec<_> =
            METHODS.iter().map(|method| serde_json::json!({ "required": [method] })).collect();
        let request = generator.subschema_for::<RequestFile>();
        let others = [
            generator.subschema_for::<ThinkFile>(),
            generator.subschema_for::<RepeatFile>(),
            generator.subschema_for::<IfFile>(),
            generator.subschema_for::<ParallelFile>(),
            generator.subschema_for::<FlowStepFile>(),
            generator.subschema_for::<MeetFile>(),
            generator.subschema_for::<AsideFile>(),
            generator.subschema_for::<ConnectFile>(),
            generator.subschema_for::<SendFile>(),
            generator.subschema_for::<AwaitFile>(),
            generator.subschema_for::<CloseFile>(),
        ];
        let mut kinds = vec![json_schema!({ "allOf": [request], "oneOf": one_of })];
        kinds.extend(others);
        json_schema!({ "anyOf": kinds })
    }
}

mapping! {
    /// A request. Exactly one of the methods gives its path.
    struct RequestFile as "a request" {
        /// Path (or URL) of a GET.
        optional get: At<String>,
        /// Path (or URL) of a POST.
        optional post: At<String>,
        /// Path (or URL) of a PUT.
        optional put: At<String>,
        /// Path (or URL) of a PATCH.
        optional patch: At<String>,
        /// Path (or URL) of a DELETE.
        optional delete: At<String>,
        /// Path (or URL) of a HEAD.
        optional head: At<String>,
        /// Path (or URL) of an OPTIONS.
        optional options: At<String>,
        /// Name in reports and conditions (default: method and path).
        optional name: At<Fixed>,
        /// Query parameters, added to the path and encoded.
        optional query: Table<OneOrMany<At<String>>>,
        /// Headers. A list sends a header several times.
        optional headers: Table<OneOrMany<At<String>>>,
        /// JSON body. A text that is nothing but `{{ … }}` becomes the value itself, with its type.
        optional json: Raw,
        /// Form body (`application/x-www-form-urlencoded`).
        optional form: Table<OneOrMany<At<String>>>,
        /// Multipart body; parts by field name.
        optional multipart: Table<PartFile>,
        /// Body as it is. Say its `content-type` under `headers`.
        optional body: At<String>,
        /// Basic authentication.
        optional basic: BasicFile,
        /// Token for `authorization: Bearer …`.
        optional bearer: At<String>,
        /// From due to last byte (default 30s).
        optional timeout: At<Duration>,
        /// Where one of these holds, the response is a refusal by policy: counted apart, never an error.
        optional refused: OneOrMany<At<String>>,
        /// What must hold of every other response. Where none of them speaks of `status`, it must also be below 400.
        optional check: OneOrMany<At<String>>,
        /// Values kept for later steps of the same user: `session: json.session_id`.
        optional capture: Table<At<String>>,
        /// Yes/no counters over the ok responses: `cache_hit: json.cached`. They give `cache_hit.rate`, and latencies apart.
        optional count: Table<At<String>>,
        /// The response is a stream of server-sent events: `true`, or what its content is.
        optional stream: StreamFile,
        /// Redirects to follow (default 0: a redirect is a response like any other).
        optional redirects: At<u64>,
        /// What a failure does to the rest of the flow (default `end`).
        optional on_failure: OnFailure,
        /// Send it again after a failure (default: never).
        optional retry: RetryFile,
        /// How long the request waited before it was accepted, in milliseconds: `json.queued_ms`. Gives `queue_wait.p95` and so on.
        optional queue_wait: At<String>,
        /// What a good request keeps to (default: the scenario's). Gives the figure `goodput`.
        optional goodput: GoodputFile,
    }
}

mapping! {
    /// What a good request keeps to; all of it. A failed request is not good, one that was refused does not count.
    struct GoodputFile as "`goodput`" {
        /// From due to last byte.
        optional latency: At<Duration>,
        /// Time to first token, of what is streamed.
        optional ttft: At<Duration>,
        /// Time between tokens, of what is streamed, on average over the request.
        optional itl: At<Duration>,
    }
}

impl RequestFile {
    /// The method with its path.
    pub(in crate::suite) fn request_line(&self) -> Option<(http::Method, &At<String>)> {
        use http::Method;
        [
            (Method::GET, &self.get),
            (Method::POST, &self.post),
            (Method::PUT, &self.put),
            (Method::PATCH, &self.patch),
            (Method::DELETE, &self.delete),
            (Method::HEAD, &self.head),
            (Method::OPTIONS, &self.options),
        ]
        .into_iter()
        .find_map(|(method, path)| Some((method, path.get()?)))
    }
}

choice! {
    /// What a failure does to the rest of the flow.
    enum OnFailure {
        /// The flow ends.
        End = "end",
        /// The flow goes on.
        Continue = "continue",
    }
}

mapping! {
    /// Basic authentication.
    struct BasicFile as "`basic`" {
        /// User name.
        required user: At<String>,
        /// Password.
        required password: At<String>,
    }
}

/// A part of a multipart body: a text, or a file.
#[derive(Clone, Debug)]
pub(in crate::suite) enum PartFile {
    Text(At<String>),
    File(Box<FilePartFile>),
}

mapping! {
    /// A file in a multipart body.
    struct FilePartFile as "a file part" {
        /// File to send, relative to the suite.
        optional file: At<Fixed>,
        /// Instead of a file: this many bytes, the same in every run.
        optional size: At<Size>,
        /// File name that is sent along (default: the file's own).
        optional name: At<Fixed>,
        /// Content type (default: by the file name, else `application/octet-stream`).
        optional r#type: At<Fixed>,
    }
}

impl Decode for PartFile {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        match node.content {
            Content::Map(_) => FilePartFile::decode(node, decoder).map(|part| Self::File(Box::new(part))),
            _ => At::decode(node, decoder).map(Self::Text),
        }
    }
}

impl JsonSchema for PartFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Part".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = generator.subschema_for::<At<String>>();
        let file = generator.subschema_for::<FilePartFile>();
        json_schema!({ "anyOf": [text, file] })
    }
}

/// How a stream is understood: `true` for the usual forms, or expressions.
#[derive(Clone, Debug)]
pub(in crate::suite) enum StreamFile {
    Usual(bool),
    Described(Box<DescribedStreamFile>),
}

mapping! {
    /// What the content of a stream is, and what ends it. In scope: `event` (its name), `data` (its text), `json`.
    struct DescribedStreamFile as "`stream`" {
        /// The content of an event; empty or missing where an event carries none.
        optional content: At<String>,
        /// Holds for the event that ends the stream. A stream that ends without one is truncated.
        optional done: At<String>,
        /// What `tokens_per_s` counts: `events` with content (the default), `words` of the content, or a number that an event
        /// tells, such as `json.usage.completion_tokens`, of which the last counts.
        optional tokens: At<String>,
    }
}

impl Decode for StreamFile {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        match node.content {
            Content::Map(_) => DescribedStreamFile::decode(node, decoder)
                .map(|described| Self::Described(Box::new(described))),
            _ => At::<bool>::decode(node, decoder).map(|flag| Self::Usual(flag.value)),
        }
    }
}

impl JsonSchema for StreamFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Stream".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let usual = generator.subschema_for::<At<bool>>();
        let described = generator.subschema_for::<DescribedStreamFile>();
        json_schema!({ "anyOf": [usual, described] })
    }
}

mapping! {
    /// A pause of the user.
    struct ThinkFile as "a `think` step" {
        /// How long: a time, or `1s..3s` for one between both.
        required think: At<Pause>,
    }
}

mapping! {
    /// Steps several times over.
    struct RepeatFile as "a `repeat` step" {
        /// How often: a number, or an expression such as `json.pages`. `{{ repeat.index }}` counts from 0.
        required repeat: At<String>,
        /// What is repeated.
        required steps: Vec<StepFile>,
    }
}

mapping! {
    /// Steps under a condition.
    struct IfFile as "an `if` step" {
        /// The condition, on captured values and the like.
        required r#if: At<String>,
        /// Steps if it holds.
        required then: Vec<StepFile>,
        /// Steps if not.
        optional r#else: Vec<StepFile>,
    }
}

mapping! {
    /// Steps of one user at the same time. The flow goes on when all have ended.
    struct ParallelFile as "a `parallel` step" {
        /// The branches: each a step, or a list of steps.
        required parallel: Vec<OneOrMany<StepFile>>,
    }
}

mapping! {
    /// The steps of a flow of the suite, in this place.
    struct FlowStepFile as "a `flow` step" {
        /// Its name.
        required flow: At<Fixed>,
    }
}

//! Steps over a WebSocket, as typed.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{At, Decode, Decoder, OneOrMany, Raw, Table, mapping};
use super::scalar::{Fixed, Size};
use super::step::{BasicFile, GoodputFile, OnFailure};
use crate::suite::node::{Content, Node};

mapping! {
    /// Opens a WebSocket. What is asked of the answer to the handshake is asked as of any response; it must switch protocols
    /// (status 101) where nothing speaks of `status`.
    struct ConnectFile as "a `connect` step" {
        /// Path (or URL) of the WebSocket. It is `ws` where the target is `http`, `wss` where it is `https`.
        required connect: At<String>,
        /// Name of the socket (default `socket`). A user has one of each name.
        optional socket: At<Fixed>,
        /// Name in reports and conditions (default: `connect` and the path).
        optional name: At<Fixed>,
        /// Query parameters, added to the path and encoded.
        optional query: Table<OneOrMany<At<String>>>,
        /// Headers of the handshake. A list sends a header several times.
        optional headers: Table<OneOrMany<At<String>>>,
        /// Basic authentication.
        optional basic: BasicFile,
        /// Token for `authorization: Bearer …`.
        optional bearer: At<String>,
        /// Subprotocols that are offered, the preferred one first. The server's choice is `headers.sec_websocket_protocol`.
        optional protocols: OneOrMany<At<Fixed>>,
        /// From due to the end of the handshake (default 30s).
        optional timeout: At<Duration>,
        /// Where one of these holds, the answer is a refusal by policy: counted apart, never an error.
        optional refused: OneOrMany<At<String>>,
        /// What must hold of every other answer.
        optional check: OneOrMany<At<String>>,
        /// Values kept for later steps of the same user.
        optional capture: Table<At<String>>,
        /// Yes/no counters over the ok answers.
        optional count: Table<At<String>>,
        /// Keep it open for the user's next iterations, in which this step then does nothing (default false: it is closed at the
        /// end of the iteration).
        optional keep: At<bool>,
        /// What a failure does to the rest of the flow (default `end`).
        optional on_failure: OnFailure,
    }
}

mapping! {
    /// Sends a message over a WebSocket. Nothing is waited for: it counts in its own step only, and as a failure where it cannot
    /// be sent.
    struct SendFile as "a `send` step" {
        /// The message: a text, or a mapping that says what it is.
        required send: OutgoingFile,
        /// Name of the socket (default `socket`).
        optional socket: At<Fixed>,
        /// Name in reports and conditions (default: `send to` and the socket).
        optional name: At<Fixed>,
        /// Until it is written (default 30s).
        optional timeout: At<Duration>,
        /// What a failure does to the rest of the flow (default `end`).
        optional on_failure: OnFailure,
    }
}

/// A message: a text, or what it is.
#[derive(Clone, Debug)]
pub(in crate::suite) enum OutgoingFile {
    Text(At<String>),
    Described(Box<MessageFile>),
}

mapping! {
    /// A message. Exactly one of the keys.
    struct MessageFile as "a message" {
        /// Text message.
        optional text: At<String>,
        /// Text message that is a JSON document. A text that is nothing but `{{ … }}` becomes the value itself, with its type.
        optional json: Raw,
        /// Binary message, in Base64.
        optional base64: At<String>,
        /// Binary message: a file, relative to the suite.
        optional file: At<Fixed>,
        /// Binary message of this many bytes, the same in every run.
        optional size: At<Size>,
    }
}

impl Decode for OutgoingFile {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        match node.content {
            Content::Map(_) => MessageFile::decode(node, decoder).map(|file| Self::Described(Box::new(file))),
            _ => At::decode(node, decoder).map(Self::Text),
        }
    }
}

impl JsonSchema for OutgoingFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Outgoing".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = generator.subschema_for::<At<String>>();
        let described = generator.subschema_for::<MessageFile>();
        json_schema!({ "anyOf": [text, described] })
    }
}

mapping! {
    /// Waits for a message over a WebSocket. Its latency counts from the message that was sent last over the socket, where
    /// nothing was awaited since; otherwise from the step's begin.
    struct AwaitFile as "an `await` step" {
        /// Holds for the message that is waited for; `true` is any. Those before it are passed over. In scope: `text`, `json`,
        /// `size`, `data`, and `event`, which is `text` or `binary`.
        required r#await: At<String>,
        /// Name of the socket (default `socket`).
        optional socket: At<Fixed>,
        /// Name in reports and conditions (default: `await` and what is waited for).
        optional name: At<Fixed>,
        /// The content of a message, where the answer is a stream of them up to the one that is waited for; empty or missing
        /// where a message carries none. The step then has `ttft`, `itl` and `tokens_per_s`; `text` is all content, joined.
        optional content: At<String>,
        /// What `tokens_per_s` counts, as in `stream`: `events` (messages with content, the default), `words`, or a number that a
        /// message tells.
        optional tokens: At<String>,
        /// What a good request keeps to (default: the scenario's). Gives the figure `goodput`.
        optional goodput: GoodputFile,
        /// Time after which it has failed (default 30s).
        optional timeout: At<Duration>,
        /// A message for which one of these holds is a refusal by policy: counted apart, never an error.
        optional refused: OneOrMany<At<String>>,
        /// What must hold of the message that was waited for.
        optional check: OneOrMany<At<String>>,
        /// Values kept for later steps of the same user: `id: json.id`.
        optional capture: Table<At<String>>,
        /// Yes/no counters over the ok messages.
        optional count: Table<At<String>>,
        /// What a failure does to the rest of the flow (default `end`).
        optional on_failure: OnFailure,
    }
}

mapping! {
    /// Closes a WebSocket and waits for the other side to do so. It counts in its own step only, and as a failure where the other
    /// side does not.
    struct CloseFile as "a `close` step" {
        /// Name of the socket: `socket` where `connect` does not say.
        required close: At<Fixed>,
        /// Name in reports and conditions (default: `close` and the socket).
        optional name: At<Fixed>,
        /// Time after which it has failed (default 30s).
        optional timeout: At<Duration>,
        /// What a failure does to the rest of the flow (default `end`).
        optional on_failure: OnFailure,
    }
}

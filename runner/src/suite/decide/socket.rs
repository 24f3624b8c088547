//! Steps over a WebSocket.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use http::{HeaderName, Method};

use super::Decider;
use super::flow::Parts;
use super::known::Known;
use super::request::Credentials;
use crate::suite::diagnostics::{Diagnostic, instead};
use crate::suite::file::{
    At, AwaitFile, CloseFile, ConnectFile, Fixed, Mapping as _, MessageFile, OnFailure, OneOrMany,
    OutgoingFile, SendFile,
};
use crate::suite::plan::{
    Await, Body, Connect, Limits, Outgoing, RequestStep, SocketAction, SocketStep, Step, StepInfo,
};
use crate::suite::source::Span;
use crate::suite::text::Text;

const TIMEOUT: Duration = Duration::from_secs(30);
/// Name of a socket that the suite gives none.
const SOCKET: &str = "socket";
const LONGEST_NAME: usize = 60;

impl Decider<'_> {
    pub(super) fn connect(&mut self, file: &ConnectFile, parts: &mut Parts) -> Option<Step> {
        let known = parts.known.clone();
        let response = known.with_response(false);
        let url = file.connect.get().and_then(|path| self.url(path, file.query.get(), &known));
        let mut headers = self.headers(file.headers.get(), &known);
        self.not_the_protocols_own(file, &headers);
        let credentials = Credentials { basic: &file.basic, bearer: &file.bearer, span: file.span };
        self.authorization(credentials, &known, &mut headers);
        headers.extend(self.protocols(file));
        let timeout = self.positive(file.timeout.get(), "no socket can be opened within no time");
        let request = RequestStep {
            id: parts.steps.len(),
            method: Method::GET,
            url: Text::fixed(""),
            headers,
            body: Body::Empty,
            timeout: timeout.unwrap_or(TIMEOUT),
            refused: self.any_of(file.refused.get(), &response),
            checks: self.predicates(file.check.get(), &response),
            captures: self.captures(file.capture.get(), &response),
            counts: self.counts(file.count.get(), &response, parts),
            stream: None,
            redirects: 0,
            continue_on_failure: file.on_failure.get() == Some(&OnFailure::Continue),
            retry: None,
            queue_wait: None,
            place: self.place(file.connect.get().map_or(file.span, |path| path.span)),
        };
        let path = file.connect.get().map_or("", |path| path.value.as_str());
        let said = Said {
            what: format!("connect {path}"),
            aside: false,
            goodput: None,
            socket: name_of(file.socket.get()),
            name: file.name.get(),
            timeout,
            on_failure: file.on_failure.get(),
            span: file.span,
        };
        let keep = file.keep.get().is_some_and(|keep| keep.value);
        let step = self.socket_step(said, parts);
        let connect = Connect { request: Arc::new(RequestStep { url: url?, ..request }), keep };
        Some(step(SocketAction::Connect(connect)))
    }

    /// Headers that make the handshake are not for suites.
    fn not_the_protocols_own(&mut self, file: &ConnectFile, headers: &[(HeaderName, Text)]) {
        for (header, _) in headers {
            let own = header.as_str().starts_with("sec-websocket-") || header.as_str() == "upgrade";
            let span = file.headers.get().and_then(|table| {
                table.entries.iter().find(|(name, _)| name.value.eq_ignore_ascii_case(header.as_str()))
            });
            if let (true, Some((name, _))) = (own, span) {
                let message = format!("loadgate sets `{header}` itself");
                let help = match header.as_str() {
                    "sec-websocket-protocol" => "say it with `protocols`",
                    _ => "leave it out",
                };
                self.error(Diagnostic::new(name.span, message).help(help));
            }
        }
    }

    fn protocols(&mut self, file: &ConnectFile) -> Option<(HeaderName, Text)> {
        let OneOrMany(protocols) = file.protocols.get()?;
        for protocol in protocols {
            let name = protocol.value.0.as_str();
            let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
            if name.is_empty() || !name.chars().all(fits) {
                let message = format!("`{name}` is no name of a subprotocol");
                self.error(Diagnostic::new(protocol.span, message));
            }
        }
        let names: Vec<&str> = protocols.iter().map(|protocol| protocol.value.0.as_str()).collect();
        Some((HeaderName::from_static("sec-websocket-protocol"), Text::fixed(names.join(", "))))
    }

    pub(super) fn send(&mut self, file: &SendFile, parts: &mut Parts) -> Option<Step> {
        let known = parts.known.clone();
        let message = file.send.get().and_then(|message| match message {
            OutgoingFile::Text(text) => self.text(text, &known).map(Outgoing::Text),
            OutgoingFile::Described(message) => self.message(message, &known),
        });
        let socket = self.opened(file.socket.get(), file.span, parts);
        let timeout = self.positive(file.timeout.get(), "nothing can be sent within no time");
        let said = Said {
            name: file.name.get(),
            timeout,
            on_failure: file.on_failure.get(),
            ..Said::aside("send to", socket, file.span)
        };
        let step = self.socket_step(said, parts);
        Some(step(SocketAction::Send(message?)))
    }

    fn message(&mut self, file: &MessageFile, known: &Known) -> Option<Outgoing> {
        let given = file.given();
        match given[..] {
            ["text"] => self.text(file.text.get()?, known).map(Outgoing::Text),
            ["json"] => self.json_body(&file.json.get()?.0, known).map(Outgoing::Text),
            ["base64"] => self.base64(file.base64.get()?, known),
            ["file"] => {
                let bytes = self.file_of(file.file.get()?)?.0;
                Some(Outgoing::Binary(bytes.into()))
            }
            ["size"] => Some(Outgoing::Binary(super::body::filler(file.size.get()?.value.0).into())),
            [first, second, ..] => {
                let message = format!("a message is one thing; this one has `{first}` and `{second}`");
                self.error(Diagnostic::new(file.span, message).help("make two steps of it"));
                None
            }
            _ => {
                let help = "write `text`, `json`, `base64`, `file` or `size`";
                self.error(Diagnostic::new(file.span, "it is not said what is sent").help(help));
                None
            }
        }
    }

    fn base64(&mut self, at: &At<String>, known: &Known) -> Option<Outgoing> {
        let text = self.text(at, known)?;
        let Some(constant) = text.constant() else { return Some(Outgoing::Base64(text)) };
        match base64::engine::general_purpose::STANDARD.decode(constant.trim()) {
            Ok(bytes) => Some(Outgoing::Binary(bytes.into())),
            Err(error) => {
                let message = format!("this is no Base64: {error}");
                self.error(
                    Diagnostic::new(at.span, message).help("write `text` for a message that is a text"),
                );
                None
            }
        }
    }

    pub(super) fn wait(&mut self, file: &AwaitFile, parts: &mut Parts) -> Option<Step> {
        let message = parts.known.with_message();
        let until = file.r#await.get().and_then(|until| self.predicate(until, &message));
        let content = file.content.get().map(|content| self.expression(content, &message));
        let tokens = self.tokens(file.tokens.get(), &message);
        if let (Some(tokens), true) = (file.tokens.get(), file.content.is_absent()) {
            let message = "`tokens` are those of a stream, and this step has no `content`";
            self.error(
                Diagnostic::new(tokens.span, message).help("say what carries content, or leave it out"),
            );
        }
        let goodput = self.limits_of_step(file.goodput.get(), parts.goodput, content.is_some());
        let refused = self.any_of(file.refused.get(), &message);
        let checks = self.predicates(file.check.get(), &message);
        let captures = self.captures(file.capture.get(), &message);
        let counts = self.counts(file.count.get(), &message, parts);
        let socket = self.opened(file.socket.get(), file.span, parts);
        let timeout = self.positive(file.timeout.get(), "nothing can be waited for within no time");
        let said = Said {
            what: format!("await {}", file.r#await.get().map_or("", |until| until.value.trim())),
            aside: false,
            goodput,
            socket,
            name: file.name.get(),
            timeout,
            on_failure: file.on_failure.get(),
            span: file.span,
        };
        let step = self.socket_step(said, parts);
        let content = match content {
            Some(content) => Some(content?),
            None => None,
        };
        let wait = Await { until: until?, content, tokens: tokens?, refused, checks, captures, counts };
        Some(step(SocketAction::Await(Box::new(wait))))
    }

    pub(super) fn close(&mut self, file: &CloseFile, parts: &mut Parts) -> Option<Step> {
        let given = file.close.get()?;
        let socket = self.opened(Some(given), given.span, parts);
        let timeout = self.positive(file.timeout.get(), "nothing can be closed within no time");
        let said = Said {
            name: file.name.get(),
            timeout,
            on_failure: file.on_failure.get(),
            ..Said::aside("close", socket, file.span)
        };
        Some(self.socket_step(said, parts)(SocketAction::Close))
    }

    /// The name of a socket that some step opens; it is a mistake where none does.
    fn opened(&mut self, given: Option<&At<Fixed>>, span: Span, parts: &Parts) -> String {
        let name = name_of(given);
        if !parts.sockets.contains(&name) {
            let message = format!("no step opens the socket `{name}`");
            let help = match &parts.sockets[..] {
                [] => "open it with `connect: /path` before".to_owned(),
                known => instead(&name, known.iter().map(String::as_str)),
            };
            self.error(Diagnostic::new(given.map_or(span, |given| given.span), message).help(help));
        }
        name
    }

    /// Numbers and names a step; what is left is what it does.
    fn socket_step(
        &mut self,
        said: Said<'_>,
        parts: &mut Parts,
    ) -> impl FnOnce(SocketAction) -> Step + use<> {
        let short: String = said.what.chars().take(LONGEST_NAME).collect();
        let name = self.step_name(said.name, &short, parts);
        let id = parts.steps.len();
        parts.steps.push(StepInfo { name, request: said.what, aside: said.aside, goodput: said.goodput });
        let place = self.place(said.span);
        let continue_on_failure = said.on_failure == Some(&OnFailure::Continue);
        let timeout = said.timeout.unwrap_or(TIMEOUT);
        move |action| {
            Step::Socket(Arc::new(SocketStep {
                id,
                socket: said.socket,
                action,
                timeout,
                continue_on_failure,
                place,
            }))
        }
    }
}

/// What all steps over a socket have in common.
struct Said<'f> {
    what: String,
    /// It is no request of the load.
    aside: bool,
    goodput: Option<Limits>,
    socket: String,
    name: Option<&'f At<Fixed>>,
    timeout: Option<Duration>,
    on_failure: Option<&'f OnFailure>,
    span: Span,
}

impl Said<'_> {
    /// A step that is no request of the load.
    fn aside(verb: &str, socket: String, span: Span) -> Self {
        Self {
            what: format!("{verb} {socket}"),
            aside: true,
            goodput: None,
            socket,
            name: None,
            timeout: None,
            on_failure: None,
            span,
        }
    }
}

/// The name of a socket.
pub(super) fn name_of(given: Option<&At<Fixed>>) -> String {
    given.map_or_else(|| SOCKET.to_owned(), |name| name.value.0.clone())
}

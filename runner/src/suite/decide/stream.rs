//! Streams, their tokens, and limits of what is good enough.

use super::Decider;
use super::known::Known;
use crate::suite::diagnostics::Diagnostic;
use crate::suite::file::{At, GoodputFile, StreamFile};
use crate::suite::plan::{Limits, Stream, Tokens};
use crate::suite::source::Span;

/// The usual places of a stream's content: OpenAI's chat and completion chunks, and plain fields.
const USUAL_CONTENT: &str = "json.choices[0].delta.content or json.choices[0].text or json.delta.text or json.content \
     or json.token or json.text or json.delta or ('' if json is defined else data)";
/// The usual ends of a stream.
const USUAL_DONE: &str = "data == '[DONE]' or event in ['done', 'end', 'complete', 'message_stop', 'close'] or json.done == true \
     or json.type in ['done', 'message_stop', 'end']";

impl Decider<'_> {
    pub(super) fn stream(&mut self, file: &StreamFile, known: &Known) -> Option<Stream> {
        let span = Span::default();
        let usual = |text: &str| At { value: text.to_owned(), span };
        let known = known.with_response(true);
        let (content, done, tokens) = match file {
            StreamFile::Usual(false) => return None,
            StreamFile::Usual(true) => (usual(USUAL_CONTENT), usual(USUAL_DONE), None),
            StreamFile::Described(described) => (
                described.content.get().cloned().unwrap_or_else(|| usual(USUAL_CONTENT)),
                described.done.get().cloned().unwrap_or_else(|| usual(USUAL_DONE)),
                described.tokens.get(),
            ),
        };
        let (content, done) = (self.expression(&content, &known), self.predicate(&done, &known));
        let tokens = self.tokens(tokens, &known);
        Some(Stream { content: content?, done: done?, tokens: tokens? })
    }

    /// What counts as a token. `known` is what is known of one event.
    pub(super) fn tokens(&mut self, given: Option<&At<String>>, known: &Known) -> Option<Tokens> {
        let Some(given) = given else { return Some(Tokens::Events) };
        match given.value.trim() {
            "events" => Some(Tokens::Events),
            "words" => Some(Tokens::Words),
            _ => self.expression(given, known).map(Tokens::Told),
        }
    }

    /// The limits themselves, wherever they stand.
    pub(super) fn limits(&mut self, file: &GoodputFile) -> Option<Limits> {
        if file.latency.is_absent() && file.ttft.is_absent() && file.itl.is_absent() {
            let message = "it is not said what a good request keeps to";
            self.error(
                Diagnostic::new(file.span, message).help("write `latency: 2s`, `ttft: 300ms` or `itl: 50ms`"),
            );
        }
        let why = "no request keeps to no time at all";
        let mut limit = |given| self.positive(given, why);
        let (latency, ttft, itl) = (limit(file.latency.get()), limit(file.ttft.get()), limit(file.itl.get()));
        Some(Limits { latency, ttft, itl })
    }

    /// The limits of a step: its own, or what fits it of those of its scenario.
    pub(super) fn limits_of_step(
        &mut self,
        own: Option<&GoodputFile>,
        of_scenario: Option<Limits>,
        streams: bool,
    ) -> Option<Limits> {
        let Some(own) = own else { return of_scenario?.of_step(streams) };
        let within = [("ttft", own.ttft.get()), ("itl", own.itl.get())];
        if let Some((key, Some(given))) = within.into_iter().find(|(_, given)| !streams && given.is_some()) {
            let message = format!("`{key}` is a time within a stream, and this step has none");
            self.error(Diagnostic::new(given.span, message).help("say what is streamed, or limit `latency`"));
        }
        self.limits(own)
    }
}

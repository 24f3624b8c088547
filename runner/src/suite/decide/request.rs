//! Request steps.

use std::time::Duration;

use http::{HeaderName, Method, header};
use loadgate_report::figure;

use super::Decider;
use super::flow::Parts;
use super::known::Known;
use crate::suite::diagnostics::Diagnostic;
use crate::suite::expression::Predicate;
use crate::suite::file::{At, BasicFile, Fixed, Maybe, OnFailure, OneOrMany, RequestFile, Table};
use crate::suite::plan::{RequestStep, StepInfo};
use crate::suite::source::Span;
use crate::suite::text::{Encoding, Text, TextBuilder};

const TIMEOUT: Duration = Duration::from_secs(30);

/// How a request says who sends it.
#[derive(Clone, Copy)]
pub(super) struct Credentials<'f> {
    pub(super) basic: &'f Maybe<BasicFile>,
    pub(super) bearer: &'f Maybe<At<String>>,
    /// Where the request stands.
    pub(super) span: Span,
}

impl Decider<'_> {
    pub(super) fn request(&mut self, file: &RequestFile, parts: &mut Parts) -> Option<RequestStep> {
        let known = parts.known.clone();
        let response = known.with_response(false);
        let (method, path) =
            file.request_line().map_or((Method::GET, None), |(method, path)| (method, Some(path)));
        let url = path.and_then(|path| self.url(path, file.query.get(), &known));
        let mut headers = self.headers(file.headers.get(), &known);
        let body = self.body(file, &method, &known);
        let credentials = Credentials { basic: &file.basic, bearer: &file.bearer, span: file.span };
        self.authorization(credentials, &known, &mut headers);
        let timeout = self.positive(file.timeout.get(), "no request can be done within no time");
        let checks = self.predicates(file.check.get(), &response);
        let refused = self.any_of(file.refused.get(), &response);
        let captures = self.captures(file.capture.get(), &response);
        let counts = self.counts(file.count.get(), &response, parts);
        let stream = file.stream.get().and_then(|stream| self.stream(stream, &known));
        let redirects = file.redirects.get().map_or(0, |redirects| redirects.value);
        if redirects > 20 {
            let span = file.redirects.get().map_or(file.span, |at| at.span);
            self.error(Diagnostic::new(span, "more than 20 redirects are a loop"));
        }
        let request = format!("{method} {}", path.map_or("", |path| path.value.as_str()));
        let retry = file.retry.get().and_then(|retry| self.retry(retry, &response));
        let queue_wait = file.queue_wait.get().and_then(|wait| self.expression(wait, &response));
        let name = self.step_name(file.name.get(), &request, parts);
        let id = parts.steps.len();
        let goodput = self.limits_of_step(file.goodput.get(), parts.goodput, stream.is_some());
        parts.steps.push(StepInfo { name, request, aside: false, goodput });
        Some(RequestStep {
            id,
            method,
            url: url?,
            headers,
            body: body?,
            timeout: timeout.unwrap_or(TIMEOUT),
            refused,
            checks,
            captures,
            counts,
            stream,
            redirects: u32::try_from(redirects).unwrap_or(20),
            continue_on_failure: file.on_failure.get() == Some(&OnFailure::Continue),
            retry,
            queue_wait,
            place: self.place(path.map_or(file.span, |path| path.span)),
        })
    }

    /// The step's own name, or method and path; the second of the same name becomes `… (2)`.
    pub(super) fn step_name(
        &mut self,
        given: Option<&At<Fixed>>,
        request: &str,
        parts: &mut Parts,
    ) -> String {
        if let Some(name) = given {
            let text = name.value.0.clone();
            if figure::is_valid_name(&text) {
                if let Some(first) = parts.named.get(&text).copied() {
                    let place = self.place(first);
                    let message = format!("two steps are called `{text}`");
                    self.error(Diagnostic::new(name.span, message).help(format!(
                        "the other one is in line {}; give them different names, or put the step into a flow that both use",
                        place.line
                    )));
                }
                parts.named.insert(text.clone(), name.span);
            } else {
                self.condition_name(&text, name.span, "step");
            }
            return text;
        }
        let taken = |name: &str| parts.steps.iter().any(|step| step.name == name);
        let mut name = request.to_owned();
        let mut number = 2;
        while taken(&name) {
            name = format!("{request} ({number})");
            number += 1;
        }
        name
    }

    /// The path with its query.
    pub(super) fn url(
        &mut self,
        path: &At<String>,
        query: Option<&Table<OneOrMany<At<String>>>>,
        known: &Known,
    ) -> Option<Text> {
        let text = self.path(path, known)?;
        let Some(query) = query else { return Some(text) };
        let mut builder = TextBuilder::default();
        builder.text(&text);
        let mut separator = if path.value.contains('?') { "&" } else { "?" };
        for (name, OneOrMany(values)) in query.iter() {
            for value in values {
                builder.literal(separator);
                builder.encoded(&Text::fixed(name.value.clone()), Encoding::Percent);
                builder.literal("=");
                builder.encoded(&self.text(value, known)?, Encoding::Percent);
                separator = "&";
            }
        }
        Some(builder.finish(path.value.clone()))
    }

    pub(super) fn headers(
        &mut self,
        given: Option<&Table<OneOrMany<At<String>>>>,
        known: &Known,
    ) -> Vec<(HeaderName, Text)> {
        let mut headers = Vec::new();
        for (name, OneOrMany(values)) in given.into_iter().flat_map(|table| table.iter()) {
            let Ok(header) = HeaderName::try_from(name.value.as_str()) else {
                let message = format!("`{}` is no name of a header", name.value);
                self.error(Diagnostic::new(name.span, message));
                continue;
            };
            if matches!(header, header::CONTENT_LENGTH | header::TRANSFER_ENCODING | header::CONNECTION) {
                let message = format!("loadgate sets `{header}` itself");
                self.error(Diagnostic::new(name.span, message).help("leave it out"));
                continue;
            }
            for value in values {
                let Some(text) = self.text(value, known) else { continue };
                if text.constant().is_some_and(|text| http::HeaderValue::try_from(text).is_err()) {
                    let message = "a header cannot have this value: it has a line end or a control character";
                    self.error(Diagnostic::new(value.span, message));
                    continue;
                }
                headers.push((header.clone(), text));
            }
        }
        headers
    }

    pub(super) fn authorization(
        &mut self,
        file: Credentials<'_>,
        known: &Known,
        headers: &mut Vec<(HeaderName, Text)>,
    ) {
        let given = headers.iter().any(|(name, _)| *name == header::AUTHORIZATION);
        let twice =
            usize::from(given) + usize::from(!file.basic.is_absent()) + usize::from(!file.bearer.is_absent());
        if twice > 1 {
            let message = "`authorization` is given twice: by `basic`, `bearer` or `headers`";
            self.error(Diagnostic::new(file.span, message).help("keep one of them"));
        }
        let mut builder = TextBuilder::default();
        if let Some(basic) = file.basic.get() {
            let (Some(user), Some(password)) = (basic.user.get(), basic.password.get()) else { return };
            let (Some(user), Some(password)) = (self.text(user, known), self.text(password, known)) else {
                return;
            };
            let mut pair = TextBuilder::default();
            pair.text(&user);
            pair.literal(":");
            pair.text(&password);
            builder.literal("Basic ");
            builder.encoded(&pair.finish(String::new()), Encoding::Base64);
        } else if let Some(token) = file.bearer.get() {
            let Some(token) = self.text(token, known) else { return };
            builder.literal("Bearer ");
            builder.text(&token);
        } else {
            return;
        }
        headers.push((header::AUTHORIZATION, builder.finish("authorization".to_owned())));
    }

    pub(super) fn predicates(
        &mut self,
        given: Option<&OneOrMany<At<String>>>,
        known: &Known,
    ) -> Vec<Predicate> {
        let given = given.map(|OneOrMany(all)| all.as_slice()).unwrap_or_default();
        given.iter().filter_map(|text| self.predicate(text, known)).collect()
    }

    pub(super) fn captures(
        &mut self,
        given: Option<&Table<At<String>>>,
        known: &Known,
    ) -> Vec<(String, crate::suite::expression::Expression)> {
        let mut captures = Vec::new();
        for (name, text) in given.into_iter().flat_map(|table| table.iter()) {
            self.free_name(&name.value, name.span, "captured value");
            if self.data.contains_key(&name.value) {
                let message = format!("`{}` is a data set already", name.value);
                self.error(Diagnostic::new(name.span, message));
            }
            captures.extend(self.expression(text, known).map(|expression| (name.value.clone(), expression)));
        }
        captures
    }

    pub(super) fn counts(
        &mut self,
        given: Option<&Table<At<String>>>,
        known: &Known,
        parts: &mut Parts,
    ) -> Vec<(usize, Predicate)> {
        let mut counts = Vec::new();
        for (name, text) in given.into_iter().flat_map(|table| table.iter()) {
            self.condition_name(&name.value, name.span, "counter");
            if parts.unmeasured {
                // A flow of the load may be the setup too: it is checked all the same.
                let _ = self.predicate(text, known);
                continue;
            }
            let index = parts.counters.iter().position(|known| *known == name.value).unwrap_or_else(|| {
                parts.counters.push(name.value.clone());
                parts.counters.len() - 1
            });
            counts.extend(self.predicate(text, known).map(|predicate| (index, predicate)));
        }
        counts
    }
}

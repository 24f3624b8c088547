//! Compiles texts and expressions and checks the names in them.

use super::Decider;
use super::known::Known;
use crate::suite::diagnostics::Diagnostic;
use crate::suite::expression::{Expression, Predicate};
use crate::suite::file::At;
use crate::suite::source::Span;
use crate::suite::text::{TemplateError, Text};

impl Decider<'_> {
    /// A text with its variables filled in.
    pub(super) fn text(&mut self, at: &At<String>, known: &Known) -> Option<Text> {
        match Text::compile(&at.value) {
            Ok(text) => {
                self.check_names(at, text.names(), known);
                Some(text.with_constants(&self.vars_scope, "vars"))
            }
            Err(error) => self.template_error(at, &error, "template"),
        }
    }

    pub(super) fn expression(&mut self, at: &At<String>, known: &Known) -> Option<Expression> {
        match Expression::compile(&at.value) {
            Ok(expression) => {
                self.check_names(at, expression.names(), known);
                Some(expression)
            }
            Err(error) => self.template_error(at, &error, "expression"),
        }
    }

    pub(super) fn predicate(&mut self, at: &At<String>, known: &Known) -> Option<Predicate> {
        match Predicate::compile(&at.value) {
            Ok(predicate) => {
                self.check_names(at, predicate.names(), known);
                Some(predicate)
            }
            Err(error) => self.template_error(at, &error, "expression"),
        }
    }

    pub(super) fn template_error<T>(
        &mut self,
        at: &At<String>,
        error: &TemplateError,
        what: &str,
    ) -> Option<T> {
        let span = self.sources.inside(at.span, &at.value, error.at, error.len);
        let mut diagnostic = Diagnostic::new(span, format!("the {what} is wrong: {}", error.message));
        let rest = at.value.get(error.at..).unwrap_or_default();
        if rest.starts_with('=') && !rest.starts_with("==") {
            diagnostic = diagnostic.help("to compare for equality write `==`");
        } else if rest.starts_with("&&") || rest.starts_with("||") || rest.starts_with('&') {
            diagnostic = diagnostic.help("write `and`, `or` and `not`");
        } else if what == "expression" && at.value.contains("{{") {
            diagnostic = diagnostic.help("an expression stands without `{{ }}`");
        }
        self.error(diagnostic);
        None
    }

    pub(super) fn check_names(&mut self, at: &At<String>, names: &[String], known: &Known) {
        for name in names {
            self.used.insert(name.split('.').next().unwrap_or(name).to_owned());
            if let Err((message, help)) = known.check(name) {
                let span = self.name_inside(at, name);
                self.error(Diagnostic::new(span, message).help(help));
            }
        }
    }

    /// Where a name stands in a text.
    fn name_inside(&self, at: &At<String>, name: &str) -> Span {
        let boundary = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        let root = name.split('.').next().unwrap_or(name);
        for wanted in [name, root] {
            let found = at.value.match_indices(wanted).find(|(offset, _)| {
                boundary(at.value[..*offset].chars().next_back())
                    && boundary(at.value[offset + wanted.len()..].chars().next().filter(|c| *c != '.'))
            });
            if let Some((offset, _)) = found {
                return self.sources.inside(at.span, &at.value, offset, wanted.len());
            }
        }
        at.span
    }
}

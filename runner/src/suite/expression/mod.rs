//! Expressions on one response: `status == 200`, `json.answer != ""`.
//!
//! They are minijinja's, with one rule of our own: a comparison with something that is not there does not hold, whichever
//! way it compares. A check `json.answer != ""` must not pass on a response that has no answer. `is defined` asks whether
//! it is there.

pub(super) mod term;
mod tokens;

use std::sync::Arc;

use minijinja::Value;

use self::term::Term;
pub use super::jinja::TemplateError;
use super::scope::{Response, ResponseName, Scope};
use super::text::EvaluationError;

/// An expression with a value, compiled once.
#[derive(Clone, Debug)]
pub struct Expression {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    source: String,
    term: Term,
    names: Vec<String>,
}

impl Expression {
    /// An expression as the suite writes it.
    ///
    /// # Errors
    /// It is none, with the place in it.
    pub fn compile(source: &str) -> Result<Self, TemplateError> {
        let (term, names) = Term::compile(source, false)?;
        Ok(Self { inner: Arc::new(Inner { source: source.trim().to_owned(), term, names }) })
    }

    /// As the suite writes it.
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// The names that it asks for, with dots: `json.answer`.
    pub fn names(&self) -> &[String] {
        &self.inner.names
    }

    /// Its value where it asks for none: a plain number or text.
    pub fn constant(&self) -> Option<&Value> {
        match &self.inner.term {
            Term::Constant(value) => Some(value),
            _ => None,
        }
    }

    fn mentions(&self, wanted: impl Fn(ResponseName) -> bool) -> bool {
        let roots = self.inner.names.iter().filter_map(|name| name.split('.').next());
        roots.filter_map(ResponseName::parse).any(wanted)
    }

    /// Whether the body must be read as JSON or text for it.
    pub fn needs_body(&self) -> bool {
        self.mentions(ResponseName::needs_body)
    }

    /// Its value. An undefined value is `Value::UNDEFINED`, no error.
    ///
    /// # Errors
    /// An operation on a value fails.
    pub fn evaluate(&self, scope: &Scope, response: Option<&Response<'_>>) -> Result<Value, EvaluationError> {
        self.inner.term.evaluate(scope, response)
    }
}

/// An expression that is true or false.
#[derive(Clone, Debug)]
pub struct Predicate {
    expression: Expression,
}

impl Predicate {
    /// A predicate as the suite writes it.
    ///
    /// # Errors
    /// It is no expression, with the place in it.
    pub fn compile(source: &str) -> Result<Self, TemplateError> {
        Expression::compile(source).map(|expression| Self { expression })
    }

    /// As the suite writes it.
    pub fn source(&self) -> &str {
        self.expression.source()
    }

    /// The names that it asks for, with dots: `json.answer`.
    pub fn names(&self) -> &[String] {
        self.expression.names()
    }

    /// Whether it speaks of `status`.
    pub fn mentions_status(&self) -> bool {
        self.expression.mentions(|root| root == ResponseName::Status)
    }

    /// Whether the body must be read for it.
    pub fn needs_body(&self) -> bool {
        self.expression.needs_body()
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// An operation on a value fails.
    pub fn holds(&self, scope: &Scope, response: Option<&Response<'_>>) -> Result<bool, EvaluationError> {
        self.expression.inner.term.holds(scope, response)
    }
}

#[cfg(test)]
mod tests;

//! Expressions on one response: `status == 200`, `json.answer != ""`.

use minijinja::Value;

use super::scope::{Response, Scope};
use super::text::EvaluationError;

/// An expression with a value, compiled once.
#[derive(Clone, Debug)]
pub struct Expression {
    source: String,
}

impl Expression {
    /// As the suite writes it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the body must be read as JSON or text for it.
    pub fn needs_body(&self) -> bool {
        true
    }

    /// Its value. An undefined value is `Value::UNDEFINED`, no error.
    ///
    /// # Errors
    /// An operation on a value fails.
    pub fn evaluate(&self, scope: &Scope, response: Option<&Response<'_>>) -> Result<Value, EvaluationError> {
        let _ = (scope, response);
        Ok(Value::UNDEFINED)
    }
}

/// An expression that is true or false.
#[derive(Clone, Debug)]
pub struct Predicate {
    expression: Expression,
}

impl Predicate {
    /// As the suite writes it.
    pub fn source(&self) -> &str {
        self.expression.source()
    }

    /// Whether it speaks of `status`.
    pub fn mentions_status(&self) -> bool {
        self.expression.source().contains("status")
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
        self.expression.evaluate(scope, response).map(|value| value.is_true())
    }
}

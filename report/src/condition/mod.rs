//! Conditions on figures: `latency.p95 < 5s`, `start.ok == 20`, `cache_hit.false.latency.mean / cache_hit.true.latency.mean >= 5`.
//!
//! ```text
//! condition = sum op sum          op = < <= > >= == !=
//! sum       = product { (+|-) product }
//! product   = atom { (*|/) atom }
//! atom      = number[unit] | figure | ( sum ) | - atom
//! ```
//!
//! A `-` inside a name belongs to the name; put spaces around one that subtracts.

mod judge;
mod parse;

pub use self::judge::Judged;
use crate::figure::Figure;
use crate::quantity::{Quantity, Unit};

/// A condition that has been understood and whose units fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// As the suite writes it.
    pub text: String,
    /// The unit in which both sides are compared.
    pub unit: Unit,
    pub(crate) left: Sum,
    pub(crate) op: Op,
    pub(crate) right: Sum,
}

/// How both sides are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

impl Op {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }

    pub(crate) fn holds(self, left: f64, right: f64) -> bool {
        // Sides that were computed (95% is 95 × 0.01) may differ in the last bits; a millionth of a millionth is equal.
        let same = (left - right).abs() <= 1e-12 * left.abs().max(right.abs());
        match self {
            Self::Less => left < right && !same,
            Self::LessOrEqual => left < right || same,
            Self::Greater => left > right && !same,
            Self::GreaterOrEqual => left > right || same,
            Self::Equal => same,
            Self::NotEqual => !same,
        }
    }
}

/// One side of a condition, or a part of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sum {
    Number(Quantity),
    Figure { figure: Figure, name: String },
    Binary { op: Arithmetic, left: Box<Sum>, right: Box<Sum>, unit: Unit },
    Negative(Box<Sum>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Sum {
    pub(crate) fn unit(&self) -> Unit {
        match self {
            Self::Number(quantity) => quantity.unit,
            Self::Figure { figure, .. } => figure.unit(),
            Self::Binary { unit, .. } => *unit,
            Self::Negative(inner) => inner.unit(),
        }
    }

    fn figures<'a>(&'a self, into: &mut Vec<(&'a Figure, &'a str)>) {
        match self {
            Self::Number(_) => {}
            Self::Figure { figure, name } => into.push((figure, name)),
            Self::Binary { left, right, .. } => {
                left.figures(into);
                right.figures(into);
            }
            Self::Negative(inner) => inner.figures(into),
        }
    }
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Byte offset in the text at which it is wrong.
    pub at: usize,
    /// Length of the wrong part in bytes, at least 1.
    pub len: usize,
}

impl Condition {
    /// The figures of both sides with their names, left to right.
    pub fn figures(&self) -> Vec<(&Figure, &str)> {
        let mut all = Vec::new();
        self.left.figures(&mut all);
        self.right.figures(&mut all);
        all
    }

    /// The name under which findings speak of it: the only figure of the left side, or the left side as written.
    pub fn subject(&self) -> &str {
        match &self.left {
            Sum::Figure { name, .. } => name,
            _ => self.text.split(self.op.as_str()).next().unwrap_or(&self.text).trim(),
        }
    }

    /// Whether a generator that could not keep up makes it meaningless.
    pub fn depends_on_speed(&self) -> bool {
        self.figures().iter().any(|(figure, _)| figure.depends_on_speed())
    }
}

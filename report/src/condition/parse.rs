//! From text to a condition.

use super::{Arithmetic, Condition, ConditionError, Op, Sum};
use crate::figure::{Figure, Names};
use crate::quantity::{self, Quantity, Unit};

impl Condition {
    /// Parses a condition and checks that its figures exist and its units fit.
    ///
    /// # Errors
    /// [`ConditionError`] with the place in the text.
    pub fn parse(text: &str, names: &Names) -> Result<Self, ConditionError> {
        let mut parser = Parser { text, at: 0, names };
        let mut left = parser.sum()?;
        let op_at = parser.skip_space();
        let op = parser.op()?;
        let mut right = parser.sum()?;
        let end = parser.skip_space();
        if end < text.len() {
            return Err(error(end, text.len() - end, "nothing is expected here", None));
        }
        let unit = common(&mut left, &mut right).ok_or_else(|| {
            let (l, r) = (describe(left.unit()), describe(right.unit()));
            let help = match (left.unit(), right.unit()) {
                (Unit::Ms, Unit::Count) | (Unit::Count, Unit::Ms) => {
                    Some("write a time with its unit, such as 5s or 250ms".to_owned())
                }
                (Unit::Bytes, Unit::Count) => Some("write a size with its unit, such as 50MB".to_owned()),
                _ => None,
            };
            error(op_at, op.as_str().len(), format!("{l} cannot be compared with {r}"), help)
        })?;
        for (side, other) in [(&left, &right), (&right, &left)] {
            if let (Sum::Figure { figure, .. }, Sum::Number(number)) = (side, other)
                && figure.unit() == Unit::Ratio
                && number.unit == Unit::Count
                && number.value > 1.0
            {
                let help = format!("write `{}%`", number.value);
                return Err(error(op_at, op.as_str().len(), "a share is never more than 1", Some(help)));
            }
        }
        Ok(Self { text: text.trim().to_owned(), unit, left, op, right })
    }
}

fn error(at: usize, len: usize, message: impl Into<String>, help: Option<String>) -> ConditionError {
    ConditionError { message: message.into(), help, at, len: len.max(1) }
}

fn describe(unit: Unit) -> &'static str {
    match unit {
        Unit::Ms => "a time",
        Unit::Bytes => "a size",
        Unit::Ratio => "a share",
        Unit::PerSecond => "a rate per second",
        Unit::Count => "a plain number",
        Unit::Cores => "a number of cores",
        Unit::BytesPerSecond => "bytes per second",
        Unit::Money => "money",
    }
}

/// The unit in which two sides can be compared or added. A plain number takes the unit of a share, a rate or a number of
/// cores on the other side (`success_rate > 0.95`, `throughput > 30`), since these have one natural unit; a time or a size has not.
fn common(left: &mut Sum, right: &mut Sum) -> Option<Unit> {
    let (l, r) = (left.unit(), right.unit());
    let adopts = |unit| matches!(unit, Unit::Ratio | Unit::PerSecond | Unit::Cores | Unit::BytesPerSecond);
    // A literal zero fits everything.
    let zero = |sum: &Sum| matches!(sum, Sum::Number(q) if q.value == 0.0 && q.unit == Unit::Count);
    if l == r || (r == Unit::Count && adopts(l)) || zero(right) {
        Some(l)
    } else if (l == Unit::Count && adopts(r)) || zero(left) {
        Some(r)
    } else {
        None
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    names: &'a Names,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) -> usize {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.at
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn op(&mut self) -> Result<Op, ConditionError> {
        const OPS: [Op; 6] =
            [Op::LessOrEqual, Op::GreaterOrEqual, Op::Equal, Op::NotEqual, Op::Less, Op::Greater];
        let at = self.skip_space();
        if let Some(op) = OPS.into_iter().find(|op| self.rest().starts_with(op.as_str())) {
            self.at += op.as_str().len();
            return Ok(op);
        }
        let help = if self.rest().starts_with('=') {
            "to compare for equality write `==`"
        } else {
            "a condition reads FIGURE OP VALUE, such as `latency.p95 < 5s`"
        };
        Err(error(at, 1, "one of <, <=, >, >=, ==, != is expected here", Some(help.to_owned())))
    }

    fn sum(&mut self) -> Result<Sum, ConditionError> {
        let mut left = self.product()?;
        loop {
            let at = self.skip_space();
            let op = if self.eat("+") {
                Arithmetic::Add
            } else if self.eat("-") {
                Arithmetic::Subtract
            } else {
                return Ok(left);
            };
            let mut right = self.product()?;
            let unit = common(&mut left, &mut right).ok_or_else(|| {
                let (l, r) = (describe(left.unit()), describe(right.unit()));
                error(at, 1, format!("{l} and {r} cannot be added or subtracted"), None)
            })?;
            left = Sum::Binary { op, left: Box::new(left), right: Box::new(right), unit };
        }
    }

    fn product(&mut self) -> Result<Sum, ConditionError> {
        let mut left = self.atom()?;
        loop {
            let at = self.skip_space();
            let op = if self.eat("*") {
                Arithmetic::Multiply
            } else if self.eat("/") {
                Arithmetic::Divide
            } else {
                return Ok(left);
            };
            let right = self.atom()?;
            let unit = product_unit(op, left.unit(), right.unit()).ok_or_else(|| {
                let verb = if op == Arithmetic::Multiply { "multiplied" } else { "divided" };
                let (l, r) = (describe(left.unit()), describe(right.unit()));
                error(at, 1, format!("{l} cannot be {verb} by {r}"), None)
            })?;
            left = Sum::Binary { op, left: Box::new(left), right: Box::new(right), unit };
        }
    }

    fn atom(&mut self) -> Result<Sum, ConditionError> {
        let at = self.skip_space();
        if self.eat("(") {
            let inner = self.sum()?;
            if !self.eat(")") {
                return Err(error(self.at, 1, "a closing `)` is missing", None));
            }
            return Ok(inner);
        }
        if self.eat("-") {
            return Ok(Sum::Negative(Box::new(self.atom()?)));
        }
        match self.rest().chars().next() {
            Some(c) if c.is_ascii_digit() => self.number(at),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.figure(at),
            Some(_) => Err(error(at, 1, "a figure or a number is expected here", None)),
            None => Err(error(
                at,
                1,
                "the condition ends too early",
                Some("a condition reads FIGURE OP VALUE, such as `latency.p95 < 5s`".into()),
            )),
        }
    }

    fn number(&mut self, at: usize) -> Result<Sum, ConditionError> {
        let rest = self.rest();
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(rest.len());
        let after = &rest[digits..];
        // A slash belongs to the unit only as part of `/s`, `/min`, `/h` directly after the number or `B`.
        let word = after.find(|c: char| !(c.is_alphabetic() || c == '%')).unwrap_or(after.len());
        let unit_end = if after[word..].starts_with('/') {
            let tail = &after[word + 1..];
            let tail_word = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
            let with_slash = word + 1 + tail_word;
            if quantity::suffix(&after[..with_slash]).is_some() { with_slash } else { word }
        } else {
            word
        };
        let len = digits + unit_end;
        let quantity: Quantity =
            quantity::parse(&rest[..len]).map_err(|message| error(at, len, message, None))?;
        self.at += len;
        Ok(Sum::Number(quantity))
    }

    fn figure(&mut self, at: usize) -> Result<Sum, ConditionError> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let len = (0..bytes.len())
            .find(|&i| {
                let inside = matches!(bytes[i], b'-' | b'.')
                    && i > 0
                    && word(bytes[i - 1])
                    && bytes.get(i + 1).copied().is_some_and(word);
                !(word(bytes[i]) || inside)
            })
            .unwrap_or(bytes.len());
        let name = &rest[..len];
        let figure =
            Figure::parse(name, self.names).map_err(|e| error(at, len, e.to_string(), Some(e.help)))?;
        self.at += len;
        Ok(Sum::Figure { figure, name: name.to_owned() })
    }
}

fn product_unit(op: Arithmetic, left: Unit, right: Unit) -> Option<Unit> {
    let plain = |unit| matches!(unit, Unit::Count | Unit::Ratio);
    match op {
        _ if plain(right) && plain(left) => Some(Unit::Count),
        _ if plain(right) => Some(left),
        Arithmetic::Multiply if plain(left) => Some(right),
        Arithmetic::Divide if left == right => Some(Unit::Count),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names {
            steps: vec!["start".into(), "large-file".into()],
            classes: vec!["quick".into()],
            counters: vec!["cache_hit".into()],
            probes: vec!["active".into()],
            searches: true,
            ..Names::default()
        }
    }

    #[test]
    fn what_may_be_written() {
        for text in [
            "latency.p95 < 5s",
            "success_rate>95%",
            "success_rate >= 0.95",
            "throughput > 30",
            "throughput > 30/s",
            "memory.growth < 50MB",
            "start.ok == 20",
            "active.after == 0",
            "memory.slope <= 0",
            "cache_hit.false.latency.mean / cache_hit.true.latency.mean >= 5",
            "throughput.last_third >= 0.8 * throughput.first_third",
            "large-file.latency.p95 - quick.latency.p95 < 100ms",
            "(ok + refused) / requests > 99%",
            "latency.mean < 2 * latency.p50",
            "error_rate < 0.1%",
            "error_rate < 1",
            "success_rate > 0.95",
            "0.95 < success_rate",
            "1 > error_rate",
            "success_rate <= 100%",
            "capacity >= 50",
            "capacity >= 50/s",
            "estimate.users > 1_000",
        ] {
            if let Err(e) = Condition::parse(text, &names()) {
                panic!("{text}: {e:?}");
            }
        }
    }

    #[test]
    fn what_is_wrong_and_where() {
        for (text, at, message) in [
            ("latency.p95 < 5", 12, "a time cannot be compared with a plain number"),
            ("latency.p95 < 5MB", 12, "a time cannot be compared with a size"),
            ("latency.p95 = 5s", 12, "one of <"),
            ("latency.p95", 11, "one of <"),
            ("latncy.p95 < 5s", 0, "there is no figure `latncy.p95`"),
            ("latency.p95 < 5 parsecs", 16, "nothing is expected here"),
            ("latency.p95 < 5parsecs", 14, "`parsecs` is not a unit"),
            ("latency.p95 < ", 14, "ends too early"),
            ("latency.p95 + ok < 5s", 12, "cannot be added"),
            ("latency.p95 * latency.p95 < 5s", 12, "cannot be multiplied"),
            ("(ok < 5", 4, "a closing `)` is missing"),
            ("", 0, "ends too early"),
        ] {
            let e = Condition::parse(text, &names()).unwrap_err();
            assert!(e.at == at && e.message.contains(message), "{text}: {e:?}");
        }
    }

    /// `error_rate < 5` would hold whatever happens.
    #[test]
    fn a_share_above_one_is_a_percentage_without_its_sign() {
        for (text, at, help) in [
            ("error_rate < 5", 11, "write `5%`"),
            ("5 > error_rate", 2, "write `5%`"),
            ("success_rate > 99.5", 13, "write `99.5%`"),
            ("cache_hit.rate >= 70", 15, "write `70%`"),
            ("start.error_rate < 1.5", 17, "write `1.5%`"),
        ] {
            let e = Condition::parse(text, &names()).unwrap_err();
            assert!(e.at == at && e.message.contains("never more than 1"), "{text}: {e:?}");
            assert_eq!(e.help.as_deref(), Some(help), "{text}");
        }
    }
}

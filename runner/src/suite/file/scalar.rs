//! Single values: texts, numbers, times, sizes, truth values.

use std::borrow::Cow;
use std::time::Duration;

use loadgate_report::quantity::{self, Quantity, Unit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::decode::{At, Decode, Decoder};
use crate::suite::diagnostics::Diagnostic;
use crate::suite::node::{Content, Node};
use crate::suite::text::Text;

/// A single value. Wherever one is written, `{ short: X, full: Y }` may be written instead.
pub(in crate::suite) trait Scalar: Sized {
    /// Its name in the schema.
    const NAME: &'static str;

    /// The value, or what is wrong with it and what to write instead.
    fn scalar(node: &Node, decoder: &Decoder) -> Result<Self, Wrong>;

    /// The JSON Schema of what may be written.
    fn plain_schema() -> serde_json::Value;
}

/// What is wrong with a value, and what to write instead.
pub(in crate::suite) struct Wrong {
    message: String,
    help: Option<String>,
}

impl Wrong {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    fn kind(node: &Node, expected: &str) -> Self {
        Self::new(format!("expected {expected}, found {}", node.kind()))
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl<T: Scalar> Decode for At<T> {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        match T::scalar(node, decoder) {
            Ok(value) => Some(Self { value, span: node.span }),
            Err(Wrong { message, help }) => {
                decoder.error(Diagnostic { span: Some(node.span), message, help });
                None
            }
        }
    }
}

impl<T: Scalar> JsonSchema for At<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let own = generator.subschema_for::<Self>();
        json_schema!({ "anyOf": [T::plain_schema(), {
            "type": "object",
            "properties": { "short": own, "full": own },
            "required": ["short", "full"],
            "additionalProperties": false,
        }] })
    }
}

/// The text of a single value; numbers and truth values as they would be written.
fn text_of(node: &Node) -> Option<Cow<'_, str>> {
    Some(match &node.content {
        Content::Text(text) => text.into(),
        Content::Integer(v) => v.to_string().into(),
        Content::Number(v) => v.to_string().into(),
        Content::Bool(v) => v.to_string().into(),
        Content::Null | Content::List(_) | Content::Map(_) => return None,
    })
}

/// A text of which the places for `vars` are filled in now, because its value is needed before anything runs.
fn fixed<'n>(node: &'n Node, decoder: &Decoder, expected: &str) -> Result<Cow<'n, str>, Wrong> {
    let text = text_of(node).ok_or_else(|| Wrong::kind(node, expected))?;
    if !text.contains("{{") {
        return Ok(text);
    }
    let template = Text::compile(&text).map_err(|e| Wrong::new(e.message))?;
    if let Some(name) = template.names().iter().find(|name| name.split('.').next() != Some("vars")) {
        return Err(Wrong::new(format!("`{name}` has no value here"))
            .help("it is needed before the run begins, so only `vars` can be used"));
    }
    let mut out = String::new();
    template.render(&decoder.vars, &mut out).map_err(|e| Wrong::new(e.message))?;
    Ok(out.into())
}

/// A text that may have places for values, filled in for each request.
impl Scalar for String {
    const NAME: &'static str = "Text";

    fn scalar(node: &Node, _: &Decoder) -> Result<Self, Wrong> {
        text_of(node).map(Cow::into_owned).ok_or_else(|| Wrong::kind(node, "a text"))
    }

    fn plain_schema() -> serde_json::Value {
        json!({ "type": ["string", "number", "boolean"] })
    }
}

/// A text with a fixed value: a name, a condition. Only `vars` can be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::suite) struct Fixed(pub(in crate::suite) String);

impl Scalar for Fixed {
    const NAME: &'static str = "FixedText";

    fn scalar(node: &Node, decoder: &Decoder) -> Result<Self, Wrong> {
        fixed(node, decoder, "a text").map(|text| Self(text.into_owned()))
    }

    fn plain_schema() -> serde_json::Value {
        json!({ "type": ["string", "number"] })
    }
}

/// A whole number from 0.
impl Scalar for u64 {
    const NAME: &'static str = "Count";

    fn scalar(node: &Node, decoder: &Decoder) -> Result<Self, Wrong> {
        let text = fixed(node, decoder, "a whole number")?;
        let digits = text.trim().replace('_', "");
        digits.parse().map_err(|_| {
            let negative = digits.parse::<f64>().is_ok_and(|v| v < 0.0);
            Wrong::new(if negative {
                format!("{text} is negative; a whole number from 0 is needed")
            } else {
                format!("`{text}` is no whole number")
            })
        })
    }

    fn plain_schema() -> serde_json::Value {
        json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": "^[0-9_]+$|\\{\\{|\\$\\{" }] })
    }
}

/// A number.
impl Scalar for f64 {
    const NAME: &'static str = "Number";

    fn scalar(node: &Node, decoder: &Decoder) -> Result<Self, Wrong> {
        let text = fixed(node, decoder, "a number")?;
        text.trim()
            .replace('_', "")
            .parse()
            .ok()
            .filter(|v: &Self| v.is_finite())
            .ok_or_else(|| Wrong::new(format!("`{text}` is no number")))
    }

    fn plain_schema() -> serde_json::Value {
        json!({ "type": ["number", "string"] })
    }
}

impl Scalar for bool {
    const NAME: &'static str = "Flag";

    fn scalar(node: &Node, decoder: &Decoder) -> Result<Self, Wrong> {
        match &*fixed(node, decoder, "true or false")? {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(Wrong::new(format!("expected true or false, found `{other}`"))),
        }
    }

    fn plain_schema() -> serde_json::Value {
        json!({ "type": ["boolean", "string"] })
    }
}

/// A number with its unit.
impl Scalar for Quantity {
    const NAME: &'static str = "Quantity";

    fn scalar(node: &Node, decoder: &Decoder) -> Result<Self, Wrong> {
        let text = fixed(node, decoder, "a number with its unit")?;
        quantity::parse(&text).map_err(Wrong::new)
    }

    fn plain_schema() -> serde_json::Value {
        json!({ "type": ["number", "string"] })
    }
}

/// A time span, such as `250ms`, `30s`, `5min`.
impl Scalar for Duration {
    const NAME: &'static str = "Duration";

    fn scalar(node: &Node, decoder: &Decoder) -> Result<Self, Wrong> {
        let text = fixed(node, decoder, "a time such as `30s`")?;
        duration(&text)
    }

    fn plain_schema() -> serde_json::Value {
        let number = "[0-9][0-9_]*(\\.[0-9]+)?";
        json!({ "anyOf": [
            { "type": "string", "pattern": format!("^{number} ?(us|µs|ms|s|m|min|h)$|^0$|\\{{\\{{|\\$\\{{") },
            { "const": 0 },
        ] })
    }
}

fn duration(text: &str) -> Result<Duration, Wrong> {
    let quantity = quantity::parse(text).map_err(Wrong::new)?;
    let wrong_unit = quantity.unit != Unit::Ms && !(quantity.unit == Unit::Count && quantity.value == 0.0);
    if wrong_unit {
        let help = if quantity.unit == Unit::Count {
            format!("write a time with its unit, such as {text}s or {text}ms")
        } else {
            "write a time, such as 30s, 250ms or 5min".to_owned()
        };
        return Err(Wrong::new(format!("`{text}` is no time")).help(help));
    }
    if quantity.value < 0.0 {
        return Err(Wrong::new(format!("`{text}` is negative; a time cannot be")));
    }
    Duration::try_from_secs_f64(quantity.value / 1000.0)
        .map_err(|_| Wrong::new(format!("`{text}` is too long")))
}

/// A pause: one time span, or `1s..3s` for one between both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::suite) struct Pause {
    pub(in crate::suite) min: Duration,
    pub(in crate::suite) max: Duration,
}

impl Scalar for Pause {
    const NAME: &'static str = "Pause";

    fn scalar(node: &Node, decoder: &Decoder) -> Result<Self, Wrong> {
        let text = fixed(node, decoder, "a time such as `1s`, or `1s..3s`")?;
        let Some((min, max)) = text.split_once("..") else {
            return duration(&text).map(|time| Self { min: time, max: time });
        };
        let (min, max) = (duration(min.trim())?, duration(max.trim())?);
        if min > max {
            return Err(Wrong::new(format!("`{text}` ends before it begins")));
        }
        Ok(Self { min, max })
    }

    fn plain_schema() -> serde_json::Value {
        json!({ "type": ["string", "number"] })
    }
}

/// A size in bytes, such as `10MB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::suite) struct Size(pub(in crate::suite) usize);

impl Scalar for Size {
    const NAME: &'static str = "Size";

    fn scalar(node: &Node, decoder: &Decoder) -> Result<Self, Wrong> {
        let text = fixed(node, decoder, "a size such as `10MB`")?;
        let quantity = quantity::parse(&text).map_err(Wrong::new)?;
        if quantity.unit != Unit::Bytes || quantity.value < 0.0 {
            return Err(
                Wrong::new(format!("`{text}` is no size")).help("write a size, such as 10MB or 512KiB")
            );
        }
        Ok(Self(quantity.value as usize))
    }

    fn plain_schema() -> serde_json::Value {
        json!({ "type": "string", "pattern": "^[0-9][0-9_.]* ?(B|[kKMG]B|[KMG]iB)$|\\{\\{|\\$\\{" })
    }
}

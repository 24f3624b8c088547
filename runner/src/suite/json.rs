//! JSON and template values: from a response's body to a value, and from a value into a request's body.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ValueKind};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// The JSON document as a value; `None` where the text is none.
pub(super) fn parse(text: &[u8]) -> Option<Value> {
    serde_json::from_slice(text).ok().map(|Json(value)| value)
}

/// A JSON object. Searched, not hashed: responses have few keys, and most are read once.
#[derive(Debug)]
struct Map(Vec<(Value, Value)>);

impl Object for Map {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        // Of a key that is there twice the last counts, as everywhere in JSON.
        self.0.iter().rev().find(|(known, _)| known.as_str() == Some(key)).map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(key, _)| key.clone()).collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.0.len())
    }
}

/// An object of these keys and values, in this order.
pub(super) fn object(pairs: Vec<(Value, Value)>) -> Value {
    Value::from_object(Map(pairs))
}

struct Json(Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor).map(Self)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::from(()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0));
        while let Some(Json(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::from(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some((Json(key), Json(value))) = map.next_entry()? {
            pairs.push((key, value));
        }
        Ok(object(pairs))
    }
}

/// Appends a value as JSON. A text marked as safe, such as the outcome of `| tojson`, is JSON already.
///
/// # Errors
/// The value (a macro, bytes, a number that is not finite) has no JSON form; its name is returned.
pub(super) fn write(value: &Value, out: &mut String) -> Result<(), &'static str> {
    match value.kind() {
        ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => {
            let start = out.len();
            let _ = write!(out, "{value}");
            if out[start..].contains(|c: char| c.is_ascii_alphabetic() && c != 'e' && c != 'E') {
                return Err("a number that is not finite");
            }
        }
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            if value.is_safe() {
                out.push_str(text);
            } else {
                write_string(text, out);
            }
        }
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            for (index, item) in value.try_iter().map_err(|_| "a value without items")?.enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(&item, out)?;
            }
            out.push(']');
        }
        ValueKind::Map => {
            out.push('{');
            for (index, key) in value.try_iter().map_err(|_| "a value without items")?.enumerate() {
                if index > 0 {
                    out.push(',');
                }
                match key.as_str() {
                    Some(key) => write_string(key, out),
                    None => write_string(&key.to_string(), out),
                }
                out.push(':');
                write(&value.get_item(&key).unwrap_or(Value::UNDEFINED), out)?;
            }
            out.push('}');
        }
        ValueKind::Undefined => return Err("an undefined value"),
        ValueKind::Bytes => return Err("bytes"),
        _ => return Err("a value that is no data"),
    }
    Ok(())
}

/// Appends a text as a JSON string with its quotes.
pub(super) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    escape(text, out);
    out.push('"');
}

/// Appends a text as the inside of a JSON string.
pub(super) fn escape(text: &str, out: &mut String) {
    let mut clean = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[clean..at]);
        clean = at + 1;
        if short.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(short);
        }
    }
    out.push_str(&text[clean..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_document_comes_out_as_it_went_in() {
        for text in [
            r#"{"a":{"b":[1,-2,3.5,null,true,"x\ny"]},"z":"last","k":""}"#,
            "[]",
            "{}",
            "18446744073709551615",
            "1e300",
        ] {
            let value = parse(text.as_bytes()).unwrap();
            let mut out = String::new();
            write(&value, &mut out).unwrap();
            let (got, want): (serde_json::Value, serde_json::Value) =
                (serde_json::from_str(&out).unwrap(), serde_json::from_str(text).unwrap());
            assert_eq!(got, want, "{out}");
        }
        assert_eq!(parse(b"no json"), None);
        assert_eq!(parse(b"{\"a\":1} tail"), None);
    }

    #[test]
    fn only_data_has_a_json_form() {
        let mut out = String::new();
        assert!(write(&Value::from(f64::NAN), &mut out).is_err());
        assert!(write(&Value::from(f64::INFINITY), &mut out).is_err());
        assert!(write(&Value::UNDEFINED, &mut out).is_err());
    }

    proptest! {
        #[test]
        fn any_text_survives(text in any::<String>()) {
            let mut out = String::new();
            write_string(&text, &mut out);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}

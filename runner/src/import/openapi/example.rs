//! Values that fit a schema: its examples and defaults, and the simplest that it allows where it has none.

use std::cell::Cell;

use serde_json::{Map, Value, json};

use super::document::Document;

/// Deeper values are of schemas that hold themselves.
const DEEPEST: usize = 10;
/// Values in one example. Schemas that hold each other would make one that fills the machine.
const MOST_VALUES: u32 = 500;
/// A body with more items in a list is no example any more.
const MOST_ITEMS: u64 = 20;

/// How much more an example may hold.
#[derive(Clone, Copy)]
struct Bounds<'a> {
    depth: usize,
    left: &'a Cell<u32>,
}

impl Bounds<'_> {
    /// The same one level deeper; `None` where that is too much.
    fn inside(self) -> Option<Self> {
        self.left.set(self.left.get().checked_sub(1)?);
        Some(Self { depth: self.depth.checked_sub(1)?, ..self })
    }
}

impl Document {
    /// A value that fits.
    ///
    /// # Errors
    /// Why none can be told.
    pub(super) fn example(&self, schema: &Value) -> Result<Value, String> {
        self.value(schema, Bounds { depth: DEEPEST, left: &Cell::new(MOST_VALUES) })
    }

    /// The value that the schema itself names, if it does.
    fn named(schema: &Value) -> Option<Value> {
        let named = [
            &schema["example"],
            &schema["examples"][0],
            &schema["default"],
            &schema["const"],
            &schema["enum"][0],
        ];
        named.into_iter().find(|value| !value.is_null()).cloned()
    }

    fn value(&self, schema: &Value, bounds: Bounds<'_>) -> Result<Value, String> {
        let bounds = bounds.inside().ok_or("its schema holds itself, and has no example")?;
        let schema = self.resolve(schema)?;
        if let Some(named) = Self::named(schema) {
            return Ok(named);
        }
        if let Some(all) = schema["allOf"].as_array() {
            return self.value(&self.merged(schema, all)?, bounds);
        }
        for choices in [&schema["oneOf"], &schema["anyOf"]] {
            let Some(choices) = choices.as_array() else { continue };
            let mut values = choices.iter().map(|choice| self.value(choice, bounds));
            let first = values.find(|value| value.as_ref().is_ok_and(|value| !value.is_null()));
            return first.unwrap_or_else(|| Err("none of its alternatives has an example".to_owned()));
        }
        match kind(schema) {
            Some("object") => self.object(schema, bounds),
            Some("array") => self.list(schema, bounds),
            Some("integer") => number(schema, true),
            Some("number") => number(schema, false),
            Some("boolean") => Ok(json!(true)),
            Some("null") => Ok(Value::Null),
            Some("string") | None => text(schema),
            Some(other) => Err(format!("there is no type `{other}`")),
        }
    }

    /// One schema of several that must all hold.
    fn merged(&self, schema: &Value, all: &[Value]) -> Result<Value, String> {
        let mut merged = schema.as_object().cloned().unwrap_or_default();
        merged.remove("allOf");
        for part in all {
            for (key, value) in self.resolve(part)?.as_object().into_iter().flatten() {
                match (merged.get_mut(key), value) {
                    (Some(Value::Object(known)), Value::Object(more)) => {
                        known.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
                    }
                    (Some(Value::Array(known)), Value::Array(more))
                        if key == "required" || key == "allOf" =>
                    {
                        known.extend(more.iter().cloned());
                    }
                    (Some(_), _) => {}
                    (None, _) => {
                        merged.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        Ok(Value::Object(merged))
    }

    fn object(&self, schema: &Value, bounds: Bounds<'_>) -> Result<Value, String> {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut object = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_required = required.contains(&name.as_str());
            let resolved = self.resolve(property);
            let Ok(resolved) = resolved else {
                if is_required {
                    return Err(format!("`{name}`: {}", resolved.err().unwrap_or_default()));
                }
                continue;
            };
            // What only answers have is not sent.
            if resolved["readOnly"] == true {
                continue;
            }
            // Where nothing is required, nobody has said what is: all of it is sent.
            let is_wanted = is_required || required.is_empty() || Self::named(resolved).is_some();
            if !is_wanted {
                continue;
            }
            match self.value(resolved, bounds) {
                Ok(value) => {
                    object.insert(name.clone(), value);
                }
                Err(why) if is_required => return Err(format!("`{name}`: {why}")),
                Err(_) => {}
            }
        }
        Ok(Value::Object(object))
    }

    fn list(&self, schema: &Value, bounds: Bounds<'_>) -> Result<Value, String> {
        let least = schema["minItems"].as_u64().unwrap_or(0);
        if least > MOST_ITEMS {
            return Err(format!("it needs {least} items, and has no example"));
        }
        match self.value(&schema["items"], bounds) {
            Ok(item) => {
                let most = schema["maxItems"].as_u64().unwrap_or(u64::MAX);
                Ok(Value::Array((0..least.max(1).min(most)).map(|_| item.clone()).collect()))
            }
            Err(_) if least == 0 => Ok(json!([])),
            Err(why) => Err(why),
        }
    }
}

/// The type, also where it goes without saying. Of several (OpenAPI 3.1) the first that is something.
fn kind(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").or(Some("null"))
        }
        _ if schema["properties"].is_object() => Some("object"),
        _ if schema["items"].is_object() => Some("array"),
        _ => None,
    }
}

fn text(schema: &Value) -> Result<Value, String> {
    let fixed = match schema["format"].as_str().unwrap_or_default() {
        "date" => Some("2026-01-31"),
        "date-time" => Some("2026-01-31T12:00:00Z"),
        "time" => Some("12:00:00Z"),
        "duration" => Some("PT1H"),
        "uuid" => Some("123e4567-e89b-42d3-a456-426614174000"),
        "email" => Some("user@example.com"),
        "hostname" => Some("example.com"),
        "ipv4" => Some("192.0.2.1"),
        "ipv6" => Some("2001:db8::1"),
        "uri" | "url" => Some("https://example.com/"),
        "byte" => Some("dGV4dA=="),
        _ => None,
    };
    if let Some(fixed) = fixed {
        return Ok(json!(fixed));
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        return Err(format!("a text must match `{pattern}`, and there is no example"));
    }
    let least = usize::try_from(schema["minLength"].as_u64().unwrap_or(0)).unwrap_or(usize::MAX);
    let most = usize::try_from(schema["maxLength"].as_u64().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    if least > 10_000 {
        return Err(format!("a text needs {least} characters, and there is no example"));
    }
    let mut text = "text".to_owned();
    while text.len() < least {
        text.push_str(" text");
    }
    text.truncate(most.min(text.len().max(least)));
    // No text ends in a space that somebody would trim.
    Ok(json!(text.replace(' ', "-")))
}

fn number(schema: &Value, is_whole: bool) -> Result<Value, String> {
    let bound = |plain: &str, exclusive: &str, step: f64| {
        let bound = schema[plain].as_f64();
        match &schema[exclusive] {
            // OpenAPI 3.0: a flag beside the bound; 3.1: the bound itself.
            Value::Bool(true) => bound.map(|bound| bound + step),
            Value::Number(number) => number.as_f64().map(|number| number + step),
            _ => bound,
        }
    };
    let step = if is_whole { 1.0 } else { 0.5 };
    let least = bound("minimum", "exclusiveMinimum", step);
    let most = bound("maximum", "exclusiveMaximum", -step);
    let mut value = 1.0_f64;
    value = most.map_or(value, |most| value.min(most));
    value = least.map_or(value, |least| value.max(least));
    if let Some(multiple) = schema["multipleOf"].as_f64().filter(|multiple| *multiple > 0.0) {
        value = (value / multiple).ceil() * multiple;
    }
    if is_whole {
        value = value.ceil();
    }
    if most.is_some_and(|most| value > most) {
        return Err("no number fits its bounds that could be made up".to_owned());
    }
    // Beyond this, whole numbers have no exact form in JSON.
    let is_integer = value.fract() == 0.0 && value.abs() < 9e15;
    Ok(if is_integer { json!(value as i64) } else { json!(value) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(schema: Value) -> Result<Value, String> {
        let root = json!({ "components": { "schemas": {
            "Node": { "type": "object", "required": ["next"], "properties": { "next": { "$ref": "#/components/schemas/Node" } } },
            "Tree": { "type": "object", "required": ["name"], "properties": {
                "name": { "type": "string" }, "children": { "type": "array", "items": { "$ref": "#/components/schemas/Tree" } } } },
            "Base": { "type": "object", "required": ["id"], "properties": { "id": { "type": "integer", "readOnly": true }, "kind": { "enum": ["cat"] } } },
        } } });
        Document::new(root).example(&schema)
    }

    #[test]
    fn values_that_fit() {
        for (schema, want) in [
            (json!({ "type": "string", "example": "x", "default": "y" }), json!("x")),
            (json!({ "type": "string", "examples": ["x"] }), json!("x")),
            (json!({ "type": "string", "enum": ["a", "b"] }), json!("a")),
            (json!({ "type": ["null", "integer"], "minimum": 7 }), json!(7)),
            (json!({ "type": "integer", "exclusiveMinimum": true, "minimum": 7 }), json!(8)),
            (json!({ "type": "integer", "maximum": -2 }), json!(-2)),
            (json!({ "type": "number", "minimum": 1.5, "multipleOf": 0.5 }), json!(1.5)),
            (json!({ "type": "string", "minLength": 6, "maxLength": 7 }), json!("text-te")),
            (json!({ "type": "string", "maxLength": 2 }), json!("te")),
            (json!({ "type": "array", "items": { "type": "boolean" }, "minItems": 2 }), json!([true, true])),
            (
                json!({ "anyOf": [{ "type": "null" }, { "type": "string", "format": "uuid" }] }),
                json!("123e4567-e89b-42d3-a456-426614174000"),
            ),
            (
                json!({ "type": "object", "required": ["a"], "properties": { "a": {}, "b": {}, "c": { "default": 3 } } }),
                json!({ "a": "text", "c": 3 }),
            ),
            (
                json!({ "properties": { "a": {}, "b": { "type": "integer" } } }),
                json!({ "a": "text", "b": 1 }),
            ),
            (
                json!({ "allOf": [{ "$ref": "#/components/schemas/Base" }, { "required": ["n"], "properties": { "n": { "type": "integer" } } }] }),
                json!({ "kind": "cat", "n": 1 }),
            ),
            (json!({ "$ref": "#/components/schemas/Tree" }), json!({ "name": "text" })),
        ] {
            assert_eq!(example(schema.clone()), Ok(want), "{schema}");
        }
        let wide: Map<String, Value> =
            (0..30).map(|n| (format!("p{n}"), json!({ "$ref": "#/components/schemas/Wide" }))).collect();
        let root = json!({ "components": { "schemas": { "Wide": { "properties": wide } } } });
        let value = Document::new(root).example(&json!({ "$ref": "#/components/schemas/Wide" })).unwrap();
        assert!(value.to_string().len() < 20_000, "schemas that hold each other stay small");
        for schema in [
            json!({ "$ref": "#/components/schemas/Node" }),
            json!({ "$ref": "other.yaml#/A" }),
            json!({ "$ref": "#/nowhere" }),
            json!({ "type": "string", "pattern": "^[a-z]+$" }),
            json!({ "type": "integer", "minimum": 5, "maximum": 4 }),
        ] {
            assert!(example(schema.clone()).is_err(), "{schema}");
        }
    }
}

//! The reference part of docs/suite.md, generated from the JSON Schema.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Every mapping of the language with its keys, as Markdown. docs/suite.md holds it, and a test keeps it fresh.
pub fn manual() -> String {
    let schema: Value = serde_json::from_str(&super::schema()).unwrap_or_default();
    let mut manual =
        Manual { definitions: schema["$defs"].as_object().cloned().unwrap_or_default(), out: String::new() };
    manual.section("Suite", &schema);
    let names: Vec<String> = manual.definitions.keys().cloned().collect();
    for name in names {
        let definition = manual.definitions[&name].clone();
        if definition.get("properties").is_some() {
            manual.section(&title(&name), &definition);
        }
    }
    manual.out
}

struct Manual {
    definitions: Map<String, Value>,
    out: String,
}

/// Single values, as the reference names them.
const SCALARS: &[(&str, &str)] = &[
    ("Text", "text"),
    ("FixedText", "fixed text"),
    ("Count", "whole number"),
    ("Number", "number"),
    ("Duration", "time"),
    ("Pause", "time or `1s..3s`"),
    ("Quantity", "quantity"),
    ("Size", "size"),
    ("Flag", "`true` or `false`"),
    ("Condition", "condition"),
    ("Variable", "value, or [described variable](#described-variable)"),
];

impl Manual {
    fn section(&mut self, title: &str, definition: &Value) {
        let text = |value: &Value| value["description"].as_str().unwrap_or_default().replace('|', "\\|");
        // Writing into a text cannot fail.
        let _ = write!(self.out, "### {title}\n\n{}\n\n| key | value | |\n|---|---|---|\n", text(definition));
        let required: Vec<&str> =
            definition["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, property) in definition["properties"].as_object().into_iter().flatten() {
            let mark = if required.contains(&name.as_str()) { " (required)" } else { "" };
            let kind = self.kind(property);
            let _ = writeln!(self.out, "| `{name}`{mark} | {kind} | {} |", text(property));
        }
        self.out.push('\n');
    }

    /// What may be written, in a few words.
    fn kind(&self, schema: &Value) -> String {
        if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
            return self.named(name);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            if let [one, list] = &choices[..]
                && list["items"] == *one
            {
                return format!("{}, or a list", self.kind(one));
            }
            let kinds: Vec<String> = choices.iter().map(|choice| self.kind(choice)).collect();
            return kinds.join(" or ");
        }
        match schema["type"].as_str() {
            Some("array") => format!("list of {}", self.kind(&schema["items"])),
            Some("object") => format!("names with {}", self.kind(&schema["additionalProperties"])),
            Some("string") => "name".to_owned(),
            _ => "anything".to_owned(),
        }
    }

    fn named(&self, name: &str) -> String {
        if let Some((_, words)) = SCALARS.iter().find(|(known, _)| *known == name) {
            return (*words).to_owned();
        }
        let definition = self.definitions.get(name).unwrap_or(&Value::Null);
        if let Some(words) = definition["oneOf"].as_array() {
            let words: Vec<String> = words
                .iter()
                .filter_map(|word| word["const"].as_str())
                .map(|word| format!("`{word}`"))
                .collect();
            return words.join(" or ");
        }
        if definition.get("properties").is_some() {
            let title = title(name);
            return format!("[{}](#{})", title.to_lowercase(), title.to_lowercase().replace(' ', "-"));
        }
        match name {
            "Flow" => "list of steps, or [described flow](#described-flow)".to_owned(),
            "Step" => "[step](#steps)".to_owned(),
            "Act" => "[act](#scripts)".to_owned(),
            _ => self.kind(definition),
        }
    }
}

/// `FilePart` → `File part`.
fn title(name: &str) -> String {
    let mut title = String::new();
    for (index, c) in name.chars().enumerate() {
        if index > 0 && c.is_uppercase() {
            title.push(' ');
            title.extend(c.to_lowercase());
        } else {
            title.push(c);
        }
    }
    title
}

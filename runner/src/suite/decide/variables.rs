//! `vars`: the suite's values for templates, as `--set` changes them.

use std::collections::BTreeMap;

use minijinja::Value;

use super::data::value_of;
use super::{Diagnostic, Scope, instead, object};
use crate::suite::file::{Decode as _, Decoder, Table, VariableFile};
use crate::suite::node::{Content, Node};

/// Variables in the order of the suite.
#[derive(Clone, Debug, Default)]
pub(in crate::suite) struct Variables {
    all: Vec<Variable>,
}

#[derive(Clone, Debug)]
struct Variable {
    name: String,
    value: Value,
    secret: bool,
}

impl Variables {
    /// Reads `vars` and lets `--set` change them.
    pub(in crate::suite) fn read(
        suite: &Node,
        set: &[(String, String)],
        errors: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut decoder = Decoder { errors: Vec::new(), vars: Scope::default() };
        let table = suite.get("vars").and_then(|node| Table::<VariableFile>::decode(node, &mut decoder));
        // The same mistakes are found once more, and told, when the whole suite is decoded.
        let entries = table.map(|table| table.entries).unwrap_or_default();
        let mut all: Vec<Variable> = entries
            .iter()
            .map(|(name, file)| Variable {
                name: name.value.clone(),
                value: file.as_ref().map_or(Value::from(""), |file| value_of(&file.value)),
                secret: file.as_ref().is_some_and(|file| file.secret),
            })
            .collect();
        for (name, text) in set {
            let Some(position) = all.iter().position(|variable| variable.name == *name) else {
                let help = instead(name, all.iter().map(|variable| variable.name.as_str()));
                errors.push(
                    Diagnostic::without_place(format!("`--set {name}`: the suite has no such variable"))
                        .help(help),
                );
                continue;
            };
            let declared = entries[position].1.as_ref().map(|file| &file.value.content);
            match typed(text, declared) {
                Some(value) => all[position].value = value,
                None => errors.push(Diagnostic::without_place(format!(
                    "`--set {name}={text}`: the suite gives {} here",
                    entries[position].1.as_ref().map_or("another value", |file| file.value.kind())
                ))),
            }
        }
        Self { all }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.all.iter().map(|variable| variable.name.clone()).collect()
    }

    pub(super) fn value(&self) -> Value {
        object(self.all.iter().map(|variable| (variable.name.clone(), variable.value.clone())))
    }

    /// A scope that knows `vars` alone.
    pub(in crate::suite) fn scope(&self) -> Scope {
        let mut scope = Scope::default();
        scope.set("vars", self.value());
        scope
    }

    /// Marks a variable as secret; false where there is none of that name.
    pub(super) fn hide(&mut self, name: &str) -> bool {
        let found = self.all.iter_mut().find(|variable| variable.name == name);
        found.map(|variable| variable.secret = true).is_some()
    }

    pub(super) fn secret_values(&self) -> impl Iterator<Item = String> {
        self.all.iter().filter(|variable| variable.secret).map(|variable| variable.value.to_string())
    }

    /// Names and values, for the report.
    pub(super) fn public(&self) -> BTreeMap<String, String> {
        let open = self.all.iter().filter(|variable| !variable.secret);
        open.map(|variable| (variable.name.clone(), variable.value.to_string())).collect()
    }
}

/// A value of the command line with the type that the suite gives; `None` where it has another.
fn typed(text: &str, declared: Option<&Content>) -> Option<Value> {
    match declared {
        Some(Content::Bool(_)) => text.parse::<bool>().ok().map(Value::from),
        Some(Content::Integer(_) | Content::Number(_)) => {
            let whole = text.parse::<i64>().map(Value::from);
            whole.or_else(|_| text.parse::<f64>().map(Value::from)).ok()
        }
        _ => Some(Value::from(text)),
    }
}

//! What is settled on the YAML tree, before its values have types: `${NAME}` from the environment, and `{ short: X, full: Y }`.

use std::collections::BTreeMap;

use super::diagnostics::{Diagnostic, instead};
use super::node::{Content, Node};
use super::source::{Sources, Span};

/// Settles a tree.
#[derive(Debug)]
pub(super) struct Preparation<'a> {
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) full: bool,
    pub(super) sources: &'a Sources,
    pub(super) errors: Vec<Diagnostic>,
    /// Values that came from the environment and that no output may contain.
    pub(super) secrets: Vec<String>,
}

/// Values of fewer characters are found everywhere by chance; masking them would garble the outputs.
const SHORTEST_SECRET: usize = 4;

impl Preparation<'_> {
    /// Settles the whole suite.
    pub(super) fn suite(&mut self, node: &mut Node) {
        self.node(node, &mut Vec::new());
    }

    fn node(&mut self, node: &mut Node, path: &mut Vec<String>) {
        if let Some(chosen) = self.choice(node, path) {
            *node = chosen;
        }
        match &mut node.content {
            Content::Text(text) => {
                let public = path == &["target", "url"];
                if let Some(filled) = self.fill_in(text, node.span, public) {
                    *text = filled;
                }
            }
            Content::List(items) => items.iter_mut().for_each(|item| self.node(item, path)),
            Content::Map(pairs) => {
                for (key, value) in pairs {
                    path.push(key.name.clone());
                    self.node(value, path);
                    path.pop();
                }
            }
            Content::Null | Content::Bool(_) | Content::Integer(_) | Content::Number(_) => {}
        }
    }

    /// The chosen side of `{ short: X, full: Y }`. The contents of bodies and data are the suite's own, so there it means nothing.
    fn choice(&self, node: &Node, path: &[String]) -> Option<Node> {
        let Content::Map(pairs) = &node.content else { return None };
        let own = path.iter().any(|key| key == "json" || key == "rows");
        if own || pairs.len() != 2 {
            return None;
        }
        let (short, full) = (node.get("short")?, node.get("full")?);
        Some(if self.full { full.clone() } else { short.clone() })
    }

    /// The text with its `${NAME}` and `${NAME:-default}` filled in; `None` where it has none. `$${` stands for `${`.
    fn fill_in(&mut self, text: &str, span: Span, public: bool) -> Option<String> {
        if !text.contains("${") {
            return None;
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                out.push_str(&rest[..at]);
                out.push('{');
                rest = &rest[at + 2..];
                continue;
            }
            out.push_str(&rest[..at]);
            let offset = text.len() - rest.len() + at;
            let inside = &rest[at + 2..];
            let Some(end) = inside.find('}') else {
                let place = self.sources.inside(span, text, offset, 2);
                self.errors.push(
                    Diagnostic::new(place, "`${` is not closed")
                        .help("write `${NAME}`, or `$${` for a plain `${`"),
                );
                return None;
            };
            let place = self.sources.inside(span, text, offset, end + 3);
            self.value(&inside[..end], place, public, &mut out);
            rest = &inside[end + 1..];
        }
        out.push_str(rest);
        Some(out)
    }

    fn value(&mut self, reference: &str, place: Span, public: bool, out: &mut String) {
        let (name, default) = match reference.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (reference, None),
        };
        // As in a shell, an empty variable takes its default too.
        match (self.environment.get(name).filter(|value| !value.is_empty()), default) {
            (Some(value), _) => {
                if !public && is_worth_hiding(value) {
                    self.secrets.push(value.clone());
                }
                out.push_str(value);
            }
            (None, Some(default)) => out.push_str(default),
            (None, None) => {
                let names: Vec<&str> = self.environment.keys().map(String::as_str).collect();
                let near = instead(name, names);
                let help = match near.strip_prefix("did you mean") {
                    Some(_) => near,
                    None => format!("set it, or give a default: `${{{name}:-…}}`"),
                };
                self.errors.push(
                    Diagnostic::new(place, format!("the environment variable `{name}` is not set"))
                        .help(help),
                );
            }
        }
    }
}

/// Whether a value from the environment is masked in outputs: numbers, times and sizes are settings, not secrets.
pub(super) fn is_worth_hiding(value: &str) -> bool {
    value.chars().count() >= SHORTEST_SECRET
        && loadgate_report::quantity::parse(value).is_err()
        && !matches!(value, "true" | "false")
}

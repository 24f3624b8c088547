//! `include`: the entries of other files beside the suite's own.

use camino::{Utf8Path, Utf8PathBuf};

use super::diagnostics::Diagnostic;
use super::node::{self, Content, Key, Node};
use super::source::Sources;

/// Keys whose entries are added one by one; the suite's own come first and win.
const MERGED: &[&str] =
    &["target", "vars", "data", "flows", "scenarios", "grades", "scorecards", "cost", "gate"];

/// Adds what the files named by `include` hold, and what these include.
pub(super) fn add_included(suite: &mut Node, sources: &mut Sources, errors: &mut Vec<Diagnostic>) {
    let mut open =
        vec![sources.get(suite.span.file).map(|source| Utf8PathBuf::from(&source.name)).unwrap_or_default()];
    add(suite, sources, errors, &mut open);
}

fn add(node: &mut Node, sources: &mut Sources, errors: &mut Vec<Diagnostic>, open: &mut Vec<Utf8PathBuf>) {
    let wanted: Vec<Node> = match node.get("include").map(|include| &include.content) {
        Some(Content::List(all)) => all.clone(),
        Some(Content::Text(_)) => node.get("include").cloned().into_iter().collect(),
        // What else it is, decoding tells.
        _ => return,
    };
    for include in wanted {
        let Content::Text(path) = &include.content else { continue };
        let base = sources.get(include.span.file).map(|source| source.base.clone()).unwrap_or_default();
        let full = base.join(path);
        if open.contains(&full) {
            errors.push(Diagnostic::new(include.span, format!("`{path}` includes itself")));
            continue;
        }
        let text = match fs_err::read_to_string(&full) {
            Ok(text) => text,
            Err(_) => {
                let diagnostic = Diagnostic::new(include.span, format!("cannot read `{path}`"));
                errors.push(diagnostic.help(format!("it was looked for at {full}")));
                continue;
            }
        };
        let folder = full.parent().unwrap_or(Utf8Path::new("")).to_owned();
        let file = sources.add(full.as_str(), text, folder);
        match node::parse(sources, file) {
            Err(error) => errors.push(error),
            Ok(mut included) => {
                if !matches!(included.content, Content::Map(_)) {
                    errors.push(Diagnostic::new(
                        included.span,
                        "expected a suite or a part of one (a mapping)",
                    ));
                    continue;
                }
                open.push(full);
                add(&mut included, sources, errors, open);
                open.pop();
                merge(node, included);
            }
        }
    }
}

/// The entries of `included` that `node` does not have.
fn merge(node: &mut Node, included: Node) {
    let (Content::Map(own), Content::Map(others)) = (&mut node.content, included.content) else { return };
    for (key, value) in others {
        if key.name == "include" {
            continue;
        }
        match own.iter_mut().find(|(known, _)| known.name == key.name) {
            None => own.push((key, value)),
            Some((_, mine)) if MERGED.contains(&key.name.as_str()) => merge_entries(mine, value),
            Some(_) => {}
        }
    }
}

fn merge_entries(mine: &mut Node, other: Node) {
    let (Content::Map(mine), Content::Map(other)) = (&mut mine.content, other.content) else { return };
    let known: Vec<String> = mine.iter().map(|(key, _): &(Key, Node)| key.name.clone()).collect();
    mine.extend(other.into_iter().filter(|(key, _)| !known.contains(&key.name)));
}

//! Every dependency may be used under a licence that deny.toml allows, and the project carries the text of its own two.

use super::{Finding, tree::Tree};

const OURS: &str = "MIT OR Apache-2.0";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let deny = tree.file("deny.toml").map_or("", |file| &file.text);
    let allowed = allowed(deny);
    for package in tree.packages() {
        let name = package["name"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or_default();
        if package["source"].is_null() {
            if licence != OURS {
                findings.push(Finding::new(
                    "Cargo.toml",
                    0,
                    format!("{name} is licensed `{licence}`, not `{OURS}`"),
                ));
            }
        } else if !may_be_used(licence, &allowed) {
            findings.push(Finding::new(
                "deny.toml",
                0,
                format!("{name} is licensed `{licence}`, which is not on the list"),
            ));
        }
    }
    // A tree without packages is a test of another rule.
    if !tree.packages().is_empty() && !tree.files().is_empty() {
        for text in ["LICENSE-MIT", "LICENSE-APACHE"] {
            if !tree.has(text) {
                findings.push(Finding::new(text, 0, "the text of the licence is missing"));
            }
        }
    }
    findings
}

/// The names between `allow = [` and `]` in the `[licenses]` table.
fn allowed(deny: &str) -> Vec<&str> {
    let table = deny.split("[licenses]").nth(1).unwrap_or_default();
    let list = table.split("allow = [").nth(1).and_then(|rest| rest.split(']').next()).unwrap_or_default();
    list.split('"').skip(1).step_by(2).collect()
}

/// An SPDX expression is satisfied: one side of each `OR`, both of each `AND`. Old packages write `/` for `OR`.
fn may_be_used(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression.replace('/', " OR ");
    let expression = expression.trim();
    if let Some((left, right)) = split_outside(expression, " OR ") {
        return may_be_used(left, allowed) || may_be_used(right, allowed);
    }
    if let Some((left, right)) = split_outside(expression, " AND ") {
        return may_be_used(left, allowed) && may_be_used(right, allowed);
    }
    match expression.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => may_be_used(inner, allowed),
        None => allowed.contains(&expression),
    }
}

/// Split at the first `word` that no parenthesis encloses.
fn split_outside<'a>(expression: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    expression
        .match_indices(word)
        .map(|(at, _)| (&expression[..at], &expression[at + word.len()..]))
        .find(|(left, _)| left.matches('(').count() == left.matches(')').count())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_says() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"];
        let table = [
            ("MIT", true),
            ("GPL-3.0", false),
            ("", false),
            ("GPL-3.0 OR MIT", true),
            ("MIT/Apache-2.0", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
            ("(GPL-3.0 OR LGPL-2.1) AND Unicode-3.0", false),
        ];
        for (expression, expected) in table {
            assert_eq!(may_be_used(expression, &allowed), expected, "{expression}");
        }
    }

    #[test]
    fn foreign_and_own_licences_are_checked() {
        let tree = |source: serde_json::Value, licence: &str| {
            Tree::with_metadata(
                json!({ "packages": [{ "name": "a", "source": source, "license": licence }] }),
            )
        };
        assert_eq!(check(&tree(json!("registry"), "GPL-3.0")).len(), 1);
        assert_eq!(check(&tree(json!(null), "MIT")).len(), 1);
        assert_eq!(check(&tree(json!(null), OURS)), []);
    }

    #[test]
    fn the_list_is_read() {
        assert_eq!(
            allowed("[licenses]\nallow = [\n  \"MIT\", # yes\n  \"ISC\",\n]\n[bans]\nallow = [\"x\"]"),
            ["MIT", "ISC"]
        );
    }
}

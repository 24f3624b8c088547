//! Contracts are read strictly: no `flatten` and no `untagged`, whose errors name neither the place nor the key.

use super::{Finding, tree::Tree};

const PLACES: &[&str] = &["report/src/", "runner/src/"];
const SHAPES: &[&str] = &["flatten", "untagged"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending(".rs").filter(|file| PLACES.iter().any(|place| file.path.starts_with(place))) {
        let attributes = ["#[serde(", "#[deserr("].into_iter().flat_map(|open| file.code.match_indices(open));
        for (at, _) in attributes {
            let attribute = &file.code[at..at + file.code[at..].find(']').unwrap_or(0)];
            if let Some(shape) = SHAPES.iter().find(|shape| super::rust::has_word(attribute, shape)) {
                let line = file.code[..at].matches('\n').count() + 1;
                findings.push(Finding::new(
                    &file.path,
                    line,
                    format!("`{shape}`: error messages are part of the product"),
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_shapes_are_found() {
        for text in ["#[serde(untagged)]", "#[serde(default,\n flatten)]"] {
            assert_eq!(check(&Tree::with("report/src/model/mod.rs", text)).len(), 1, "{text}");
        }
        assert_eq!(check(&Tree::with("report/src/model/mod.rs", "#[serde(default)]\nvalues.flatten()")), []);
    }
}

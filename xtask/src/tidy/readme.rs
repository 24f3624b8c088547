//! The README names the two commands that show everything, and where to read on.

use super::{Finding, tree::Tree};

const NAMES: &[&str] = &[
    "cargo run --release -- demo",
    "cargo xtask test",
    "docs/architecture.md",
    "docs/action.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(readme) = tree.file("README.md") else {
        // A tree without a manifest is a test of another rule.
        return tree
            .file("Cargo.toml")
            .map(|_| Finding::new("README.md", 0, "there is no README"))
            .into_iter()
            .collect();
    };
    let missing = NAMES.iter().filter(|name| !readme.text.contains(**name));
    missing.map(|name| Finding::new("README.md", 0, format!("does not name `{name}`"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_without_its_commands_is_found() {
        assert_eq!(check(&Tree::with("README.md", &NAMES.join("\n"))), []);
        assert_eq!(check(&Tree::with("README.md", &NAMES[1..].join("\n"))).len(), 1);
        assert_eq!(check(&Tree::with("Cargo.toml", "")).len(), 1);
    }
}

//! Versions, edition and licence are said once, in the root manifest; members refer to it.

use super::{Finding, tree::Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending("Cargo.toml").filter(|file| file.path != "Cargo.toml") {
        let mut is_dependencies = false;
        for (at, line) in file.text.lines().enumerate() {
            let line = line.trim();
            if let Some(table) = line.strip_prefix('[') {
                is_dependencies = table.trim_end_matches(']').ends_with("dependencies");
            } else if is_dependencies && line.contains('=') && !line.starts_with('#') && !is_inherited(line) {
                findings.push(Finding::new(
                    &file.path,
                    at + 1,
                    "the version belongs into the root's [workspace.dependencies]",
                ));
            }
        }
        for key in ["version", "edition", "rust-version", "license", "repository"] {
            if !file.text.lines().any(|line| line == format!("{key}.workspace = true")) {
                findings.push(Finding::new(
                    &file.path,
                    0,
                    format!("`{key}` is not the workspace's: {key}.workspace = true"),
                ));
            }
        }
        if !file.text.contains("[lints]\nworkspace = true") {
            findings.push(Finding::new(
                &file.path,
                0,
                "the workspace's lints do not apply: [lints] workspace = true",
            ));
        }
    }
    findings
}

fn is_inherited(line: &str) -> bool {
    let compact: String = line.split_whitespace().collect();
    compact.contains(".workspace=true") || compact.contains("workspace=true")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nversion.workspace = true\nedition.workspace = true\nrust-version.workspace = true\n\
        license.workspace = true\nrepository.workspace = true\n[lints]\nworkspace = true\n[dependencies]\n\
        serde.workspace = true\nschemars = { workspace = true, optional = true }\n";

    #[test]
    fn versions_outside_the_root_are_found() {
        assert_eq!(check(&Tree::with("a/Cargo.toml", GOOD)), []);
        let with = |line: &str| check(&Tree::with("a/Cargo.toml", &format!("{GOOD}{line}\n"))).len();
        assert_eq!(with("tokio = \"1\""), 1);
        assert_eq!(with("[dev-dependencies]\ntokio = { version = \"1\" }"), 1);
    }

    #[test]
    fn what_is_not_inherited_is_found() {
        for line in ["license.workspace = true\n", "workspace = true\n[dep", "edition.workspace = true\n"] {
            assert_ne!(check(&Tree::with("a/Cargo.toml", &GOOD.replacen(line, "", 1))), [], "{line}");
        }
    }
}

//! `#[allow]` hides; `#[expect(…, reason = "…")]` says why and goes when it is no longer needed.

use super::{Finding, tree::Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What tests share is compiled into each test binary, and which part lies idle differs: there `expect` cannot hold.
    for file in tree.ending(".rs").filter(|file| !is_shared_by_tests(&file.path)) {
        for (at, line) in file.code.lines().enumerate() {
            let line = line.trim_start();
            if line.starts_with("#[allow(") || line.starts_with("#![allow(") {
                findings.push(Finding::new(&file.path, at + 1, "`allow`: write `expect` with a reason"));
            }
            let is_expect = line.starts_with("#[expect(") || line.starts_with("#![expect(");
            // The attribute may go over several lines; its reason comes before the bracket closes.
            let rest = file.code.lines().skip(at).collect::<Vec<_>>().join("\n");
            if is_expect && !rest[..rest.find(']').unwrap_or(rest.len())].contains("reason") {
                findings.push(Finding::new(&file.path, at + 1, "`expect` without a reason"));
            }
            if line.contains("#![feature(") {
                findings.push(Finding::new(&file.path, at + 1, "`feature`: stable Rust only"));
            }
        }
    }
    findings
}

fn is_shared_by_tests(path: &str) -> bool {
    path.contains("/tests/") && path.ends_with("/mod.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silencing_needs_a_reason() {
        for text in ["#[allow(dead_code)]", "#![allow(x)]", "#[expect(dead_code)]", "#![feature(test)]"] {
            assert_eq!(check(&Tree::with("a/src/b.rs", text)).len(), 1, "{text}");
        }
        let with_reason = "#[expect(\n    dead_code,\n    reason = \"why\"\n)]";
        assert_eq!(check(&Tree::with("a/src/b.rs", with_reason)), []);
    }
}

//! What workflows and the action use is fixed: other actions by commit, with the version beside it; no expression in a script.

use super::{Finding, tree::Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let files = tree.files().iter().filter(|file| {
        (file.path.starts_with(".github/")
            || file.path.starts_with("action")
            || file.path.contains("/workflows/"))
            && (file.path.ends_with(".yml") || file.path.ends_with(".yaml"))
    });
    for file in files {
        let mut script_indent = None;
        for (at, line) in file.text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let item = line.trim_start().trim_start_matches("- ");
            if let Some(used) = item.strip_prefix("uses:")
                && let Err(message) = pinned(used.trim())
            {
                findings.push(Finding::new(&file.path, at + 1, message));
            }
            if script_indent.is_some_and(|outer| indent <= outer && !line.trim().is_empty()) {
                script_indent = None;
            }
            if item.starts_with("run:") {
                script_indent = Some(line.len() - item.len());
            }
            if script_indent.is_some() && line.contains("${{") {
                findings.push(Finding::new(
                    &file.path,
                    at + 1,
                    "an expression in a script; hand it over through `env`",
                ));
            }
        }
    }
    findings
}

fn pinned(used: &str) -> Result<(), &'static str> {
    if used.starts_with("./") {
        return Ok(());
    }
    let (action, comment) = used.split_once(" #").unwrap_or((used, ""));
    let commit = action.split_once('@').map_or("", |(_, reference)| reference.trim());
    if commit.len() != 40 || !commit.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err("an action that is not pinned by its commit");
    }
    if !comment.trim().starts_with('v') {
        return Err("a pinned action without its version in a comment");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_actions_and_expressions_are_found() {
        let sha = "0123456789012345678901234567890123456789";
        let table = [
            (format!("  - uses: a/b@{sha} # v1.2.3"), 0),
            (format!("  - uses: a/b@{sha}"), 1),
            ("  - uses: a/b@v1".to_owned(), 1),
            ("  - uses: ./".to_owned(), 0),
            ("  - run: echo ${{ inputs.x }}".to_owned(), 1),
            (
                "  - run: |\n      echo\n      echo ${{ inputs.x }}\n    env:\n      X: ${{ inputs.x }}"
                    .to_owned(),
                1,
            ),
            ("  - env:\n      X: ${{ inputs.x }}\n    run: echo \"$X\"".to_owned(), 0),
        ];
        for (text, expected) in table {
            assert_eq!(check(&Tree::with("action.yml", &text)).len(), expected, "{text}");
            assert_eq!(check(&Tree::with(".github/workflows/a.yml", &text)).len(), expected, "{text}");
        }
    }
}

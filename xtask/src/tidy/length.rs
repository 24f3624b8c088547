//! One noun per file: past 600 lines, ask which noun is hiding.

use super::{Finding, tree::Tree};

const LIMIT: usize = 600;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.ending(".rs")
        .filter_map(|file| {
            let lines = file.text.lines().count();
            (lines > LIMIT).then(|| {
                Finding::new(
                    &file.path,
                    lines,
                    format!("{lines} lines, more than {LIMIT}: which noun is hiding?"),
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_are_found() {
        assert_eq!(check(&Tree::with("a.rs", &"x\n".repeat(LIMIT))), []);
        assert_eq!(check(&Tree::with("a.rs", &"x\n".repeat(LIMIT + 1))).len(), 1);
    }
}

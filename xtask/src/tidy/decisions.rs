//! Decisions are numbered once each, titled by their number, and listed.

use std::collections::BTreeMap;

use super::{Finding, tree::Tree};

const LIST: &str = "docs/decisions/README.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut numbers = BTreeMap::new();
    let list = tree.file(LIST).map_or("", |file| &file.text);
    for file in
        tree.ending(".md").filter(|file| file.path.starts_with("docs/decisions/") && file.path != LIST)
    {
        let name = file.path.trim_start_matches("docs/decisions/");
        let number = name.split('-').next().unwrap_or_default();
        if let Some(other) = numbers.insert(number, name) {
            findings.push(Finding::new(&file.path, 1, format!("{other} has the number {number} already")));
        }
        if !file.text.starts_with(&format!("# {number}: ")) {
            findings.push(Finding::new(
                &file.path,
                1,
                format!("the title does not begin with `# {number}: `"),
            ));
        }
        if !list.contains(&format!("]({name})")) {
            findings.push(Finding::new(&file.path, 1, format!("{LIST} does not list it")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_numbered_untitled_and_unlisted_decisions_are_found() {
        let tree = |files: &[(&str, &str)]| {
            let list = (LIST.to_owned(), "- [a](0001-a.md)\n- [b](0001-b.md)\n- [c](0002-c.md)".to_owned());
            let files =
                files.iter().map(|(name, text)| (format!("docs/decisions/{name}"), (*text).to_owned()));
            Tree::of_files(files.chain([list]))
        };
        assert_eq!(check(&tree(&[("0001-a.md", "# 0001: A"), ("0002-c.md", "# 0002: C")])), []);
        assert_eq!(check(&tree(&[("0001-a.md", "# 0001: A"), ("0001-b.md", "# 0001: B")])).len(), 1);
        assert_eq!(check(&tree(&[("0002-c.md", "# 2. C")])).len(), 1);
        assert_eq!(check(&tree(&[("0003-d.md", "# 0003: D")])).len(), 1);
    }
}

//! The suites that are built into the binary are those of the repository: a published crate holds only its own folder, so
//! it has copies.

use super::{Finding, tree::Tree};

const COPIES: &str = "runner/assets/suites/";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let copies = tree.files().iter().filter(|file| file.path.starts_with(COPIES));
    copies
        .filter_map(|copy| {
            let original = copy.path.replacen(COPIES, "suites/", 1);
            match tree.file(&original) {
                Some(file) if file.text == copy.text => None,
                Some(_) => {
                    let message = format!("it differs from {original}: `cp {original} {}`", copy.path);
                    Some(Finding::new(&copy.path, 0, message))
                }
                None => Some(Finding::new(
                    &copy.path,
                    0,
                    format!("it is a copy of {original}, which is not there"),
                )),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_that_differ_are_found() {
        let tree = |copy: &str| {
            Tree::of_files([
                ("suites/a.yml".to_owned(), "name: a".to_owned()),
                ("runner/assets/suites/a.yml".to_owned(), copy.to_owned()),
            ])
        };
        assert_eq!(check(&tree("name: a")), []);
        assert_eq!(check(&tree("name: b")).len(), 1);
        let alone = Tree::of_files([("runner/assets/suites/b.yml".to_owned(), String::new())]);
        assert_eq!(check(&alone).len(), 1);
    }
}

//! Every requirement number that a service, a suite or a test names is one that docs/reference-services.md lists.

use super::{Finding, tree::Tree};

const LIST: &str = "docs/reference-services.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let listed = tree.file(LIST).map(|file| numbers(&file.text)).unwrap_or_default();
    let users = tree.files().iter().filter(|file| {
        file.path.starts_with("services/src/") && file.path.ends_with(".rs")
            || file.path.starts_with("suites/") && file.path.ends_with(".yml")
    });
    for file in users {
        for (at, line) in file.text.lines().enumerate() {
            // Where a number is meant as one: `requirements: &["C4"]`, `requirement: C4`.
            if !line.contains("requirement") {
                continue;
            }
            for number in numbers(line).into_iter().filter(|number| !listed.contains(number)) {
                findings.push(Finding::new(
                    &file.path,
                    at + 1,
                    format!("{LIST} lists no requirement {number}"),
                ));
            }
        }
    }
    findings
}

/// All of `A1`, `C13`, `X4`… in the text.
fn numbers(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| is_number(word)).map(str::to_owned).collect()
}

fn is_number(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|c| "ABCDEX".contains(c))
        && (2..=3).contains(&word.len())
        && letters.all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_requirements_are_found() {
        let tree = |text: &str| {
            Tree::of_files([
                (LIST.to_owned(), "| C1 | baseline |\n| C13 | alerts |".to_owned()),
                ("suites/cached-chat.yml".to_owned(), text.to_owned()),
            ])
        };
        assert_eq!(check(&tree("requirement: C1, C13")), []);
        assert_eq!(check(&tree("requirement: C7")).len(), 1);
        assert_eq!(check(&tree("seed: A7 # of nothing")), []);
    }
}

//! Nothing names the machine that it was written on: no home folders, no absolute places of work, no registry mirrors.

use super::{Finding, tree::Tree};

/// Written in two halves, so that this file does not name them either.
const PLACES: &[(&str, &str)] = &[
    ("/ro", "ot/"),
    ("/wo", "rk/"),
    ("/ho", "me/"),
    ("/Us", "ers/"),
    ("C:\\Us", "ers"),
    ("/opt/wh", "eels"),
    ("replace-", "with ="),
    ("index-", "url"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files() {
        for (at, line) in file.text.lines().enumerate() {
            for (first, second) in PLACES {
                let place = format!("{first}{second}");
                if let Some(found) = line.find(&place) {
                    // Behind a name it is a part of somebody's route, not a place on a disk.
                    let before = line[..found].chars().next_back();
                    if !place.starts_with('/')
                        || before.is_none_or(|c| !c.is_alphanumeric() && !"._-/}~".contains(c))
                    {
                        findings.push(Finding::new(
                            &file.path,
                            at + 1,
                            format!("`{place}` is a place on one machine"),
                        ));
                    }
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_one_machine_are_found() {
        for (first, second) in PLACES {
            let text = format!("path: {first}{second}x");
            assert_eq!(check(&Tree::with("docs/a.md", &text)).len(), 1, "{text}");
        }
        assert_eq!(check(&Tree::with("docs/a.md", "GET api/wor\u{6b}/1, ./ro\u{6f}t/x")), []);
    }
}

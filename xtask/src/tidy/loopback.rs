//! Tests, reference suites and fixtures talk to this machine only.

use super::{Finding, tree::Tree};

const PLACES: &[&str] = &[
    "runner/tests/",
    "services/tests/",
    "report/tests/",
    "xtask/tests/",
    "suites/",
    "services/src/",
    "runner/src/",
];

/// Hosts that are this machine, that a suite fills in, or that name a standard and are never asked.
const FREE: &[&str] = &[
    "localhost",
    "www.w3.org",
    "json-schema.org",
    "github.com",
    "raw.githubusercontent.com",
    "docs.rs",
    "example.com",
    "example.org",
    "invalid",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files().iter().filter(|file| PLACES.iter().any(|place| file.path.starts_with(place))) {
        if file.path.ends_with(".html") || file.path.ends_with(".svg") {
            continue;
        }
        for (at, line) in file.text.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for (scheme_at, scheme) in line.match_indices("http://").chain(line.match_indices("https://")) {
                let host = &line[scheme_at + scheme.len()..];
                let name = host
                    .split(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c))
                    .next()
                    .unwrap_or("");
                let is_named = name.contains('.') && !name.starts_with("127.");
                if is_named && !FREE.iter().any(|free| name.ends_with(free)) {
                    findings.push(Finding::new(
                        &file.path,
                        at + 1,
                        "an address beyond this machine; tests use loopback only",
                    ));
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
    fn addresses_beyond_this_machine_are_found() {
        let table = [
            ("url: http://127.0.0.1:80", 0),
            ("url: http://{{ host }}/", 0),
            ("url: http://10.0.0.1/", 1),
            ("let url = \"https://shop.com/\";", 1),
            ("help: such as https://staging.example.com", 0),
            ("// see https://www.rfc-editor.org/rfc/rfc9110", 0),
        ];
        for (text, expected) in table {
            assert_eq!(check(&Tree::with("runner/tests/a.rs", text)).len(), expected, "{text}");
        }
        assert_eq!(check(&Tree::with("docs/a.md", "https://shop.invalid/")), []);
    }
}

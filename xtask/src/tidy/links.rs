//! Links between the project's documents lead somewhere, down to the heading.

use super::{
    Finding,
    tree::{File, Tree},
};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending(".md") {
        for (line, target) in links(&file.text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((&target, ""));
            let path = if path.is_empty() { file.path.clone() } else { resolve(&file.path, path) };
            if !path.is_empty() && !tree.has(&path) {
                findings.push(Finding::new(&file.path, line, format!("the link to {target} leads nowhere")));
            } else if let Some(document) =
                tree.file(&path).filter(|file| file.path.ends_with(".md") && !heading.is_empty())
                && !headings(document).iter().any(|each| each == heading)
            {
                findings.push(Finding::new(&file.path, line, format!("{path} has no heading #{heading}")));
            }
        }
    }
    findings
}

/// Targets of `[text](target)`, with their lines; fenced code has none.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, line) in prose(text) {
        for part in line.split("](").skip(1) {
            if let Some(target) = part.split([')', ' ']).next() {
                found.push((at, target.to_owned()));
            }
        }
    }
    found
}

fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_fenced = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
            return None;
        }
        (!is_fenced).then_some((at + 1, line))
    })
}

/// `path` as seen from the folder of `from`.
fn resolve(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> =
        if path.starts_with('/') { Vec::new() } else { from.split('/').rev().skip(1).collect() };
    if !path.starts_with('/') {
        parts.reverse();
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Anchors of the headings, made as GitHub makes them.
fn headings(file: &File) -> Vec<String> {
    let titles = prose(&file.text).filter(|(_, line)| line.starts_with('#'));
    titles
        .map(|(_, line)| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            title
                .chars()
                .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
                .collect::<String>()
                .replace(' ', "-")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let tree = |text: &str| {
            Tree::of_files([
                ("README.md".to_owned(), text.to_owned()),
                (
                    "docs/method.md".to_owned(),
                    "# The method\n## When is it `fail`?\n[up](../README.md)".to_owned(),
                ),
            ])
        };
        let table = [
            ("[a](docs/method.md)", 0),
            ("[a](docs/method.md#when-is-it-fail) [b](docs/method.md#the-method)", 0),
            ("[a](docs)", 0),
            ("[a](https://example.com/nothing)", 0),
            ("```\n[a](nothing.md)\n```", 0),
            ("[a](nothing.md)", 1),
            ("[a](docs/method.md#nothing)", 1),
            ("[a](#nothing)", 1),
        ];
        for (text, expected) in table {
            assert_eq!(check(&tree(text)).len(), expected, "{text}");
        }
    }
}

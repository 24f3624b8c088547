//! What docs/suite.md and docs/migrate.md show is right: every example is decided, and the reference is that of the schema.
//! `LOADGATE_BLESS=1 cargo test -p loadgate --test suite_docs` writes the reference anew.

use camino::{Utf8Path, Utf8PathBuf};
use loadgate::suite::{LoadOptions, load_text, manual};

fn page(name: &str) -> (Utf8PathBuf, String) {
    let path = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    let text = fs_err::read_to_string(&path).expect("the file is part of the repository");
    (path, text)
}

/// (what stands after the opening fence, line of the fence, text).
fn examples(page: &str) -> Vec<(String, usize, String)> {
    let mut examples = Vec::new();
    let mut open: Option<(String, usize, String)> = None;
    for (number, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(kind)) => open = Some((kind.to_owned(), number + 1, String::new())),
            (Some(_), Some("")) => examples.extend(open.take()),
            (Some((_, _, text)), _) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    examples
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

/// A part of a suite with what it needs around it. `None` for examples that are no suites.
fn whole(kind: &str, text: &str) -> Option<String> {
    let head = "name: example\nvars: { tenant: acme }\n";
    let target = "target: { url: 'http://127.0.0.1:1' }\n";
    let flows = "flows:\n  browse: [ { name: look, get: / } ]\n  search: [ { get: /search } ]\n  checkout: [ { name: pay, post: /pay } ]\n  \
                 hold_a_slot: [ { name: slot, post: /slots, refused: status == 429 } ]\n  free_the_slot: [ { delete: /slots } ]\n";
    let scenarios = "scenarios:\n  one:\n    load: { users: 2, iterations: 1 }\n    flow: browse\n";
    let words: Vec<&str> = kind.split(' ').collect();
    Some(match words[..] {
        ["yaml"] => text.to_owned(),
        ["yaml", "suite", ..] => {
            let own = |key: &str, other: &str| {
                if text.contains(&format!("\n{key}:")) || text.starts_with(key) {
                    String::new()
                } else {
                    other.to_owned()
                }
            };
            format!("name: example\n{}{text}{flows}{scenarios}", own("target", target))
        }
        ["yaml", "scenario", ..] => format!("{head}{target}{flows}scenarios:\n  one:\n{}", indented(text, 4)),
        ["yaml", "flow", ..] => format!("{head}{target}{flows}  example:\n{}{scenarios}", indented(text, 4))
            .replace("flow: browse\n", "flow: example\n"),
        _ => return None,
    })
}

#[test]
fn every_example_is_right() {
    for (name, least) in [("suite.md", 15), ("migrate.md", 9)] {
        let mut seen = 0;
        for (kind, line, text) in examples(&page(name).1) {
            let Some(suite) = whole(&kind, &text) else { continue };
            seen += 1;
            if let Err(wrong) = load_text("example.yml", &suite, Utf8Path::new(""), &LoadOptions::default()) {
                let missing = kind.ends_with("unfinished");
                let other: Vec<_> = wrong
                    .iter()
                    .filter(|(_, message)| !missing || !message.contains("is not there yet"))
                    .collect();
                assert!(other.is_empty(), "the example in line {line} of docs/{name}:\n{suite}\n{wrong}");
            } else {
                assert!(
                    !kind.ends_with("unfinished"),
                    "what line {line} of docs/{name} shows can be run: take `unfinished` away"
                );
            }
        }
        assert!(seen >= least, "only {seen} examples were found in docs/{name}");
    }
}

#[test]
fn whatever_is_shown_of_another_tool_is_shown_here_too() {
    let examples = examples(&page("migrate.md").1);
    let foreign = |kind: &str| !kind.starts_with("yaml");
    assert!(examples.iter().filter(|(kind, ..)| foreign(kind)).count() >= 9);
    for pair in examples.chunks(2) {
        let [(theirs, line, _), (ours, ..)] = pair else { panic!("an example stands alone") };
        assert!(
            foreign(theirs) && !foreign(ours),
            "docs/migrate.md, line {line}: `{theirs}` is followed by `{ours}`"
        );
    }
}

#[test]
fn the_reference_is_fresh() {
    let (path, page) = page("suite.md");
    let (open, close) = ("<!-- generated -->\n", "<!-- /generated -->");
    let (before, rest) = page.split_once(open).expect("the page has its opening mark");
    let (_, after) = rest.split_once(close).expect("the page has its closing mark");
    let fresh = format!("{before}{open}\n{}{close}{after}", manual());
    if std::env::var_os("LOADGATE_BLESS").is_some() {
        fs_err::write(&path, &fresh).expect("the repository can be written");
    }
    let now = fs_err::read_to_string(&path).expect("the file is part of the repository");
    assert!(
        now == fresh,
        "docs/suite.md is stale: run LOADGATE_BLESS=1 cargo test -p loadgate --test suite_docs"
    );
}

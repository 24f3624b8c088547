//! What docs/suite.md and docs/migrate.md show is right: every example is decided, and the reference is that of the schema.
//! `cargo xtask schema` writes the reference anew, and so does `LOADGATE_BLESS=1 cargo test -p loadgate --test suite_docs`.

mod common;

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use common::{Place, free_port, lines, quiet_machine};
use loadgate::suite::{LoadOptions, load_text, manual, schema};
use serde_json::Value;

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
        ["yaml"] | ["yaml", "example", ..] => text.to_owned(),
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
                panic!("the example in line {line} of docs/{name}:\n{suite}\n{wrong}");
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
    assert!(now == fresh, "docs/suite.md is stale: run `cargo xtask schema`");
}

/// All keys of the language, wherever the schema has them, each with the title under which the reference must have it.
fn keys(schema: &Value) -> BTreeSet<(String, String)> {
    fn walk(value: &Value, title: &str, keys: &mut BTreeSet<(String, String)>) {
        let properties = value["properties"].as_object();
        for name in properties.into_iter().flat_map(|properties| properties.keys()) {
            keys.insert((title.to_owned(), name.clone()));
        }
        for (key, inner) in value.as_object().into_iter().flatten().filter(|(key, _)| *key != "$defs") {
            match key.as_str() {
                "properties" => {
                    inner.as_object().into_iter().flatten().for_each(|(_, each)| walk(each, title, keys))
                }
                _ => walk(inner, title, keys),
            }
        }
        value.as_array().into_iter().flatten().for_each(|each| walk(each, title, keys));
    }
    let mut keys = BTreeSet::new();
    walk(schema, "Suite", &mut keys);
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        walk(definition, name, &mut keys);
    }
    // `{ short: X, full: Y }` stands for any single value, and is told as that.
    keys.retain(|(_, key)| key != "short" && key != "full");
    keys
}

/// The schema is asked by another way than the reference is made, so that a mapping which the one overlooks is found.
#[test]
fn every_key_is_in_the_reference() {
    let (_, page) = page("suite.md");
    let (_, reference) = page.split_once("<!-- generated -->").expect("the page has its opening mark");
    let sections: Vec<(String, &str)> = reference
        .split("\n### ")
        .skip(1)
        .map(|section| section.split_once('\n').expect("a heading ends"))
        .map(|(title, text)| (title.replace(' ', "").to_lowercase(), text))
        .collect();
    let schema: Value = serde_json::from_str(&schema()).expect("the schema is JSON");
    let keys = keys(&schema);
    assert!(keys.len() > 120, "only {} keys were found", keys.len());
    let missing: Vec<_> = keys
        .iter()
        .filter(|(definition, key)| {
            let section = sections.iter().find(|(title, _)| *title == definition.to_lowercase());
            !section.is_some_and(|(_, text)| text.contains(&format!("\n| `{key}`")))
        })
        .collect();
    assert!(missing.is_empty(), "docs/suite.md does not tell of {missing:?}: run `cargo xtask schema`");
}

/// A reference service; ends with the test.
struct Service {
    child: Child,
    port: u16,
}

impl Service {
    fn start(place: &Place, name: &str, fault: Option<&str>) -> Self {
        let port = free_port();
        let number = port.to_string();
        let mut arguments = vec!["serve", name, "--port", &number];
        arguments.extend(fault.into_iter().flat_map(|fault| ["--fault", fault]));
        let mut command = place.command(&arguments);
        let child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program is built");
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "{name} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, port }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself, which is no matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the worked example of a group: green on the healthy service, red on its fault by a condition of its own.
fn example_runs(group: &str) {
    let _lock = quiet_machine();
    let (_, page) = page("suite.md");
    let (_, section) = page
        .split_once(&format!("\n### {group}: "))
        .unwrap_or_else(|| panic!("there is no example for group {group}"));
    let section = section.split("\n### ").next().expect("a split has a first part");
    let (kind, _, text) = examples(section)
        .into_iter()
        .find(|(kind, ..)| kind.starts_with("yaml example "))
        .unwrap_or_else(|| panic!("the section of group {group} has no example"));
    let words: Vec<&str> = kind.split(' ').collect();
    let [_, _, service, fault] = words[..] else { panic!("```{kind}: write `yaml example SERVICE FAULT`") };
    assert!(section.contains(&format!("--fault {fault}")), "the text of group {group} does not name {fault}");
    for (fault, code) in [(None, 0), (Some(fault), 1)] {
        let place = Place::new();
        place.write("loadgate.yml", &text);
        let service = Service::start(&place, service, fault);
        let url = format!("http://127.0.0.1:{}", service.port);
        let ran = place.undisturbed(&["run", "--target", &url, "--mode", "off"]);
        assert_eq!(ran.code, Some(code), "group {group}, {fault:?}:\n{}", ran.said());
        let report = place.report();
        let told = report.findings.iter().any(|finding| {
            finding.condition.is_some()
                && finding.requirement.as_deref().is_some_and(|number| number.starts_with(group))
        });
        assert!(told == fault.is_some(), "group {group}, {fault:?}:\n{}", lines(&report.findings));
    }
}

/// One test per group, and one that none is left out.
macro_rules! groups {
    ($($test:ident = $group:literal),+ $(,)?) => {
        $(
            #[test]
            fn $test() {
                example_runs($group);
            }
        )+

        #[test]
        fn every_group_has_its_example() {
            let known: BTreeSet<String> = loadgate_services::all()
                .iter()
                .flat_map(|service| service.faults)
                .flat_map(|fault| fault.requirements)
                .map(|number| number.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned())
                .chain(["X".to_owned()])
                .collect();
            assert_eq!(known, BTreeSet::from([$($group.to_owned()),+]));
        }
    };
}

groups! {
    example_a_runs = "A",
    example_b_runs = "B",
    example_c_runs = "C",
    example_d_runs = "D",
    example_e_runs = "E",
    example_x_runs = "X",
}

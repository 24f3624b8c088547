//! Suites that are nearly right: a plan or a list of mistakes, each at a place that is inside of the file; nothing panics.
//! `PROPTEST_CASES=100000 cargo test -p loadgate --test suite_damaged` looks longer.

use camino::Utf8Path;
use loadgate::suite::{LoadOptions, load_text};
use proptest::prelude::*;

const SUITES: &[&str] = &[
    include_str!("../../suites/quickstart.yml"),
    include_str!("../../suites/cached-chat.yml"),
    include_str!("../../suites/conversations.yml"),
    include_str!("../../suites/documents.yml"),
    include_str!("../../suites/sessions.yml"),
    include_str!("../../suites/stream-chat.yml"),
    LIVE,
];

/// What the reference suites do not have.
const LIVE: &str = r#"name: live
target: { url: "http://127.0.0.1:1", tls: { insecure: true } }
vars: { n: 3, key: { value: "${KEY:-none}", secret: true } }
data: { rows: { rows: [ { v: a }, { v: "ü🦀" } ], unique: per_user } }
scenarios:
  chat:
    script:
      - { as: anna, users: 2, do: [ { connect: "/ws?u={{ rows.v }}", protocols: v1, keep: true }, { send: { json: { n: "{{ vars.n }}" } } } ] }
      - wait: 20ms
      - { as: anna, do: [ { await: json.end, content: json.delta, check: text != "", timeout: 3s }, { close: socket } ] }
    expect: [ R1: failed == 0 ]
"#;

/// Words of the language and of YAML, which make other mistakes than letters do.
const WORDS: &[&str] = &[
    "{{",
    "}}",
    "{%",
    "%}",
    "{{ user.id }}",
    "{{ vars.",
    "${",
    "${X:-y}",
    "$${",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"",
    "'",
    "#",
    " #",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "|",
    ">",
    "\n",
    "\n  ",
    "\t",
    "0",
    "-1",
    "1e400",
    "5s",
    "99999999999h",
    "10MB",
    "null",
    "~",
    "true",
    "é",
    "🦀",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\0",
    "status == ",
    "json.",
    " and ",
    "not ",
    " | ",
    "(",
    ")",
    "short: ",
    "include: [ x.yml ]",
    "latency.p95 < ",
    "%",
    "/s",
    "await: ",
    "send: ",
    "repeat: ",
    "steps: ",
    "load: ",
    "? ",
    "---\n",
    "...\n",
];

fn cases(number: u32) -> ProptestConfig {
    let told = std::env::var_os("PROPTEST_CASES").is_some();
    if told { ProptestConfig::default() } else { ProptestConfig::with_cases(number) }
}

fn look_at(text: &str) -> Result<(), TestCaseError> {
    let Err(wrong) = load_text("s.yml", text, Utf8Path::new("nowhere"), &LoadOptions::default()) else {
        return Ok(());
    };
    let shown = wrong.to_string();
    prop_assert!(wrong.count() > 0 && !shown.contains("no reason was recorded"), "{shown}\n{text}");
    let lines: Vec<&str> = text.split('\n').collect();
    for (place, message) in wrong.iter() {
        let Some(place) = place else {
            prop_assert!(false, "no place: {message}\n{text}");
            continue;
        };
        let line = lines.get(place.line as usize - 1).copied();
        prop_assert!(line.is_some(), "line {} of {}: {message}\n{text}", place.line, lines.len());
        let length = line.unwrap_or_default().chars().count() as u32;
        prop_assert!(
            (1..=length + 1).contains(&place.column),
            "column {} of {length} in line {}: {message}\n{text}",
            place.column,
            place.line
        );
    }
    Ok(())
}

/// Puts something in the place of a part of a text, at its boundaries.
fn damaged(text: &str, at: prop::sample::Index, cut: usize, junk: &str) -> String {
    let down = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = down(at.index(text.len() + 1));
    let end = down((start + cut).min(text.len())).max(start);
    format!("{}{junk}{}", &text[..start], &text[end..])
}

#[test]
fn the_suites_themselves_are_right() {
    for text in SUITES {
        if let Err(wrong) = load_text("s.yml", text, Utf8Path::new(""), &LoadOptions::default()) {
            panic!("{wrong}");
        }
    }
}

/// Found by the tests below: the end of a value was taken to be one byte behind the begin of its last character.
#[test]
fn values_that_end_in_a_wide_space() {
    for space in ["\u{a0}", "\u{2028}", "\u{3000}"] {
        let text = LIVE.replace("failed == 0", &format!("\"failed =={space}\""));
        let wrong = load_text("s.yml", &text, Utf8Path::new(""), &LoadOptions::default());
        assert_eq!(wrong.expect_err("a number is missing").count(), 1, "{space:?}");
        look_at(&text).expect("it has its place");
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn letters_that_do_not_belong_there(
        text in prop::sample::select(SUITES),
        at in any::<prop::sample::Index>(),
        cut in 0_usize..12,
        junk in "[ -~\n]{0,6}",
    ) {
        look_at(&damaged(text, at, cut, &junk))?;
    }

    #[test]
    fn words_that_do_not_belong_there(
        text in prop::sample::select(SUITES),
        places in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..8, prop::sample::select(WORDS)), 1..4),
    ) {
        let damage = |text: String, (at, cut, junk): (prop::sample::Index, usize, &str)| damaged(&text, at, cut, junk);
        look_at(&places.into_iter().fold(text.to_owned(), damage))?;
    }

    #[test]
    fn lines_that_are_missing_twice_there_or_elsewhere(
        text in prop::sample::select(SUITES),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        what in 0..4,
        indent in 0_usize..5,
    ) {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let (from, to) = (from.index(lines.len()), to.index(lines.len()));
        match what {
            0 => drop(lines.remove(from)),
            1 => lines.insert(to, lines[from].clone()),
            2 => lines.swap(from, to),
            _ => lines[from] = format!("{:indent$}{}", "", lines[from].trim_start()),
        }
        look_at(&lines.join("\n"))?;
    }

    #[test]
    fn suites_that_end_too_early(text in prop::sample::select(SUITES), at in any::<prop::sample::Index>()) {
        look_at(&damaged(text, at, usize::MAX / 2, ""))?;
    }
}

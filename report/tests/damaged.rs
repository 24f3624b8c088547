//! Reports and baselines that something has damaged: they load, or it is said where they are wrong; nothing panics.
//! `PROPTEST_CASES=100000 cargo test -p loadgate-report --test damaged` looks longer.

use loadgate_report::Report;
use loadgate_report::baseline::{Baseline, BaselineError};
use loadgate_report::judge::{self, FailOn, Policy};
use loadgate_report::page::{Page, View};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Small enough to be tried many times, with every part that a report or a baseline can have among them.
const FILES: &[&str] = &[
    include_str!("fixtures/one.json"),
    include_str!("fixtures/interrupted.json"),
    include_str!("fixtures/empty.json"),
    include_str!("../../baselines/sessions.json"),
    include_str!("../../baselines/conversations.json"),
];
/// With everything, but large.
const LARGE: &[&str] = &[include_str!("fixtures/pass.json"), include_str!("fixtures/fail.json")];

/// So many cases, unless `PROPTEST_CASES` says otherwise.
fn cases(number: u32) -> ProptestConfig {
    let told = std::env::var_os("PROPTEST_CASES").is_some();
    if told { ProptestConfig::default() } else { ProptestConfig::with_cases(number) }
}

/// What could stand in the place of any value.
fn odd_values() -> Vec<Value> {
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(-1e308),
        json!(1e308),
        json!(1e-320),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("pass"),
        json!("9999-99-99T99:99:99Z"),
        json!("\u{0}</script>\u{202e}🦀"),
        json!([]),
        json!([null]),
        json!([1, 1, 1]),
        json!([u64::MAX, 0, u64::MAX]),
        json!({}),
        json!({ "us": [5, 3, 3], "n": [u64::MAX, u64::MAX, 1] }),
        deep,
    ]
}

/// Changes one value somewhere inside: the way there is by these choices.
fn change(value: &mut Value, way: &[u16], odd: &Value) {
    let Some((choice, rest)) = way.split_first() else {
        *value = odd.clone();
        return;
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            let at = usize::from(*choice) % map.len();
            if let Some((_, inner)) = map.iter_mut().nth(at) {
                change(inner, rest, odd);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let at = usize::from(*choice) % items.len();
            change(&mut items[at], rest, odd);
        }
        plain => *plain = odd.clone(),
    }
}

/// Everything that is done with a file from outside.
fn look_at(text: &str) -> Result<(), TestCaseError> {
    match serde_json::from_str::<Report>(text) {
        Ok(report) => use_report(&report),
        Err(error) => prop_assert!(error.line() > 0, "no place: {error}"),
    }
    match Baseline::parse(text) {
        Ok(baseline) => {
            let text = baseline.to_text();
            let again = Baseline::parse(&text);
            prop_assert!(again.is_ok(), "what was written cannot be read: {:?}\n{text}", again.err());
            prop_assert_eq!(again.ok(), Some(baseline.clone()));
            let report: Report =
                serde_json::from_str(LARGE[0]).map_err(|e| TestCaseError::fail(e.to_string()))?;
            judge::compare(&report, &baseline, &Policy::default());
            baseline.clone().prune(1, Some("2026-01-01"));
        }
        Err(error @ (BaselineError::Damaged(_) | BaselineError::WrongShape(_))) => {
            prop_assert!(error.to_string().contains(" at line "), "no place: {error}");
        }
        Err(BaselineError::WrongSchema { .. }) => {}
    }
    Ok(())
}

fn use_report(report: &Report) {
    let mut report = report.clone();
    judge::conclude(&mut report);
    judge::exit_code(&report, FailOn::Regression);
    judge::compare_reports(&report, &report, &Policy::default());
    let _ = Page::new(&report, &View::printed()).render().to_string();
    serde_json::to_string(&report).expect("a report can always be written");
}

#[test]
fn the_files_themselves_are_right() {
    for text in FILES.iter().chain(LARGE) {
        assert!(Baseline::parse(text).is_ok());
        look_at(text).expect("nothing is wrong with it");
    }
}

#[test]
fn counts_that_nobody_has_counted_are_told() {
    for file in FILES {
        let large = file
            .replace("\"requests\": ", "\"requests\":")
            .replace("\"requests\":", "\"requests\":9999999999999999");
        if large == *file {
            continue;
        }
        let error = Baseline::parse(&large).expect_err("too many");
        assert!(error.to_string().contains("nobody has counted at line "), "{error}");
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_value_that_does_not_belong_there(
        file in prop::sample::select(FILES),
        ways in prop::collection::vec((prop::collection::vec(any::<u16>(), 0..9), prop::sample::select(odd_values())), 1..4),
    ) {
        let mut value: Value = serde_json::from_str(file).expect("the file is right");
        for (way, odd) in &ways {
            change(&mut value, way, odd);
        }
        look_at(&value.to_string())?;
    }

    #[test]
    fn bytes_that_do_not_belong_there(
        file in prop::sample::select(FILES),
        at in any::<prop::sample::Index>(),
        cut in 0_usize..40,
        junk in "[ -~\n]{0,6}",
    ) {
        let mut bytes = file.as_bytes().to_vec();
        let at = at.index(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, junk.bytes());
        look_at(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn a_file_that_is_cut_off_is_no_file(file in prop::sample::select(FILES), at in any::<prop::sample::Index>()) {
        let text = file.trim_end();
        let at = at.index(text.len());
        prop_assume!(text.is_char_boundary(at));
        let cut = &text[..at];
        look_at(cut)?;
        prop_assert!(Baseline::parse(cut).is_err());
    }

    #[test]
    fn any_text(text in ".{0,200}") {
        look_at(&text)?;
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn a_value_that_does_not_belong_into_a_large_report(
        file in prop::sample::select(LARGE),
        ways in prop::collection::vec((prop::collection::vec(any::<u16>(), 0..9), prop::sample::select(odd_values())), 1..9),
    ) {
        let mut value: Value = serde_json::from_str(file).expect("the file is right");
        for (way, odd) in &ways {
            change(&mut value, way, odd);
        }
        look_at(&value.to_string())?;
    }
}

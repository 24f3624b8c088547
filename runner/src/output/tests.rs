//! What all outputs promise: the verdict and the cause are in each, and hostile text stays text.

use camino::Utf8PathBuf;
use loadgate_report::Report;
use loadgate_report::judge::conclude;
use loadgate_report::model::{Acceptance, Finding, Scenario};
use loadgate_report::quantity::Unit;

use super::*;

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::try_from(dir.path().to_owned()).unwrap();
    (dir, path)
}

#[test]
fn all_files_are_written_and_the_report_reads_back() {
    let (_guard, dir) = folder();
    let out = dir.join("a/b");
    let report = fixture::report();
    let written = write_all(&out, &report, &Secrets::default()).unwrap();
    for output in OUTPUTS {
        assert!(written.files[output.name].exists(), "{}", output.name);
    }
    let text = fs_err::read_to_string(&written.files["report-json"]).unwrap();
    assert!(text.starts_with("{\n  \"schema\": \"loadgate.report/1\""), "{}", &text[..60]);
    let back: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(back.findings, report.findings);
}

#[test]
fn no_file_holds_a_secret() {
    let (_guard, dir) = folder();
    let secrets = Secrets::new(["second answer"]);
    let written = write_all(&dir, &fixture::report(), &secrets).unwrap();
    for path in written.files.values() {
        assert!(!fs_err::read_to_string(path).unwrap().contains("second answer"), "{path}");
    }
}

#[test]
fn an_unwritable_folder_is_named_and_says_what_to_do() {
    let (_guard, dir) = folder();
    fs_err::write(dir.join("file"), "").unwrap();
    let error = write_all(&dir.join("file/out"), &fixture::report(), &Secrets::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("file/out") && text.contains("--out"), "{text}");
}

#[test]
fn every_output_names_the_cause() {
    let report = fixture::report();
    let junit = String::from_utf8((junit::OUTPUT.render)(&report).unwrap()).unwrap();
    for (name, text) in [
        ("summary", summary::render(&report)),
        ("terminal", terminal::verdict(&report, None)),
        ("junit", junit),
        ("annotations", annotations::annotations(&report).join("\n")),
    ] {
        assert!(
            text.contains("heavy")
                && text.contains("it is 1.14 s")
                && (text.contains("fail") || text.contains("error")),
            "{name}: {text}"
        );
    }
}

#[test]
fn hostile_text_stays_text_in_the_summary() {
    let summary = summary::render(&fixture::report());
    for bad in ["<img", "</script", "@team", "](https", "**b**", "\u{202e}", "\x1b"] {
        assert!(!summary.contains(bad), "{bad}");
    }
    // Every table line has as many cells as its header.
    let mut width = 0;
    for line in summary.lines() {
        if line.starts_with('|') {
            let cells = line.matches('|').count();
            assert!(width == 0 || width == cells, "{line}");
            width = cells;
        } else {
            width = 0;
        }
    }
}

#[test]
fn hostile_text_is_no_workflow_command() {
    let report = fixture::report();
    let lines = annotations::annotations(&report);
    for line in &lines {
        assert!(!line.contains('\n') && !line.contains('\r') && !line.contains("##["), "{line}");
        assert!(["::error ", "::warning ", "::notice "].iter().any(|k| line.starts_with(k)), "{line}");
    }
    let first = lines.iter().find(|l| l.contains("line=12")).unwrap();
    assert!(
        first.starts_with(
            "::error file=suites/chat%2C1.yml,line=12,col=7,title=loadgate%3A heavy%3A latency.p95::"
        ),
        "{first}"
    );
    let printed = text::defuse(&terminal::verdict(&report, None));
    for line in anstream::adapter::strip_str(&printed).to_string().lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
    }
}

#[test]
fn hostile_text_leaves_the_xml_well_formed() {
    let xml = String::from_utf8((junit::OUTPUT.render)(&fixture::report()).unwrap()).unwrap();
    assert!(!xml.contains("<img") && !xml.contains('\x1b'));
    assert_eq!(xml.matches("<testsuite ").count(), 3, "{xml}");
    assert!(xml.contains("<failure") && xml.contains("tests="), "{xml}");
}

#[test]
fn an_accepted_condition_is_no_failure_in_the_xml() {
    let xml = |report: &Report| String::from_utf8((junit::OUTPUT.render)(report).unwrap()).unwrap();
    let mut report = fixture::report();
    let failures = xml(&report).matches("<failure").count();
    report.acceptances = vec![Acceptance {
        scenario: Some("heavy".into()),
        figure: "latency.p95".into(),
        bound: None,
        unit: Unit::Ms,
        reason: "the new model thinks longer".into(),
        expires: "2030-01-31".into(),
        expired: false,
        used: false,
        place: None,
    }];
    conclude(&mut report);
    let xml = xml(&report);
    assert_eq!(xml.matches("<failure").count(), failures - 1, "{xml}");
    let skipped = xml.split("<skipped").skip(1).filter(|rest| {
        let element = rest.split('>').next();
        element.is_some_and(|e| e.contains("waived until 2030-01-31: the new model thinks longer"))
    });
    assert_eq!(skipped.count(), 1, "{xml}");
}

#[test]
fn annotations_stop_at_nine_of_a_kind() {
    let mut report = fixture::report();
    let finding: Finding = report.findings[0].clone();
    report.findings = vec![finding; 30];
    let lines = annotations::annotations(&report);
    assert_eq!(lines.len(), 10);
    assert!(lines[9].contains("21 more"), "{}", lines[9]);
}

#[test]
fn a_huge_report_makes_a_summary_that_github_takes() {
    let mut report = fixture::report();
    let scenario: Scenario = report.scenarios[1].clone();
    report.scenarios = vec![scenario; 2000];
    let summary = summary::render(&report);
    assert!(summary.len() <= summary::MAX_BYTES, "{}", summary.len());
    assert!(summary.contains("did not fit") && summary.contains("it is 1.14 s"));
}

#[test]
fn a_line_per_scenario_with_the_reason() {
    let report = fixture::report();
    let text = terminal::verdict(&report, Some(100));
    let plain = anstream::adapter::strip_str(&text).to_string();
    let first = plain.lines().next().unwrap();
    assert!(
        first.starts_with("FAIL") && first.contains("heavy") && first.contains("it is 1.14 s"),
        "{first}"
    );
    assert!(plain.contains("next: ") && plain.contains("suites/chat,1.yml:12:7"), "{plain}");
    assert!(plain.lines().last().unwrap().starts_with("FAIL"), "{plain}");
}

#[test]
fn a_narrow_terminal_breaks_no_word() {
    let report = fixture::report();
    let table = terminal::table(&tables::conditions(&report.scenarios[0]), 30);
    for word in ["condition", "critical", "latency.p95", "latency.mean"] {
        assert!(table.contains(word), "{word} in\n{table}");
    }
}

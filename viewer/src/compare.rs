//! Reports that are dropped on the page, compared by the judgement that the runner uses.

use loadgate_report::Report;
use loadgate_report::judge::{Policy, compare_reports, conclude};
use loadgate_report::page::extract;

/// A file that was dropped.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Compares what was dropped: two files with each other, one with the report that is shown. The older one is the base.
///
/// # Errors
/// A sentence that says which file could not be read, or how many there should be.
pub(crate) fn compare(shown: &Report, files: &[File]) -> Result<Report, String> {
    let (base, mut head) = match files {
        [file] => in_order((file.name.clone(), read(file)?), ("this page".to_owned(), shown.clone())),
        [a, b] => in_order((a.name.clone(), read(a)?), (b.name.clone(), read(b)?)),
        _ => return Err(format!("One report or two can be compared, not {}.", files.len())),
    };
    let mut comparison = compare_reports(&base.1, &head.1, &Policy::default());
    comparison.base = base.0;
    head.1.comparison = Some(comparison);
    conclude(&mut head.1);
    Ok(head.1)
}

type Named = (String, Report);

fn in_order(a: Named, b: Named) -> (Named, Named) {
    // Times are RFC 3339 in UTC, so that their text has their order.
    if a.1.run.started_at <= b.1.run.started_at { (a, b) } else { (b, a) }
}

/// A report out of its JSON or out of a page.
fn read(file: &File) -> Result<Report, String> {
    let text =
        if file.text.trim_start().starts_with('{') { Some(file.text.clone()) } else { extract(&file.text) };
    let text =
        text.ok_or_else(|| format!("{} holds no report; report.json and report.html do.", file.name))?;
    serde_json::from_str(&text)
        .map_err(|error| format!("{} is no report that this page can read: {error}.", file.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, started_at: &str) -> File {
        let report = Report {
            run: loadgate_report::model::RunInfo { started_at: started_at.to_owned(), ..Default::default() },
            ..Report::default()
        };
        File { name: name.to_owned(), text: serde_json::to_string(&report).unwrap() }
    }

    #[test]
    fn the_older_one_is_the_base() {
        let (old, new) = (file("old.json", "2026-01-01T00:00:00Z"), file("new.json", "2026-02-01T00:00:00Z"));
        for files in [[old.clone(), new.clone()], [new, old]] {
            let head = compare(&Report::default(), &files).unwrap();
            assert_eq!(head.comparison.unwrap().base, "old.json");
            assert_eq!(head.run.started_at, "2026-02-01T00:00:00Z");
        }
    }

    #[test]
    fn what_is_no_report_is_named() {
        let picture = File { name: "cat.png".to_owned(), text: "\u{fffd}PNG".to_owned() };
        assert!(compare(&Report::default(), std::slice::from_ref(&picture)).unwrap_err().contains("cat.png"));
        assert!(compare(&Report::default(), &[]).is_err());
        assert!(
            compare(&Report::default(), &[picture.clone(), picture.clone(), picture])
                .unwrap_err()
                .contains("not 3")
        );
    }
}

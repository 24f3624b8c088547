//! `loadgate.accept.yml`: changes that somebody accepted, each with a reason and a last day.
//!
//! ```yaml
//! - scenario: heavy            # left out: every scenario
//!   figure: latency.p95
//!   bound: 400ms               # left out: any value
//!   reason: the new model is slower, and better
//!   expires: 2027-01-31
//! ```

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::Date;
use loadgate_report::model::{Acceptance, Place};
use loadgate_report::quantity::{self, Unit};
use serde::Deserialize;
use serde_saphyr::Spanned;

/// Where it is looked for.
pub(super) const FILE: &str = "loadgate.accept.yml";

/// Why the file cannot be used. A file with a mistake stops the run: half of it would accept what nobody meant.
#[derive(Debug, thiserror::Error)]
pub enum AcceptanceError {
    /// It cannot be read.
    #[error("failed to read {path}: {source}")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// It is no such file.
    #[error("{path} is no list of acceptances: {message}")]
    Syntax {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// Entries are wrong, one a line.
    #[error("{0}")]
    Entries(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    scenario: Option<String>,
    figure: Spanned<String>,
    #[serde(default)]
    bound: Option<Spanned<String>>,
    reason: Spanned<String>,
    expires: Spanned<String>,
}

/// Reads the file of a folder; none is no error. `today` decides what has expired.
///
/// # Errors
/// [`AcceptanceError`], with all wrong entries at once.
pub(super) fn load(folder: &Utf8Path, today: Date) -> Result<Vec<Acceptance>, AcceptanceError> {
    let path = if folder == "." { FILE.into() } else { folder.join(FILE) };
    match fs_err::read_to_string(&path) {
        Ok(text) => parse(&path, &text, today),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(AcceptanceError::Read { path, source }),
    }
}

fn parse(path: &Utf8Path, text: &str, today: Date) -> Result<Vec<Acceptance>, AcceptanceError> {
    let entries: Vec<Entry> = serde_saphyr::from_str(text)
        .map_err(|e| AcceptanceError::Syntax { path: path.to_owned(), message: e.to_string() })?;
    let mut errors = Vec::new();
    let mut acceptances = Vec::new();
    for entry in entries {
        let mut wrong = |at: &serde_saphyr::Location, message: String| {
            errors.push(format!("{path}:{}:{}: {message}", at.line(), at.column()));
        };
        let at = entry.figure.referenced;
        let unit = unit_of(&entry.figure.value);
        let bound = entry.bound.as_ref().map(|bound| (bound.referenced, quantity::parse(&bound.value)));
        let bound = match bound {
            None => None,
            Some((_, Ok(bound))) if unit.is_none_or(|unit| fits(bound.unit, unit)) => Some(bound),
            Some((at, Ok(bound))) => {
                wrong(&at, format!("`{bound}` does not fit {}, which is {:?}", entry.figure.value, unit));
                None
            }
            Some((at, Err(message))) => {
                wrong(&at, format!("`bound` is no value of a figure: {message}"));
                None
            }
        };
        if entry.reason.value.trim().is_empty() {
            wrong(&entry.reason.referenced, "`reason` is empty: say why it is accepted".into());
        }
        let expires = entry.expires.value.parse::<Date>().map_err(|_| {
            let message = format!("`{}` is no day; write it as 2027-01-31", entry.expires.value);
            wrong(&entry.expires.referenced, message);
        });
        let Ok(expires) = expires else { continue };
        acceptances.push(Acceptance {
            scenario: entry.scenario,
            figure: entry.figure.value,
            bound: bound.map(|bound| bound.value),
            unit: unit.or(bound.map(|bound| bound.unit)).unwrap_or(Unit::Count),
            reason: entry.reason.value,
            expires: expires.to_string(),
            expired: expires < today,
            used: false,
            place: Some(Place {
                file: path.to_string(),
                line: u32::try_from(at.line()).unwrap_or(0),
                column: u32::try_from(at.column()).unwrap_or(0),
            }),
        });
    }
    if errors.is_empty() { Ok(acceptances) } else { Err(AcceptanceError::Entries(errors.join("\n"))) }
}

/// The unit of a figure by its last words; `None` for the left side of an arithmetic condition.
fn unit_of(figure: &str) -> Option<Unit> {
    let last = |word: &str| figure == word || figure.ends_with(&format!(".{word}"));
    if figure.contains(char::is_whitespace) {
        None
    } else if figure.contains("latency.") || figure.contains("ttft.") || figure.contains("itl.") {
        Some(Unit::Ms)
    } else if last("success_rate") || last("error_rate") || last("refusal_rate") || last("rate") {
        Some(Unit::Ratio)
    } else if last("throughput") {
        Some(Unit::PerSecond)
    } else {
        None
    }
}

/// A share or a rate may be written as a plain number.
fn fits(bound: Unit, figure: Unit) -> bool {
    bound == figure || (bound == Unit::Count && matches!(figure, Unit::Ratio | Unit::PerSecond))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Acceptance>, AcceptanceError> {
        parse("a.yml".into(), text, "2026-06-15".parse().unwrap())
    }

    #[test]
    fn entries_with_and_without_bound() {
        let list = read(
            "- { scenario: heavy, figure: latency.p95, bound: 400ms, reason: new model, expires: 2026-06-15 }\n\
             - { figure: error_rate, bound: 2%, reason: known bug, expires: 2026-06-14 }\n\
             - { figure: throughput, reason: any, expires: 2027-01-01 }\n",
        )
        .unwrap();
        assert_eq!((list[0].bound, list[0].unit, list[0].expired), (Some(400.0), Unit::Ms, false));
        assert_eq!((list[1].bound, list[1].expired, list[1].scenario.as_deref()), (Some(0.02), true, None));
        assert_eq!((list[2].bound, list[2].place.as_ref().unwrap().line), (None, 3));
        assert!(read("[]").unwrap().is_empty());
    }

    #[test]
    fn what_the_summary_proposes_is_accepted_once_it_has_a_reason() {
        use loadgate_report::model::{ChangeOutcome, ComparedFigure, ComparisonMode};
        let figure = |figure: &str, unit, before: f64, now: f64, outcome| ComparedFigure {
            scenario: "heavy \"1\": ```".into(),
            figure: figure.into(),
            unit,
            gated: true,
            now: Some(now),
            fresh: None,
            before: Some(before),
            change: Some(now / before - 1.0),
            interval: None,
            noise: None,
            tolerance: 0.1,
            floor: 0.0,
            limit: None,
            detectable: None,
            samples: 100,
            runs: 3,
            rounds: 2,
            round_changes: Vec::new(),
            outcome,
            note: None,
        };
        let mut report = crate::output::fixture::report();
        report.run.started_at = "2026-06-10T23:59:59Z".into();
        let mut comparison = loadgate_report::judge::missing("baselines/heavy.json");
        comparison.mode = ComparisonMode::Stored;
        comparison.figures = vec![
            figure("latency.p95", Unit::Ms, 100.0, 200.0, ChangeOutcome::Regression),
            figure("throughput", Unit::PerSecond, 100.0, 50.0, ChangeOutcome::Regression),
            figure("error_rate", Unit::Ratio, 0.0, 0.04, ChangeOutcome::Regression),
            figure("latency.p50", Unit::Ms, 100.0, 101.0, ChangeOutcome::Unchanged),
        ];
        report.comparison = Some(comparison);
        let lines = crate::output::acceptable::lines(&report);
        let error = read(&lines).unwrap_err().to_string();
        assert_eq!(error.matches("`reason` is empty").count(), 3, "{error}");
        let list = read(&lines.replace("reason: \"\"", "reason: the new model")).unwrap();
        for (found, (figure, bound)) in
            list.iter().zip([("latency.p95", 220.0), ("throughput", 45.0), ("error_rate", 0.044)])
        {
            assert_eq!(found.figure, figure);
            assert!((found.bound.unwrap() - bound).abs() < 1e-9, "{found:?}");
        }
        for acceptance in &list {
            assert_eq!(acceptance.scenario.as_deref(), Some("heavy \"1\": ```"));
            assert_eq!((acceptance.expires.as_str(), acceptance.expired), ("2026-07-10", false));
        }
        // And the summary shows them as they are to be written.
        let summary = crate::output::summary::render(&report);
        assert!(summary.contains(&lines), "{summary}");
        assert!(summary.contains("loadgate baseline accept loadgate-report/report.json"), "{summary}");
        report.comparison.as_mut().unwrap().mode = ComparisonMode::Paired;
        let summary = crate::output::summary::render(&report);
        assert!(summary.contains(&lines) && !summary.contains("baseline accept l"), "{summary}");
    }

    #[test]
    fn mistakes_are_told_with_their_places() {
        let error = read(
            "- { figure: latency.p95, bound: 5MB, reason: x, expires: 2026-06-15 }\n\
             - { figure: latency.p95, bound: soon, reason: \"\", expires: tomorrow }\n",
        )
        .unwrap_err()
        .to_string();
        for words in [
            "a.yml:1:33: `5 MB` does not fit",
            "a.yml:2:33: `bound`",
            "`reason` is empty",
            "`tomorrow` is no day",
        ] {
            assert!(error.contains(words), "{words}: {error}");
        }
        for (text, words) in [
            ("- { figure: x, reason: y, expires: 2026-06-15, until: z }", "until"),
            ("- { reason: y, expires: 2026-06-15 }", "figure"),
            ("a: b", "no list of acceptances"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}

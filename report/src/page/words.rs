//! Words and marks for the closed sets of the report.

use super::table::grouped;
use crate::Verdict;
use crate::html::{Element, Node, el, list};
use crate::model::{ChangeOutcome, FindingKind, Place, Report};
use crate::quantity::{Quantity, Unit};

/// A mark that tells the verdicts apart without colour.
pub(super) fn icon(verdict: Verdict) -> Element {
    let path = match verdict {
        Verdict::Pass => "M3.5 8.5l3 3 6-7",
        Verdict::Fail => "M4 4l8 8M12 4l-8 8",
        Verdict::Inconclusive => "M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12.6v.2",
        Verdict::Invalid => "M8 3.2v5.6M8 12.4v.2",
    };
    el("svg")
        .class("icon")
        .attr("viewBox", "0 0 16 16")
        .attr("aria-hidden", "true")
        .with(el("path").attr("d", path))
}

/// A verdict as mark and word.
pub(super) fn verdict(verdict: Verdict) -> Node {
    el("span").class(format!("verdict {verdict}")).with(icon(verdict)).with(verdict.as_str()).into()
}

/// A warn-only finding or condition: it is told and fails nothing.
pub(super) fn warned() -> Node {
    el("span").class("verdict warn").with(icon(Verdict::Invalid)).with("warning").into()
}

/// What kind of rule a finding comes from.
pub(super) fn kind(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Condition => "condition",
        FindingKind::Warning => "warn-only condition",
        FindingKind::Regression => "regression",
        FindingKind::Improvement => "improvement",
        FindingKind::Accepted => "accepted",
        FindingKind::CrossTalk => "cross-talk",
        FindingKind::Target => "target",
        FindingKind::Generator => "load generator",
        FindingKind::Baseline => "baseline",
        FindingKind::Interrupted => "interrupted",
    }
}

/// What became of a compared figure: class and words.
pub(super) fn change_outcome(outcome: ChangeOutcome) -> (&'static str, &'static str) {
    match outcome {
        ChangeOutcome::Regression => ("worse", "regression"),
        ChangeOutcome::Suspected => ("worse", "suspected"),
        ChangeOutcome::Unchanged => ("same", "unchanged"),
        ChangeOutcome::Improved => ("better", "improved"),
        ChangeOutcome::Accepted => ("worse", "accepted"),
        ChangeOutcome::Undecided => ("unsure", "undecided"),
        ChangeOutcome::NotJudged => ("same", "not judged"),
    }
}

/// A relative change with its sign: `+12.3 %`.
pub(super) fn change(change: f64) -> Node {
    el("data").attr("value", change.to_string()).with(signed(change)).into()
}

/// A relative change with its sign, as text.
pub(crate) fn signed(change: f64) -> String {
    if !change.is_finite() {
        return "n/a".to_owned();
    }
    let percent = change * 100.0;
    let text = if percent.abs() >= 100.0 { format!("{percent:+.0} %") } else { format!("{percent:+.1} %") };
    text.replace('-', "\u{2212}")
}

/// Seconds in words.
pub(super) fn seconds(s: f64) -> Node {
    el("data").attr("value", s.to_string()).with(Quantity::new(s * 1000.0, Unit::Ms).to_string()).into()
}

/// A commit, short, with a link to it where the report knows its repository.
pub(super) fn commit(report: &Report, hash: &str) -> Node {
    let short = el("code").with(hash.chars().take(10).collect::<String>());
    let repository = report.environment.revision.as_ref().and_then(|r| r.repository.as_deref());
    // The address comes out of the data: only what is plainly one of the web becomes a link.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:".contains(c);
    match repository.filter(|r| r.starts_with("https://") && r.chars().all(plain)) {
        Some(repository) if !hash.is_empty() && hash.chars().all(|c| c.is_ascii_hexdigit()) => el("a")
            .attr("href", format!("{}/commit/{hash}", repository.trim_end_matches('/')))
            .attr("rel", "noreferrer")
            .with(short)
            .into(),
        _ => short.into(),
    }
}

/// Requirement labels.
pub(super) fn labels<'a>(labels: impl IntoIterator<Item = &'a str>) -> Vec<Node> {
    labels.into_iter().map(|label| el("span").class("label").with(cut(label, 24)).into()).collect()
}

/// A place in the suite.
pub(super) fn place(place: &Place) -> Node {
    el("code")
        .class("place")
        .with(format!("{}:{}:{}", cut(&place.file, 120), place.line, place.column))
        .into()
}

/// At most `limit` characters, with a mark where something was cut.
pub(super) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Free text of the report: names in backticks stand out, and what is endless is cut and says so.
pub(super) fn prose(text: &str) -> Node {
    const LIMIT: usize = 600;
    let shown = cut(text, LIMIT);
    // An odd backtick names nothing.
    let pieces: Vec<&str> = shown.split('`').collect();
    let coded = pieces.len() % 2 == 1;
    let mut body = el("bdi");
    if coded {
        for (at, piece) in pieces.into_iter().enumerate().filter(|(_, piece)| !piece.is_empty()) {
            body = if at % 2 == 1 { body.with(el("code").with(piece)) } else { body.with(piece) };
        }
    } else {
        body = body.with(shown.as_str());
    }
    let more = text.chars().count().saturating_sub(LIMIT) as u64;
    let rest = (more > 0).then(|| {
        el("span").class("quiet").with(format!(" ({} more characters in the report's JSON)", grouped(more)))
    });
    list([Node::from(body), Node::from(rest)])
}

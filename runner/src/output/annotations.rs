//! Findings as GitHub workflow commands, which show them beside the suite's lines.

use loadgate_report::Verdict;
use loadgate_report::model::{Finding, FindingKind, Report};

use super::text;

/// Annotations of a kind before the rest is only counted; GitHub drops what comes after ten of a kind and step.
pub const MOST: usize = 9;
/// Characters of one message.
const MAX_MESSAGE: usize = 1000;

/// One workflow command a line, worst first. Text from outside cannot begin a command of its own.
pub fn annotations(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for kind in ["error", "warning", "notice"] {
        let own: Vec<&Finding> = report.findings.iter().filter(|f| kind_of(f) == kind).collect();
        lines.extend(own.iter().take(MOST).map(|f| command(kind, f)));
        if own.len() > MOST {
            let more = own.len() - MOST;
            lines.push(format!("::{kind} title=loadgate::{more} more in the job summary and in report.html"));
        }
    }
    lines
}

fn kind_of(finding: &Finding) -> &'static str {
    match (finding.verdict, finding.kind) {
        (Verdict::Fail | Verdict::Invalid, _) => "error",
        (Verdict::Inconclusive, _)
        | (Verdict::Pass, FindingKind::Warning | FindingKind::Baseline | FindingKind::Accepted) => "warning",
        (Verdict::Pass, _) => "notice",
    }
}

fn command(kind: &str, finding: &Finding) -> String {
    let mut properties = Vec::new();
    if let Some(place) = &finding.place {
        properties.push(format!("file={},line={},col={}", property(&place.file), place.line, place.column));
    }
    let subject = match &finding.scenario {
        Some(scenario) => format!("loadgate: {scenario}: {}", finding.figure),
        None => format!("loadgate: {}", finding.figure),
    };
    properties.push(format!("title={}", property(&text::cut(&subject, 200))));
    let requirement = finding.requirement.as_ref().map_or_else(String::new, |r| format!(" ({r})"));
    let mut message = format!("{}{requirement}", finding.message);
    if let Some(next) = &finding.next {
        message.push_str(&format!("\nnext: {next}"));
    }
    format!("::{kind} {}::{}", properties.join(","), data(&text::cut(&message, MAX_MESSAGE)))
}

/// Escapes a message as the runner's own toolkit does, and disarms the older command syntax, which is seen anywhere in a line.
fn data(text: &str) -> String {
    text.replace("##[", "## [").replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property's value.
fn property(value: &str) -> String {
    data(&text::plain(value)).replace(':', "%3A").replace(',', "%2C")
}

//! The findings, worst first, each with the numbers to believe or doubt it.

use super::table::{count, quantity};
use super::words::{change, change_outcome, cut, kind, labels, place, prose, verdict, warned};
use super::{Page, facts};
use crate::Verdict;
use crate::chart::{Interval, interval};
use crate::html::{Node, el, list, nothing};
use crate::model::{ComparedFigure, Evidence, Finding, FindingKind, RoundChange};
use crate::quantity::Unit;

pub(super) fn render(page: &Page<'_>) -> Option<Node> {
    let all = || {
        page.report.findings.iter().filter(|f| {
            page.view.finds([
                f.message.as_str(),
                f.figure.as_str(),
                f.scenario.as_deref().unwrap_or_default(),
            ])
        })
    };
    let told = |f: &&Finding| f.verdict == Verdict::Pass && f.kind == FindingKind::Improvement;
    let mut serious: Vec<&Finding> = all().filter(|f| !told(f)).collect();
    // Stable: among equals the report's own order stays.
    serious.sort_by_key(|f| std::cmp::Reverse(f.verdict));
    let better: Vec<&Finding> = all().filter(told).collect();
    if serious.is_empty() && better.is_empty() {
        let text = if page.report.findings.is_empty() {
            "Nothing to report."
        } else {
            "No finding fits the search."
        };
        return Some(el("p").class("quiet").with(text).into());
    }
    let cards =
        |findings: Vec<&Finding>| el("ol").class("findings").all(findings.into_iter().map(|f| card(page, f)));
    let folded = (!better.is_empty()).then(|| {
        let n = better.len();
        let words = if n == 1 { "1 improvement".to_owned() } else { format!("{n} improvements") };
        el("details").with(el("summary").with(words)).with(cards(better))
    });
    let serious = (!serious.is_empty()).then(|| cards(serious));
    Some(list([Node::from(serious), Node::from(folded)]))
}

fn card(page: &Page<'_>, finding: &Finding) -> Node {
    let mark = match (finding.verdict, finding.kind) {
        (Verdict::Pass, FindingKind::Improvement) => improved(),
        (Verdict::Pass, FindingKind::Accepted) => accepted(),
        (Verdict::Pass, _) => warned(),
        (v, _) => verdict(v),
    };
    let class = match finding.verdict {
        Verdict::Pass if finding.kind == FindingKind::Improvement => "better",
        Verdict::Pass => "warn",
        v => v.as_str(),
    };
    let head = el("p")
        .class("what")
        .with(mark)
        .with(finding.scenario.as_deref().map(|s| page.link(s)))
        .with(el("code").with(cut(&finding.figure, 120)))
        .all(labels(finding.requirement.as_deref()))
        .with(el("span").class("quiet").with(kind(finding.kind)));
    let numbers = finding.evidence.as_ref().map(|e| evidence(e, fresh(page, finding), rounds(page, finding)));
    let next = finding
        .next
        .as_deref()
        .map(|text| el("p").class("next").with(el("b").with("Next: ")).with(prose(text)));
    let rule = finding.condition.as_deref().map(|text| el("code").with(cut(text, 200)));
    let stands = finding.place.as_ref().map(place);
    let source = (rule.is_some() || stands.is_some())
        .then(|| el("p").class("source quiet").with(rule).with(" ").with(stands));
    el("li")
        .class(format!("finding {class}"))
        .with(head)
        .with(el("p").class("message").with(prose(&finding.message)))
        .with(numbers)
        .with(next)
        .with(source)
        .into()
}

fn improved() -> Node {
    el("span").class("verdict better").with(super::words::icon(Verdict::Pass)).with("improved").into()
}

fn accepted() -> Node {
    el("span").class("verdict warn").with(super::words::icon(Verdict::Pass)).with("accepted").into()
}

/// The rounds behind a finding that comes from a comparison.
fn rounds(page: &Page<'_>, finding: &Finding) -> Vec<RoundChange> {
    let compared = finding.scenario.as_deref().and_then(|scenario| page.compared(scenario, &finding.figure));
    compared.map(|figure| super::comparison::rounds(page, figure)).unwrap_or_default()
}

/// What the fresh rounds alone came to.
fn fresh(page: &Page<'_>, finding: &Finding) -> Option<f64> {
    let scenario = finding.scenario.as_deref().filter(|_| finding.kind != FindingKind::Condition)?;
    page.compared(scenario, &finding.figure)?.fresh
}

fn evidence(e: &Evidence, fresh: Option<f64>, rounds: Vec<RoundChange>) -> Node {
    let shown = |value: Option<f64>| value.map_or_else(nothing, |v| quantity(Some(v), e.unit));
    let counted = |n: Option<u64>| n.map_or_else(nothing, count);
    let share = |value: Option<f64>, sign: &str| {
        value.map_or_else(nothing, |v| list([Node::from(sign), quantity(Some(v), Unit::Ratio)]))
    };
    let confirmed = e.confirmed.map_or("", |yes| if yes { "by fresh rounds" } else { "not yet" });
    let numbers = facts(vec![
        ("Now", shown(e.now)),
        ("Fresh rounds", shown(fresh)),
        ("Before", shown(e.before)),
        ("Change", e.change.map_or_else(nothing, change)),
        ("Limit", shown(e.limit)),
        ("Tolerance", share(e.tolerance, "")),
        ("Noise", share(e.noise, "±")),
        ("Samples", counted(e.samples)),
        ("Rounds", counted(e.rounds.map(u64::from))),
        ("Earlier runs", counted(e.runs.map(u64::from))),
        ("Confirmed", Node::from(confirmed)),
    ]);
    let picture = e.change.and_then(|change| {
        let limit = e
            .limit
            .zip(e.before)
            .filter(|(_, before)| *before != 0.0)
            .map(|(limit, before)| limit / before - 1.0);
        let limit = limit.or(e.tolerance);
        interval(&Interval { change, interval: e.interval, noise: e.noise, limit, rounds }, true)
    });
    list([numbers, Node::from(picture)])
}

/// What became of a compared figure, with the direction that it took.
pub(super) fn outcome_mark(figure: &ComparedFigure) -> Node {
    let (class, words) = change_outcome(figure.outcome);
    let sign = match (class, figure.change) {
        ("unsure", _) => Some("?"),
        ("worse" | "better", Some(change)) if change < 0.0 => Some("▼"),
        ("worse" | "better", Some(_)) => Some("▲"),
        _ => None,
    };
    let sign = sign.map(|sign| el("span").attr("aria-hidden", "true").with(sign).with(" "));
    el("span").class(format!("change {class}")).with(sign).with(words).into()
}

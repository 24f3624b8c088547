//! What a reader needs in ten seconds: the verdict, why, what to do, of what.

use super::words::{self, cut, icon, prose, seconds};
use super::{Page, facts};
use crate::Verdict;
use crate::html::{Node, el, list, nothing};
use crate::model::{Report, Revision};

pub(super) fn render(page: &Page<'_>) -> Option<Node> {
    let report = page.report;
    let next = report.findings.iter().find(|f| f.verdict == report.verdict).and_then(|f| f.next.as_deref());
    let next = next.filter(|_| report.verdict != Verdict::Pass);
    let heading = el("h1")
        .with(
            el("span")
                .class(format!("badge {}", report.verdict))
                .with(icon(report.verdict))
                .with(report.verdict.as_str()),
        )
        .with(" ")
        .with(el("bdi").with(cut(&report.suite.name, 120)));
    let description =
        report.suite.description.as_deref().map(|text| el("p").class("quiet").with(prose(text)));
    let next = next.map(|text| el("p").class("next").with(el("b").with("Next: ")).with(prose(text)));
    Some(list([
        heading.into(),
        el("p").class("reason").with(prose(&report.reason)).into(),
        Node::from(next),
        Node::from(description),
        run_facts(page),
    ]))
}

fn run_facts(page: &Page<'_>) -> Node {
    let report = page.report;
    let machine = &report.environment.machine;
    let machine = if machine.cpu.is_empty() { String::new() } else { cut(&machine.class(), 300) };
    let base = report.comparison.as_ref().map_or_else(nothing, |comparison| {
        let commit = comparison.commit.as_deref().map(|c| words::commit(report, c));
        let runs = match comparison.runs {
            0 => String::new(),
            1 => " · 1 run".to_owned(),
            n => format!(" · {n} runs"),
        };
        list([
            el("bdi").with(cut(&comparison.base, 200)).into(),
            " ".into(),
            Node::from(commit),
            Node::from(runs),
        ])
    });
    let ci = report.environment.ci.as_deref().map(|ci| format!(" · {}", cut(ci, 60)));
    facts(vec![
        ("Revision", report.environment.revision.as_ref().map_or_else(nothing, |r| revision(report, r))),
        ("Compared with", base),
        ("Target", prose(&report.target.url)),
        ("Machine", list([machine.into(), Node::from(ci)])),
        (
            "Started",
            el("time")
                .attr("datetime", cut(&report.run.started_at, 40))
                .with(cut(&report.run.started_at, 40))
                .into(),
        ),
        ("Duration", seconds(report.run.duration_s)),
        (
            "Seed",
            el("data").attr("value", report.run.seed.to_string()).with(report.run.seed.to_string()).into(),
        ),
        ("loadgate", Node::from(cut(&report.run.loadgate, 60))),
    ])
}

fn revision(report: &Report, revision: &Revision) -> Node {
    let branch =
        revision.branch.as_deref().map(|b| list([" on ".into(), Node::from(el("bdi").with(cut(b, 120)))]));
    let dirty = revision.dirty.then_some(" with uncommitted changes");
    list([words::commit(report, &revision.commit), Node::from(branch), Node::from(dirty)])
}

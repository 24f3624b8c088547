//! `summary.md`: the verdict for a job summary or a pull request, with everything else folded in.

use loadgate_report::Verdict;
use loadgate_report::model::{ComparisonMode, Finding, FindingKind, Report, Scenario};
use loadgate_report::quantity::{Quantity, Unit};

use super::markdown::{code, escape, table};
use super::tables;
use super::{Output, acceptable, sparkline, text};

/// Largest summary in bytes. GitHub takes 1 MiB per step; half of it leaves room for what else the step says.
pub const MAX_BYTES: usize = 512 * 1024;
/// Findings that are told before the rest is only counted.
const MAX_FINDINGS: usize = 50;
/// Characters of one message.
const MAX_MESSAGE: usize = 600;

/// The summary in Markdown.
pub const OUTPUT: Output =
    Output { name: "summary", file: "summary.md", render: |report| Ok(render(report).into_bytes()) };

/// The summary, at most [`MAX_BYTES`] long: sections that do not fit are left out from the end, and it says so.
pub fn render(report: &Report) -> String {
    let mut out = head(report);
    let left_out = "\n_More did not fit here; report.html has everything._\n";
    let mut cut = false;
    for section in sections(report) {
        if out.len() + section.len() + left_out.len() <= MAX_BYTES {
            out.push_str(&section);
        } else {
            cut = true;
        }
    }
    if cut {
        out.push_str(left_out);
    }
    out
}

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅",
        Verdict::Inconclusive => "❔",
        Verdict::Invalid => "⚠️",
        Verdict::Fail => "❌",
    }
}

fn message(text: &str) -> String {
    escape(&text::cut(text, MAX_MESSAGE))
}

fn head(report: &Report) -> String {
    format!(
        "## {} {}: {}\n\n{}\n",
        mark(report.verdict),
        escape(&text::cut(&report.suite.name, 100)),
        report.verdict,
        message(&report.reason)
    )
}

/// The sections by importance.
fn sections(report: &Report) -> Vec<String> {
    let mut sections = vec![findings(report), section(&table(&tables::scenarios(report)))];
    sections.push(folded("Compared with before", &comparison(report)));
    sections.push(acceptance(report));
    sections.push(folded("Over time", &table(&sparkline::over_time(report))));
    sections.push(folded("Failures by kind", &table(&tables::failures(report))));
    sections.push(titled("Scorecards", &table(&tables::scorecards(report))));
    sections.extend(report.scenarios.iter().map(search));
    sections.push(estimates(report));
    sections.push(cost(report));
    sections.push(warnings(report));
    for scenario in &report.scenarios {
        let cards = scenario.scorecards.iter().map(tables::scorecard);
        let all = [tables::conditions(scenario)].into_iter().chain(cards).chain([tables::steps(scenario)]);
        let content = all.map(|t| table(&t)).collect::<Vec<_>>().join("\n");
        let title = format!("{} {}: conditions and steps", mark(scenario.verdict), scenario.name);
        sections.push(folded(&title, &content));
    }
    sections.push(folded("Other figures compared", &table(&tables::comparison(report, false))));
    sections.push(environment(report));
    sections
}

fn section(content: &str) -> String {
    if content.is_empty() { String::new() } else { format!("\n{content}") }
}

fn folded(title: &str, content: &str) -> String {
    if content.trim().is_empty() {
        return String::new();
    }
    format!("\n<details><summary>{}</summary>\n\n{content}\n</details>\n", escape(&text::cut(title, 200)))
}

fn findings(report: &Report) -> String {
    let mut out = String::new();
    for finding in report.findings.iter().take(MAX_FINDINGS) {
        out.push_str(&format!("\n- {}", one_finding(finding)));
    }
    if report.findings.len() > MAX_FINDINGS {
        out.push_str(&format!("\n- and {} more findings", report.findings.len() - MAX_FINDINGS));
    }
    section(&out).trim_end().to_owned() + if out.is_empty() { "" } else { "\n" }
}

fn one_finding(finding: &Finding) -> String {
    let sign = match (finding.verdict, finding.kind) {
        (Verdict::Pass, FindingKind::Improvement) => "🔼",
        (Verdict::Pass, _) => "ℹ️",
        (verdict, _) => mark(verdict),
    };
    let mut out = format!("{sign} ");
    if let Some(scenario) = &finding.scenario {
        out.push_str(&format!("{} ", code(scenario)));
    }
    if let Some(requirement) = &finding.requirement {
        out.push_str(&format!("({}) ", escape(requirement)));
    }
    out.push_str(&message(&finding.message));
    if let Some(place) = &finding.place {
        out.push_str(&format!(" — {}", code(&format!("{}:{}", place.file, place.line))));
    }
    if let Some(next) = &finding.next {
        out.push_str(&format!("<br>→ {}", message(next)));
    }
    out
}

fn comparison(report: &Report) -> String {
    let Some(comparison) = &report.comparison else { return String::new() };
    let mut out = message(&comparison.message);
    if let Some(commit) = &comparison.commit {
        out.push_str(&format!(", newest at {}", code(&text::cut(commit, 12))));
    }
    out.push_str("\n\n");
    out.push_str(&table(&tables::comparison(report, true)));
    out
}

/// How to accept what got worse, where somebody meant it to.
fn acceptance(report: &Report) -> String {
    let lines = acceptable::lines(report);
    if lines.is_empty() {
        return String::new();
    }
    let mut content = format!(
        "For a while, in pairs as well as against stored runs: add this to `loadgate.accept.yml` and give the reason.\n\n\
         ```yaml\n{lines}```\n"
    );
    if report.comparison.as_ref().is_some_and(|comparison| comparison.mode == ComparisonMode::Stored) {
        content.push_str(
            "\nFor good: make this run the baseline, with its report at hand, and commit the file.\n\n\
             ```sh\nloadgate baseline accept loadgate-report/report.json\n```\n",
        );
    }
    folded("Is it intended? Accept it", &content)
}

fn titled(title: &str, content: &str) -> String {
    if content.is_empty() { String::new() } else { format!("\n**{title}**\n\n{content}") }
}

/// What a search found, with the levels folded in.
fn search(scenario: &Scenario) -> String {
    let Some(search) = &scenario.search else { return String::new() };
    let found =
        format!("\n**{}** {}: {}\n", escape(&search.short()), code(&scenario.name), message(&search.reason));
    found + &folded(&format!("Levels of {}", scenario.name), &table(&tables::levels(search)))
}

fn estimates(report: &Report) -> String {
    let table = table(&tables::estimates(report));
    if table.is_empty() {
        return String::new();
    }
    let law = "Little's law: requests at once ÷ service time, less the head-room; users send one request in ten seconds.\n\n";
    folded("Estimated capacity", &format!("{law}{table}"))
}

fn cost(report: &Report) -> String {
    let Some(cost) = &report.cost else { return String::new() };
    let money = |v: f64| format!("{} {}", Quantity::new(v, Unit::Money), escape(&cost.currency));
    format!(
        "\nCost of this run: {} for {} paid requests; {} free ones saved {}. A month at {} requests a day: {} \
         ({} without free ones).\n",
        money(cost.total),
        cost.paid,
        cost.free,
        money(cost.saved),
        Quantity::new(cost.per_day, Unit::Count),
        money(cost.monthly),
        money(cost.monthly_without_free)
    )
}

fn warnings(report: &Report) -> String {
    let lines: String =
        report.warnings.iter().take(MAX_FINDINGS).map(|w| format!("- {}\n", message(w))).collect();
    folded("Notes", &lines)
}

fn environment(report: &Report) -> String {
    let run = &report.run;
    let mut lines = vec![
        format!("suite {} (hash {})", code(&report.suite.file), code(&report.suite.hash)),
        format!("machine {}", escape(&report.environment.machine.class())),
        format!("started {}, seed {}, loadgate {}", escape(&run.started_at), run.seed, escape(&run.loadgate)),
    ];
    if let Some(revision) = &report.environment.revision {
        let dirty = if revision.dirty { " with uncommitted changes" } else { "" };
        lines.push(format!("revision {}{dirty}", code(&revision.commit)));
    }
    folded("This run", &lines.iter().map(|l| format!("- {l}\n")).collect::<String>())
}

//! docs/evaluation.md, from the record.

use std::fmt::Write as _;

use super::Phase;
use super::condition::Condition;
use super::frozen::Frozen;
use super::plan::{self, CELLS};
use super::record::{Record, Resampled, Results, Run};

/// The page.
pub(crate) fn write(record: &Record, results: &Option<Results>, frozen: &Frozen) -> String {
    let mut page = String::from(HEAD);
    end_to_end(&mut page, record, frozen);
    match results {
        Some(results) => resampled(&mut page, results, frozen),
        None => page.push_str("\n## From recorded rounds\n\nNothing has been resampled yet.\n"),
    }
    page.push_str(TAIL);
    page
}

const HEAD: &str = "\
<!-- Written by `cargo xtask evaluate` from docs/evaluation/; do not edit. -->

# Evaluation: how often the judgement is wrong, and what it finds

[How loadgate judges](method.md) says what is done; this page says how well it works. Everything here was run by `cargo xtask evaluate`,
which you can run as well: it goes on where the record ends. The rounds of each run are kept in `docs/evaluation/rounds/`, so runs
of several machines add up.

- The service is `cached-chat`, one of the reference services, with two scenarios of 2 s a slot: `ask` (14 users who wait about 60 ms for
  a simulated model) and `cached` (2 users who are answered from the cache at once, so that the machine's own work is what is
  measured). Each process draws its latencies anew.
- **quiet**: other processes used at most 5 % of the processors, as measured, and so did the hypervisor. **busy**: they used more.
  **bursts**: a neighbour uses one processor for 0.2 to 1.5 s, rests for 0.5 to 4 s, and so on. **stops**: the services are stopped for 15
  of each 100 ms, as a CPU quota does to a process that exceeds it.
- Figures with ± are 95 % intervals (Wilson) [1]. *None of n* says no more than: below 3/n, with the same confidence.
";

const TAIL: &str = "
## Sources

1. E. B. Wilson: Probable inference, the law of succession, and statistical inference. *JASA* 22, 1927, 209–212.
2. H. R. Künsch: The jackknife and the bootstrap for general stationary observations. *Annals of Statistics* 17, 1989, 1217–1241 (why
   neighbouring rounds are drawn together).
";

fn end_to_end(page: &mut String, record: &Record, frozen: &Frozen) {
    page.push_str("\n## End to end\n\nRuns of the real binary, paired, with all that belongs to it. A run ends when everything is decided.\n");
    for (phase, title) in [(Phase::Judge, "Judging runs"), (Phase::Tune, "Tuning runs")] {
        table(page, title, &record.of(phase, frozen).collect::<Vec<_>>());
    }
    // What other judgements came to on the same suite; docs/decisions/ say what was changed since.
    let before = record.before(frozen);
    for other in &before {
        let title = format!("Judging runs with an earlier judgement, `{}`", other.judge);
        table(page, &title, &record.of(Phase::Judge, other).collect::<Vec<_>>());
    }
    let judged = before.iter().map(|other| record.of(Phase::Judge, other).count()).sum::<usize>();
    let now = [Phase::Judge, Phase::Tune].map(|phase| record.of(phase, frozen).count()).iter().sum::<usize>();
    let _ = writeln!(
        page,
        "\nJudgement `{}`, suite and changes `{}`. {} earlier tuning runs, or with another suite, are in the record.",
        frozen.judge,
        frozen.rounds,
        record.runs.len() - judged - now
    );
}

fn table(page: &mut String, title: &str, runs: &[&Run]) {
    if runs.is_empty() {
        return;
    }
    let _ = write!(page, "\n### {title}\n\n");
    page.push_str("| machine | change | runs | pass | fail | inconclusive | invalid | red in | seconds, median | others used | stolen | intervals that hold 0 |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for change in changes() {
        for condition in Condition::ALL {
            let own: Vec<&&Run> =
                runs.iter().filter(|run| run.label == condition && run.change == change).collect();
            if !own.is_empty() {
                row(page, condition, change, &own);
            }
        }
    }
}

fn row(page: &mut String, condition: Condition, change: &str, own: &[&&Run]) {
    let verdict = |verdict: &str| own.iter().filter(|run| run.verdict == verdict).count();
    let mut seconds: Vec<f64> = own.iter().map(|run| run.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    let mean = |of: fn(&Run) -> Option<f64>| {
        let all: Vec<f64> = own.iter().filter_map(|run| of(run)).collect();
        if all.is_empty() { "–".to_owned() } else { percent(all.iter().sum::<f64>() / all.len() as f64) }
    };
    let intervals: Vec<&[f64; 2]> =
        own.iter().filter(|run| run.change == "same").flat_map(|run| run.intervals.values()).collect();
    let hold = intervals.iter().filter(|[low, high]| *low <= 0.0 && 0.0 <= *high).count();
    let _ = writeln!(
        page,
        "| {} | {} | {} | {} | {} | {} | {} | {} | {:.0} | {} | {} | {} |",
        condition.name(),
        words(change),
        own.len(),
        verdict("pass"),
        verdict("fail"),
        verdict("inconclusive"),
        verdict("invalid"),
        red_in(own),
        seconds[seconds.len() / 2],
        mean(|run| run.restlessness.others),
        mean(|run| run.restlessness.steal),
        if intervals.is_empty() { "–".to_owned() } else { share(hold, intervals.len()) },
    );
}

/// Which figures were red, and in how many of the runs.
fn red_in(own: &[&&Run]) -> String {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for figure in own.iter().flat_map(|run| &run.red) {
        *counts.entry(figure).or_default() += 1;
    }
    if counts.is_empty() {
        return "–".to_owned();
    }
    let told: Vec<String> = counts.iter().map(|(figure, n)| format!("{figure} ({n})")).collect();
    told.join(", ")
}

fn resampled(page: &mut String, results: &Results, frozen: &Frozen) {
    let _ = write!(
        page,
        "\n## From recorded rounds\n\n\
         **Resampled, not run.** Runs put together from the rounds of the {} runs, in blocks of three neighbours drawn with replacement [2],\n\
         and driven through the judging code with its looks and its confirmation; at most 22 rounds, and 22 to confirm: 180 s of load for\n\
         each scenario. What did not happen while recording cannot happen here.\n",
        if results.phase == Phase::Judge { "judging" } else { "tuning" }
    );
    if results.frozen != *frozen {
        let _ = writeln!(
            page,
            "\n**Out of date**: this was worked out by judgement `{}`, suite and changes `{}`.",
            results.frozen.judge, results.frozen.rounds
        );
    }
    page.push_str("\n### Unchanged code\n\n| machine | recorded | runs put together | red | undecided | wrong direction | intervals that hold the truth | rounds a run |\n|---|---|---|---|---|---|---|---|\n");
    for cell in &results.same {
        let _ = writeln!(
            page,
            "| {} | {} runs, {} rounds | {} | {} | {} | {} | {} | {:.1} |",
            cell.condition.name(),
            cell.runs,
            cell.rounds,
            cell.trials,
            share(cell.red, cell.trials),
            share(cell.open, cell.trials),
            cell.wrong,
            share(cell.covered, cell.intervals),
            cell.rounds_taken
        );
    }
    page.push_str("\n### Changes that are there\n\n*Red*: in any figure, as the run would end. *Aimed at*: red in that figure; for a median also in the throughput that mirrors it, for\nerrors in those of either scenario. A run ends with what it finds first, so these are few where something else shows the change sooner.\n*Alone*: red in that figure where the suite has that scenario only. It is what *wanted* is said of. The rule was set before these figures were known; *alone*\nitself was added after a first run had shown 44 % for +10 % in *aimed at*.\n\n| machine | change | aimed at | really | recorded | put together | red | aimed at | alone | wanted | undecided | wrong direction | intervals that hold the truth |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for cell in &results.changed {
        changed_row(page, cell);
    }
    rivals(page, results);
    stored(page, results);
}

fn changed_row(page: &mut String, cell: &Resampled) {
    let change = plan::change(&cell.change);
    let target = change.map_or("", |c| c.target);
    let really = cell.true_change.map_or("–".to_owned(), |c| {
        // Shares change by points, all else by a factor.
        if target.ends_with("rate") {
            format!("{:+.1} points", c * 100.0)
        } else {
            format!("{:+.1} %", c * 100.0)
        }
    });
    let wanted = change.and_then(|c| c.wanted).map_or("–".to_owned(), |w| format!("{:.0} %", w * 100.0));
    let _ = writeln!(
        page,
        "| {} | {} | {target} | {really} | {} runs, {} rounds | {} | {} | {} | {} | {wanted} | {} | {} | {} |",
        cell.condition.name(),
        words(&cell.change),
        cell.runs,
        cell.rounds,
        cell.trials,
        share(cell.red, cell.trials),
        share(cell.aimed, cell.trials),
        share(cell.alone, cell.trials),
        share(cell.open, cell.trials),
        cell.wrong,
        share(cell.covered, cell.intervals),
    );
}

fn rivals(page: &mut String, results: &Results) {
    let Some(first) = results.rivals.first().filter(|rival| !rival.alarms.is_empty()) else { return };
    let cells: Vec<&String> = first.alarms.keys().collect();
    page.push_str(
        "\n### Other rules on the same rounds\n\nShare of runs that alarm. A run of theirs is six rounds of one side; they look at three figures\n\
         (median and p95 of `ask`, throughput of `cached`) where loadgate judges all that it gates. Their earlier runs are other recorded ones; – where these are too few.\n\n| rule |",
    );
    cells.iter().for_each(|cell| page.push_str(&format!(" {cell} |")));
    page.push_str("\n|---|");
    cells.iter().for_each(|_| page.push_str("---|"));
    page.push_str("\n| **loadgate, paired** |");
    for cell in &cells {
        let own = results.same.iter().chain(&results.changed);
        let own = own.into_iter().find(|own| format!("{} {}", own.condition.name(), own.change) == **cell);
        page.push_str(&own.map_or(" – |".to_owned(), |own| {
            format!(" **{}** |", percent(own.red as f64 / own.trials as f64))
        }));
    }
    page.push('\n');
    for rival in &results.rivals {
        let _ = write!(page, "| {} |", rival.rule);
        for cell in &cells {
            let alarms = rival.alarms.get(*cell);
            page.push_str(&alarms.map_or(" – |".to_owned(), |(all, red)| {
                format!(" {} |", percent(*red as f64 / *all as f64))
            }));
        }
        page.push('\n');
    }
}

fn stored(page: &mut String, results: &Results) {
    if results.stored.is_empty() {
        return;
    }
    page.push_str(
        "\n### Stored mode\n\nHistories drawn with replacement from the first passes (2 s a scenario) of the unchanged runs, one run under test, two more of\n\
         its kind to confirm.\n\n| machine | change | earlier runs | recorded under test | put together | red | undecided |\n|---|---|---|---|---|---|---|\n",
    );
    for cell in &results.stored {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} |",
            cell.condition.name(),
            words(&cell.change),
            cell.earlier,
            cell.runs,
            cell.trials,
            share(cell.red, cell.trials),
            share(cell.open, cell.trials)
        );
    }
}

fn changes() -> Vec<&'static str> {
    let mut names: Vec<&str> = CELLS.iter().map(|cell| cell.change.name).collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    names
}

fn words(change: &str) -> &str {
    plan::change(change).map_or(change, |change| change.words)
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 || percent >= 9.95 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

/// So many of so many, with the interval that this leaves.
fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    if part == 0 {
        return format!("none of {whole}");
    }
    let [low, high] = wilson(part as f64, whole as f64);
    let exact = part as f64 / whole as f64;
    format!("{} (± {})", percent(exact), percent((high - low) / 2.0))
}

/// Wilson's score interval at 95 %.
fn wilson(part: f64, n: f64) -> [f64; 2] {
    const Z: f64 = 1.96;
    let p = part / n;
    let center = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    [center - half, center + half].map(|v| v / (1.0 + Z * Z / n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_say_how_sure_they_are() {
        // R: prop.test(9, 10, correct = FALSE)$conf.int is 0.5958500 0.9821238.
        let [low, high] = wilson(9.0, 10.0);
        assert!((low - 0.59585).abs() < 1e-4 && (high - 0.98212).abs() < 1e-4, "{low} {high}");
        assert_eq!(share(0, 40), "none of 40");
        assert_eq!(share(9, 10), "90 % (± 19 %)");
        assert_eq!(share(0, 0), "–");
    }

    #[test]
    fn runs_of_earlier_judgements_are_told_apart() {
        let frozen = Frozen { judge: "a".into(), rounds: "b".into() };
        let run = |judge: &str| Run {
            phase: Some(Phase::Judge),
            judge: judge.into(),
            rounds_of: "b".into(),
            change: "same".into(),
            verdict: "pass".into(),
            intervals: [("ask latency.p50".to_owned(), [-0.1, 0.1])].into(),
            ..Run::default()
        };
        let red = Run {
            change: "p50+10".into(),
            verdict: "fail".into(),
            red: vec!["ask latency.p50".into(), "cached throughput".into()],
            ..run("a")
        };
        let tuned = Run { phase: Some(Phase::Tune), ..run("older") };
        let runs = vec![tuned, run("oldest"), run("old"), run("a"), run("a"), red.clone(), red];
        let record = Record { runs };
        let page = write(&record, &None, &frozen);
        assert!(page.contains("| quiet | no change | 2 | 2 | 0 | 0 | 0 | – |"), "{page}");
        assert!(
            page.contains("| 2 | 0 | 2 | 0 | 0 | ask latency.p50 (2), cached throughput (2) |"),
            "{page}"
        );
        let (now, before) =
            page.split_once("### Judging runs with an earlier judgement, `old`").expect("it is told");
        assert!(!now.contains("| no change | 1 |"), "{page}");
        assert!(before.contains("| quiet | no change | 1 | 1 | 0 | 0 | 0 | – |"), "{page}");
        assert!(before.contains("### Judging runs with an earlier judgement, `oldest`"), "{page}");
        assert!(before.contains("1 earlier tuning runs"), "{page}");
    }
}

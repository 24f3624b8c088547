//! The search for a capacity: which level comes next, what a level came to, what the search found.
//!
//! ```text
//! from ──▶ ×2 ──▶ ×2 ──▶ … ─┬─ to held ────────────▶ top
//!                           └─ a level broke ──▶ halve the gap to the last that held ──▶ found
//! ```
//!
//! A level that does not hold is tried once more, and the second attempt counts: one bad moment of a machine is not the
//! capacity of a service. Doubling first and halving then takes as many levels as the capacity has digits to the base of two
//! (J. L. Bentley, A. C. Yao: An almost optimal algorithm for unbounded searching. *Information Processing Letters* 5, 1976).

use crate::Verdict;
use crate::condition::Condition;
use crate::model::{LevelOutcome, Scenario, Search, SearchLevel, SearchOutcome, SearchOver};

/// What a search does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NextLevel {
    /// Try this level.
    Try(f64),
    /// It is over.
    End(SearchOutcome),
}

/// Attempts at a level that does not hold.
const ATTEMPTS: usize = 2;

/// What is known after some levels.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// The largest level that held.
    held: Option<f64>,
    /// The lowest that broke.
    broke: Option<f64>,
    /// The last level, where it is to be tried again.
    again: Option<f64>,
    /// Why nothing more can be learnt.
    stuck: Option<SearchOutcome>,
}

/// The next level of a search, from those that it has tried. A pure function: the same levels give the same next one.
pub fn next_level(search: &Search) -> NextLevel {
    let known = known(&search.levels);
    if let Some(outcome) = known.stuck {
        return NextLevel::End(outcome);
    }
    if let Some(level) = known.again {
        return NextLevel::Try(level);
    }
    match (known.held, known.broke) {
        (None, None) => NextLevel::Try(search.from),
        (None, Some(_)) => NextLevel::End(SearchOutcome::NoneHeld),
        (Some(held), None) if held >= search.to => NextLevel::End(SearchOutcome::Top),
        (Some(held), None) => NextLevel::Try((held * 2.0).min(search.to)),
        (Some(held), Some(broke)) => between(search, held, broke),
    }
}

fn between(search: &Search, held: f64, broke: f64) -> NextLevel {
    let gap = broke - held;
    // A millionth more, so that a gap of exactly the precision is not missed by the last bit of a product.
    if gap <= search.precision * held * (1.0 + 1e-6) {
        return NextLevel::End(SearchOutcome::Found);
    }
    let middle = held + gap / 2.0;
    match search.over {
        SearchOver::Rate => NextLevel::Try(middle),
        SearchOver::Users if gap <= 1.0 => NextLevel::End(SearchOutcome::Found),
        SearchOver::Users => NextLevel::Try(middle.floor()),
    }
}

fn known(levels: &[SearchLevel]) -> Known {
    let mut known = Known::default();
    for attempts in levels.chunk_by(|a, b| a.level == b.level) {
        let last = &attempts[attempts.len() - 1];
        known.again = None;
        match last.outcome {
            LevelOutcome::Held => {
                known.held = Some(known.held.map_or(last.level, |held| held.max(last.level)))
            }
            _ if attempts.len() < ATTEMPTS => known.again = Some(last.level),
            LevelOutcome::Broke => {
                known.broke = Some(known.broke.map_or(last.level, |broke| broke.min(last.level)));
            }
            LevelOutcome::Generator => known.stuck = Some(SearchOutcome::Generator),
            LevelOutcome::Unjudged => known.stuck = Some(SearchOutcome::Unjudged),
        }
    }
    known
}

/// What one attempt at a level came to, from the scenario that it gave.
pub fn judge_level(level: f64, scenario: &Scenario, limits: &[Condition]) -> SearchLevel {
    let latency = &scenario.latency_ms;
    let (outcome, broken, message) = weigh(scenario, limits);
    SearchLevel {
        level,
        outcome,
        broken,
        message,
        requests: scenario.requests,
        ok: scenario.ok,
        refused: scenario.refused,
        failed: scenario.failed_total(),
        success_rate: scenario.success_rate,
        throughput: scenario.throughput,
        mean_ms: latency.mean,
        p50_ms: latency.p50,
        p95_ms: latency.p95,
        max_ms: latency.max,
    }
}

fn weigh(scenario: &Scenario, limits: &[Condition]) -> (LevelOutcome, Option<String>, String) {
    // First of all: what a generator out of breath shows, errors included, says nothing about the target.
    if let Some(problem) = &scenario.generator.problem {
        return (LevelOutcome::Generator, None, problem.clone());
    }
    if let Some(why) = &scenario.not_run {
        return (LevelOutcome::Unjudged, None, format!("not run: {why}"));
    }
    let judged: Vec<_> = limits.iter().map(|limit| (limit, limit.judge(scenario))).collect();
    let first = |verdict| judged.iter().find(|(_, judged)| judged.verdict == verdict);
    if let Some((limit, broken)) = first(Verdict::Fail) {
        return (LevelOutcome::Broke, Some(limit.text.clone()), broken.message.clone());
    }
    if scenario.requests > 0 && scenario.ok == 0 && scenario.refused == 0 {
        let message = format!("none of {} requests was completed", scenario.requests);
        return (LevelOutcome::Broke, None, message);
    }
    if let Some((limit, unknown)) = first(Verdict::Invalid) {
        return (LevelOutcome::Unjudged, Some(limit.text.clone()), unknown.message.clone());
    }
    let seen: Vec<&str> = judged.iter().map(|(_, judged)| judged.message.as_str()).collect();
    (LevelOutcome::Held, None, seen.join("; "))
}

/// Writes down what the search found, once it is over.
pub fn conclude_search(search: &mut Search, outcome: SearchOutcome) {
    let Known { held, broke, .. } = known(&search.levels);
    search.outcome = outcome;
    (search.held, search.broke) = (held, broke);
    search.capacity = held.filter(|_| outcome == SearchOutcome::Found);
    let breaking = broke.and_then(|broke| search.levels.iter().rev().find(|level| level.level == broke));
    search.broken = breaking.and_then(|level| level.broken.clone());
    let why = |level: Option<&SearchLevel>| level.map_or("", |level| level.message.as_str()).to_owned();
    let so_far = match held {
        Some(held) => format!("{} held", search.words(held)),
        None => "no level held".to_owned(),
    };
    let last = search.levels.last();
    let at = last.map_or_else(
        || "before the first level".to_owned(),
        |last| format!("at {}", search.words(last.level)),
    );
    search.reason = match outcome {
        SearchOutcome::Found => {
            let broke = search.words(broke.unwrap_or_default());
            format!("{so_far}, {broke} did not: {}", why(breaking))
        }
        SearchOutcome::Top => format!("{so_far}, the top of the range; the capacity is there or above"),
        SearchOutcome::NoneHeld => {
            format!("the first level, {}, did not hold: {}", search.words(search.from), why(breaking))
        }
        SearchOutcome::Generator => {
            format!("the generator ended the search {at}, not the target: {}; {so_far}", why(last))
        }
        SearchOutcome::Unjudged => {
            format!("the search ended {at}, which could not be judged: {}; {so_far}", why(last))
        }
        SearchOutcome::TargetEnded => format!("the target ended {at}; {so_far}"),
        SearchOutcome::Interrupted => format!("interrupted {at}; {so_far}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Names;
    use crate::model::Generator;

    /// A search over a target that is simulated by a function of level and attempt (both counted), to its end.
    fn searched(
        over: SearchOver,
        (from, to, precision): (f64, f64, f64),
        target: impl Fn(f64, usize) -> LevelOutcome,
    ) -> Search {
        let mut search = Search { over, from, to, precision, ..Search::default() };
        loop {
            match next_level(&search) {
                NextLevel::Try(level) => {
                    assert!((from..=to).contains(&level), "{level} is outside of {from} to {to}");
                    let attempt = search.levels.iter().filter(|tried| tried.level == level).count();
                    let outcome = target(level, attempt);
                    let broken = (outcome == LevelOutcome::Broke).then(|| "latency.p95 < 1s".to_owned());
                    search.levels.push(SearchLevel { level, outcome, broken, ..SearchLevel::default() });
                    assert!(search.levels.len() < 60, "it does not end: {search:?}");
                }
                NextLevel::End(outcome) => {
                    conclude_search(&mut search, outcome);
                    return search;
                }
            }
        }
    }

    fn up_to(capacity: f64) -> impl Fn(f64, usize) -> LevelOutcome {
        move |level, _| if level <= capacity { LevelOutcome::Held } else { LevelOutcome::Broke }
    }

    #[test]
    fn a_capacity_is_found_to_the_precision_asked_for() {
        for (over, range, capacity) in [
            (SearchOver::Users, (1.0, 1000.0, 0.0), 1.0),
            (SearchOver::Users, (1.0, 1000.0, 0.0), 20.0),
            (SearchOver::Users, (5.0, 40.0, 0.05), 20.0),
            (SearchOver::Users, (5.0, 40.0, 0.1), 39.0),
            (SearchOver::Users, (7.0, 1000.0, 0.1), 999.0),
            (SearchOver::Users, (3.0, 100_000.0, 0.01), 77_777.0),
            (SearchOver::Rate, (1.0, 5000.0, 0.1), 431.7),
            (SearchOver::Rate, (0.5, 2.0, 0.01), 0.777),
        ] {
            let search = searched(over, range, up_to(capacity));
            assert_eq!(search.outcome, SearchOutcome::Found, "{range:?} {capacity}");
            let (found, broke) = (search.capacity.unwrap(), search.broke.unwrap());
            assert!(found <= capacity && capacity < broke, "{found} {capacity} {broke}");
            let fine = broke - found <= range.2 * found * 1.001;
            assert!(fine || over == SearchOver::Users && broke - found <= 1.0, "{found} to {broke}");
            assert_eq!(search.held, search.capacity);
            assert_eq!(search.broken.as_deref(), Some("latency.p95 < 1s"));
        }
    }

    #[test]
    fn the_way_up_and_the_way_back() {
        let search = searched(SearchOver::Users, (5.0, 40.0, 0.05), up_to(20.0));
        let levels: Vec<f64> = search.levels.iter().map(|level| level.level).collect();
        // Each that broke was tried twice.
        assert_eq!(levels, [5., 10., 20., 40., 40., 30., 30., 25., 25., 22., 22., 21., 21.]);
        assert_eq!(search.reason, "20 users held, 21 users did not: ");
    }

    #[test]
    fn what_never_breaks_and_what_breaks_at_once_have_no_capacity() {
        let top = searched(SearchOver::Rate, (10.0, 70.0, 0.1), up_to(1e9));
        assert_eq!(
            (top.outcome, top.capacity, top.held, top.broke),
            (SearchOutcome::Top, None, Some(70.0), None)
        );
        let levels: Vec<f64> = top.levels.iter().map(|level| level.level).collect();
        assert_eq!(levels, [10.0, 20.0, 40.0, 70.0]);
        let none = searched(SearchOver::Users, (5.0, 70.0, 0.1), up_to(4.0));
        assert_eq!((none.outcome, none.capacity, none.held), (SearchOutcome::NoneHeld, None, None));
        assert_eq!(none.levels.len(), 2);
    }

    #[test]
    fn one_bad_moment_is_no_breaking_point() {
        let once = |level: f64, attempt: usize| match (level, attempt) {
            (10.0, 0) => LevelOutcome::Broke,
            (20.0, 0) => LevelOutcome::Generator,
            (40.0, 0) => LevelOutcome::Unjudged,
            _ => LevelOutcome::Held,
        };
        let search = searched(SearchOver::Users, (5.0, 80.0, 0.1), once);
        assert_eq!((search.outcome, search.levels.len()), (SearchOutcome::Top, 8));
    }

    /// Between a level that held and a higher one that broke lies a breaking point, but there may be several; that found is
    /// below everything that was seen to break.
    #[test]
    fn where_levels_break_and_hold_again_the_capacity_is_below_all_that_broke() {
        for gap in [12.0..16.0, 33.0..39.0, 6.0..300.0, 21.0..22.0] {
            let target =
                |level: f64, _| if gap.contains(&level) { LevelOutcome::Broke } else { LevelOutcome::Held };
            let search = searched(SearchOver::Users, (5.0, 320.0, 0.01), target);
            let lowest = search.levels.iter().filter(|l| l.outcome == LevelOutcome::Broke).map(|l| l.level);
            match (search.outcome, lowest.reduce(f64::min)) {
                (SearchOutcome::Found, Some(lowest)) => {
                    assert!(search.capacity.unwrap() < lowest, "{gap:?}: {search:?}");
                    assert!(
                        search
                            .levels
                            .iter()
                            .all(|l| l.level <= search.capacity.unwrap() || l.level >= lowest)
                    );
                }
                // The way up stepped over it.
                (SearchOutcome::Top, None) => {}
                other => panic!("{gap:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_generator_at_its_end_is_no_capacity() {
        let target = |level: f64, _| if level > 30.0 { LevelOutcome::Generator } else { LevelOutcome::Held };
        let search = searched(SearchOver::Users, (5.0, 320.0, 0.1), target);
        assert_eq!((search.outcome, search.capacity), (SearchOutcome::Generator, None));
        assert_eq!((search.held, search.broke), (Some(20.0), None));
        assert!(search.reason.starts_with("the generator ended the search at 40 users, not the target"));
        let unknown = searched(SearchOver::Rate, (5.0, 9.0, 0.1), |_, _| LevelOutcome::Unjudged);
        assert_eq!((unknown.outcome, unknown.capacity, unknown.held), (SearchOutcome::Unjudged, None, None));
    }

    #[test]
    fn levels_by_table() {
        let limit = |text: &str| vec![Condition::parse(text, &Names::default()).unwrap()];
        let well = Scenario { requests: 10, ok: 10, success_rate: Some(1.0), ..Scenario::default() };
        let tired = Generator { problem: Some("out of breath".into()), ..Generator::default() };
        let timed_out = [(crate::model::FailureKind::Connect, 10)];
        for (scenario, limit_text, outcome, word) in [
            (well.clone(), "ok >= 10", LevelOutcome::Held, "ok is 10"),
            (well.clone(), "ok > 10", LevelOutcome::Broke, "ok is 10; must be > 10"),
            (well.clone(), "latency.p95 < 1s", LevelOutcome::Unjudged, "no samples"),
            // Whatever broke, broke under a generator that was out of breath.
            (
                Scenario { generator: tired, ..well.clone() },
                "ok > 10",
                LevelOutcome::Generator,
                "out of breath",
            ),
            (
                Scenario { ok: 0, failed: timed_out.into(), ..well.clone() },
                "latency.p95 < 1s",
                LevelOutcome::Broke,
                "none of 10",
            ),
            (
                Scenario { not_run: Some("setup failed".into()), ..well },
                "ok > 1",
                LevelOutcome::Unjudged,
                "setup failed",
            ),
        ] {
            let level = judge_level(5.0, &scenario, &limit(limit_text));
            assert_eq!(level.outcome, outcome, "{limit_text}");
            assert!(level.message.contains(word), "{limit_text}: {}", level.message);
            assert_eq!((level.level, level.requests, level.ok), (5.0, scenario.requests, scenario.ok));
        }
    }
}

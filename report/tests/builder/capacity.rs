//! What a fixture shows of capacity: a search, a scorecard, an estimate.

use loadgate_report::Verdict;
use loadgate_report::judge::conclude_search;
use loadgate_report::model::*;
use loadgate_report::quantity::Unit;

/// A search that found its breaking point, with a level that did not hold at first.
pub fn search() -> Search {
    let mut search = Search {
        over: SearchOver::Users,
        from: 10.0,
        to: 160.0,
        precision: 0.1,
        each_s: 10.0,
        limits: vec!["latency.p95 < 300ms".to_owned(), "error_rate < 1%".to_owned()],
        ..Search::default()
    };
    for (level, p95) in
        [(10.0, 152.0), (20.0, 171.0), (40.0, 322.0), (40.0, 214.0), (80.0, 655.0), (80.0, 702.0)]
    {
        let held = p95 < 300.0;
        search.levels.push(SearchLevel {
            level,
            outcome: if held { LevelOutcome::Held } else { LevelOutcome::Broke },
            broken: (!held).then(|| search.limits[0].clone()),
            message: format!("latency.p95 is {p95} ms; must be < 300 ms"),
            requests: 100 * level as u64,
            ok: 100 * level as u64 - 3,
            refused: 2,
            failed: 1,
            success_rate: Some(0.999),
            throughput: Some(10.0 * level),
            mean_ms: Some(p95 / 2.0),
            p50_ms: Some(p95 / 2.5),
            p95_ms: Some(p95),
            max_ms: Some(p95 * 3.0),
        });
    }
    conclude_search(&mut search, SearchOutcome::Found);
    search
}

/// A card with a condition that holds, one that does not, and one that nobody could judge.
pub fn scorecard() -> Scorecard {
    let row = |text: &str, points, verdict, value, message: &str| ScoreRow {
        text: text.to_owned(),
        points,
        earned: if verdict == Verdict::Pass { points } else { 0.0 },
        verdict,
        value,
        limit: Some(30.0),
        unit: Unit::PerSecond,
        samples: 555,
        message: message.to_owned(),
    };
    Scorecard {
        name: "production_ready".to_owned(),
        points: 50.0,
        unjudged: 10.0,
        total: 100.0,
        pass: 95.0,
        rows: vec![
            row("throughput > 30/s", 50.0, Verdict::Pass, Some(53.0), "throughput is 53/s; must be > 30/s"),
            row(
                "cache_hit.rate > 80%",
                40.0,
                Verdict::Fail,
                Some(0.712),
                "cache_hit.rate is 71.2 %; must be > 80 %",
            ),
            row(
                "memory.growth < 5MB",
                10.0,
                Verdict::Invalid,
                None,
                "memory.growth has no value: not watched",
            ),
        ],
    }
}

/// What ten users with 60 ms each come to.
pub fn estimate() -> Estimate {
    Estimate {
        concurrency: 10.0,
        service_time_ms: 60.0,
        at_full_load: 166.7,
        measured: 161.2,
        headroom: 0.3,
        throughput: 116.7,
        request_every_s: 10.0,
        users: 1167.0,
        steps: vec![
            ScalingStep { users: 10_000.0, throughput: 1000.0, instances: 9 },
            ScalingStep { users: 100_000.0, throughput: 10_000.0, instances: 86 },
        ],
    }
}

//! Scenarios of a fixture: what a tier of users would have shown.

use std::collections::BTreeMap;

use loadgate_report::model::*;
use loadgate_report::quantity::Unit;
use loadgate_report::{Histogram, Verdict};

/// A small generator of repeatable noise (xorshift64*).
pub struct Noise(pub u64);

impl Noise {
    pub fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Log-normal with this median and spread.
    fn latency(&mut self, median_ms: f64, spread: f64) -> f64 {
        let normal: f64 = (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0;
        median_ms * (normal * spread).exp()
    }
}

/// What a scenario of a fixture is made from.
#[derive(Clone)]
pub struct Tier {
    pub name: &'static str,
    pub users: u32,
    pub requests: u64,
    pub miss_ms: f64,
    pub hit_rate: f64,
    pub failures: Vec<(FailureKind, u64)>,
    pub refused: u64,
    pub seconds: f64,
}

impl Default for Tier {
    fn default() -> Self {
        Self {
            name: "light",
            users: 5,
            requests: 200,
            miss_ms: 140.0,
            hit_rate: 0.75,
            failures: Vec::new(),
            refused: 0,
            seconds: 12.0,
        }
    }
}

/// A scenario with all that the engine would give it, apart from conditions.
pub fn scenario(tier: &Tier) -> Scenario {
    let mut noise = Noise(0x9e37_79b9 + u64::from(tier.users) * 7919 + tier.requests);
    let interval = if tier.seconds > 120.0 { 2.0 } else { 0.25f64.max(tier.seconds / 60.0) };
    let slots = (tier.seconds / interval).ceil() as usize;
    let mut per_slot: Vec<Histogram> = vec![Histogram::default(); slots];
    let (mut all, mut hits, mut misses) = (Histogram::default(), Histogram::default(), Histogram::default());
    let mut users: Vec<(u64, f64, f64, f64)> = vec![(0, 0.0, f64::MAX, 0.0); tier.users as usize];
    let failed_total: u64 = tier.failures.iter().map(|f| f.1).sum();
    let ok = tier.requests - failed_total - tier.refused;
    for i in 0..ok {
        let hit = noise.uniform() < tier.hit_rate;
        let ms =
            if hit { noise.latency(tier.miss_ms / 30.0, 0.35) } else { noise.latency(tier.miss_ms, 0.45) };
        let us = (ms * 1000.0) as u64;
        all.record_us(us);
        if hit {
            hits.record_us(us)
        } else {
            misses.record_us(us)
        }
        per_slot[(i as usize * slots) / ok.max(1) as usize].record_us(us);
        let user = &mut users[(i % u64::from(tier.users)) as usize];
        *user = (user.0 + 1, user.1 + ms, user.2.min(ms), user.3.max(ms));
    }
    let spread_over = |total: u64| -> Vec<u64> {
        (0..slots as u64).map(|s| total * (s + 1) / slots as u64 - total * s / slots as u64).collect()
    };
    let failed: BTreeMap<FailureKind, u64> = tier.failures.iter().copied().collect();
    let rate = |n: u64, of: u64| (of > 0).then(|| n as f64 / of as f64);
    let hit_count = hits.count();
    let step =
        |name: &str, request: &str, h: Histogram, requests: u64, failed: BTreeMap<FailureKind, u64>| {
            let failures: u64 = failed.values().sum();
            Step {
                name: name.to_owned(),
                request: request.to_owned(),
                requests,
                ok: h.count(),
                refused: tier.refused,
                success_rate: rate(h.count(), h.count() + failures),
                failed,
                latency_ms: h.clone().into(),
                service_time_ms: h.into(),
                statuses: [(200, requests)].into(),
                ..Step::default()
            }
        };
    Scenario {
        name: tier.name.to_owned(),
        verdict: Verdict::Pass,
        reason: "All conditions hold.".to_owned(),
        load: format!(
            "{} users × {} iterations, together",
            tier.users,
            tier.requests / u64::from(tier.users).max(1)
        ),
        users_peak: tier.users,
        duration_s: tier.seconds,
        started_s: 0.4,
        iterations: tier.requests,
        requests: tier.requests,
        ok,
        refused: tier.refused,
        success_rate: rate(ok, ok + failed_total),
        throughput: (ok > 0).then(|| (ok + tier.refused) as f64 / tier.seconds),
        latency_ms: all.clone().into(),
        service_time_ms: all.clone().into(),
        steps: vec![step("ask", "POST /api/chat", all, tier.requests, failed.clone())],
        failed,
        counters: vec![Counter {
            name: "cache_hit".to_owned(),
            yes: hit_count,
            no: ok - hit_count,
            rate: rate(hit_count, ok),
            latency_true_ms: hits.into(),
            latency_false_ms: misses.into(),
        }],
        series: Series {
            interval_s: interval,
            ok: per_slot.iter().map(Histogram::count).collect(),
            refused: spread_over(tier.refused),
            failed: spread_over(failed_total),
            users: vec![tier.users; slots],
            p50_ms: per_slot.iter().map(|h| h.quantile_ms(0.5)).collect(),
            p95_ms: per_slot.iter().map(|h| h.quantile_ms(0.95)).collect(),
            max_ms: per_slot.iter().map(Histogram::max_ms).collect(),
            memory: (0..slots).map(|s| Some(48e6 + 9e6 * (s as f64 / slots as f64).sqrt())).collect(),
            cpu: (0..slots).map(|_| Some(0.4 + 0.2 * noise.uniform())).collect(),
        },
        users: users
            .iter()
            .enumerate()
            .map(|(i, u)| User {
                name: format!("user-{}", i + 1),
                ok: u.0,
                mean_ms: (u.0 > 0).then(|| u.1 / u.0 as f64),
                min_ms: (u.0 > 0).then_some(u.2),
                max_ms: (u.0 > 0).then_some(u.3),
                ..User::default()
            })
            .collect(),
        grade: Some("excellent".to_owned()),
        resources: Some(Resources {
            memory_before: 48.2e6,
            memory_peak: 57.9e6,
            memory_after: 51.0e6,
            memory_growth: 2.8e6,
            memory_slope: Some(1200.0),
            cpu_s: 5.4,
            cpu_cores: 0.45,
            read_bytes: Some(0.0),
            written_bytes: Some(81_920.0),
            open_files_peak: Some(37),
        }),
        probes: vec![Probe {
            name: "queue_depth".to_owned(),
            before: Some(0.0),
            after: Some(0.0),
            min: Some(0.0),
            max: Some(f64::from(tier.users / 3)),
            samples: slots as u64,
        }],
        generator: Generator {
            lateness_p99_ms: Some(0.8),
            cpu_cores: 0.08,
            stall_max_ms: 2.1,
            release_spread_ms: Some(0.6),
            ..Generator::default()
        },
        ..Scenario::default()
    }
}

/// A condition on a figure that holds or does not.
pub fn condition(
    text: &str,
    value: f64,
    limit: f64,
    unit: Unit,
    holds: bool,
    requirement: &str,
) -> ConditionResult {
    let q = |v| loadgate_report::quantity::Quantity::new(v, unit);
    ConditionResult {
        text: text.to_owned(),
        level: Level::Critical,
        verdict: if holds { Verdict::Pass } else { Verdict::Fail },
        figure: text.split_whitespace().next().unwrap_or_default().to_owned(),
        value: Some(value),
        limit: Some(limit),
        unit,
        samples: 60,
        message: format!("{} {} {}", q(value), if holds { "is within" } else { "is beyond" }, q(limit)),
        requirement: Some(requirement.to_owned()),
        place: Some(Place { file: "suites/cached-chat.yml".to_owned(), line: 31, column: 9 }),
    }
}

pub(super) fn usual_conditions(s: &mut Scenario, requirement: &str, success: f64, mean_ms: f64, hits: f64) {
    let success_rate = s.success_rate.unwrap_or(0.0);
    let mean = s.latency_ms.mean.unwrap_or(0.0);
    let rate = s.counters[0].rate.unwrap_or(0.0);
    s.requirements = vec![requirement.to_owned()];
    s.conditions = vec![
        condition(
            &format!("success_rate > {}%", success * 100.0),
            success_rate,
            success,
            Unit::Ratio,
            success_rate > success,
            requirement,
        ),
        condition(
            &format!("latency.mean < {mean_ms}ms"),
            mean,
            mean_ms,
            Unit::Ms,
            mean < mean_ms,
            requirement,
        ),
        condition(
            &format!("cache_hit.rate > {}%", hits * 100.0),
            rate,
            hits,
            Unit::Ratio,
            rate > hits,
            requirement,
        ),
    ];
    s.verdict = Verdict::worst(s.conditions.iter().map(|c| c.verdict));
    if s.verdict != Verdict::Pass {
        s.reason = s
            .conditions
            .iter()
            .filter(|c| c.verdict == Verdict::Fail)
            .map(|c| c.message.clone())
            .collect::<Vec<_>>()
            .join("; ");
    }
}

//! One share of countable events (errors, refusals, cache hits) against its history, by counts.
//!
//! Fisher's exact test of this run against all earlier ones together. Where the earlier runs differ from each other by more
//! than chance (over-dispersion φ = Pearson's χ² / (K − 1) > 1, as in quasi-binomial models: McCullagh & Nelder,
//! *Generalized Linear Models*, 1989, §4.5), the larger p-value of it and of a t test with the variance scaled by φ counts.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::stats_tests::Alternative;
use statrs::stats_tests::fisher::fishers_exact;

use super::policy::{Better, FigureRule};
use super::speed::Compared;
use crate::model::ChangeOutcome;

/// So many of so many.
pub(crate) type Share = (u64, u64);

fn rate((part, whole): Share) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// With fewer than three runs their scatter is unknown: a burst of errors in one run is no independent trials. The p-value
/// is taken as ten times as large.
const FEW_RUNS_PENALTY: f64 = 10.0;
/// Level at which an improvement is told.
const IMPROVEMENT: f64 = 0.01;

/// Judges one share.
pub(crate) fn judge(now: Share, history: &[Share], rule: &FigureRule) -> Compared {
    let history: Vec<Share> = history.iter().copied().filter(|h| h.1 > 0).collect();
    let runs = history.len();
    let all = history.iter().fold((0, 0), |a, h| (a.0 + h.0, a.1 + h.1));
    if runs == 0 {
        return Compared::not_judged(None, "the earlier runs have no such figure");
    }
    let before = rate(all);
    if now.1 == 0 {
        return Compared::not_judged(Some(before), "nothing was counted in this run");
    }
    let up = rate(now) >= before;
    let worse = match rule.better {
        Better::Lower => up,
        Better::Higher => !up,
        Better::Neither => true,
    };
    let dispersion = dispersion(&history, all);
    let sides = if rule.better == Better::Neither { 2.0 } else { 1.0 };
    let penalty = if runs < 3 { FEW_RUNS_PENALTY } else { 1.0 };
    let p = (p_value(now, all, up, dispersion, runs) * sides * penalty).min(1.0);

    // A single run does not tell how far the share wanders by itself.
    let allowed = rule.allowed_share(before, before) * if runs < 3 { 2.0 } else { 1.0 };
    let limit_towards = |up: bool| {
        let bound = if up { before + allowed } else { before - allowed };
        let range = history.iter().map(|&h| rate(h)).filter(|_| runs >= 3);
        range.fold(bound, |limit, r| if up { limit.max(r) } else { limit.min(r) })
    };
    let beyond = if up { rate(now) > limit_towards(true) } else { rate(now) < limit_towards(false) };
    let outcome = match (beyond, worse) {
        (true, true) => ChangeOutcome::Suspected,
        (true, false) if p <= IMPROVEMENT => ChangeOutcome::Improved,
        _ => ChangeOutcome::Unchanged,
    };
    let worse_up = match rule.better {
        Better::Lower => true,
        Better::Higher => false,
        Better::Neither => up,
    };
    let limit = limit_towards(worse_up);
    Compared {
        outcome,
        before: Some(before),
        interval: interval(now, all, dispersion),
        noise: (before > 0.0).then(|| (dispersion * before * (1.0 - before) / now.1 as f64).sqrt() / before),
        limit: (0.0..=1.0).contains(&limit).then_some(limit),
        detectable: None,
        // The p-value of a change for the better is none of the gate's business.
        p: Some(if worse { p } else { 1.0 }),
        note: (dispersion > 1.5)
            .then(|| format!("earlier runs differ {dispersion:.1} times as much as by chance")),
    }
}

/// Pearson's χ² over its degrees of freedom, at least 1; 1 below three runs.
fn dispersion(history: &[Share], all: Share) -> f64 {
    let p = rate(all);
    if history.len() < 3 || p <= 0.0 || p >= 1.0 {
        return 1.0;
    }
    let chi2: f64 = history.iter().map(|&h| h.1 as f64 * (rate(h) - p).powi(2) / (p * (1.0 - p))).sum();
    (chi2 / (history.len() - 1) as f64).max(1.0)
}

/// One-sided: how probable a share at least as high (`up`) or as low is if nothing changed.
fn p_value(now: Share, all: Share, up: bool, dispersion: f64, runs: usize) -> f64 {
    let table = [now.0, now.1 - now.0, all.0, all.1 - all.0];
    let side = if up { Alternative::Greater } else { Alternative::Less };
    let exact = fishers_exact(&table, side).unwrap_or(1.0).clamp(0.0, 1.0);
    if dispersion <= 1.0 {
        return exact;
    }
    let deviation = (rate(now) - rate(all)).abs() / standard_error(now, all, dispersion);
    let scaled = StudentsT::new(0.0, 1.0, runs as f64 - 1.0).map_or(1.0, |t| t.sf(deviation));
    exact.max(scaled)
}

/// Standard error of the difference of both shares; never 0, since a share of 0 or 1 is known only as well as its count.
fn standard_error(now: Share, all: Share, dispersion: f64) -> f64 {
    let p = (now.0 + all.0) as f64 + 0.5;
    let p = p / ((now.1 + all.1) as f64 + 1.0);
    (dispersion * p * (1.0 - p) * (1.0 / now.1 as f64 + 1.0 / all.1 as f64)).sqrt()
}

/// 95 % interval of the relative change.
fn interval(now: Share, all: Share, dispersion: f64) -> Option<[f64; 2]> {
    let before = rate(all);
    let half = 1.96 * standard_error(now, all, dispersion);
    let change = rate(now) - before;
    (before > 0.0).then(|| [(change - half) / before, (change + half) / before])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::policy::Policy;

    fn judged(figure: &str, now: Share, history: &[Share]) -> Compared {
        judge(now, history, &Policy::default().rule(figure))
    }

    #[test]
    fn fishers_test_looks_the_right_way() {
        // 3 of 60 against 0 of 60: C(60,3) / C(120,3) = 34220 / 280840.
        let greater = p_value((3, 60), (0, 60), true, 1.0, 1);
        assert!((greater - 34220.0 / 280_840.0).abs() < 1e-9, "{greater}");
        assert!(p_value((3, 60), (0, 60), false, 1.0, 1) > 0.99);
        assert!(p_value((0, 60), (9, 60), false, 1.0, 1) < 0.01);
    }

    #[test]
    fn shares_by_counts() {
        use ChangeOutcome::{Improved, NotJudged, Suspected, Unchanged};
        let clean = vec![(0, 60); 10];
        let wild = vec![
            (0, 60),
            (12, 60),
            (1, 60),
            (15, 60),
            (0, 60),
            (9, 60),
            (2, 60),
            (11, 60),
            (0, 60),
            (10, 60),
        ];
        let cases: &[(&str, Share, &[Share], ChangeOutcome, f64, f64)] = &[
            ("error_rate", (0, 60), &clean, Unchanged, 0.9, 1.0),
            ("error_rate", (6, 60), &clean, Suspected, 0.0, 1e-5),
            ("error_rate", (6, 60), &clean[..1], Suspected, 0.1, 0.2),
            ("error_rate", (1, 60), &clean, Suspected, 0.05, 0.1),
            ("error_rate", (14, 60), &wild, Unchanged, 0.05, 0.3),
            ("error_rate", (0, 600), &[(60, 600); 5], Improved, 1.0, 1.0),
            ("refusal_rate", (30, 50), &[(30, 50); 3], Unchanged, 0.9, 1.0),
            ("refusal_rate", (50, 50), &[(30, 50); 3], Suspected, 0.0, 1e-5),
            ("refusal_rate", (0, 50), &[(30, 50); 3], Suspected, 0.0, 1e-5),
            ("hit.rate", (2, 60), &[(48, 60); 3], Suspected, 0.0, 1e-9),
            ("hit.rate", (58, 60), &[(36, 60); 3], Improved, 1.0, 1.0),
            ("hit.rate", (0, 0), &[(36, 60); 3], NotJudged, 0.0, 1.0),
            ("hit.rate", (5, 60), &[], NotJudged, 0.0, 1.0),
        ];
        for (figure, now, history, outcome, low, high) in cases {
            let got = judged(figure, *now, history);
            assert_eq!(got.outcome, *outcome, "{figure} {now:?} K={}: {got:?}", history.len());
            let p = got.p.unwrap_or(*low);
            assert!((*low..=*high).contains(&p), "{figure} {now:?} K={}: p = {p}", history.len());
        }
    }
}

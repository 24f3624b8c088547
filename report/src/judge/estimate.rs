//! What the service sustains, by Little's law.
//!
//! L = λ·W (J. D. C. Little: A proof for the queuing formula L = λW. *Operations Research* 9, 1961, 383–387): the number of
//! requests under way is their rate times the time that each takes. Where L users each always have a request under way, and
//! each takes W, the service completes L/W of them per second. As a law it holds for any stable system, whatever its
//! distributions; so a rate that was counted and differs from L/W tells that the load was not steady, and there is no estimate.

use crate::model::{Estimate, ScalingStep, Scenario};

/// Share that is left free. With one request in service at a time and random arrivals, the time in the system is the service
/// time / (1 − utilisation) (L. Kleinrock: *Queueing Systems* I, 1975, §3.2): at 70 % three times the service time, at 90 % ten
/// times. Beyond, latency runs away.
const HEADROOM: f64 = 0.3;
/// Time from one request of a user to the next.
const REQUEST_EVERY_S: f64 = 10.0;
/// Numbers of users for which it is told what they need.
const USERS: [f64; 4] = [100.0, 1_000.0, 10_000.0, 100_000.0];
/// Fewer completed requests than these say nothing about a steady state.
const LEAST_REQUESTS: u64 = 30;
/// A load that is over sooner is a burst.
const LEAST_SECONDS: f64 = 1.0;
/// Share by which the counted rate may differ from L/W.
const AGREEMENT: f64 = 0.2;
/// Share of requests that may be refused or fail: what is turned away at once makes the service look fast.
const TURNED_AWAY: f64 = 0.05;

/// The estimate of a scenario.
///
/// # Errors
/// Why there is none, as a sentence fragment.
pub fn estimate(scenario: &Scenario) -> Result<Estimate, String> {
    let completed = scenario.ok + scenario.refused;
    if scenario.generator.problem.is_some() {
        return Err("the generator could not keep up".into());
    }
    if scenario.ok < LEAST_REQUESTS || scenario.duration_s < LEAST_SECONDS {
        return Err(format!(
            "{} ok requests in {:.1} s are no steady load; it takes {LEAST_REQUESTS} in {LEAST_SECONDS} s",
            scenario.ok, scenario.duration_s
        ));
    }
    let turned_away = (scenario.refused + scenario.failed_total()) as f64 / scenario.requests.max(1) as f64;
    if turned_away > TURNED_AWAY {
        return Err(format!("{:.0} % of the requests were refused or failed", turned_away * 100.0));
    }
    let mean = scenario.service_time_ms.mean.filter(|mean| *mean > 0.0);
    let Some(service_time_ms) = mean else { return Err("there is no service time".into()) };
    let concurrency = f64::from(scenario.users_peak);
    let at_full_load = concurrency / (service_time_ms / 1000.0);
    let measured = completed as f64 / scenario.duration_s;
    if (measured / at_full_load - 1.0).abs() > AGREEMENT {
        return Err(format!(
            "{concurrency} users with a service time of {service_time_ms:.1} ms would be {at_full_load:.1} requests/s, and \
             {measured:.1} were counted: the users did not all have a request under way all the time"
        ));
    }
    let throughput = at_full_load * (1.0 - HEADROOM);
    let users = throughput * REQUEST_EVERY_S;
    let steps = USERS.into_iter().filter(|more| *more > users).map(|more| ScalingStep {
        users: more,
        throughput: more / REQUEST_EVERY_S,
        // At most 100,000 users on a service that serves one: far within range.
        instances: (more / users).ceil() as u64,
    });
    Ok(Estimate {
        concurrency,
        service_time_ms,
        at_full_load,
        measured,
        headroom: HEADROOM,
        throughput,
        request_every_s: REQUEST_EVERY_S,
        users,
        steps: steps.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Histogram;
    use crate::model::{FailureKind, Generator};

    /// Users who each send one request after the other, each of which takes so many milliseconds, for four seconds.
    fn steady(users: u32, ms: u64) -> Scenario {
        let n = u64::from(users) * 4000 / ms;
        let mut spans = Histogram::default();
        (0..n).for_each(|_| spans.record_us(ms * 1000));
        Scenario {
            users_peak: users,
            duration_s: 4.0,
            requests: n,
            ok: n,
            throughput: Some(n as f64 / 4.0),
            service_time_ms: spans.into(),
            ..Scenario::default()
        }
    }

    #[test]
    fn users_over_service_time_less_the_headroom() {
        let estimate = estimate(&steady(10, 50)).unwrap();
        assert!((estimate.at_full_load - 200.0).abs() < 1.0, "{estimate:?}");
        assert!((estimate.throughput - 140.0).abs() < 1.0 && (estimate.users - 1400.0).abs() < 10.0);
        assert!((estimate.measured - 200.0).abs() < 1e-9);
        let steps: Vec<_> = estimate.steps.iter().map(|step| (step.users, step.instances)).collect();
        assert_eq!(steps, [(10_000.0, 8), (100_000.0, 72)]);
    }

    #[test]
    fn no_estimate_where_the_law_says_nothing() {
        let well = steady(10, 50);
        let thinking = Scenario { users_peak: 20, ..well.clone() };
        let refusing = Scenario { refused: 80, requests: 880, ..well.clone() };
        let failing = Scenario { failed: [(FailureKind::Timeout, 80)].into(), requests: 880, ..well.clone() };
        let tired = Generator { problem: Some("late".into()), ..Generator::default() };
        for (scenario, word) in [
            (thinking, "did not all have a request under way"),
            (Scenario { duration_s: 0.5, ..well.clone() }, "no steady load"),
            (Scenario { ok: 5, requests: 5, ..well.clone() }, "no steady load"),
            (refusing, "refused or failed"),
            (failing, "refused or failed"),
            (Scenario { generator: tired, ..well }, "generator"),
            (Scenario::default(), "no steady load"),
        ] {
            let why = estimate(&scenario).unwrap_err();
            assert!(why.contains(word), "{word}: {why}");
        }
    }
}

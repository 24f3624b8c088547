//! What a stalled or slow target does must be in the figures, whatever the generator would find convenient.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use loadgate_report::model::Distribution;

use super::plans::{Ask, class, iterations, run_flow, scenario, settings, try_run};
use super::server::{Reply, Server, ok};
use crate::suite::plan::{Connections, Load, Spacing, Start};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A server that answers at once, but freezes as a whole for a time, counted from the first request.
fn freezing(from: Duration, to: Duration) -> Server {
    let first: Arc<Mutex<Option<Instant>>> = Arc::default();
    Server::start(move |_| {
        let begun = *first.lock().unwrap().get_or_insert_with(Instant::now);
        let now = begun.elapsed();
        let pause = if now >= from && now < to { (to - now).as_millis() as u64 } else { 0 };
        Reply::Drip(vec![(pause, ok("x"))])
    })
}

fn rate(per_second: f64, length: Duration, spacing: Spacing) -> Load {
    Load::ArrivalRate { from: per_second, stages: vec![(length, per_second)], spacing, max_users: 500 }
}

#[test]
fn a_stall_is_in_the_latencies_of_all_that_were_due_in_it() {
    for spacing in [Spacing::Regular, Spacing::Poisson] {
        let server = freezing(ms(300), ms(700));
        let report = run_flow(&server.base, rate(100.0, ms(1000), spacing), vec![Ask::get("/").step()]);
        assert_eq!(report.failed_total(), 0, "{:?}", report.failures);
        assert_eq!(report.generator.dropped_starts, 0);
        // A hundred are due in a second, so some 40 in the stall, evenly between 0 and 400 ms before its end.
        let stalled = |ms: f64| {
            let within = report.latency_ms.histogram.share_within_ms(ms).unwrap();
            ((1.0 - within) * report.latency_ms.count as f64).round()
        };
        assert!(
            stalled(100.0) >= 15.0 && stalled(300.0) >= 3.0,
            "{spacing:?}: {}, {}",
            stalled(100.0),
            stalled(300.0)
        );
        assert!(report.latency_ms.max.unwrap() >= 350.0);
        // The page's series shows it too.
        assert!(report.series.max_ms.iter().flatten().any(|max| *max >= 350.0));
    }
}

#[test]
fn what_waits_its_turn_behind_a_stall_has_waited_since_it_was_due() {
    // All share one connection, so that those that are due in the stall cannot even be written before its end.
    let server = freezing(ms(300), ms(700));
    let load = rate(50.0, ms(1000), Spacing::Regular);
    let mut one = class(None, load, vec![(1, vec![Ask::get("/").step()])]);
    one.connections = Connections::Shared { pool: 0, size: 1 };
    let report = try_run(scenario(vec![one]), &settings(&server.base)).unwrap();
    assert_eq!((report.failed_total(), report.generator.dropped_starts), (0, 0), "{:?}", report.failures);
    let step = &report.steps[0];
    let above = |figures: &Distribution| {
        let within = figures.histogram.share_within_ms(100.0).unwrap();
        ((1.0 - within) * figures.count as f64).round()
    };
    // Some fifteen of the fifty were due more than 100 ms before its end, of which one was on the wire.
    let (latency, service) = (above(&report.latency_ms), above(&step.service_time_ms));
    assert!(latency >= 8.0 && latency > service, "{latency} {service}");
    assert!(
        step.latency_ms.mean > step.service_time_ms.mean,
        "{:?} {:?}",
        step.latency_ms.mean,
        step.service_time_ms.mean
    );
    assert!(report.latency_ms.mean > report.service_time_ms.mean);
}

#[test]
fn waiting_for_the_common_release_and_for_connecting_counts() {
    let server = Server::saying(ok("x"));
    let report = run_flow(&server.base, iterations(30, 1), vec![Ask::get("/").step()]);
    assert_eq!(report.ok, 30);
    assert!(
        report.latency_ms.mean > report.service_time_ms.mean,
        "latency counts from the release, service time from the first byte: {:?} {:?}",
        report.latency_ms.mean,
        report.service_time_ms.mean
    );
}

#[test]
fn time_outs_are_in_the_quantiles_at_their_time_out() {
    // Half of the requests are never answered.
    let turn = Arc::new(Mutex::new(0_u32));
    let server = Server::start(move |_| {
        let mut turn = turn.lock().unwrap();
        *turn += 1;
        if turn.is_multiple_of(2) { Reply::Silence } else { Reply::Say(ok("x")) }
    });
    let load = Load::Shared { users: 4, iterations: 40, start: Start::Together };
    let report = run_flow(&server.base, load, vec![Ask::get("/").timeout(200).step()]);
    assert_eq!((report.ok, report.failed_total(), report.latency_ms.count), (20, 20, 40));
    assert!(report.latency_ms.p90.unwrap() >= 199.0, "{:?}", report.latency_ms.p90);
    assert_eq!(
        report.throughput.map(|t| (t * report.duration_s).round()),
        Some(20.0),
        "time-outs are not completed"
    );
}

#[test]
fn figures_without_samples_are_none() {
    let server = Server::start(|_| Reply::SayAndClose(Vec::new()));
    let report = run_flow(&server.base, iterations(2, 2), vec![Ask::get("/").step()]);
    assert_eq!((report.ok, report.failed_total()), (0, 4));
    assert_eq!((report.throughput, report.latency_ms.p50, report.latency_ms.mean), (None, None, None));
    assert_eq!(report.success_rate, Some(0.0));
}

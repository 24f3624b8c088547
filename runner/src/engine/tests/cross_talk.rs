//! Another user's canary is never forgotten: neither for its time, nor for what is answered later.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use loadgate_report::model::FailureKind::{CrossTalk, Status5xx};

use super::plans::{Ask, class, iterations, run_flow, run_scenario, scenario, settings, try_run};
use super::server::{Reply, Server, ok, status};
use crate::engine::canary::Canaries;
use crate::suite::plan::{Load, Retry};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The canary of a user that only an earlier, larger scenario can have had.
fn canary() -> String {
    Canaries::new(1).token(99)
}

/// A server that says these one after the other, and the last of them from then on.
fn saying_in_turn(replies: Vec<Vec<u8>>) -> Server {
    let heard = AtomicU32::new(0);
    Server::start(move |_| {
        let turn = heard.fetch_add(1, Relaxed) as usize;
        Reply::Say(replies[turn.min(replies.len() - 1)].clone())
    })
}

#[test]
fn the_canary_of_a_user_of_an_earlier_scenario_is_foreign() {
    let server = Server::saying(ok(&canary()));
    let report = run_flow(&server.base, iterations(1, 1), vec![Ask::get("/").step()]);
    assert_eq!((report.ok, report.failed.get(&CrossTalk)), (0, Some(&1)), "{:?}", report.failures);
    assert_eq!(report.failures[0].foreign_user.as_deref(), Some("user-100"));
}

#[test]
fn it_counts_in_warm_up_and_ramp_down_and_nothing_else_does() {
    let (leak, error) = (ok(&canary()), status(500, ""));
    for (replies, leaks) in [
        (vec![leak.clone(), ok(""), ok("")], 1),
        (vec![ok(""), ok(""), leak.clone()], 1),
        (vec![leak.clone(), ok(""), leak], 2),
        (vec![error.clone(), ok(""), error], 0),
    ] {
        let server = saying_in_turn(replies);
        let load = Load::Replay { at: [0, 200, 400].map(ms).to_vec().into(), max_users: 9 };
        let mut cut = scenario(vec![class(Some("all"), load, vec![(1, vec![Ask::get("/").step()])])]);
        cut.warm_up = ms(100);
        cut.ramp_down = ms(100);
        let report = try_run(cut, &settings(&server.base)).unwrap();
        assert_eq!(report.failed.get(&CrossTalk).copied().unwrap_or(0), leaks, "{:?}", report.failures);
        assert_eq!((report.ok, report.requests, report.latency_ms.count), (1, 1 + leaks, 1));
        for failed in [&report.steps[0].failed, &report.classes[0].failed] {
            assert_eq!((failed.get(&CrossTalk).copied().unwrap_or(0), failed.get(&Status5xx)), (leaks, None));
        }
        assert_eq!(report.users.iter().map(|user| user.failed).sum::<u64>(), leaks);
    }
}

#[test]
fn it_is_not_asked_again_until_it_is_gone() {
    let (leak, error, clean) = (ok(&canary()), status(500, ""), ok("clean"));
    let redirect = |to: &str| {
        let location = format!("HTTP/1.1 302 X\r\nlocation: /{to}\r\n");
        [location.as_bytes(), b"content-length: 0\r\n\r\n"].concat()
    };
    for (replies, heard) in [
        (vec![leak.clone(), clean.clone()], 1),
        (vec![error, leak.clone(), clean.clone()], 2),
        // The answer that leads on is one that the user was given, too.
        (vec![redirect(&canary()), clean.clone()], 1),
        (vec![redirect("b"), redirect(&canary()), clean.clone()], 2),
    ] {
        for when in [None, Some("status in [200, 302, 500]")] {
            let server = saying_in_turn(replies.clone());
            let mut ask = Ask::get("/a");
            ask.0.redirects = 5;
            ask.0.retry =
                Some(Retry { times: 4, when: when.map(super::plans::predicate), wait: ms(1), factor: 1.0 });
            let report = run_flow(&server.base, iterations(1, 1), vec![ask.step()]);
            let came = (report.ok, report.failed.get(&CrossTalk), server.heard().len());
            assert_eq!(came, (0, Some(&1), heard), "{:?}", report.failures);
        }
    }
    let unready = ok("{}");
    for (replies, heard) in [(vec![leak.clone(), ok("{\"ready\": 1}")], 1), (vec![unready, leak, clean], 2)] {
        let server = saying_in_turn(replies);
        let report = run_scenario(
            &server.base,
            "load: { users: 1, iterations: 1 }\nflow:\n- { probe: /state, check: json.ready == 1, within: 2s, every: 10ms }\n- get: /\n",
        );
        let came = (report.failed.get(&CrossTalk), report.failed_total(), server.heard().len());
        assert_eq!(came, (Some(&1), 1, heard), "{:?}", report.failures);
        assert_eq!(report.failures[0].foreign_user.as_deref(), Some("user-100"));
        assert!(!report.failures[0].message.contains("not within"), "{:?}", report.failures);
    }
}

//! Loads: exact counts, mixes, order, stopping.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use minijinja::Value;

use super::plans::{
    Ask, class, expression, iterations, predicate, run_flow, run_scenario, scenario, settings, text, try_run,
};
use super::server::{Reply, Server, ok, status};
use crate::engine::{Control, EngineError, Progress, Settings, run};
use crate::suite::data::DataSet;
use crate::suite::plan::{Connections, Load, Spacing, Start, Step};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn counts_are_exact() {
    let together = Start::Together;
    for (load, expected) in [
        (iterations(5, 4), 20),
        (Load::Shared { users: 3, iterations: 10, start: Start::Over(ms(20)) }, 10),
        (Load::Shared { users: 3, iterations: 1, start: together }, 1),
        (Load::Bursts { count: 3, users: 7, gap: ms(10) }, 21),
        (Load::Replay { at: vec![ms(0), ms(5), ms(5), ms(30)].into(), max_users: 9 }, 4),
        (
            Load::ArrivalRate {
                from: 200.0,
                stages: vec![(ms(100), 200.0)],
                spacing: Spacing::Regular,
                max_users: 20,
            },
            20,
        ),
    ] {
        let server = Server::saying(ok("x"));
        let report = run_flow(&server.base, load.clone(), vec![Ask::get("/").step()]);
        assert_eq!((report.ok, report.requests), (expected, expected), "{load:?}: {:?}", report.failures);
        assert_eq!(report.iterations, expected);
        assert_eq!(server.heard().len() as u64, expected);
        assert_eq!(report.series.ok.iter().sum::<u64>(), expected);
        assert_eq!(report.users.iter().map(|u| u.ok).sum::<u64>(), expected);
        assert_eq!(report.steps[0].statuses, BTreeMap::from([(200, expected)]));
        assert!(report.throughput.unwrap() > 0.0);
        assert_eq!(report.generator.dropped_starts, 0);
    }
}

#[test]
fn timed_loads_end_when_they_should() {
    let server = Server::saying(ok("x"));
    let load = Load::Duration { users: 2, duration: ms(150), start: Start::Together };
    let report = run_flow(&server.base, load, vec![Ask::get("/").step()]);
    assert!(report.ok > 0 && report.duration_s >= 0.14, "{}", report.duration_s);
    let load = Load::Stages { from: 1, stages: vec![(ms(100), 4), (ms(100), 0)] };
    let report = run_flow(&server.base, load, vec![Ask::get("/").step()]);
    assert!(report.ok > 0);
    assert_eq!((report.users_peak, report.users.len()), (4, 4));
    assert_eq!(report.phases.len(), 2);
}

/// Connections that a server sees of twelve users, who make two requests each.
fn connections_of(classes: &[Connections], workers: usize) -> usize {
    let server = Server::start(|_| Reply::Drip(vec![(3, ok("x"))]));
    let users = 12 / classes.len() as u32;
    let classes = classes.iter().enumerate().map(|(number, connections)| {
        let mut class =
            class(Some(&format!("c{number}")), iterations(users, 2), vec![(1, vec![Ask::get("/").step()])]);
        class.connections = *connections;
        class
    });
    let settings = Settings { workers, ..settings(&server.base) };
    let report = try_run(scenario(classes.collect()), &settings).unwrap();
    assert_eq!(report.ok, 24, "{:?}", report.failures);
    let mut used: Vec<_> = server.heard().into_iter().map(|heard| heard.connection).collect();
    used.sort_unstable();
    used.dedup();
    used.len()
}

#[test]
fn requests_take_the_connections_that_the_suite_gives_them() {
    use Connections::{PerRequest, PerUser};
    let shared = |pool, size| Connections::Shared { pool, size };
    for (classes, workers, expected) in [
        (&[PerUser][..], 2, 12),
        (&[PerRequest], 2, 24),
        (&[shared(0, 5)], 2, 5),
        (&[shared(0, 1)], 2, 1),
        (&[shared(0, 3)], 1, 3),
        (&[shared(0, 100)], 2, 12),
        (&[shared(0, 4), shared(0, 4)], 2, 4),
        (&[shared(1, 2), shared(2, 3)], 2, 5),
        (&[shared(1, 2), PerUser], 2, 8),
    ] {
        assert_eq!(connections_of(classes, workers), expected, "{classes:?} on {workers} workers");
    }
}

#[test]
fn waiting_for_a_shared_connection_is_part_of_the_latency_and_can_take_too_long() {
    let server = Server::start(|heard| match &*heard.line {
        "GET /slow HTTP/1.1" => Reply::Drip(vec![(60, ok("x"))]),
        _ => Reply::Silence,
    });
    let run = |path, timeout| {
        let mut ask = Ask::get(path);
        ask.0.timeout = timeout;
        let mut one = class(None, iterations(3, 1), vec![(1, vec![ask.step()])]);
        one.connections = Connections::Shared { pool: 0, size: 1 };
        try_run(scenario(vec![one]), &settings(&server.base)).unwrap()
    };
    let report = run("/slow", ms(20_000));
    assert_eq!(report.ok, 3);
    assert!(
        report.latency_ms.max.unwrap() >= 180.0,
        "the third has waited for two: {:?}",
        report.latency_ms.max
    );
    let report = run("/never", ms(80));
    assert_eq!(report.failed_total(), 3);
    let waited = report.failures.iter().filter(|failure| failure.message.contains("no connection within"));
    assert_eq!(waited.count(), 2, "{:?}", report.failures);
}

#[test]
fn a_connection_that_the_server_has_closed_is_opened_again() {
    // The server closes without having said so, but before the next request is due.
    let server = Server::start(|_| Reply::SayAndClose(ok("x")));
    let flow = vec![Ask::get("/").step(), Step::Think { min: ms(30), max: ms(30) }, Ask::get("/").step()];
    let report = run_flow(&server.base, iterations(2, 1), flow);
    assert_eq!(report.ok, 4, "{:?}", report.failures);
}

#[test]
fn failed_and_refused_steps_end_the_flow_unless_told_otherwise() {
    let server = Server::start(|heard| {
        Reply::Say(match &*heard.line {
            "GET /bad HTTP/1.1" => status(500, ""),
            "GET /busy HTTP/1.1" => status(429, ""),
            _ => ok(""),
        })
    });
    let busy = || Ask::get("/busy").refused("status == 429");
    let mut tolerated = Ask::get("/bad");
    tolerated.0.continue_on_failure = true;
    for (first, second_reached, completed) in
        [(Ask::get("/good"), 1, 1), (Ask::get("/bad"), 0, 0), (busy(), 0, 0), (tolerated, 1, 1)]
    {
        let report = run_flow(&server.base, iterations(1, 1), vec![first.step(), Ask::get("/next").step()]);
        assert_eq!((report.steps[1].ok, report.iterations), (second_reached, completed));
    }
}

#[test]
fn captures_repeats_conditions_and_branches_work_together() {
    let server = Server::start(|heard| {
        let path = heard.line.split(' ').nth(1).unwrap();
        Reply::Say(ok(&format!("{{\"path\": \"{path}\", \"id\": {}}}", path.len())))
    });
    let flow = vec![
        Ask::get("/first").capture("id", "json.id").step(),
        Step::Repeat {
            times: expression("id - 3"),
            steps: vec![Ask::get("/again/{{ repeat.index }}/{{ id }}").step()],
        },
        Step::If {
            predicate: predicate("id == 6"),
            then: vec![Ask::get("/six").step()],
            otherwise: vec![Ask::get("/not-six").step()],
        },
        Step::Parallel(vec![
            vec![Ask::get("/left").capture("left", "json.path").step()],
            vec![Ask::get("/right").capture("right", "json.path").step()],
        ]),
        Ask::get("/last{{ left }}{{ right }}").step(),
    ];
    let report = run_flow(&server.base, iterations(1, 1), flow);
    assert_eq!(report.failures, []);
    let mut lines: Vec<_> =
        server.heard().into_iter().map(|heard| heard.line.replace(" HTTP/1.1", "")).collect();
    lines[5..7].sort();
    assert_eq!(
        lines,
        [
            "GET /first",
            "GET /again/0/6",
            "GET /again/1/6",
            "GET /again/2/6",
            "GET /six",
            "GET /left",
            "GET /right",
            "GET /last/left/right",
        ]
    );
    let broken = Step::Repeat { times: expression("'many'"), steps: vec![Ask::get("/").step()] };
    let report = run_flow(&server.base, iterations(1, 1), vec![broken]);
    assert_eq!(report.failed_total(), 1);
    assert!(report.failures[0].message.contains("no number of times"), "{:?}", report.failures);
}

#[test]
fn counters_count_ok_responses_only() {
    let server = Server::start(|heard| {
        Reply::Say(if heard.line.contains("/bad") {
            status(500, "{\"hit\": true}")
        } else {
            ok(if heard.line.contains("/hit") { "{\"hit\": true}" } else { "{\"hit\": false}" })
        })
    });
    let mix = ["/hit", "/miss", "/bad"].map(|path| (1, vec![Ask::get(path).count("json.hit").step()]));
    let report =
        try_run(scenario(vec![class(None, iterations(3, 10), mix.to_vec())]), &settings(&server.base))
            .unwrap();
    let hit = &report.counters[0];
    assert_eq!((hit.yes, hit.no, hit.rate), (10, 10, Some(0.5)));
    assert_eq!((hit.latency_true_ms.count, hit.latency_false_ms.count), (10, 10));
}

#[test]
fn mixes_are_exact_and_classes_apart() {
    let server = Server::saying(ok("x"));
    let mix = |weights: &[(u32, &'static str)]| {
        weights.iter().map(|(w, path)| (*w, vec![Ask::get(path).step()])).collect::<Vec<_>>()
    };
    let report = try_run(
        scenario(vec![
            class(Some("many"), iterations(20, 10), mix(&[(40, "/a"), (30, "/b"), (20, "/c"), (10, "/d")])),
            class(
                Some("few"),
                Load::Shared { users: 2, iterations: 7, start: Start::Together },
                mix(&[(1, "/e")]),
            ),
        ]),
        &settings(&server.base),
    )
    .unwrap();
    let steps: Vec<_> = report.steps.iter().map(|step| step.ok).collect();
    assert_eq!(steps, [80, 60, 40, 20, 7]);
    let classes: Vec<_> = report.classes.iter().map(|c| (&*c.name, c.users, c.ok, c.iterations)).collect();
    assert_eq!(classes, [("many", 20, 200, 200), ("few", 2, 7, 7)]);
    assert_eq!(report.users_peak, 22);
    assert_eq!(report.users[21].class.as_deref(), Some("few"));
}

#[test]
fn one_seed_makes_the_same_requests_and_another_does_not() {
    let requests = |seed: u64, workers: usize| {
        let server = Server::saying(ok("x"));
        let mix =
            (0..4).map(|n| (n + 1, vec![Ask::get(&format!("/{{{{ user.id }}}}/{n}/{{{{ rows }}}}")).step()]));
        let rows = (0..50).map(Value::from).collect::<Vec<_>>().into();
        let mut settings = settings(&server.base);
        settings.seed = seed;
        settings.workers = workers;
        settings.data = vec![Arc::new(DataSet { name: "rows".to_owned(), rows, per_user: false })];
        try_run(scenario(vec![class(None, iterations(4, 25), mix.collect())]), &settings).unwrap();
        let mut of_users: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for heard in server.heard() {
            let user = heard.line.split('/').nth(1).unwrap().to_owned();
            of_users.entry(user).or_default().push(heard.line);
        }
        of_users
    };
    let first = requests(7, 2);
    assert_eq!(first.len(), 4);
    assert_eq!(first, requests(7, 1), "whatever the number of workers");
    assert_ne!(first, requests(8, 2));
}

#[test]
fn cookies_stay_with_their_user() {
    let server = Server::start(|heard| {
        Reply::Say(if heard.line.starts_with("POST") {
            let body = &heard.body;
            format!("HTTP/1.1 200 OK\r\nset-cookie: who={body}; Path=/\r\nset-cookie: x=1\r\ncontent-length: 0\r\n\r\n")
                .into_bytes()
        } else {
            ok(heard.head.lines().find(|line| line.starts_with("cookie: ")).unwrap_or("none"))
        })
    });
    let own = "'who=' ~ user.id in text and 'x=1' in text";
    let flow = vec![
        Ask::get("/").check("text == 'none'").step(),
        Ask::post("/login", "{{ user.id }}").step(),
        Ask::get("/a/b?c=1").check(own).step(),
        Ask::get("/{{ user.id }}").check(own).step(),
    ];
    let report = run_flow(&server.base, iterations(5, 1), flow);
    assert_eq!((report.ok, &report.failures[..]), (20, &[][..]));
}

#[test]
fn setup_gives_its_captures_to_all_users() {
    let server = Server::start(|heard| {
        Reply::Say(if heard.line.contains("/fail") {
            status(500, "out of order")
        } else {
            ok("{\"token\": \"t7\"}")
        })
    });
    let load =
        || scenario(vec![class(None, iterations(2, 2), vec![(1, vec![Ask::get("/{{ token }}").step()])])]);
    let mut good = load();
    good.setup = vec![Ask::post("/setup", "{{ user.id }}").capture("token", "json.token").step()];
    good.teardown = vec![Ask::post("/teardown", "{{ token }}").step()];
    let report = try_run(good, &settings(&server.base)).unwrap();
    assert_eq!((report.ok, report.requests, &report.failures[..]), (4, 4, &[][..]));
    let heard: Vec<_> =
        server.heard().into_iter().map(|h| (h.line.replace(" HTTP/1.1", ""), h.body)).collect();
    assert_eq!(heard[0], ("POST /setup".to_owned(), "setup".to_owned()));
    assert_eq!(heard[5], ("POST /teardown".to_owned(), "t7".to_owned()));
    assert!(heard[1..5].iter().all(|(line, _)| line == "GET /t7"));

    let mut bad = load();
    bad.setup = vec![Ask::get("/fail").step()];
    let error = try_run(bad, &settings(&server.base)).unwrap_err();
    assert!(error.to_string().contains("out of order"), "{error}");
    assert!(matches!(error, EngineError::Setup { .. }));
}

#[test]
fn what_stands_around_a_load_is_not_counted() {
    let server = Server::saying(ok("{\"hit\": true}"));
    let around = "setup: [ { get: /, count: { ready: json.hit } } ]\n\
                  teardown: [ { get: /, count: { gone: json.hit, hit: json.hit } } ]\n\
                  load: { users: 2, iterations: 2 }\n";
    let report = run_scenario(&server.base, &format!("{around}flow: [ {{ get: / }} ]\n"));
    assert_eq!((report.ok, report.counters.len(), &report.failures[..]), (4, 0, &[][..]));
    let report =
        run_scenario(&server.base, &format!("{around}flow: [ {{ get: /, count: {{ hit: json.hit }} }} ]\n"));
    assert_eq!((report.counters.len(), report.counters[0].yes, report.counters[0].no), (1, 4, 0));
    assert_eq!(server.heard().len(), 12);
}

#[test]
fn a_stop_keeps_what_was_measured() {
    let server =
        Server::start(
            |heard| {
                if heard.line.contains("/never") { Reply::Silence } else { Reply::Say(ok("x")) }
            },
        );
    let flow = vec![Ask::get("/quick").step(), Ask::get("/never").step()];
    let plan = Arc::new(scenario(vec![class(None, iterations(6, 3), vec![(1, flow)])]));
    let (control, progress) = (Control::new(), Progress::new());
    let stopper = std::thread::spawn({
        let (control, progress) = (control.clone(), progress.clone());
        move || {
            let begun = Instant::now();
            while progress.snapshot().ok < 6 && begun.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(ms(5));
            }
            let seen = progress.snapshot();
            control.stop("interrupted");
            control.stop("later");
            seen
        }
    });
    let begun = Instant::now();
    let report = run(&plan, &settings(&server.base), &control, &progress, &mut ()).unwrap();
    let seen = stopper.join().unwrap();
    assert_eq!((seen.ok, seen.users, seen.flows_expected), (6, 6, Some(18)));
    assert_eq!((report.ok, report.failed_total()), (6, 0), "what was under way is not counted");
    assert_eq!(control.reason(), Some("interrupted"));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_stop_in_the_teardown_keeps_what_was_measured() {
    let control = Control::new();
    let server = Server::start({
        let control = control.clone();
        move |heard| {
            if heard.line.contains("/gone") {
                control.stop("interrupted");
                return Reply::Silence;
            }
            Reply::Say(ok("x"))
        }
    });
    let mut plan = scenario(vec![class(None, iterations(2, 3), vec![(1, vec![Ask::get("/").step()])])]);
    plan.teardown = vec![Ask::get("/gone").step()];
    let begun = Instant::now();
    let report = run(&Arc::new(plan), &settings(&server.base), &control, &Progress::new(), &mut ()).unwrap();
    assert_eq!((report.ok, &report.failures[..]), (6, &[][..]));
    assert!(control.is_stopped() && begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn warm_up_and_ramp_down_are_cut_from_the_figures_and_stay_in_the_series() {
    let server = Server::saying(ok("x"));
    let load = Load::Replay { at: [0, 10, 150, 160, 170, 300].map(ms).to_vec().into(), max_users: 9 };
    let mut cut = scenario(vec![class(None, load, vec![(1, vec![Ask::get("/").step()])])]);
    cut.warm_up = ms(100);
    cut.ramp_down = ms(50);
    let report = try_run(cut, &settings(&server.base)).unwrap();
    assert_eq!((report.ok, report.iterations, report.latency_ms.count), (3, 3, 3));
    assert_eq!(report.series.ok.iter().sum::<u64>(), 6);
    assert!((0.05..=0.15).contains(&report.duration_s), "{}", report.duration_s);
    assert_eq!(report.phases.iter().map(|p| &*p.name).collect::<Vec<_>>(), ["warm-up", "ramp-down"]);
}

#[test]
fn starts_that_find_no_free_user_are_dropped_and_told() {
    let server = Server::start(|_| Reply::Drip(vec![(200, ok("x"))]));
    let load = Load::Replay { at: [0, 10, 20, 30].map(ms).to_vec().into(), max_users: 2 };
    let report = run_flow(&server.base, load, vec![Ask::get("/").step()]);
    assert_eq!((report.ok, report.generator.dropped_starts, report.users_peak), (2, 2, 2));
    assert!(report.generator.problem.unwrap().contains("2 of 4 starts"));
    assert!(report.generator.lateness_p99_ms.is_some());
}

#[test]
fn open_loads_measure_from_the_due_time() {
    // One user at most: the second flow would wait; here its own think time makes it due later, and that counts not.
    let server = Server::saying(ok("x"));
    let load = Load::Replay { at: [ms(0)].to_vec().into(), max_users: 1 };
    let flow = vec![Step::Think { min: ms(60), max: ms(60) }, Ask::get("/").step()];
    let report = run_flow(&server.base, load, flow);
    assert_eq!(report.ok, 1);
    assert!(report.latency_ms.max.unwrap() < 55.0, "think time is no latency: {:?}", report.latency_ms.max);
    assert!(report.duration_s >= 0.06, "but it was thought: {}", report.duration_s);
}

#[test]
fn users_released_together_are_told_with_their_spread() {
    let server = Server::saying(ok("x"));
    let report = run_flow(&server.base, iterations(20, 2), vec![Ask::get("/").step()]);
    assert!(report.generator.release_spread_ms.is_some());
    assert_eq!(report.load, "20 users × 2 iterations, together");
}

#[test]
fn bodies_and_headers_go_out_as_they_should() {
    use crate::suite::plan::{Body, Part, PartContent};
    let server = Server::saying(ok("x"));
    let body = |body: Body| {
        let mut ask = Ask::post("/path with space/ü?q={{ user.index }}#fragment", "");
        ask.0.body = body;
        ask.header("x-user", "{{ user.name }}").step()
    };
    let file = PartContent::File {
        name: "a\"b.txt".to_owned(),
        content_type: "text/plain".to_owned(),
        bytes: bytes::Bytes::from_static(b"file content"),
    };
    let flow = vec![
        body(Body::Json(text("{\"user\":\"{{ user.id }}\"}"))),
        body(Body::Form(vec![("a b".to_owned(), text("{{ user.id }}&=")), ("c".to_owned(), text("ü"))])),
        body(Body::Multipart(vec![
            Part { name: "field".to_owned(), content: PartContent::Text(text("{{ user.id }}")) },
            Part { name: "file".to_owned(), content: file },
        ])),
        body(Body::Empty),
    ];
    let report = run_flow(&format!("{}/api/", server.base), iterations(1, 1), flow);
    assert_eq!(report.failures, []);
    let heard = server.heard();
    for (index, (content_type, body)) in [
        ("application/json", "{\"user\":\"user-1\"}"),
        ("application/x-www-form-urlencoded", "a+b=user-1%26%3D&c=%C3%BC"),
        ("multipart/form-data; boundary=", "name=\"field\"\r\n\r\nuser-1\r\n--"),
        ("", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let heard = &heard[index];
        assert_eq!(heard.line, "POST /api/path%20with%20space/%C3%BC?q=0 HTTP/1.1");
        assert!(heard.head.contains("\r\nx-user: user-1"), "{}", heard.head);
        assert_eq!(heard.head.contains("content-type"), !content_type.is_empty());
        assert!(heard.head.contains(content_type), "{}", heard.head);
        assert!(heard.body.contains(body), "{}", heard.body);
        assert_eq!(heard.head.matches("content-length").count(), 1);
    }
    assert!(
        heard[2]
            .body
            .contains("filename=\"a%22b.txt\"\r\ncontent-type: text/plain\r\n\r\nfile content\r\n--")
    );
}

/// Notes what a server has heard when it looks.
struct Noting<'a> {
    server: &'a Server,
    begin: Vec<String>,
    end: Vec<String>,
}

impl Noting<'_> {
    fn heard(&self) -> Vec<String> {
        self.server.heard().into_iter().map(|heard| heard.line).collect()
    }
}

impl crate::engine::Watch for Noting<'_> {
    fn begin(&mut self) {
        self.begin = self.heard();
    }

    fn end(&mut self) {
        self.end = self.heard();
    }
}

#[test]
fn the_watch_begins_after_the_setup_and_ends_before_the_teardown() {
    let server = Server::saying(ok(""));
    let steps = vec![Ask::get("/load").step()];
    let mut plan = scenario(vec![class(None, iterations(2, 1), vec![(1, steps)])]);
    plan.setup = vec![Ask::post("/fill", "").step()];
    plan.teardown = vec![Ask::get("/empty").step()];
    let mut watch = Noting { server: &server, begin: Vec::new(), end: Vec::new() };
    let settings = settings(&server.base);
    run(&Arc::new(plan), &settings, &Control::new(), &Progress::new(), &mut watch).unwrap();
    let (fill, load) = ("POST /fill HTTP/1.1", "GET /load HTTP/1.1");
    assert_eq!(watch.begin, [fill]);
    assert_eq!(watch.end, [fill, load, load]);
    assert_eq!(watch.heard()[3..], ["GET /empty HTTP/1.1"]);
}

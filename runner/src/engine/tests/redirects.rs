//! Redirects: how far they are followed, and what goes with them.

use std::sync::{Arc, OnceLock};

use super::plans::{Ask, iterations, run_flow};
use super::server::{Reply, Server, ok};

#[test]
fn redirects_are_followed_as_far_as_allowed() {
    let back = Arc::new(OnceLock::<String>::new());
    let other = Server::start({
        let back = back.clone();
        move |heard| {
            Reply::Say(match heard.line.contains("/back") {
                true => format!(
                    "HTTP/1.1 307 X\r\nlocation: {}/c\r\ncontent-length: 0\r\n\r\n",
                    back.get().unwrap()
                )
                .into_bytes(),
                false => ok(&heard.head),
            })
        }
    });
    let elsewhere = other.base.clone();
    let server = Server::start(move |heard| {
        let to = |status: u16, location: &str| {
            format!("HTTP/1.1 {status} X\r\nlocation: {location}\r\nset-cookie: hop=1; Path=/\r\ncontent-length: 0\r\n\r\n")
                .into_bytes()
        };
        Reply::Say(match heard.line.split(' ').nth(1).unwrap() {
            "/a" => to(302, "b?x=1"),
            "/b?x=1" => to(307, "/c"),
            "/away" => to(308, &format!("{elsewhere}/there")),
            "/away-and-back" => to(308, &format!("{elsewhere}/back")),
            _ => ok(&format!("{}\n{}", heard.head, heard.body)),
        })
    });
    back.set(server.base.clone()).unwrap();
    let post = |path: &str, redirects: u32| {
        let mut ask = Ask::post(path, "the body").header("authorization", "Bearer x");
        ask.0.redirects = redirects;
        ask
    };
    for (ask, checks) in [
        (post("/a", 0), &["status == 302"][..]),
        (post("/a", 1), &["status == 307"]),
        (
            post("/a", 5),
            &[
                "'GET /c HTTP/1.1' in text",
                "'the body' not in text",
                "'content-length' not in text",
                "'cookie: hop=1' in text",
                "'Bearer x' in text",
            ],
        ),
        (post("/b?x=1", 1), &["'POST /c HTTP/1.1' in text", "'the body' in text"]),
        (post("/away", 1), &["'POST /there' in text", "'Bearer' not in text", "'cookie: hop=1' in text"]),
    ] {
        let ask = checks.iter().fold(ask, |ask, check| ask.check(check));
        let report = run_flow(&server.base, iterations(1, 1), vec![ask.step()]);
        assert_eq!((report.ok, &report.failures[..]), (1, &[][..]));
    }
    // A cookie of the suite is like its credentials; the jar's are added to it.
    for (path, cookies) in [
        ("/a", &["own=1", "hop=1"][..]),
        ("/b?x=1", &["own=1", "hop=1"]),
        ("/away", &["hop=1"]),
        ("/away-and-back", &["hop=1"]),
    ] {
        let ask = post(path, 5).header("cookie", "own=1").step();
        let report = run_flow(&server.base, iterations(1, 1), vec![ask.clone(), ask]);
        assert_eq!((report.ok, &report.failures[..]), (2, &[][..]));
        let last = if path == "/away" { other.heard() } else { server.heard() }.pop().unwrap();
        let found: Vec<_> = last.head.lines().filter_map(|line| line.strip_prefix("cookie: ")).collect();
        assert_eq!(found, cookies, "{path}");
    }
    // A body that does not fit behind its head is dropped with it, and does not run into what comes next.
    let mut large = Ask::post("/a", &"x".repeat(100_000)).check("'GET /c HTTP/1.1' in text");
    large.0.redirects = 5;
    let report = run_flow(&server.base, iterations(1, 1), vec![large.step(), Ask::get("/next").step()]);
    assert_eq!((report.ok, &report.failures[..]), (2, &[][..]));
    assert_eq!(server.heard().last().unwrap().line, "GET /next HTTP/1.1");
}

use super::*;

fn headers() -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    headers.insert("retry-after", http::HeaderValue::from_static("30"));
    headers.insert("server", http::HeaderValue::from_static("x"));
    headers
}

const BODY: &[u8] =
    br#"{"answer":"It is blue.","cached":true,"n":3,"zero":0,"empty":"","none":null,"items":[{"id":"a"},{"id":"b"}],"tags":["x","y"]}"#;

fn scope() -> Scope {
    let mut scope = Scope::default();
    scope.set("session", Value::from("a"));
    scope.set("user", Value::from_pairs([("index", 3)]));
    scope
}

fn holds(source: &str) -> Result<bool, String> {
    let headers = headers();
    let response = Response::new(200, &headers, BODY, 12.5);
    let predicate = Predicate::compile(source).map_err(|e| format!("does not compile: {e}"))?;
    predicate.holds(&scope(), Some(&response)).map_err(|e| e.message)
}

#[test]
fn what_holds_and_what_does_not() {
    for source in [
        "status == 200",
        "status != 500",
        "status < 400 and json.cached",
        "status in [200, 201]",
        "status not in (400, 500)",
        "json.answer != \"\"",
        "json.answer == 'It is blue.'",
        "'blue' in json.answer",
        "\"red\" not in json.answer",
        "'x' in json.tags",
        "json.items[1].id == 'b'",
        "json['n'] == 3",
        "json.n == 3.0",
        "json.n > -1",
        "json.n == user.index",
        "json.items[0].id == session",
        "json.items | length == 2",
        "(json.items | length) == 2",
        "json.answer | lower != 'x'",
        "not json.zero",
        "not (json.cached and status == 500)",
        "json.zero == 0 or json.missing",
        "json.none == none",
        "json.none is none",
        "json.missing is undefined",
        "json.answer is defined and 'blue' in text",
        "headers.retry_after == '30'",
        "headers['retry-after'] | int == 30",
        "headers.none_such is undefined",
        "headers | length == 2",
        "latency > 12 and latency < 13",
        "size > 20",
        "1 < json.n < 5",
        "json.answer == 'It' ~ ' is blue.'",
        "true if json.cached else false",
        "json.answer is startingwith('It')",
        "json.none != 5",
        "'\\u0041' == 'A'",
    ] {
        assert_eq!(holds(source), Ok(true), "{source}");
    }
    for source in [
        "status == 201",
        "status > 200",
        "json.empty != \"\"",
        "json.cached == false",
        "json.zero",
        "not json.n",
        "event == 'x'",
        "data is defined",
    ] {
        assert_eq!(holds(source), Ok(false), "{source}");
    }
}

#[test]
fn a_comparison_with_what_is_not_there_does_not_hold() {
    for source in [
        "json.missing == 1",
        "json.missing != 1",
        "json.missing != \"\"",
        "json.missing < 5",
        "json.missing > 5",
        "1 < json.missing < 5",
        "'x' in json.missing",
        "'x' not in json.missing",
        "json.missing.deeper != 1",
        "json.missing | length < 5",
        "json.missing | lower != 'x'",
        "none_such != 1",
        "json.items[7].id != 'x'",
        "headers.none_such != 'x'",
    ] {
        assert_eq!(holds(source), Ok(false), "{source}");
    }
    // The body is no JSON at all.
    let headers = headers();
    let response = Response::new(200, &headers, b"<html>", 1.0);
    let predicate = Predicate::compile("json.error != 1").unwrap();
    assert_eq!(predicate.holds(&scope(), Some(&response)), Ok(false));
}

#[test]
fn what_cannot_be_compared_says_so() {
    for (source, said) in [
        ("json.answer < 5", "the text \"It is blue.\" cannot be compared with the number 5"),
        ("json.none > 5", "null cannot be compared"),
        ("'x' in json.n", "the number 3 has nothing inside of it"),
    ] {
        assert!(holds(source).is_err_and(|e| e.contains(said)), "{source}: {:?}", holds(source));
    }
}

#[test]
fn values_of_expressions() {
    let headers = headers();
    let response = Response::new(200, &headers, BODY, 12.5);
    for (source, want) in [
        ("json.items[0].id", Value::from("a")),
        ("json.n + 1", Value::from(4)),
        ("json.missing or 'x'", Value::from("x")),
        ("json.missing", Value::UNDEFINED),
        ("json.missing.deeper", Value::UNDEFINED),
        ("json.cached and json.n", Value::from(3)),
        ("headers.retry_after | int", Value::from(30)),
        ("5", Value::from(5)),
        ("json.items | map(attribute='id') | join('-')", Value::from("a-b")),
    ] {
        let value = Expression::compile(source).unwrap().evaluate(&scope(), Some(&response)).unwrap();
        assert_eq!(value, want, "{source}");
    }
}

#[test]
fn the_common_shapes_do_without_the_engine() {
    for source in [
        "status == 200",
        "json.a.b == 'x' and not json.c",
        "json.items[0].id",
        "status < 300 or (json.x > 5)",
    ] {
        let (term, _) = Term::compile(source, false).unwrap();
        assert!(!format!("{term:?}").contains("Jinja"), "{source}: {term:?}");
    }
}

#[test]
fn what_the_body_is_needed_for() {
    for (source, body, status) in [
        ("status == 200", false, true),
        ("headers.x == 'y'", false, false),
        ("json.a", true, false),
        ("'x' in text and status < 300", true, true),
        ("session == 'json'", false, false),
    ] {
        let predicate = Predicate::compile(source).unwrap();
        assert_eq!((predicate.needs_body(), predicate.mentions_status()), (body, status), "{source}");
    }
}

#[test]
fn a_stream_s_events() {
    let headers = headers();
    let content = Expression::compile("json.choices[0].delta.content").unwrap();
    let done = Predicate::compile("data == '[DONE]' or event == 'end'").unwrap();
    for (event, data, text, ends) in [
        ("message", r#"{"choices":[{"delta":{"content":"Hi"}}]}"#, Some("Hi"), false),
        ("message", r#"{"choices":[{"delta":{"role":"x"}}]}"#, None, false),
        ("message", "[DONE]", None, true),
        ("end", "", None, true),
    ] {
        let response = Response::of_event(200, &headers, event, data);
        let value = content.evaluate(&scope(), Some(&response)).unwrap();
        assert_eq!(value.as_str(), text);
        assert_eq!(done.holds(&scope(), Some(&response)), Ok(ends));
    }
}

#[test]
fn a_wrong_expression_has_a_place() {
    for (source, at) in [("status = 200", 7), ("status == ", 10), ("json. == 1", 6), ("a b", 2), ("(a", 2)] {
        let error = Expression::compile(source).unwrap_err();
        assert!(error.at.abs_diff(at) <= 1, "{source}: {error:?}");
    }
}

/// Pieces of expressions and of templates, which get further than letters do.
const PIECES: &[&str] = &[
    "status",
    "json",
    "text",
    "headers",
    "user",
    ".",
    "a",
    "x-y",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    " ",
    "==",
    "!=",
    "<",
    ">=",
    "in",
    "not ",
    " and ",
    " or ",
    " if ",
    " else ",
    " is ",
    "defined",
    "|",
    "~",
    "+",
    "-",
    "*",
    "**",
    "/",
    "//",
    "%",
    "0",
    "1",
    "9223372036854775807",
    "-9223372036854775808",
    "1e308",
    "0.0",
    "'",
    "\"",
    "'é'",
    "\"a\\n\"",
    "true",
    "none",
    "default(1)",
    "length",
    "tojson",
    "urlencode",
    "join",
    "range(9)",
    "range(99999999999)",
    "[1,2]",
    "{'a':1}",
    ":",
    ",",
    "\\",
    "é",
    "🦀",
    "for x in json",
    "endfor",
    "endif",
    "set x",
    "raw",
    "endraw",
    "loop",
    "[-1]",
    "[1:]",
    "[::0]",
];

/// Does with a text whatever is done with texts and expressions of a suite.
fn use_as_all(source: &str) {
    let headers = headers();
    let message = Response::of_message("text", BODY, 1.0).with_content(b"joined");
    if let Ok(expression) = Expression::compile(source) {
        for response in [None, Some(&Response::new(200, &headers, BODY, 1.0)), Some(&message)] {
            let _ = expression.evaluate(&scope(), response);
        }
    }
    if let Ok(predicate) = Predicate::compile(source) {
        let _ = predicate.holds(&scope(), Some(&Response::new(200, &headers, BODY, 1.0)));
    }
    match super::super::text::Text::compile(source) {
        Ok(text) => {
            let _ = text.render(&scope(), &mut String::new());
        }
        Err(error) => {
            assert!(error.at <= source.len() && source.is_char_boundary(error.at), "{source}: {error:?}")
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(source in "[a-z0-9 .=!<>()\\[\\]{}'\"|%\\\\é-]{0,40}") {
        use_as_all(&source);
    }

    #[test]
    fn no_expression_is_too_odd(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..12)) {
        let source = pieces.concat();
        use_as_all(&source);
        use_as_all(&format!("a {{{{ {source} }}}} b"));
    }
}

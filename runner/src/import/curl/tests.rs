//! What commands come to.

use super::*;

fn one(command: &str) -> Result<(Request, Requests), String> {
    let requests = read(&[command.to_owned()]).map_err(|error| error.to_string())?;
    let Some(Step::Request(request)) = requests.steps.first() else {
        return Err("no request".to_owned());
    };
    Ok(((**request).clone(), requests))
}

#[test]
fn options_that_say_something_about_the_request() {
    let (request, _) =
        one("curl -sSL -XPUT -m2.5 'localhost:8000/a?b=1' -H 'X-A: 1' --json '{\"n\":1}'").unwrap();
    assert_eq!((request.method, request.redirects), (Method::PUT, 10));
    assert_eq!(request.timeout, Some(Duration::from_millis(2500)));
    assert!(matches!(request.body, Body::Json(_)));
    assert_eq!(request.query[0].0, "b");
    let (request, _) = one("curl http://127.0.0.1/ -d a=1 -d b=2").unwrap();
    assert_eq!(request.method, Method::POST);
    assert!(matches!(request.body, Body::Form(fields) if fields.len() == 2));
    let (request, _) = one("curl -G http://127.0.0.1/?x=1 -d a=1 --data-urlencode 'b=c & d'").unwrap();
    assert_eq!((request.method, request.query.len(), request.body), (Method::GET, 3, Body::Empty));
    assert_eq!(request.query[2].1[0].constant(), Some("c & d"));
    assert_eq!(one("curl -I http://127.0.0.1/").unwrap().0.method, Method::HEAD);
}

#[test]
fn any_certificate_is_trusted_only_where_that_was_asked_for() {
    assert!(one("curl -k https://localhost/").unwrap().1.insecure);
    assert!(!one("curl https://localhost/").unwrap().1.insecure);
    assert!(!one("curl -k http://localhost/").unwrap().1.insecure);
}

#[test]
fn credentials_do_not_come_out() {
    for command in [
        "curl -u anna:hunter22 http://127.0.0.1/",
        "curl http://anna:hunter22@127.0.0.1/",
        "curl -H 'Authorization: Bearer hunter22' http://127.0.0.1/",
        "curl -H 'authorization: Digest hunter22' http://127.0.0.1/",
        "curl --oauth2-bearer hunter22 http://127.0.0.1/",
        "curl -b session=hunter22 http://127.0.0.1/",
        "curl -H 'Cookie: session=hunter22' http://127.0.0.1/",
        "curl -H 'x-api-key: hunter22' http://127.0.0.1/",
        "curl 'http://127.0.0.1/?api_key=hunter22'",
        "curl -d password=hunter22 http://127.0.0.1/",
        "curl -F password=hunter22 http://127.0.0.1/",
        "curl --json '{\"password\":\"hunter22\"}' http://127.0.0.1/",
        "curl -d '{\"password\":\"hunter22\"}' http://127.0.0.1/",
    ] {
        let (request, requests) = one(command).unwrap();
        assert!(!format!("{request:?}").contains("hunter22"), "{command}: {request:?}");
        assert!(!format!("{:?}", requests.origin).contains("hunter22"), "{command}");
        assert!(requests.secrets.iter().next().is_some(), "{command}");
    }
}

#[test]
fn what_is_not_understood_is_told() {
    for (command, words) in [
        ("curl --proxy x http://127.0.0.1/", "`--proxy` is not understood"),
        ("curl -sZ http://127.0.0.1/", "`-Z` is not understood"),
        ("curl -X", "`-X` needs a value"),
        ("curl -s", "no URL"),
        ("curl 'http://127.0.0.1/", "character 6 is not closed"),
        ("curl ftp://127.0.0.1/", "no http"),
        ("curl -X BREW http://127.0.0.1/", "no `BREW`"),
        ("curl -X GET -d a=1 http://127.0.0.1/", "with a body"),
        ("curl http://127.0.0.1:1/ http://127.0.0.1:2/", "one target"),
        ("curl -d @none.such http://127.0.0.1/", "cannot read none.such"),
        ("curl -H broken http://127.0.0.1/", "no `Name: value`"),
    ] {
        let error = one(command).unwrap_err();
        assert!(error.starts_with("--curl: ") && error.contains(words), "{command}: {error}");
    }
}

#[test]
fn headers_that_curl_would_send() {
    let json = "{\"n\":1}";
    for (command, want) in [
        ("-H 'X-A:  1 ' -H 'x-a: 2'".to_owned(), vec![("x-a", "1"), ("x-a", "2")]),
        // The first is sent without a value, the second takes away one of curl's own.
        ("-H 'X-A;' -H 'Accept:'".to_owned(), vec![("x-a", "")]),
        (
            "-A me -e http://127.0.0.1/from".to_owned(),
            vec![("user-agent", "me"), ("referer", "http://127.0.0.1/from")],
        ),
        (format!("--json '{json}'"), vec![("accept", "application/json")]),
        (format!("--json '{json}' -H 'accept: a/b'"), vec![("accept", "a/b")]),
        (format!("-d '{json}'"), vec![("content-type", "application/x-www-form-urlencoded")]),
        (format!("-d '{json}' -H 'content-type: application/json'"), vec![]),
        ("-d text -H 'content-type: text/plain'".to_owned(), vec![("content-type", "text/plain")]),
        ("-H 'accept-encoding: br' -H 'content-length: 5'".to_owned(), vec![]),
    ] {
        let (request, _) = one(&format!("curl http://127.0.0.1/ {command}")).unwrap();
        let headers: Vec<_> =
            request.headers.iter().map(|(name, value)| (name.as_str(), value.constant().unwrap())).collect();
        assert_eq!(headers, want, "{command}");
    }
}

#[test]
fn bodies_out_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("body");
    fs_err::write(&file, "a=1\r\n&b=@2\n").unwrap();
    let body = |option: &str| {
        let command =
            format!("curl http://127.0.0.1/ -H 'content-type: text/plain' {option}{}", file.display());
        one(&command).unwrap().0.body
    };
    // curl takes the line ends out of what it sends as a form, and of that alone.
    assert_eq!(body("-d @"), Body::Raw(Template::literal("a=1&b=@2")));
    assert_eq!(body("--data-binary @"), Body::Raw(Template::literal("a=1\r\n&b=@2\n")));
    assert_eq!(body("--data-urlencode n@"), Body::Raw(Template::literal("n=a%3D1%0D%0A%26b%3D%402%0A")));
    assert_eq!(body("--data-raw @"), Body::Raw(Template::literal(format!("@{}", file.display()))));
    let parts = |part: Part| Body::Multipart(vec![("p".to_owned(), part)]);
    let path = file.display().to_string();
    assert_eq!(body("-F p=@"), parts(Part::File { path, content_type: None }));
    assert_eq!(body("-F 'p=<'"), parts(Part::Text(Template::literal("a=1\r\n&b=@2\n"))));
    assert_eq!(
        body("--form-string p=@"),
        parts(Part::Text(Template::literal(format!("@{}", file.display()))))
    );
}

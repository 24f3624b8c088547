//! A `curl` command, as documentation shows it and browsers copy it.

use std::io::Read as _;
use std::time::Duration;

use http::{HeaderName, Method};
use url::Url;

use super::{Authorization, body, json, names, shell_words, url as address};
use super::{Body, ImportError, Importer, Json, Part, Request, Requests, Step, Template};

pub(super) const IMPORTER: Importer = Importer {
    name: "curl",
    value_name: "COMMAND",
    help: "Make it from a curl command, in quotes; `-` reads it from standard input",
    repeated: true,
    read,
};

fn read(commands: &[String]) -> Result<Requests, ImportError> {
    let mut requests = Requests { source: "a curl command".to_owned(), ..Requests::default() };
    for (index, command) in commands.iter().enumerate() {
        let place =
            if commands.len() > 1 { format!("--curl (number {})", index + 1) } else { "--curl".to_owned() };
        let mut text = command.clone();
        if command == "-" {
            text.clear();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|source| ImportError::Unreadable { file: "standard input".to_owned(), source })?;
        }
        let wrong = |message: String| ImportError::wrong(&place, message);
        let words = shell_words::split(&text).map_err(wrong)?;
        let command = Command::parse(&words).map_err(wrong)?;
        command.add_to(&mut requests).map_err(wrong)?;
    }
    Ok(requests)
}

/// What a command says.
#[derive(Debug, Default)]
struct Command {
    urls: Vec<String>,
    method: Option<String>,
    headers: Vec<(String, String)>,
    data: Vec<String>,
    parts: Vec<(String, String, bool)>,
    user: Option<String>,
    bearer: Option<String>,
    cookie: Option<String>,
    timeout: Option<Duration>,
    is_json: bool,
    get: bool,
    head: bool,
    follows: bool,
    insecure: bool,
}

/// What an option means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// It stands alone and says nothing about the request.
    Nothing,
    /// It takes a value that says nothing about the request.
    NothingWithValue,
    /// It stands alone.
    Flag,
    /// It takes a value.
    Value,
}

/// Options that are understood: long name, short name, meaning.
const OPTIONS: &[(&str, Option<char>, Meaning)] = &[
    ("request", Some('X'), Meaning::Value),
    ("header", Some('H'), Meaning::Value),
    ("data", Some('d'), Meaning::Value),
    ("data-ascii", None, Meaning::Value),
    ("data-raw", None, Meaning::Value),
    ("data-binary", None, Meaning::Value),
    ("data-urlencode", None, Meaning::Value),
    ("json", None, Meaning::Value),
    ("form", Some('F'), Meaning::Value),
    ("form-string", None, Meaning::Value),
    ("user", Some('u'), Meaning::Value),
    ("oauth2-bearer", None, Meaning::Value),
    ("cookie", Some('b'), Meaning::Value),
    ("user-agent", Some('A'), Meaning::Value),
    ("referer", Some('e'), Meaning::Value),
    ("max-time", Some('m'), Meaning::Value),
    ("url", None, Meaning::Value),
    ("get", Some('G'), Meaning::Flag),
    ("head", Some('I'), Meaning::Flag),
    ("location", Some('L'), Meaning::Flag),
    ("insecure", Some('k'), Meaning::Flag),
    ("basic", None, Meaning::Nothing),
    ("compressed", None, Meaning::Nothing),
    ("silent", Some('s'), Meaning::Nothing),
    ("show-error", Some('S'), Meaning::Nothing),
    ("verbose", Some('v'), Meaning::Nothing),
    ("include", Some('i'), Meaning::Nothing),
    ("fail", Some('f'), Meaning::Nothing),
    ("fail-with-body", None, Meaning::Nothing),
    ("no-buffer", Some('N'), Meaning::Nothing),
    ("globoff", Some('g'), Meaning::Nothing),
    ("no-progress-meter", None, Meaning::Nothing),
    ("progress-bar", Some('#'), Meaning::Nothing),
    ("http1.1", None, Meaning::Nothing),
    ("http2", None, Meaning::Nothing),
    ("ipv4", Some('4'), Meaning::Nothing),
    ("ipv6", Some('6'), Meaning::Nothing),
    ("output", Some('o'), Meaning::NothingWithValue),
    ("write-out", Some('w'), Meaning::NothingWithValue),
    ("cookie-jar", Some('c'), Meaning::NothingWithValue),
    ("connect-timeout", None, Meaning::NothingWithValue),
];

impl Command {
    fn parse(words: &[String]) -> Result<Self, String> {
        let mut command = Self::default();
        let mut words = words.iter().map(String::as_str).peekable();
        words.next_if(|first| *first == "curl" || first.ends_with("/curl") || *first == "curl.exe");
        let mut only_urls = false;
        while let Some(word) = words.next() {
            if only_urls || word == "-" || !word.starts_with('-') {
                command.urls.push(word.to_owned());
            } else if word == "--" {
                only_urls = true;
            } else if let Some(long) = word.strip_prefix("--") {
                let (name, _, meaning) = find(|(name, ..)| *name == long).ok_or_else(|| unknown(word))?;
                let takes = matches!(meaning, Meaning::Value | Meaning::NothingWithValue);
                let value = if takes { words.next().ok_or_else(|| lacks(word))? } else { "" };
                command.option(name, *meaning, value)?;
            } else {
                // `-sSL` are three options, `-XPOST` is one with its value.
                let mut rest = &word[1..];
                while let Some(c) = rest.chars().next() {
                    rest = &rest[c.len_utf8()..];
                    let option = format!("-{c}");
                    let (name, _, meaning) =
                        find(|(_, short, _)| *short == Some(c)).ok_or_else(|| unknown(&option))?;
                    if matches!(meaning, Meaning::Value | Meaning::NothingWithValue) {
                        let value =
                            if rest.is_empty() { words.next().ok_or_else(|| lacks(&option))? } else { rest };
                        command.option(name, *meaning, value)?;
                        break;
                    }
                    command.option(name, *meaning, "")?;
                }
            }
        }
        if command.urls.is_empty() {
            return Err("the command has no URL".to_owned());
        }
        Ok(command)
    }

    fn option(&mut self, name: &str, meaning: Meaning, value: &str) -> Result<(), String> {
        if matches!(meaning, Meaning::Nothing | Meaning::NothingWithValue) {
            return Ok(());
        }
        match name {
            "request" => self.method = Some(value.to_owned()),
            "header" => self.header(value)?,
            "data" | "data-ascii" => {
                // curl takes the line ends out of a file that it sends as a form.
                let text = match value.strip_prefix('@') {
                    Some(file) => read_file(file)?.replace(['\r', '\n'], ""),
                    None => value.to_owned(),
                };
                self.data.push(text);
            }
            "data-raw" => self.data.push(value.to_owned()),
            "data-binary" | "json" => {
                let text = value.strip_prefix('@').map_or_else(|| Ok(value.to_owned()), read_file)?;
                match self.data.last_mut().filter(|_| self.is_json && name == "json") {
                    // Several `--json` are one document.
                    Some(last) => last.push_str(&text),
                    None => self.data.push(text),
                }
                self.is_json |= name == "json";
            }
            "data-urlencode" => self.data.push(encoded(value)?),
            "form" | "form-string" => {
                let (name_of_part, text) =
                    value.split_once('=').ok_or_else(|| format!("`--{name} {value}` is no `name=value`"))?;
                self.parts.push((name_of_part.to_owned(), text.to_owned(), name == "form"));
            }
            "user" => self.user = Some(value.to_owned()),
            "oauth2-bearer" => self.bearer = Some(value.to_owned()),
            "cookie" => self.cookie = Some(value.to_owned()),
            "user-agent" => self.headers.push(("user-agent".to_owned(), value.to_owned())),
            "referer" => self.headers.push(("referer".to_owned(), value.to_owned())),
            "max-time" => {
                let seconds =
                    value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                self.timeout =
                    Some(seconds.ok_or_else(|| format!("`--max-time {value}` is no number of seconds"))?);
            }
            "url" => self.urls.push(value.to_owned()),
            "get" => self.get = true,
            "head" => self.head = true,
            "location" => self.follows = true,
            "insecure" => self.insecure = true,
            other => return Err(unknown(other)),
        }
        Ok(())
    }

    fn header(&mut self, text: &str) -> Result<(), String> {
        // `Name;` is a header without value; `Name:` takes a header of curl's own away.
        let (name, value) = match text.split_once(':') {
            Some((_, value)) if value.trim().is_empty() => return Ok(()),
            Some((name, value)) => (name.trim(), value.trim()),
            None => match text.strip_suffix(';') {
                Some(name) => (name.trim(), ""),
                None => return Err(format!("`--header {text}` is no `Name: value`")),
            },
        };
        if HeaderName::try_from(name).is_err() {
            return Err(format!("`{name}` is no name of a header"));
        }
        if http::HeaderValue::try_from(value).is_err() {
            return Err(format!("the header `{name}` has a line end or a control character in its value"));
        }
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        Ok(())
    }

    fn method(&self) -> Result<Method, String> {
        let name = match &self.method {
            Some(name) => name.as_str(),
            None if self.head => "HEAD",
            None if self.get || self.data.is_empty() && self.parts.is_empty() => "GET",
            None => "POST",
        };
        let known = [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::HEAD,
            Method::OPTIONS,
        ];
        known.into_iter().find(|method| method.as_str() == name).ok_or_else(|| {
            format!("loadgate sends no `{name}`; it sends GET, POST, PUT, PATCH, DELETE, HEAD and OPTIONS")
        })
    }

    /// Adds the command's requests, one for each of its URLs.
    fn add_to(&self, requests: &mut Requests) -> Result<(), String> {
        let method = self.method()?;
        for text in &self.urls {
            let mut url = parse_url(text)?;
            if self.get && !self.data.is_empty() {
                let joined = [url.query().unwrap_or_default(), &self.data.join("&")]
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join("&");
                url.set_query(Some(&joined));
            }
            let origin = address::origin(&url);
            match &requests.origin {
                None => requests.origin = Some(origin),
                Some(first) if *first == origin => {}
                Some(first) => {
                    let said = format!("the commands go to {first} and to {origin}; a suite has one target");
                    return Err(said);
                }
            }
            let request = self.request(&method, &url, requests)?;
            requests.steps.push(Step::Request(Box::new(request)));
        }
        Ok(())
    }

    fn request(&self, method: &Method, url: &Url, requests: &mut Requests) -> Result<Request, String> {
        let target = address::target(url, &mut requests.secrets);
        let taken = |name: &str| {
            requests.steps.iter().any(|step| matches!(step, Step::Request(request) if request.name == name))
        };
        let name = names::unique(&names::of_request(method, url.path()), taken);
        let mut request = Request::new(name, method.clone(), target.path);
        request.query = target.query;
        request.timeout = self.timeout.filter(|timeout| !timeout.is_zero());
        if self.follows {
            request.redirects = 10;
        }
        requests.insecure |= self.insecure && url.scheme() == "https";
        self.add_headers(&mut request, requests);
        self.add_credentials(url, &mut request, requests);
        self.add_body(method, &mut request, requests)?;
        Ok(request)
    }

    fn add_headers(&self, request: &mut Request, requests: &mut Requests) {
        for (name, value) in &self.headers {
            match name.as_str() {
                // loadgate counts, frames and unpacks by itself.
                "content-length" | "transfer-encoding" | "connection" | "accept-encoding"
                | "content-type" => {}
                "authorization" => match requests.secrets.authorization(value) {
                    Ok(authorization) => request.authorization = Some(authorization),
                    Err(reference) => request.headers.push((name.clone(), reference)),
                },
                "cookie" => add_cookie(value, request, requests),
                _ => {
                    let text = requests.secrets.field(name, value);
                    request
                        .headers
                        .push((name.clone(), text.unwrap_or_else(|| Template::literal(value.as_str()))));
                }
            }
        }
        match self.cookie.as_deref() {
            Some(cookies) if cookies.contains('=') => add_cookie(cookies, request, requests),
            Some(_) => {
                requests.notes.push("The command reads cookies from a file, which is not read here.".into())
            }
            None => {}
        }
    }

    fn add_credentials(&self, url: &Url, request: &mut Request, requests: &mut Requests) {
        if request.authorization.is_some() || request.headers.iter().any(|(name, _)| name == "authorization")
        {
            return;
        }
        if let Some(bearer) = &self.bearer {
            let reference = requests.secrets.reference("api_token", "option --oauth2-bearer", Some(bearer));
            request.authorization = Some(Authorization::Bearer(reference));
        } else if let Some(user) = &self.user {
            request.authorization = Some(requests.secrets.basic("option -u", Some(user)));
        } else if !url.username().is_empty() || url.password().is_some() {
            let both = format!("{}:{}", url.username(), url.password().unwrap_or_default());
            request.authorization = Some(requests.secrets.basic("user name in the URL", Some(&both)));
        }
    }

    fn add_body(
        &self,
        method: &Method,
        request: &mut Request,
        requests: &mut Requests,
    ) -> Result<(), String> {
        let own_type = self
            .headers
            .iter()
            .rev()
            .find(|(name, _)| name == "content-type")
            .map(|(_, value)| value.as_str());
        if !self.parts.is_empty() {
            if !self.data.is_empty() {
                return Err("the command has both -d and -F; a request has one body".to_owned());
            }
            request.body = Body::Multipart(self.multipart(requests)?);
        } else if !self.data.is_empty() && !self.get {
            let default = if self.is_json { "application/json" } else { "application/x-www-form-urlencoded" };
            let content_type = own_type.unwrap_or(default);
            let text = self.data.join("&");
            let is_json_as_form =
                !self.is_json && own_type.is_none() && json::parse(&text).is_some_and(|v| v.is_object());
            if is_json_as_form {
                let value = json::parse(&text).unwrap_or_default();
                request.body = Body::Json(Json::of(&value, &mut requests.secrets));
                request.headers.push(("content-type".to_owned(), Template::literal(content_type)));
                requests.notes.push(
                    "curl sends -d as a form unless told otherwise, so the JSON goes out under that content type; \
                     take the header away to send it as JSON."
                        .into(),
                );
                return no_body_of(method);
            }
            let (body, say_type) =
                body::of_text(content_type, &text, &mut requests.secrets).map_err(str::to_owned)?;
            if say_type && body != Body::Empty {
                request.headers.push(("content-type".to_owned(), Template::literal(content_type)));
            }
            request.body = body;
            if self.is_json && !request.headers.iter().any(|(name, _)| name == "accept") {
                request.headers.push(("accept".to_owned(), Template::literal("application/json")));
            }
        } else if let Some(content_type) = own_type {
            request.headers.push(("content-type".to_owned(), Template::literal(content_type)));
            return Ok(());
        }
        if request.body == Body::Empty { Ok(()) } else { no_body_of(method) }
    }

    fn multipart(&self, requests: &mut Requests) -> Result<Vec<(String, Part)>, String> {
        let mut parts: Vec<(String, Part)> = Vec::new();
        for (name, value, is_form) in &self.parts {
            if parts.iter().any(|(known, _)| known == name) {
                return Err(format!("the part `{name}` is there twice; loadgate sends each once"));
            }
            let mut pieces = value.split(';');
            let first = pieces.next().unwrap_or_default();
            let content_type = pieces.find_map(|piece| piece.trim().strip_prefix("type=")).map(str::to_owned);
            let part = match first.strip_prefix('@').filter(|_| *is_form) {
                Some(path) if std::fs::metadata(path).is_ok_and(|file| file.is_file()) => {
                    Part::File { path: path.to_owned(), content_type }
                }
                Some(path) => {
                    requests
                        .notes
                        .push(format!("{path} is not there, so 1 kB of no meaning is sent in its place."));
                    Part::Filler { bytes: 1000, name: super::file_name(path).to_owned(), content_type }
                }
                None if *is_form && first.starts_with('<') => {
                    Part::Text(Template::literal(read_file(&first[1..])?))
                }
                None => {
                    let text = if *is_form && content_type.is_some() { first } else { value };
                    let reference = requests.secrets.field(name, text);
                    Part::Text(reference.unwrap_or_else(|| Template::literal(text)))
                }
            };
            parts.push((name.clone(), part));
        }
        if address::is_choice(parts.iter().map(|(name, _)| name.as_str())) {
            return Err("parts called just `short` and `full` mean a choice in a suite".to_owned());
        }
        Ok(parts)
    }
}

fn add_cookie(value: &str, request: &mut Request, requests: &mut Requests) {
    let reference = requests.secrets.reference("cookie", "header `cookie`", Some(value));
    request.headers.push(("cookie".to_owned(), reference));
}

fn no_body_of(method: &Method) -> Result<(), String> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Err(format!("a {method} with a body is nothing that loadgate sends; use -G for parameters"));
    }
    Ok(())
}

fn find(
    matches: impl Fn(&&(&'static str, Option<char>, Meaning)) -> bool,
) -> Option<&'static (&'static str, Option<char>, Meaning)> {
    OPTIONS.iter().find(|option| matches(option))
}

fn unknown(option: &str) -> String {
    let request: Vec<String> = OPTIONS
        .iter()
        .filter(|(.., meaning)| matches!(meaning, Meaning::Value | Meaning::Flag))
        .map(|(name, short, _)| short.map_or_else(|| format!("--{name}"), |short| format!("-{short}")))
        .collect();
    format!(
        "curl's option `{option}` is not understood here; take it out of the command. Understood are {}",
        request.join(" ")
    )
}

fn lacks(option: &str) -> String {
    format!("curl's option `{option}` needs a value")
}

fn read_file(file: &str) -> Result<String, String> {
    super::read_file(file).map_err(|error| error.to_string())
}

/// `--data-urlencode`: `content`, `=content`, `name=content`, `@file`, `name@file`.
fn encoded(value: &str) -> Result<String, String> {
    let encode = |text: &str| ::url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    Ok(match value.find(['=', '@']) {
        None => encode(value),
        Some(at) => {
            let (name, text) = (&value[..at], &value[at + 1..]);
            let text = if value[at..].starts_with('@') { encode(&read_file(text)?) } else { encode(text) };
            if name.is_empty() { text } else { format!("{name}={text}") }
        }
    })
}

fn parse_url(text: &str) -> Result<Url, String> {
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&whole).map_err(|error| format!("`{text}` is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!("`{text}` is no http or https URL"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests;

//! The neutral form between importers and the writer.

use std::time::Duration;

use http::Method;

use super::{Json, Secrets, Template};

/// Requests in their order, and everything that a suite says around them.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    /// What they were made from, for the comment at the top: `shop.har`.
    pub source: String,
    /// A name for the suite, as the source has it; it may hold any characters.
    pub title: Option<String>,
    /// Scheme, host and port that the requests go to, as the source says; `None` where it does not.
    pub origin: Option<::url::Url>,
    /// Whether any certificate is to be trusted.
    pub insecure: bool,
    /// What a user does.
    pub steps: Vec<Step>,
    /// Values that requests share and that are there to be changed.
    pub variables: Vec<Variable>,
    /// Values that must not be written down.
    pub secrets: Secrets,
    /// What could not be written, or should not be.
    pub left_out: Vec<LeftOut>,
    /// What whoever reads the suite should know.
    pub notes: Vec<String>,
}

/// One step of the flow.
#[derive(Clone, Debug)]
pub enum Step {
    /// A request.
    Request(Box<Request>),
    /// A pause of the user.
    Think(Duration),
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Name that conditions can use; unique.
    pub name: String,
    /// What it is about.
    pub comment: Option<String>,
    /// GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS.
    pub method: Method,
    /// Begins with `/`; percent-encoded where that is needed. May hold a query.
    pub path: Template,
    /// Query parameters by name, not encoded.
    pub query: Vec<(String, Vec<Template>)>,
    /// Headers; a name may come several times.
    pub headers: Vec<(String, Template)>,
    /// Credentials.
    pub authorization: Option<Authorization>,
    /// Body.
    pub body: Body,
    /// Statuses that are right; empty for all below 400.
    pub status: Vec<u16>,
    /// Redirects to follow.
    pub redirects: u32,
    /// From due to the last byte, where the source says it.
    pub timeout: Option<Duration>,
    /// Whether the response is a stream of server-sent events.
    pub stream: bool,
    /// Whether the flow goes on after a failure.
    pub goes_on: bool,
}

impl Request {
    /// A request without anything.
    pub fn new(name: impl Into<String>, method: Method, path: Template) -> Self {
        Self {
            name: name.into(),
            comment: None,
            method,
            path,
            query: Vec::new(),
            headers: Vec::new(),
            authorization: None,
            body: Body::Empty,
            status: Vec::new(),
            redirects: 0,
            timeout: None,
            stream: false,
            goes_on: false,
        }
    }
}

/// Credentials.
#[derive(Clone, Debug)]
pub enum Authorization {
    /// `authorization: Basic …`
    Basic {
        /// User name.
        user: Template,
        /// Password.
        password: Template,
    },
    /// `authorization: Bearer …`
    Bearer(Template),
}

/// Body of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// None.
    Empty,
    /// A JSON document.
    Json(Json),
    /// Fields of a form by name.
    Form(Vec<(String, Vec<Template>)>),
    /// Parts by name.
    Multipart(Vec<(String, Part)>),
    /// The text as it is; its content type is among the headers.
    Raw(Template),
}

/// Part of a multipart body.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A text.
    Text(Template),
    /// A file, relative to where `loadgate init` runs.
    File {
        /// Its path.
        path: String,
        /// The content type, where the source says it.
        content_type: Option<String>,
    },
    /// A file of which the content is not known: so many bytes instead.
    Filler {
        /// How many, from 1.
        bytes: u64,
        /// Its name.
        name: String,
        /// Its content type, where the source says it.
        content_type: Option<String>,
    },
}

/// A value that requests share.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// A name of letters, digits and `_`.
    pub name: String,
    /// Its value.
    pub value: Template,
    /// Whether the value is a number, so that it is written without quotes.
    pub is_number: bool,
    /// What it is about.
    pub comment: String,
}

/// Something of the source that the suite does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// What: `DELETE /pets/{id}`.
    pub what: String,
    /// Why, and what to do about it.
    pub why: String,
}

impl LeftOut {
    /// Something with its reason.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into() }
    }
}

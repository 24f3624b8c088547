//! Which names a template or an expression may use, so that a misspelt one is told before anything runs.

use crate::suite::diagnostics::instead;
use crate::suite::scope::ResponseName;

/// The names that have a value in some place.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    roots: Vec<(String, Fields)>,
}

/// What may follow a name.
#[derive(Clone, Debug)]
pub(super) enum Fields {
    /// Anything.
    Any,
    /// One of these.
    These(Vec<String>),
}

/// The fields of `user`.
const USER: &[&str] = &["id", "index", "number", "name", "class"];

/// Names that mean something already, so that captures, data sets and the like cannot have them.
pub(super) const TAKEN: &[&str] = &[
    "user",
    "canary",
    "iteration",
    "scenario",
    "seed",
    "vars",
    "port",
    "loadgate",
    "repeat",
    "status",
    "headers",
    "text",
    "json",
    "latency",
    "size",
    "event",
    "data",
    "true",
    "false",
    "none",
    "not",
    "and",
    "or",
    "in",
    "is",
    "if",
    "else",
];

impl Known {
    /// What is known of the target: the port and the program itself.
    pub(super) fn of_target(vars: &[String]) -> Self {
        let mut known = Self::default();
        known.add("port", Fields::Any);
        known.add("loadgate", Fields::Any);
        known.add("arm", Fields::Any);
        known.add_vars(vars);
        known
    }

    /// What every step knows.
    pub(super) fn of_user(vars: &[String]) -> Self {
        let mut known = Self::default();
        known.add("user", Fields::These(USER.iter().map(|field| (*field).to_owned()).collect()));
        for name in ["canary", "iteration", "scenario", "seed"] {
            known.add(name, Fields::Any);
        }
        known.add_vars(vars);
        known
    }

    pub(super) fn add(&mut self, name: &str, fields: Fields) {
        if !self.roots.iter().any(|(known, _)| known == name) {
            self.roots.push((name.to_owned(), fields));
        }
    }

    fn add_vars(&mut self, vars: &[String]) {
        self.add("vars", Fields::These(vars.to_vec()));
    }

    /// The same, and what is said of a response (`stream`: of one event of a stream).
    pub(super) fn with_response(&self, stream: bool) -> Self {
        let mut known = self.clone();
        for name in ResponseName::ALL {
            if stream || !matches!(name, ResponseName::Event | ResponseName::Data) {
                known.add(name.as_str(), Fields::Any);
            }
        }
        known
    }

    /// The same, and what is said of a message of a WebSocket.
    pub(super) fn with_message(&self) -> Self {
        let mut known = self.clone();
        for name in ResponseName::ALL {
            if !matches!(name, ResponseName::Status | ResponseName::Headers) {
                known.add(name.as_str(), Fields::Any);
            }
        }
        known
    }

    /// Says what is wrong with a name such as `user.nick`, and what to write instead.
    pub(super) fn check(&self, name: &str) -> Result<(), (String, String)> {
        let mut words = name.split('.');
        let root = words.next().unwrap_or_default();
        let Some((_, fields)) = self.roots.iter().find(|(known, _)| known == root) else {
            let help = match ResponseName::parse(root) {
                Some(_) => {
                    "there is no response yet here; `capture` keeps a value for later steps".to_owned()
                }
                None => instead(root, self.roots.iter().map(|(name, _)| name.as_str())),
            };
            return Err((format!("there is no `{root}` here"), help));
        };
        match (fields, words.next()) {
            (Fields::These(fields), Some(field)) if !fields.iter().any(|known| known == field) => {
                let help = instead(field, fields.iter().map(String::as_str));
                Err((format!("`{root}` has no `{field}`"), help))
            }
            _ => Ok(()),
        }
    }
}

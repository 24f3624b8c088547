//! Credentials in what is imported: found by the names that they have, replaced by variables that read the environment.

use super::{Authorization, Template, names};

/// A value that the suite must not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Name of the suite's variable.
    pub variable: String,
    /// Where it stood: `header authorization`.
    pub what: String,
    /// To tell two credentials of one name apart; never written.
    value: Option<String>,
}

impl Secret {
    /// The environment variable that it is read from.
    pub fn environment(&self) -> String {
        self.variable.to_uppercase()
    }
}

/// The credentials of an import. Equal ones share a variable.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    all: Vec<Secret>,
}

/// Words in the names of headers, query parameters and fields that tell a credential. Compared with whole words of the
/// name, so that `max_tokens` and `monkey` are none.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "authorization",
    "credential",
    "credentials",
    "session",
    "sessionid",
    "sid",
    "jwt",
    "signature",
    "sig",
    "csrf",
    "xsrf",
    "csrftoken",
    "otp",
];
/// Pairs of words that tell one together.
const PAIRS: &[[&str; 2]] =
    &[["api", "key"], ["access", "key"], ["private", "key"], ["auth", "key"], ["x", "auth"]];

impl Secrets {
    /// The secrets in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Secret> {
        self.all.iter()
    }

    /// A reference to a credential. `value` tells apart several of one name; an API description has none.
    pub fn reference(&mut self, name: &str, what: &str, value: Option<&str>) -> Template {
        let base = match names::variable(name) {
            // PWD is where a shell is, and would be sent.
            name if name == "pwd" => "password".to_owned(),
            name => name,
        };
        let known = self
            .all
            .iter()
            .find(|secret| secret.value.as_deref() == value && names::is_numbered(&secret.variable, &base));
        if let Some(secret) = known {
            return Template::variable(secret.variable.clone());
        }
        let variable = names::unique(&base, |name| self.all.iter().any(|secret| secret.variable == name));
        self.all.push(Secret {
            variable: variable.clone(),
            what: what.to_owned(),
            value: value.map(str::to_owned),
        });
        Template::variable(variable)
    }

    /// A reference, where the name of a field, parameter or header tells that its value is a credential.
    pub(super) fn field(&mut self, name: &str, value: &str) -> Option<Template> {
        (is_secret(name) && !value.is_empty())
            .then(|| self.reference(name, &format!("`{name}`"), Some(value)))
    }

    /// What stands for the value of an `authorization` header.
    pub(super) fn authorization(&mut self, value: &str) -> Result<Authorization, Template> {
        let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value, ""));
        let what = "header `authorization`";
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Ok(Authorization::Bearer(self.reference("api_token", what, Some(rest.trim())))),
            "basic" => Ok(self.basic(what, Some(rest.trim()))),
            _ => Err(self.reference("authorization", what, Some(value))),
        }
    }

    /// User and password.
    pub(super) fn basic(&mut self, what: &str, value: Option<&str>) -> Authorization {
        let user = self.reference("api_user", &format!("{what}, user name"), value);
        let password = self.reference("api_password", &format!("{what}, password"), value);
        Authorization::Basic { user, password }
    }
}

/// Whether a value under this name is a credential.
pub(super) fn is_secret(name: &str) -> bool {
    let words = names::words(name);
    words.iter().any(|word| WORDS.contains(&word.as_str()))
        || words.windows(2).any(|pair| PAIRS.iter().any(|known| known[..] == pair[..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_credentials() {
        for name in [
            "password",
            "newPassword",
            "X-Api-Key",
            "access_token",
            "X-CSRF-Token",
            "clientSecret",
            "apikey",
            "X-Auth",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["max_tokens", "monkey", "key", "author", "secretary", "q", "page", "sidebar", "tokens"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn equal_credentials_share_a_variable_and_others_do_not() {
        let mut secrets = Secrets::default();
        let one = secrets.field("password", "one");
        assert_eq!(one, secrets.field("password", "one"));
        assert_ne!(one, secrets.field("password", "two"));
        assert_eq!(secrets.field("password", ""), None);
        let names: Vec<_> = secrets.iter().map(Secret::environment).collect();
        assert_eq!(names, ["PASSWORD", "PASSWORD_2"]);
        assert_eq!(secrets.field("pwd", "one"), one, "shells set PWD to something else");
    }
}

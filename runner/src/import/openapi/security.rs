//! Who a request says that it is from.

use serde_json::Value;

use super::document::Document;
use crate::import::{Authorization, Request, Requests, Template, names};

impl Document {
    /// Adds what the first way that can be taken asks for.
    ///
    /// # Errors
    /// No way can be taken.
    pub(super) fn secure(
        &self,
        operation: &Value,
        request: &mut Request,
        requests: &mut Requests,
    ) -> Result<(), String> {
        let ways = operation["security"].as_array().or_else(|| self.root()["security"].as_array());
        let Some(ways) = ways.filter(|ways| !ways.is_empty()) else { return Ok(()) };
        let mut last = String::new();
        for way in ways {
            let schemes: Vec<&str> =
                way.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            match schemes.iter().map(|name| self.scheme(name)).collect::<Result<Vec<_>, _>>() {
                Ok(found) => {
                    for (name, scheme) in schemes.iter().zip(found) {
                        add(name, &scheme, request, requests);
                    }
                    return Ok(());
                }
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    fn scheme(&self, name: &str) -> Result<Scheme, String> {
        let found = self.resolve(&self.root()["components"]["securitySchemes"][name])?;
        let key = || found["name"].as_str().unwrap_or_default().to_owned();
        match (found["type"].as_str().unwrap_or_default(), found["in"].as_str().unwrap_or_default()) {
            ("oauth2" | "openIdConnect", _) => Ok(Scheme::Bearer),
            ("http", _) => match found["scheme"].as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
                "bearer" => Ok(Scheme::Bearer),
                "basic" => Ok(Scheme::Basic),
                other => Err(format!("loadgate has no authentication of the kind `{other}`")),
            },
            ("apiKey", "header") if http::HeaderName::try_from(key()).is_ok() => Ok(Scheme::Header(key())),
            ("apiKey", "query") if !key().is_empty() => Ok(Scheme::Query(key())),
            ("apiKey", "cookie") if !key().is_empty() => Ok(Scheme::Cookie(key())),
            ("mutualTLS", _) => Err("loadgate shows no certificate of its own".to_owned()),
            _ => Err(format!("the security scheme `{name}` is not described")),
        }
    }
}

enum Scheme {
    Bearer,
    Basic,
    Header(String),
    Query(String),
    Cookie(String),
}

fn add(name: &str, scheme: &Scheme, request: &mut Request, requests: &mut Requests) {
    let what = format!("security scheme `{name}`");
    let secrets = &mut requests.secrets;
    // The value tells schemes apart that would get the same variable.
    match scheme {
        Scheme::Bearer => {
            request.authorization =
                Some(Authorization::Bearer(secrets.reference("api_token", &what, Some(name))));
        }
        Scheme::Basic => request.authorization = Some(secrets.basic(&what, Some(name))),
        Scheme::Header(header) => {
            let reference = secrets.reference("api_key", &what, Some(name));
            request.headers.push((header.to_ascii_lowercase(), reference));
        }
        Scheme::Query(parameter) => {
            let reference = secrets.reference("api_key", &what, Some(name));
            request.query.push((parameter.clone(), vec![reference]));
        }
        Scheme::Cookie(cookie) => {
            let mut value = Template::literal(format!("{cookie}="));
            value.append(secrets.reference(&names::variable(cookie), &what, Some(name)));
            request.headers.push(("cookie".to_owned(), value));
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use super::*;

    /// What a request says of who it is from.
    fn secured(operation: &Value) -> Result<String, String> {
        let root = json!({
            "security": [{ "bearer": [] }],
            "components": { "securitySchemes": {
                "bearer": { "type": "http", "scheme": "Bearer" },
                "basic": { "type": "http", "scheme": "basic" },
                "oauth": { "type": "oauth2" },
                "header": { "type": "apiKey", "in": "header", "name": "X-Key" },
                "query": { "type": "apiKey", "in": "query", "name": "key" },
                "cookie": { "type": "apiKey", "in": "cookie", "name": "sid" },
                "digest": { "type": "http", "scheme": "digest" },
            } },
        });
        let mut requests = Requests::default();
        let mut request = Request::new("it", Method::GET, Template::literal("/"));
        Document::new(root).secure(operation, &mut request, &mut requests)?;
        let mut said = match &request.authorization {
            None => vec![],
            Some(Authorization::Bearer(token)) => vec![format!("bearer {}", token.source())],
            Some(Authorization::Basic { user, password }) => {
                vec![format!("basic {} {}", user.source(), password.source())]
            }
        };
        said.extend(request.headers.iter().map(|(name, value)| format!("{name}: {}", value.source())));
        said.extend(request.query.iter().map(|(name, values)| format!("?{name}={}", values[0].source())));
        Ok(said.join(", "))
    }

    #[test]
    fn ways_to_say_who_asks() {
        for (security, want) in [
            (Value::Null, "bearer {{ vars.api_token }}"),
            (json!([]), ""),
            (json!([{}]), ""),
            (json!([{ "basic": [] }]), "basic {{ vars.api_user }} {{ vars.api_password }}"),
            (json!([{ "oauth": ["read"] }]), "bearer {{ vars.api_token }}"),
            (json!([{ "header": [] }]), "x-key: {{ vars.api_key }}"),
            (json!([{ "query": [] }]), "?key={{ vars.api_key }}"),
            (json!([{ "cookie": [] }]), "cookie: sid={{ vars.sid }}"),
            // Both of one way, and the first way that can be taken.
            (json!([{ "header": [], "query": [] }]), "x-key: {{ vars.api_key }}, ?key={{ vars.api_key_2 }}"),
            (json!([{ "digest": [] }, { "basic": [] }]), "basic {{ vars.api_user }} {{ vars.api_password }}"),
        ] {
            assert_eq!(secured(&json!({ "security": security.clone() })).as_deref(), Ok(want), "{security}");
        }
        for (security, words) in [
            (json!([{ "digest": [] }]), "of the kind `digest`"),
            (json!([{ "nowhere": [] }]), "`nowhere` is not described"),
        ] {
            let why = secured(&json!({ "security": security.clone() })).unwrap_err();
            assert!(why.contains(words), "{security}: {why}");
        }
    }
}

//! Addresses, cut into where a request goes and what it asks for.

use std::net::IpAddr;

use url::{Host, Url};

use super::{Secrets, Template};

/// A path and its query, ready for a step.
#[derive(Debug)]
pub(super) struct Target {
    /// Begins with `/`; holds the query where `query` cannot say it exactly.
    pub(super) path: Template,
    pub(super) query: Vec<(String, Vec<Template>)>,
}

/// Scheme, host and port.
pub(super) fn origin(url: &Url) -> Url {
    let mut origin = url.clone();
    origin.set_path("/");
    origin.set_query(None);
    origin.set_fragment(None);
    // An http address has a host, so these cannot fail.
    let _ = origin.set_username("");
    let _ = origin.set_password(None);
    origin
}

/// Whether an address is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// Path and query of an address, with credentials in the query replaced by references.
pub(super) fn target(url: &Url, secrets: &mut Secrets) -> Target {
    // Braces in a path are encoded already, so a path is literal; what is no ASCII is encoded as well.
    let mut path = Template::literal(url.path());
    let Some(raw) = url.query().filter(|query| !query.is_empty()) else {
        return Target { path, query: Vec::new() };
    };
    let pairs: Vec<(&str, Option<&str>)> = raw
        .split('&')
        .map(|pair| pair.split_once('=').map_or((pair, None), |(name, value)| (name, Some(value))))
        .collect();
    let mut query: Vec<(String, Vec<Template>)> = Vec::new();
    let mut is_exact = true;
    for (name, value) in &pairs {
        let (name, text) = (decode(name), decode(value.unwrap_or_default()));
        let template = secrets.field(&name, &text).unwrap_or_else(|| Template::literal(text));
        is_exact &= value.is_some() && !name.is_empty();
        match query.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => {
                is_exact &= are_beside_each_other(&pairs, &name);
                values.push(template);
            }
            None => query.push((name, vec![template])),
        }
    }
    if is_exact && !is_choice(query.iter().map(|(name, _)| name.as_str())) {
        return Target { path, query };
    }
    // A parameter without `=`, an order that a mapping cannot keep, names that mean a choice: as it is written.
    path.push("?");
    path.append(verbatim(raw, secrets));
    Target { path, query: Vec::new() }
}

/// A query, or a form, as it is written; only its credentials are references.
pub(super) fn verbatim(pairs: &str, secrets: &mut Secrets) -> Template {
    let mut text = Template::default();
    for (index, pair) in pairs.split('&').enumerate() {
        text.push(if index == 0 { "" } else { "&" });
        match pair.split_once('=') {
            Some((name, value)) => {
                text.push(name);
                text.push("=");
                match secrets.field(&decode(name), &decode(value)) {
                    Some(reference) => text.append(reference),
                    None => text.push(value),
                }
            }
            None => text.push(pair),
        }
    }
    text
}

/// Whether all parameters of a name stand beside each other.
fn are_beside_each_other(pairs: &[(&str, Option<&str>)], name: &str) -> bool {
    let places: Vec<usize> = (0..pairs.len()).filter(|at| decode(pairs[*at].0) == name).collect();
    places.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

/// Whether a mapping with these keys would be read as `{ short: …, full: … }`.
pub(super) fn is_choice<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names == ["full", "short"]
}

/// A part of a query or of a form, decoded.
pub(super) fn decode(text: &str) -> String {
    let pair = format!("={text}").replace('&', "%26");
    ::url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_that_a_mapping_says_exactly() {
        let mut secrets = Secrets::default();
        let mut target = |text: &str| {
            let url = Url::parse(&format!("http://127.0.0.1{text}")).unwrap();
            super::target(&url, &mut secrets)
        };
        let asked = target("/a%20b/{x}?q=1%262&r=%C3%A4+b&q2=a=b");
        assert_eq!(asked.path.constant(), Some("/a%20b/%7Bx%7D"));
        let names: Vec<_> = asked.query.iter().map(|(n, v)| (n.as_str(), v[0].constant().unwrap())).collect();
        assert_eq!(names, [("q", "1&2"), ("r", "ä b"), ("q2", "a=b")]);
        assert_eq!(target("/?t=1&t=2&u=3").query.len(), 2);
        for text in ["/?flag", "/?a=1&b=2&a=3", "/?short=1&full=2", "/?=x", "/?a=1&&b=2"] {
            assert_eq!(target(text).path.constant(), Some(text));
        }
        assert_eq!(target("/?access_token=abcd&x").path.source(), "/?access_token={{ vars.access_token }}&x");
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (text, want) in [
            ("http://localhost:1/", true),
            ("http://127.0.0.5/", true),
            ("http://[::1]:80/", true),
            ("http://127.example.org/", false),
            ("http://localhost.example.org/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(text).unwrap()), want, "{text}");
        }
    }
}

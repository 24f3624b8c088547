//! Bodies of recorded requests, by their content type.

use super::{Body, Json, Secrets, Template, json, secrets, url};

/// Larger bodies make no readable suite, and YAML readers bound what they read.
pub(super) const LARGEST: usize = 100_000;

/// The body of a request, and whether its content type must be said among the headers.
///
/// # Errors
/// Why it cannot be written down.
pub(super) fn of_text(
    content_type: &str,
    text: &str,
    secrets: &mut Secrets,
) -> Result<(Body, bool), &'static str> {
    if text.is_empty() {
        return Ok((Body::Empty, true));
    }
    if text.len() > LARGEST {
        return Err("its body is too large for a suite");
    }
    if is_json(content_type) {
        if let Some(value) = json::parse(text) {
            // `json:` says `application/json` by itself.
            return Ok((Body::Json(Json::of(&value, secrets)), essence(content_type) != "application/json"));
        }
        if json::names(text).any(secrets::is_secret) {
            return Err("its body holds credentials in a form that is kept as it is");
        }
    }
    if essence(content_type) == "application/x-www-form-urlencoded" {
        return Ok(match form(text, secrets) {
            Some(fields) => (Body::Form(fields), false),
            None => (Body::Raw(url::verbatim(text, secrets)), true),
        });
    }
    Ok((Body::Raw(Template::literal(text)), true))
}

/// The media type without its parameters.
pub(super) fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

pub(super) fn is_json(content_type: &str) -> bool {
    let essence = essence(content_type);
    essence == "application/json" || essence.ends_with("+json")
}

/// The fields of a form; `None` where the text is none that a mapping says exactly.
fn form(text: &str, secrets: &mut Secrets) -> Option<Vec<(String, Vec<Template>)>> {
    let mut fields: Vec<(String, Vec<Template>)> = Vec::new();
    for pair in text.split('&') {
        let (name, value) = pair.split_once('=')?;
        let (name, value) = (url::decode(name), url::decode(value));
        let template = secrets.field(&name, &value).unwrap_or_else(|| Template::literal(value));
        let is_last = fields.last().is_some_and(|(last, _)| *last == name);
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) if is_last => values.push(template),
            Some(_) => return None,
            None => fields.push((name, vec![template])),
        }
    }
    let is_sayable = fields.iter().all(|(name, _)| !name.is_empty())
        && !url::is_choice(fields.iter().map(|(name, _)| name.as_str()));
    is_sayable.then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_by_their_content_type() {
        let mut secrets = Secrets::default();
        let mut kind = |content_type: &str, text: &str| match of_text(content_type, text, &mut secrets) {
            Ok((Body::Empty, _)) => "empty".to_owned(),
            Ok((Body::Json(_), said)) => format!("json {said}"),
            Ok((Body::Form(fields), _)) => format!("form {}", fields.len()),
            Ok((Body::Raw(_), said)) => format!("raw {said}"),
            Ok((Body::Multipart(_), _)) => "multipart".to_owned(),
            Err(why) => why.to_owned(),
        };
        assert_eq!(kind("application/json; charset=utf-8", "{\"a\": 1}"), "json false");
        assert_eq!(kind("application/problem+json", "{}"), "json true");
        assert_eq!(kind("application/json", "{broken"), "raw true");
        assert_eq!(kind("application/x-www-form-urlencoded", "a=1&a=2&b=%26"), "form 2");
        assert_eq!(kind("application/x-www-form-urlencoded", "just text"), "raw true");
        assert_eq!(kind("application/x-www-form-urlencoded", "short=1&full=2"), "raw true");
        assert_eq!(kind("application/x-www-form-urlencoded", "a=1&b=1&a=2"), "raw true");
        assert_eq!(kind("text/plain", "hello"), "raw true");
        assert_eq!(kind("text/plain", ""), "empty");
        let large = format!("{{\"password\": \"hunter22\", \"id\": {}}}", "9".repeat(30));
        assert!(kind("application/json", &large).contains("credentials"));
        let (body, _) =
            of_text("application/x-www-form-urlencoded", "a=1&b=1&a=2&password=hunter22", &mut secrets)
                .unwrap();
        let Body::Raw(text) = body else { panic!("{body:?}") };
        assert_eq!(text.source(), "a=1&b=1&a=2&password={{ vars.password }}");
    }
}

//! Names for steps, variables and suites, out of whatever the source calls them.

use http::Method;
use loadgate_report::figure;

/// Longer names make tables unreadable.
const LONGEST: usize = 48;

/// The words of a name, in lower case: `X-Api-Key`, `apiKey` and `api key` are alike.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    let mut last = ' ';
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            is_open = false;
        } else {
            if !is_open || (c.is_ascii_uppercase() && last.is_ascii_lowercase()) {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(c.to_ascii_lowercase());
            }
            is_open = true;
        }
        last = c;
    }
    words
}

/// A name for a variable: letters, digits and `_`.
pub(super) fn variable(name: &str) -> String {
    let name = identifier(name, "value");
    // `{ short: …, full: … }` is a choice of the suite language, wherever a mapping has just these keys.
    if matches!(name.as_str(), "short" | "full") { format!("{name}_value") } else { name }
}

/// A name for a step that conditions can use.
pub(super) fn step(name: &str) -> String {
    let name = identifier(name, "step");
    if figure::is_valid_name(&name) { name } else { format!("{name}_step") }
}

/// A name for a request out of its method and path.
pub(super) fn of_request(method: &Method, path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = if words(path).is_empty() { "home" } else { path };
    step(&format!("{} {path}", method.as_str().to_ascii_lowercase()))
}

/// A name for a suite, which is a file name too.
pub(super) fn suite(name: &str) -> Option<String> {
    let name = cut(words(name).join("-"), '-');
    (!name.is_empty()).then_some(name)
}

/// The name, or the first of `name_2`, `name_3` … that is not taken.
pub(super) fn unique(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut candidate = name.to_owned();
    let mut number = 2_u32;
    while is_taken(&candidate) {
        candidate = format!("{name}_{number}");
        number += 1;
    }
    candidate
}

/// Whether a name is `base` or one that [`unique`] made from it.
pub(super) fn is_numbered(name: &str, base: &str) -> bool {
    name.strip_prefix(base).is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('_').is_some_and(|number| number.parse::<u32>().is_ok())
    })
}

fn identifier(name: &str, otherwise: &str) -> String {
    let name = cut(words(name).join("_"), '_');
    if name.is_empty() {
        return otherwise.to_owned();
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

fn cut(mut name: String, separator: char) -> String {
    name.truncate(LONGEST);
    name.truncate(name.trim_end_matches(separator).len());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_conditions_can_use() {
        for (given, want) in [
            ("listPets", "list_pets"),
            ("GET /a/{b}", "get_a_b"),
            ("status", "status_step"),
            ("1st \"x\"\n", "_1st_x"),
            ("日本", "step"),
        ] {
            let name = step(given);
            assert_eq!(name, want);
            assert!(figure::is_valid_name(&name), "{name}");
        }
        assert!(figure::is_valid_name(&step(&"long name ".repeat(50))));
        assert_eq!(of_request(&Method::GET, "/?q=1"), "get_home");
        assert_eq!(of_request(&Method::POST, "/api/chat"), "post_api_chat");
        assert_eq!(unique("a", |name| ["a", "a_2"].contains(&name)), "a_3");
        assert_eq!(suite("Swagger Petstore - 3.0").as_deref(), Some("swagger-petstore-3-0"));
        assert_eq!(suite("…"), None);
    }
}

//! The one file: template, pre-rendered page and data.

use super::{Page, View};
use crate::html::Node;
use crate::model::Report;

/// Where the parts go in the template.
const TITLE: &str = "<!--loadgate:title-->";
const BODY: &str = "<!--loadgate:body-->";
const DATA: &str = "<!--loadgate:data-->";

/// How the element that holds the data begins; [`extract`] looks for it.
const DATA_ELEMENT: &str = r#"<script type="application/json" id="loadgate-report">"#;

/// Puts a report into the page's template.
///
/// The template is `runner/assets/viewer.html`; a slot that it does not have is left out.
pub fn assemble(template: &str, report: &Report) -> String {
    let body = Page::new(report, &View::printed()).render().to_string();
    let json = serde_json::to_string(report).unwrap_or_else(|_| "null".to_owned());
    let data = format!("{DATA_ELEMENT}{}</script>", inert(&json));
    let title = Node::from(title(report)).to_string();
    let slots = [(TITLE, title.as_str()), (BODY, body.as_str()), (DATA, data.as_str())];

    // In one pass, so that a slot's name inside the data is data.
    let mut out = String::with_capacity(template.len() + body.len() + data.len());
    let mut rest = template;
    while let Some((at, slot, content)) = slots
        .iter()
        .filter_map(|(slot, content)| Some((rest.find(slot)?, slot, content)))
        .min_by_key(|(at, ..)| *at)
    {
        out.push_str(&rest[..at]);
        out.push_str(content);
        rest = &rest[at + slot.len()..];
    }
    out.push_str(rest);
    out
}

/// The title of the page's tab.
pub fn title(report: &Report) -> String {
    format!("{}: {} · loadgate", report.verdict, super::words::cut(&report.suite.name, 120))
}

/// Gives back the JSON of a page that [`assemble`] made; `None` where there is none.
pub fn extract(html: &str) -> Option<String> {
    let start = html.find(DATA_ELEMENT)? + DATA_ELEMENT.len();
    let end = start + html[start..].find("</script>")?;
    let mut out = String::with_capacity(end - start);
    let mut rest = &html[start..end];
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (escape, c) =
            INERT.iter().find(|(escape, _)| rest[at..].starts_with(escape)).copied().unwrap_or(("", ' '));
        if escape.is_empty() {
            // Another escape, two characters at least: a backslash after a backslash begins nothing.
            let len = rest[at + 1..].chars().next().map_or(1, |c| 1 + c.len_utf8());
            out.push_str(&rest[at..at + len]);
            rest = &rest[at + len..];
        } else {
            out.push(c);
            rest = &rest[at + escape.len()..];
        }
    }
    out.push_str(rest);
    Some(out)
}

/// Characters that JSON inside of HTML must not hold as they are, with how JSON writes them otherwise.
const INERT: [(&str, char); 5] =
    [("\\u003c", '<'), ("\\u003e", '>'), ("\\u0026", '&'), ("\\u2028", '\u{2028}'), ("\\u2029", '\u{2029}')];

/// JSON that cannot end a script element, open a comment in it, or trip over line separators. All of these characters
/// occur inside strings only, where JSON allows to escape them.
fn inert(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match INERT.iter().find(|(_, inert)| *inert == c) {
            Some((escape, _)) => out.push_str(escape),
            None => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str =
        "<title><!--loadgate:title--></title><body><!--loadgate:body--><!--loadgate:data--></body>";

    fn hostile() -> Report {
        let mut report = Report { schema: crate::model::SCHEMA.to_owned(), ..Report::default() };
        report.suite.name =
            "</script><!--loadgate:data--><img src=x onerror=alert(1)>\u{2028}&amp;".to_owned();
        report.reason = report.suite.name.clone();
        report
    }

    #[test]
    fn data_comes_back_as_it_was() {
        let page = assemble(TEMPLATE, &hostile());
        let back: Report = serde_json::from_str(&extract(&page).unwrap()).unwrap();
        assert_eq!(back, hostile());
        assert_eq!(extract("<html></html>"), None);
    }

    #[test]
    fn nothing_of_the_data_is_markup() {
        let page = assemble(TEMPLATE, &hostile());
        assert!(!page.contains("<img"), "{page}");
        assert!(!page.contains('\u{2028}') || !page[page.find(DATA_ELEMENT).unwrap()..].contains('\u{2028}'));
        assert_eq!(page.matches("</script>").count(), 1);
        assert_eq!(page.matches(DATA_ELEMENT).count(), 1);
    }
}

//! The reader's choices in the address, so that a link shows what its sender saw.
//!
//! `#scenario-light&q=timeout&sort=scenarios-table.8.desc&toggle=scenario-heavy`: first the section to go to, which also
//! works without scripts, then the choices that differ from the default.

use loadgate_report::Verdict;
use loadgate_report::page::View;

const VERDICTS: [Verdict; 4] = [Verdict::Pass, Verdict::Inconclusive, Verdict::Invalid, Verdict::Fail];

/// The verdict of that name.
pub(crate) fn verdict(name: &str) -> Option<Verdict> {
    VERDICTS.into_iter().find(|v| v.as_str() == name)
}

/// Writes section and choices as what follows the `#`.
pub(crate) fn write(section: &str, view: &View) -> String {
    let mut parts = vec![section.to_owned()];
    let mut add = |name: &str, value: &str| parts.push(format!("{name}={}", encode(value)));
    if !view.search.is_empty() {
        add("q", &view.search);
    }
    if let Some(verdict) = view.verdict {
        add("verdict", verdict.as_str());
    }
    for section in &view.toggled {
        add("toggle", section);
    }
    for (table, (column, descending)) in &view.sorted {
        add("sort", &format!("{table}.{column}.{}", if *descending { "desc" } else { "asc" }));
    }
    for (section, (from, to)) in &view.span {
        add("span", &format!("{section}:{from}-{to}"));
    }
    if view.only_changed {
        add("changed", "only");
    }
    if view.no_baseline {
        add("baseline", "off");
    }
    parts.join("&")
}

/// Reads section and choices; what it does not know is skipped.
pub(crate) fn read(hash: &str) -> (String, View) {
    let mut view = View { interactive: true, ..View::default() };
    let mut section = String::new();
    for part in hash.trim_start_matches('#').split('&') {
        let Some((name, value)) = part.split_once('=') else {
            section = decode(part);
            continue;
        };
        let value = decode(value);
        match name {
            "q" => view.search = value.to_lowercase(),
            "verdict" => view.verdict = verdict(&value),
            "toggle" => drop(view.toggled.insert(value)),
            "sort" => {
                let mut words = value.rsplitn(3, '.');
                let descending = words.next() == Some("desc");
                if let (Some(Ok(column)), Some(table)) = (words.next().map(str::parse), words.next()) {
                    view.sorted.insert(table.to_owned(), (column, descending));
                }
            }
            "span" => {
                if let Some((section, (from, to))) =
                    value.rsplit_once(':').and_then(|(s, r)| Some((s, r.split_once('-')?)))
                    && let (Ok(from), Ok(to)) = (from.parse(), to.parse())
                {
                    view.span.insert(section.to_owned(), (from, to));
                }
            }
            "changed" => view.only_changed = value == "only",
            "baseline" => view.no_baseline = value == "off",
            _ => {}
        }
    }
    (section, view)
}

/// Percent-encodes all but what is safe in a fragment.
fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b':' => (b as char).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|h| u8::from_str_radix(str::from_utf8(h).ok()?, 16).ok());
        rest = if hex.is_some() { &tail[2..] } else { tail };
        bytes.push(hex.unwrap_or(*first));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_come_back() {
        let mut view =
            View { interactive: true, search: "a&b=ü %".to_owned(), no_baseline: true, ..View::default() };
        view.verdict = Some(Verdict::Fail);
        view.toggled.insert("scenario-light".to_owned());
        view.sorted.insert("scenario-light-steps".to_owned(), (3, true));
        view.span.insert("scenario-light".to_owned(), (1.5, 20.0));
        let hash = write("scenario-light", &view);
        assert_eq!(read(&format!("#{hash}")), ("scenario-light".to_owned(), view));
    }

    #[test]
    fn a_strange_address_is_no_trouble() {
        let (section, view) = read("#%zz&sort=x&span=1-2&verdict=maybe&future=1&=&%");
        assert_eq!((section.as_str(), view), ("%", View { interactive: true, ..View::default() }));
    }
}

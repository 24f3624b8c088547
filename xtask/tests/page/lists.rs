//! The numbers of the page that stand outside of tables: tiles, lists of terms, findings, and the words of the pictures of
//! changes. As in [`super::numbers`], the JSON is read here without the page's own code.

use loadgate_report::html::{Element, Node};
use serde::Deserialize;
use serde_json::Value;

use super::numbers::{inside, place};
use super::reading::{readable, same};

/// What a page shows outside of its tables.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Outside {
    lists: Vec<List>,
    cards: Vec<Card>,
    pictures: Vec<Picture>,
}

/// Terms with their numbers.
#[derive(Debug, Deserialize)]
struct List {
    /// The id of what it stands in.
    owner: String,
    /// `facts`, `tiles` or `outcomes`.
    kind: String,
    entries: Vec<Entry>,
}

/// A term with its numbers, each for machines and for people.
#[derive(Debug, Deserialize)]
struct Entry {
    term: String,
    numbers: Vec<(String, String)>,
}

/// A finding.
#[derive(Debug, Deserialize)]
struct Card {
    class: String,
    scenario: Option<String>,
    figure: String,
    entries: Vec<Entry>,
    picture: Option<String>,
}

/// The picture of a change in the table of compared figures, in words.
#[derive(Debug, Deserialize)]
struct Picture {
    scenario: String,
    figure: String,
    words: Option<String>,
}

/// What is outside of the tables of a page that was rendered here.
pub(crate) fn outside(page: &Node) -> Outside {
    let mut found = Outside::default();
    collect(page, "", &mut found);
    found
}

fn collect(node: &Node, owner: &str, found: &mut Outside) {
    let e = match node {
        Node::Text(_) => return,
        Node::List(nodes) => return nodes.iter().for_each(|node| collect(node, owner, found)),
        Node::Element(e) => e,
    };
    let owner = e.get("id").unwrap_or(owner);
    let class = e.get("class").unwrap_or_default();
    match e.tag {
        "li" if class.starts_with("finding ") => found.cards.push(Card {
            class: class.trim_start_matches("finding ").to_owned(),
            scenario: classed(node, "what").and_then(|what| first_text(&what, "bdi")),
            figure: classed(node, "what").and_then(|what| first_text(&what, "code")).unwrap_or_default(),
            entries: inside(node, "dl").first().map(|dl| terms(dl)).unwrap_or_default(),
            picture: words(node),
        }),
        "dl" => {
            let kind = class.to_owned();
            found.lists.push(List { owner: owner.to_owned(), kind, entries: terms(e) });
        }
        "p" if class == "legend" && !inside(node, "data").is_empty() => {
            let entries = inside(node, "span").iter().map(|span| entry_of_legend(span)).collect();
            found.lists.push(List { owner: owner.to_owned(), kind: "outcomes".to_owned(), entries });
        }
        "table" if owner == "comparison-table" => {
            let body = inside(node, "tbody").into_iter().next().map(|body| Node::from(body.clone()));
            for row in body.iter().flat_map(|body| inside(body, "tr")) {
                let row = Node::from(row.clone());
                found.pictures.push(Picture {
                    scenario: first_text(&row, "bdi").unwrap_or_default(),
                    figure: first_text(&row, "code").unwrap_or_default(),
                    words: words(&row),
                });
            }
        }
        _ => e.children.iter().for_each(|node| collect(node, owner, found)),
    }
}

fn classed(node: &Node, class: &str) -> Option<Node> {
    inside(node, "p").into_iter().find(|p| p.get("class") == Some(class)).map(|p| Node::from(p.clone()))
}

fn first_text(node: &Node, tag: &str) -> Option<String> {
    inside(node, tag).first().map(|e| Node::from((*e).clone()).text())
}

fn words(node: &Node) -> Option<String> {
    let pictures = inside(node, "svg");
    let picture = pictures.iter().find(|svg| svg.get("class").is_some_and(|c| c.starts_with("interval")));
    picture.and_then(|svg| svg.get("aria-label")).map(str::to_owned)
}

fn numbers(node: &Node) -> Vec<(String, String)> {
    let number = |data: &&Element| {
        (data.get("value").unwrap_or_default().to_owned(), Node::from((*data).clone()).text())
    };
    inside(node, "data").iter().map(number).collect()
}

fn terms(dl: &Element) -> Vec<Entry> {
    let entries = dl.children.iter().filter(|node| !node.is_empty());
    entries
        .map(|entry| Entry { term: first_text(entry, "dt").unwrap_or_default(), numbers: numbers(entry) })
        .collect()
}

fn entry_of_legend(span: &Element) -> Entry {
    let span = Node::from(span.clone());
    let number = first_text(&span, "data").unwrap_or_default();
    let text = span.text();
    Entry { term: text.trim_start_matches(&number).trim().to_owned(), numbers: numbers(&span) }
}

/// Collects in a browser what [`outside`] collects here.
pub(crate) const COLLECT: &str = "(() => {
    const all = (node, what) => [...node.querySelectorAll(what)];
    const text = (node, what) => node.querySelector(what)?.textContent ?? null;
    const numbers = (node) => all(node, 'data').map((data) => [data.value, data.textContent]);
    const terms = (dl) => [...dl.children].map((e) => ({ term: text(e, 'dt') ?? '', numbers: numbers(e) }));
    const words = (node) => node.querySelector('svg.interval')?.getAttribute('aria-label') ?? null;
    const owner = (node) => node.closest('[id]').id;
    const legends = all(document, '.outcomes .legend').map((p) => ({
        owner: owner(p), kind: 'outcomes', entries: all(p, 'span').map((span) => ({
            term: span.textContent.slice(text(span, 'data').length).trim(), numbers: numbers(span) })) }));
    return {
        lists: all(document, 'dl').filter((dl) => !dl.closest('.finding, dialog'))
            .map((dl) => ({ owner: owner(dl), kind: dl.className, entries: terms(dl) })).concat(legends),
        cards: all(document, '.finding').map((card) => ({
            class: card.className.replace('finding ', ''), scenario: text(card, '.what bdi'),
            figure: text(card, '.what code') ?? '', picture: words(card),
            entries: card.querySelector('dl') ? terms(card.querySelector('dl')) : [] })),
        pictures: all(document, '#comparison-table tbody tr').map((row) => ({
            scenario: text(row, 'bdi') ?? '', figure: text(row, 'code') ?? '', words: words(row) })),
    };
})()";

/// Where the numbers of a term stand in the report, with their unit. For a scenario, below it.
const TERMS: &[(&str, &str, &[(&str, &str)])] = &[
    ("top", "Duration", &[("/run/duration_s", "seconds")]),
    ("top", "Seed", &[("/run/seed", "whole")]),
    ("about", "Ready after", &[("/target/ready_ms", "ms")]),
    ("about", "Processor time stolen", &[("/environment/steal", "ratio")]),
    ("about", "Load average before", &[("/environment/load_before", "count")]),
    ("cost", "This run", &[("/cost/total", "money")]),
    ("cost", "Saved", &[("/cost/saved", "money")]),
    ("cost", "Paid requests", &[("/cost/paid", "whole")]),
    ("cost", "Free requests", &[("/cost/free", "whole")]),
    ("cost", "Price of a request", &[("/cost/per_request", "price")]),
    ("cost", "Assumed requests a day", &[("/cost/per_day", "whole")]),
    ("cost", "A month", &[("/cost/monthly", "money")]),
    ("cost", "A month if all were paid", &[("/cost/monthly_without_free", "money")]),
    ("scenario", "Requests at once", &[("/estimate/concurrency", "count")]),
    ("scenario", "Mean service time", &[("/estimate/service_time_ms", "ms")]),
    ("scenario", "At full load", &[("/estimate/at_full_load", "per_second")]),
    ("scenario", "Counted", &[("/estimate/measured", "per_second")]),
    ("scenario", "Head-room", &[("/estimate/headroom", "ratio")]),
    ("scenario", "Sustainable", &[("/estimate/throughput", "per_second")]),
    ("scenario", "One request each", &[("/estimate/request_every_s", "seconds")]),
    ("scenario", "Users", &[("/estimate/users", "count")]),
    ("scenario", "Range", &[("/search/from", "count"), ("/search/to", "count")]),
    ("scenario", "Each level", &[("/search/each_s", "seconds")]),
    ("scenario", "Precision", &[("/search/precision", "ratio")]),
    ("scenario", "Memory before", &[("/resources/memory_before", "bytes")]),
    ("scenario", "Peak", &[("/resources/memory_peak", "bytes")]),
    ("scenario", "After", &[("/resources/memory_after", "bytes")]),
    ("scenario", "Growth", &[("/resources/memory_growth", "bytes")]),
    ("scenario", "Trend", &[("/resources/memory_slope", "bytes_per_second")]),
    ("scenario", "Processor", &[("/resources/cpu_cores", "cores")]),
    ("scenario", "Processor time", &[("/resources/cpu_s", "seconds")]),
    ("scenario", "Read", &[("/resources/read_bytes", "bytes")]),
    ("scenario", "Written", &[("/resources/written_bytes", "bytes")]),
    ("scenario", "Most open files", &[("/resources/open_files_peak", "whole")]),
    ("scenario", "Measured for", &[("/duration_s", "seconds")]),
    ("scenario", "Began after", &[("/started_s", "seconds")]),
    ("scenario", "Users at the peak", &[("/users_peak", "whole")]),
    ("scenario", "Completed flows", &[("/iterations", "whole")]),
    ("scenario", "Released within", &[("/generator/release_spread_ms", "ms")]),
    ("scenario", "Lateness p99", &[("/generator/lateness_p99_ms", "ms")]),
    ("scenario", "Longest stall", &[("/generator/stall_max_ms", "ms")]),
    ("scenario", "Dropped starts", &[("/generator/dropped_starts", "whole")]),
    ("scenario", "Generator's processor", &[("/generator/cpu_cores", "cores")]),
];

/// The tiles of a scenario: where the number stands below it, its unit, the figure that it is compared under.
const TILES: &[(&str, &str, &str, &str)] = &[
    ("success", "/success_rate", "ratio", "success_rate"),
    ("per second", "/throughput", "per_second", "throughput"),
    ("mean", "/latency_ms/mean", "ms", "latency.mean"),
    ("p50", "/latency_ms/p50", "ms", "latency.p50"),
    ("p95", "/latency_ms/p95", "ms", "latency.p95"),
    ("p99", "/latency_ms/p99", "ms", "latency.p99"),
    ("longest", "/latency_ms/max", "ms", "latency.max"),
    ("goodput", "/goodput", "ratio", "goodput"),
];

/// The numbers of a finding below its evidence; the unit is the evidence's own where none stands here.
const EVIDENCE: &[(&str, &str, &str)] = &[
    ("Now", "now", ""),
    ("Before", "before", ""),
    ("Change", "change", "change"),
    ("Limit", "limit", ""),
    ("Tolerance", "tolerance", "ratio"),
    ("Noise", "noise", "ratio"),
    ("Samples", "samples", "whole"),
    ("Rounds", "rounds", "whole"),
    ("Earlier runs", "runs", "whole"),
];

/// How many numbers were compared of each kind.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub(crate) tiles: usize,
    pub(crate) terms: usize,
    pub(crate) cost: usize,
    pub(crate) findings: usize,
    pub(crate) pictures: usize,
}

/// Compares all that is outside of the tables with the report; gives what was compared, or what differs.
pub(crate) fn compare(report: &Value, shown: &Outside) -> Result<Compared, String> {
    let mut compared = Compared::default();
    for owner in ["top", "about", "cost"] {
        let n = terms_of(owner, owner, report, shown)?;
        *(if owner == "cost" { &mut compared.cost } else { &mut compared.terms }) += n;
    }
    for (at, scenario) in all(&report["scenarios"]).enumerate() {
        let place = place(scenario, at, report);
        compared.terms += terms_of("scenario", &place, scenario, shown)?;
        compared.terms += outcomes(&place, scenario, shown)?;
        compared.tiles += tiles(&place, scenario, report, shown)?;
    }
    for list in &shown.lists {
        for entry in list.entries.iter().filter(|entry| !entry.numbers.is_empty()) {
            let owner = if list.owner.starts_with("scenario-") { "scenario" } else { list.owner.as_str() };
            if list.kind == "facts" && !TERMS.iter().any(|(o, term, _)| *o == owner && *term == entry.term) {
                return Err(format!(
                    "{}, {}: nobody knows where it stands in the report",
                    list.owner, entry.term
                ));
            }
        }
    }
    findings(report, shown, &mut compared)?;
    pictures(report, shown, &mut compared)?;
    Ok(compared)
}

fn all(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// Compares the numbers of one entry with those that the report has for it, which are its unit and the exact number.
fn entry(at: &str, shown: &[(String, String)], expected: &[(&Value, &str)]) -> Result<usize, String> {
    let expected: Vec<_> = expected.iter().filter(|(value, _)| !value.is_null()).collect();
    if shown.len() != expected.len() {
        return Err(format!("{at}: shown are {shown:?}, the report has {expected:?}"));
    }
    for ((machine, text), (value, unit)) in shown.iter().zip(&expected) {
        let exact = value.as_f64().ok_or_else(|| format!("{at}: {value} is no number"))?;
        let given: f64 = machine.parse().map_err(|_| format!("{at}: {machine} is no number"))?;
        let seed = value.is_u64() && *unit == "whole" && *machine != value.to_string();
        if !same(given, exact) || seed {
            return Err(format!("{at}: {text} is {machine}, the report has {value}"));
        }
        match *unit {
            // As it was written, with its currency.
            "price" if text.split(' ').next() == Some(machine) => {}
            "money" => readable(text.split(' ').next().unwrap_or_default(), exact, unit)
                .map_err(|why| format!("{at}: {why}"))?,
            _ => readable(text, exact, unit).map_err(|why| format!("{at}: {why}"))?,
        }
    }
    Ok(expected.len())
}

/// The lists of terms that stand in a section, against what the report has for them; `json` is what the places begin in.
fn terms_of(kind: &str, owner: &str, json: &Value, shown: &Outside) -> Result<usize, String> {
    let lists = || shown.lists.iter().filter(|list| list.owner == owner && list.kind == "facts");
    let mut compared = 0;
    for (_, term, places) in TERMS.iter().filter(|(of, ..)| *of == kind) {
        let numbers: Vec<(&Value, &str)> =
            places.iter().map(|(place, unit)| (json.pointer(place).unwrap_or(&Value::Null), *unit)).collect();
        let found = lists().flat_map(|list| &list.entries).find(|entry| entry.term == *term);
        let none = Vec::new();
        compared += entry(&format!("{owner}, {term}"), found.map_or(&none, |e| &e.numbers), &numbers)?;
    }
    Ok(compared)
}

/// The legend below the bar of outcomes.
fn outcomes(owner: &str, scenario: &Value, shown: &Outside) -> Result<usize, String> {
    let mut expected = vec![("ok", &scenario["ok"]), ("refused", &scenario["refused"])];
    expected.extend(scenario["failed"].as_object().into_iter().flatten().map(|(kind, n)| (kind.as_str(), n)));
    expected.retain(|(_, n)| n.as_u64().is_some_and(|n| n > 0));
    let list = shown.lists.iter().find(|list| list.owner == owner && list.kind == "outcomes");
    let entries = list.map_or(&[][..], |list| list.entries.as_slice());
    if entries.len() != expected.len() {
        return Err(format!("{owner}: outcomes are {entries:?}, the report has {expected:?}"));
    }
    for (word, n) in &expected {
        let found = entries.iter().find(|entry| entry.term == *word);
        let found = found.ok_or_else(|| format!("{owner}: no outcome {word}"))?;
        entry(&format!("{owner}, {word}"), &found.numbers, &[(*n, "whole")])?;
    }
    Ok(expected.len())
}

fn tiles(owner: &str, scenario: &Value, report: &Value, shown: &Outside) -> Result<usize, String> {
    let list = shown.lists.iter().find(|list| list.owner == owner && list.kind == "tiles");
    let list = list.ok_or_else(|| format!("{owner} has no tiles"))?;
    let null = Value::Null;
    let mut expected: Vec<(String, &Value, &str, String)> = TILES
        .iter()
        .map(|(term, at, unit, figure)| {
            let value = scenario.pointer(at).unwrap_or(&null);
            ((*term).to_owned(), value, *unit, (*figure).to_owned())
        })
        .filter(|(term, value, ..)| term != "goodput" || !value.is_null())
        .collect();
    for counter in all(&scenario["counters"]) {
        let name = counter["name"].as_str().unwrap_or_default();
        expected.push((name.to_owned(), &counter["rate"], "ratio", format!("{name}.rate")));
    }
    let mut compared = 0;
    for (term, value, unit, figure) in &expected {
        let found = list.entries.iter().find(|entry| entry.term == *term);
        let found = found.ok_or_else(|| format!("{owner}: no tile {term}"))?;
        let before = all(&report["comparison"]["figures"])
            .find(|f| f["scenario"] == scenario["name"] && f["figure"] == figure.as_str())
            .filter(|f| !f["before"].is_null());
        let [before, change] = ["before", "change"].map(|key| before.map_or(&null, |f| &f[key]));
        let numbers = [(*value, *unit), (before, *unit), (change, "change")];
        compared += entry(&format!("{owner}, tile {term}"), &found.numbers, &numbers)?;
    }
    let mut numbered = list.entries.iter().filter(|entry| !entry.numbers.is_empty());
    match numbered.find(|entry| !expected.iter().any(|(term, ..)| *term == entry.term)) {
        Some(unknown) => Err(format!("{owner}: nobody knows the tile {}", unknown.term)),
        None => Ok(compared),
    }
}

/// Each finding has its card, and each card its finding.
fn findings(report: &Value, shown: &Outside, compared: &mut Compared) -> Result<(), String> {
    let mut cards: Vec<&Card> = shown.cards.iter().collect();
    for finding in all(&report["findings"]) {
        let class = match (finding["verdict"].as_str(), finding["kind"].as_str()) {
            (Some("pass"), Some("improvement")) => "better",
            (Some("pass"), _) => "warn",
            (verdict, _) => verdict.unwrap_or_default(),
        };
        let at = format!("finding {} {}", finding["scenario"], finding["figure"]);
        // Of several about the same figure, the order is the report's.
        let card = cards.iter().position(|card| {
            card.class == class
                && finding["scenario"] == Value::from(card.scenario.clone())
                && finding["figure"] == card.figure.as_str()
        });
        let card = cards.remove(card.ok_or_else(|| format!("{at} has no card"))?);
        let evidence = &finding["evidence"];
        let unit = evidence["unit"].as_str().unwrap_or_default();
        for (term, key, own) in EVIDENCE {
            let unit = if own.is_empty() { unit } else { *own };
            let found = card.entries.iter().find(|entry| entry.term == *term);
            let none = Vec::new();
            let numbers = found.map_or(&none, |entry| &entry.numbers);
            compared.findings += entry(&format!("{at}, {term}"), numbers, &[(&evidence[*key], unit)])?;
        }
        let figure = all(&report["comparison"]["figures"])
            .find(|f| f["scenario"] == finding["scenario"] && f["figure"] == finding["figure"]);
        let rounds = figure.map(|figure| rounds(report, figure)).unwrap_or_default();
        let limit = relative_limit(evidence).or(evidence["tolerance"].as_f64());
        compared.pictures += picture(&at, card.picture.as_deref(), evidence, limit, &rounds)?;
    }
    if cards.is_empty() { Ok(()) } else { Err(format!("{cards:?} is of no finding")) }
}

/// The pictures of the table of compared figures.
fn pictures(report: &Value, shown: &Outside, compared: &mut Compared) -> Result<(), String> {
    for figure in all(&report["comparison"]["figures"]) {
        let at = format!("picture of {} {}", figure["scenario"], figure["figure"]);
        let found = shown
            .pictures
            .iter()
            .find(|p| figure["scenario"] == p.scenario.as_str() && figure["figure"] == p.figure.as_str());
        let words = found.ok_or_else(|| format!("{at}: no such row"))?.words.as_deref();
        let limit = relative_limit(figure);
        compared.pictures += picture(&at, words, figure, limit, &rounds(report, figure))?;
    }
    Ok(())
}

/// The limit as a change of what was before.
fn relative_limit(json: &Value) -> Option<f64> {
    let before = json["before"].as_f64().filter(|before| *before != 0.0)?;
    Some(json["limit"].as_f64()? / before - 1.0)
}

/// The changes that the rounds of a compared figure showed.
fn rounds(report: &Value, figure: &Value) -> Vec<f64> {
    if let Some(rounds) = figure["round_changes"].as_array().filter(|rounds| !rounds.is_empty()) {
        return rounds.iter().filter_map(|round| round["change"].as_f64()).collect();
    }
    let before = figure["before"].as_f64().filter(|b| *b != 0.0 && report["comparison"]["mode"] != "paired");
    let scenario = all(&report["scenarios"]).find(|scenario| scenario["name"] == figure["scenario"]);
    let Some((before, scenario)) = before.zip(scenario) else { return Vec::new() };
    let name = figure["figure"].as_str().unwrap_or_default();
    let values = all(&scenario["rounds"]).filter_map(|round| round["figures"][name].as_f64());
    values.map(|value| (value - before) / before.abs()).collect()
}

/// The words of the picture of a change against the numbers of the report: first what is told, then each number of it.
fn picture(
    at: &str,
    words: Option<&str>,
    json: &Value,
    limit: Option<f64>,
    rounds: &[f64],
) -> Result<usize, String> {
    let Some(change) = json["change"].as_f64() else {
        return words.map_or(Ok(0), |words| Err(format!("{at}: a picture without a change: {words}")));
    };
    let words = words.ok_or_else(|| format!("{at} has no picture"))?;
    let (mut told, mut expected) = ("Change #".to_owned(), vec![change]);
    if let [low, high] = json["interval"].as_array().map_or(&[][..], Vec::as_slice) {
        told.push_str(", interval # to #");
        expected.extend([low, high].into_iter().filter_map(Value::as_f64));
    }
    if let Some(noise) = json["noise"].as_f64().filter(|noise| *noise > 0.0) {
        told.push_str(", noise ±#");
        expected.push(noise);
    }
    if let Some(limit) = limit {
        told.push_str(", limit #");
        expected.push(limit);
    }
    if !rounds.is_empty() {
        told.push_str("; rounds: ");
        told.push_str(&vec!["#"; rounds.len()].join(", "));
        expected.extend(rounds);
    }
    let (mut shape, mut numbers) = (String::new(), Vec::new());
    let mut rest = words;
    while let Some(from) = rest.find(|c: char| c.is_ascii_digit() || matches!(c, '+' | '\u{2212}')) {
        let to = rest[from..].find('%').map_or(rest.len(), |end| from + end + 1);
        shape.push_str(&rest[..from]);
        shape.push('#');
        numbers.push(&rest[from..to]);
        rest = &rest[to..];
    }
    shape.push_str(rest);
    if shape != told || numbers.len() != expected.len() {
        return Err(format!("{at} tells \"{words}\", which should read \"{told}\""));
    }
    for (text, exact) in numbers.iter().zip(&expected) {
        // Noise is a width and has no sign.
        let signed =
            if text.starts_with(['+', '\u{2212}']) { (*text).to_owned() } else { format!("+{text}") };
        readable(&signed, *exact, "change").map_err(|why| format!("{at}, \"{words}\": {why}"))?;
    }
    Ok(expected.len())
}

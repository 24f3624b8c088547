//! Every number on the page is the one in `report.json`: the JSON is read here without the page's own code, cell by cell.

use loadgate_report::html::{Element, Node};
use serde_json::Value;

use super::reading::{readable, same};

/// A table as it stands on a page: its id, its heads, the exact value and the text of each cell.
#[derive(Debug)]
pub(crate) struct Shown {
    id: String,
    heads: Vec<String>,
    rows: Vec<Vec<(Option<String>, String)>>,
}

/// The tables of a page that was rendered here.
pub(crate) fn tables(page: &Node, found: &mut Vec<Shown>) {
    match page {
        Node::Text(_) => {}
        Node::List(nodes) => nodes.iter().for_each(|node| tables(node, found)),
        Node::Element(e) => match e.get("id").filter(|_| e.tag == "table") {
            None => e.children.iter().for_each(|node| tables(node, found)),
            Some(id) => {
                let part = |tag: &str| inside(page, tag).into_iter().next().unwrap();
                let cells = |row: &&Element| {
                    let cells = row.children.iter().filter(|c| matches!(c, Node::Element(_)));
                    cells
                        .map(|cell| {
                            let data = inside(cell, "data").into_iter().next();
                            let value = data.and_then(|d| d.get("value")).map(str::to_owned);
                            (value, data.map_or_else(|| cell.text(), |d| Node::from(d.clone()).text()))
                        })
                        .collect()
                };
                let body = Node::from(part("tbody").clone());
                found.push(Shown {
                    id: id.to_owned(),
                    heads: inside(&Node::from(part("thead").clone()), "th")
                        .iter()
                        .map(|th| Node::from((*th).clone()).text())
                        .collect(),
                    rows: inside(&body, "tr").iter().map(cells).collect(),
                });
            }
        },
    }
}

/// The elements of a tag, in their order.
pub(crate) fn inside<'a>(node: &'a Node, tag: &str) -> Vec<&'a Element> {
    match node {
        Node::Text(_) => Vec::new(),
        Node::List(nodes) => nodes.iter().flat_map(|node| inside(node, tag)).collect(),
        Node::Element(e) if e.tag == tag => vec![e],
        Node::Element(e) => e.children.iter().flat_map(|node| inside(node, tag)).collect(),
    }
}

/// The tables of a page in the browser, as [`COLLECT`] gives them.
pub(crate) fn collected(json: Value) -> Vec<Shown> {
    type Table = (String, Vec<String>, Vec<Vec<(Option<String>, String)>>);
    let tables: Vec<Table> = serde_json::from_value(json).unwrap();
    tables.into_iter().map(|(id, heads, rows)| Shown { id, heads, rows }).collect()
}

/// Collects all tables of a document.
pub(crate) const COLLECT: &str = "[...document.querySelectorAll('table[id]')].map((table) => [
    table.id,
    [...table.tHead.rows[0].cells].map((cell) => cell.textContent),
    [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => {
        const data = cell.querySelector('data');
        return [data && data.value, data ? data.textContent : cell.textContent];
    })),
])";

/// Where a column's number stands in the JSON of its row.
fn pointer(table: &str, head: &str) -> Option<&'static str> {
    Some(match (table, head) {
        ("scenarios-table", "users") => "/users_peak",
        ("classes", "users") => "/users",
        ("classes", "flows") => "/iterations",
        (_, "requests") => "/requests",
        (_, "ok") => "/ok",
        (_, "refused") => "/refused",
        (_, "success") => "/success_rate",
        (_, "per second") => "/throughput",
        (_, "tokens/s") => "/tokens_per_s",
        (_, "unstreamed") => "/unstreamed",
        (_, "goodput") => "/goodput",
        (_, "retries") => "/retries",
        ("users" | "users-apart", "mean") => "/mean_ms",
        ("users" | "users-apart", "fastest") => "/min_ms",
        ("users" | "users-apart", "longest") => "/max_ms",
        ("users" | "users-apart", "failed") => "/failed",
        ("levels", "users" | "flows/s") => "/level",
        ("levels", "failed") => "/failed",
        ("levels", "mean") => "/mean_ms",
        ("levels", "p50") => "/p50_ms",
        ("levels", "p95") => "/p95_ms",
        ("levels", "longest") => "/max_ms",
        ("scaling", "requests per second") => "/throughput",
        ("scaling", "instances like this one") => "/instances",
        ("scaling", "users") => "/users",
        ("times", "samples") => "/count",
        ("times", "longest") => "/max",
        ("times", "mean") => "/mean",
        ("times", "p50") => "/p50",
        ("times", "p90") => "/p90",
        ("times", "p95") => "/p95",
        ("times", "p99") => "/p99",
        ("conditions", "value") => "/value",
        ("conditions", "limit") => "/limit",
        ("conditions", "samples") => "/samples",
        ("probes", "before") => "/before",
        ("probes", "after") => "/after",
        ("probes", "smallest") => "/min",
        ("probes", "largest") => "/max",
        ("probes", "readings") => "/samples",
        ("comparison-table", "now") => "/now",
        ("comparison-table", "before") => "/before",
        ("comparison-table", "change") => "/change",
        ("comparison-table", "seen from") => "/detectable",
        ("comparison-table", "samples") => "/samples",
        ("comparison-table", "runs") => "/runs",
        (_, "mean") => "/latency_ms/mean",
        (_, "p50") => "/latency_ms/p50",
        (_, "p90") => "/latency_ms/p90",
        (_, "p95") => "/latency_ms/p95",
        (_, "p99") => "/latency_ms/p99",
        (_, "longest") => "/latency_ms/max",
        _ => return None,
    })
}

/// What a column's number measures, in the words of [`readable`].
fn unit<'a>(table: &str, head: &str, entry: &'a Value) -> &'a str {
    match (table, head) {
        ("comparison-table", "now" | "before") | ("conditions", "value" | "limit") => {
            entry["unit"].as_str().unwrap_or_default()
        }
        (_, "change") => "change",
        (_, "seen from" | "success" | "goodput") => "ratio",
        (_, "per second" | "tokens/s" | "requests per second") => "per_second",
        ("probes", "before" | "after" | "smallest" | "largest")
        | ("levels", "users" | "flows/s")
        | ("scaling", "users") => "count",
        (_, "mean" | "p50" | "p90" | "p95" | "p99" | "longest" | "fastest") => "ms",
        ("scenarios-table", name) if pointer(table, name).is_none() && name != "failed" => "ratio",
        _ => "whole",
    }
}

/// Compares all tables with the report; gives the number of cells that were compared, or what differs.
pub(crate) fn compare(report: &Value, tables: &[Shown]) -> Result<usize, String> {
    let mut compared = 0;
    let of_report = [("scenarios-table", "/scenarios"), ("comparison-table", "/comparison/figures")];
    for (id, at) in of_report {
        if let Some(table) = tables.iter().find(|t| t.id == id) {
            compared += rows(id, table, report.pointer(at).unwrap_or(&Value::Null))?;
        }
    }
    for (i, scenario) in report["scenarios"].as_array().into_iter().flatten().enumerate() {
        // Sections stand in the order of the report, so the first table of each kind belongs to the first scenario with it.
        let place = place(scenario, i, report);
        for kind in ["steps", "classes", "users", "conditions", "probes"] {
            if let Some(table) = tables.iter().find(|t| t.id == format!("{place}-{kind}")) {
                compared += rows(kind, table, &scenario[kind])?;
            }
        }
        if let Some(table) = tables.iter().find(|t| t.id == format!("{place}-times")) {
            compared += rows("times", table, &times(scenario))?;
        }
        for (kind, at) in [("levels", "/search/levels"), ("scaling", "/estimate/steps")] {
            if let Some(table) = tables.iter().find(|t| t.id == format!("{place}-{kind}")) {
                compared += rows(kind, table, scenario.pointer(at).unwrap_or(&Value::Null))?;
            }
        }
        if let Some(table) = tables.iter().find(|t| t.id == format!("{place}-counters")) {
            compared += rows("counters", table, &counters(scenario))?;
        }
    }
    Ok(compared)
}

/// The id that a scenario's section has; the fixtures' names are plain and differ.
pub(crate) fn place(scenario: &Value, at: usize, report: &Value) -> String {
    let name = scenario["name"].as_str().unwrap_or_default();
    let same = report["scenarios"].as_array().into_iter().flatten().take(at).any(|s| s["name"] == name);
    assert!(!same, "the fixtures have scenarios of different names");
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    format!("scenario-{}", plain.trim_matches('-'))
}

/// What the table of times shows, one row each.
fn times(scenario: &Value) -> Value {
    let mut rows = Vec::new();
    for step in scenario["steps"].as_array().into_iter().flatten() {
        for key in ["queue_wait_ms", "ttft_ms", "itl_ms", "service_time_ms"] {
            let own = &step[key];
            let same = key == "service_time_ms" && (own["count"] == 0 || *own == step["latency_ms"]);
            if own.is_object() && !same {
                rows.push(own.clone());
            }
        }
    }
    rows.into()
}

/// What the table of counters shows, two rows each.
fn counters(scenario: &Value) -> Value {
    let mut rows = Vec::new();
    for counter in scenario["counters"].as_array().into_iter().flatten() {
        for side in ["latency_true_ms", "latency_false_ms"] {
            rows.push(serde_json::json!({ "latency_ms": counter[side] }));
        }
    }
    rows.into()
}

fn rows(kind: &str, table: &Shown, json: &Value) -> Result<usize, String> {
    let json = json.as_array().ok_or_else(|| format!("{}: the report has no such list", table.id))?;
    let short = kind == "users" && table.rows.len() < json.len();
    if table.rows.len() != json.len() && !short {
        return Err(format!("{}: {} rows for {} entries", table.id, table.rows.len(), json.len()));
    }
    let mut compared = 0;
    for (row, entry) in table.rows.iter().zip(json) {
        for (head, (value, text)) in table.heads.iter().zip(row) {
            let expected = match (kind, head.as_str()) {
                ("scenarios-table" | "steps" | "classes", "failed") => Some(sum(&entry["failed"])),
                ("scenarios-table", name) if pointer(kind, name).is_none() => rate(entry, name),
                _ => match pointer(kind, head) {
                    Some(at) => entry.pointer(at).filter(|v| !v.is_null()).and_then(Value::as_f64),
                    None => continue,
                },
            };
            // A count that the report leaves out is none.
            let shown = value.as_deref().map(|v| v.parse::<f64>().map_err(|e| format!("{v}: {e}")));
            let shown = shown.transpose()?;
            let nothing = shown == Some(0.0)
                && expected.is_none()
                && matches!(head.as_str(), "retries" | "failed" | "refused");
            let equal = match (shown, expected) {
                (Some(a), Some(b)) => same(a, b),
                (a, b) => a == b,
            };
            if !equal && !nothing {
                return Err(format!("{} {head}: {text} is {shown:?}, the report has {expected:?}", table.id));
            }
            if let Some(exact) = shown {
                readable(text, exact, unit(kind, head, entry))
                    .map_err(|why| format!("{} {head}: {why}", table.id))?;
                compared += 1;
            }
        }
    }
    Ok(compared)
}

fn sum(kinds: &Value) -> f64 {
    kinds.as_object().into_iter().flatten().filter_map(|(_, n)| n.as_f64()).sum()
}

/// The rate of a counter, for the columns of the table of scenarios that are named after one.
fn rate(scenario: &Value, name: &str) -> Option<f64> {
    let counters = scenario["counters"].as_array()?;
    counters.iter().find(|c| c["name"] == name)?["rate"].as_f64()
}

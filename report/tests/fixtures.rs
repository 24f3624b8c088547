//! The committed fixtures are what the builder makes, and they still load.
//!
//! `UPDATE_FIXTURES=1 cargo test -p loadgate-report --test fixtures` writes them anew.

#![expect(clippy::unwrap_used, reason = "a helper of tests, where a panic is the failure")]

mod builder;

use loadgate_report::Report;
use serde_json::Value;

fn check(name: &str, report: &Report) {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&path, serde_json::to_string(report).unwrap() + "\n").unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    let loaded: Report = serde_json::from_str(&committed).unwrap();
    let (loaded, built) = (serde_json::to_value(loaded).unwrap(), serde_json::to_value(report).unwrap());
    assert!(same(&loaded, &built), "{path} is stale; see the head of this test");
}

/// Equal but for the last digits of numbers, which differ between the mathematical libraries of systems.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

#[test]
fn fixtures_are_fresh() {
    check("pass", &builder::pass());
    check("fail", &builder::fail());
    check("one", &builder::one());
    check("interrupted", &builder::interrupted());
    check("empty", &builder::empty());
}

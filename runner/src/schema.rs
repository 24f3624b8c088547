//! The JSON Schemas of what users write and read. `cargo xtask schema` keeps the copies in `docs/schema` fresh.

pub use crate::suite::schema as suite;

/// Schema of `report.json`.
pub fn report() -> String {
    let schema = schemars::schema_for!(loadgate_report::Report);
    let text = serde_json::to_string_pretty(&schema);
    text.expect("a schema has only texts as keys, so it can be written as JSON") + "\n"
}

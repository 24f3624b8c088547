//! The published schema of suites says what the decoder reads.

use camino::Utf8Path;

fn committed() -> String {
    let path = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schema/suite.schema.json");
    fs_err::read_to_string(path).unwrap_or_default()
}

#[test]
fn the_committed_schema_is_fresh() {
    assert!(
        committed() == loadgate::suite::schema(),
        "docs/schema/suite.schema.json is stale: run `cargo xtask schema`"
    );
}

/// Every property has a description, since editors and the reference show it.
#[test]
fn every_key_is_described() {
    fn walk(value: &serde_json::Value, path: &str, bare: &mut Vec<String>) {
        if let Some(properties) = value.get("properties").and_then(|p| p.as_object()) {
            for (name, property) in properties {
                let described =
                    property.get("description").and_then(|d| d.as_str()).is_some_and(|d| !d.is_empty());
                if !described && name != "short" && name != "full" {
                    bare.push(format!("{path}/{name}"));
                }
            }
        }
        for (key, inner) in value.as_object().into_iter().flatten() {
            walk(inner, &format!("{path}/{key}"), bare);
        }
        for inner in value.as_array().into_iter().flatten() {
            walk(inner, path, bare);
        }
    }
    let schema: serde_json::Value = serde_json::from_str(&loadgate::suite::schema()).unwrap();
    let mut bare = Vec::new();
    walk(&schema, "", &mut bare);
    assert_eq!(bare, Vec::<String>::new());
}

//! The JSON Schema of suites, for editors and for docs/schema/suite.schema.json.

use schemars::generate::SchemaSettings;

use super::file::SuiteFile;

/// The JSON Schema of a suite (draft 2020-12), as `loadgate schema suite` prints it, with a line end.
pub fn schema() -> String {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<SuiteFile>();
    schema.insert("title".to_owned(), "loadgate suite".into());
    let text = serde_json::to_string_pretty(&schema);
    text.expect("a schema has only texts as keys, so it can be written as JSON") + "\n"
}

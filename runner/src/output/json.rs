//! `report.json`: the report itself.

use loadgate_report::Report;

use super::{Output, OutputError};

/// The report in its contract.
pub const OUTPUT: Output = Output {
    name: "report-json",
    file: "report.json",
    render: |report| {
        let mut json = serde_json::to_vec_pretty(report)
            .map_err(|e| OutputError::Render { name: "report-json", reason: e.to_string() })?;
        json.push(b'\n');
        Ok(json)
    },
};

/// Reads a report back. A newer version is read as far as it is understood.
///
/// # Errors
/// A sentence that says what the text is instead.
pub fn parse(text: &str) -> anyhow::Result<Report> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|e| anyhow::anyhow!("this is no JSON: {e}"))?;
    let schema = value.get("schema").and_then(serde_json::Value::as_str).unwrap_or_default();
    anyhow::ensure!(
        schema.starts_with("loadgate.report/"),
        "this is no report of loadgate: `schema` is {schema:?} and not {:?}",
        loadgate_report::model::SCHEMA
    );
    serde_json::from_value(value).map_err(|e| anyhow::anyhow!("the report is damaged: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_report_says_so() {
        for (text, words) in [
            ("{", "no JSON"),
            ("{}", "no report of loadgate"),
            (r#"{"schema":"loadgate.baseline/1"}"#, "no report of loadgate"),
            (r#"{"schema":"loadgate.report/1"}"#, "damaged"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}

//! `report.json`: the report itself.

use super::{Output, OutputError};

/// The report in its contract.
pub const OUTPUT: Output = Output {
    name: "report-json",
    file: "report.json",
    render: |report, _| {
        let mut json = serde_json::to_vec_pretty(report)
            .map_err(|e| OutputError::Render { name: "report-json", reason: e.to_string() })?;
        json.push(b'\n');
        Ok(Some(json))
    },
};

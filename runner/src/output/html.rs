//! `report.html`: the page with the report in it, one file.

use super::Output;

/// The page without its data, built by `cargo xtask viewer`.
pub const TEMPLATE: &str = include_str!("../../assets/viewer.html");

/// The page.
pub const OUTPUT: Output = Output {
    name: "report-html",
    file: "report.html",
    render: |report| Ok(loadgate_report::page::assemble(TEMPLATE, report).into_bytes()),
};

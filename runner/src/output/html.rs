//! `report.html`: the page with the report in it, one file that opens anywhere.

use loadgate_report::page;

use super::Output;

/// The page without its data, built by `cargo xtask viewer`.
pub const TEMPLATE: &str = include_str!("../../assets/viewer.html");

/// The page; only where there is a template.
pub const OUTPUT: Output = Output {
    name: "report-html",
    file: "report.html",
    render: |report, context| Ok(context.page_template.map(|t| page::assemble(t, report).into_bytes())),
};

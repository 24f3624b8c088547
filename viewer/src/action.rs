//! What a click asks for. Controls name it in `data-action`, so that the sections need to know no event handlers.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event};

/// A request of the reader.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Open or close a section.
    Toggle(String),
    /// Sort a table by a column.
    Sort { table: String, column: usize, largest_first: bool },
    /// Follow a link within the page.
    Go(String),
    /// Show the whole run in the charts of a scenario.
    ZoomOut(String),
    /// Save a table as CSV.
    Csv(String),
    /// Copy a table as Markdown.
    Copy(String),
    /// Save a chart of a scenario as a picture.
    Picture { section: String, chart: String, png: bool },
}

/// The action of the control that an event happened in.
pub(crate) fn of(event: &Event) -> Option<Action> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let control = target.closest("[data-action], a[href^='#']").ok()??;
    if let Some(href) = control.get_attribute("href") {
        return Some(Action::Go(href.trim_start_matches('#').to_owned()));
    }
    let data = |name: &str| control.get_attribute(name);
    let action = data("data-action")?;
    Some(match action.as_str() {
        "toggle" => Action::Toggle(data("data-section")?),
        "sort" => Action::Sort {
            table: data("data-table")?,
            column: data("data-column")?.parse().ok()?,
            largest_first: data("data-number")? == "true",
        },
        "zoom-out" => Action::ZoomOut(data("data-section")?),
        "csv" => Action::Csv(data("data-table")?),
        "copy" => Action::Copy(data("data-table")?),
        "svg" | "png" => Action::Picture {
            section: data("data-section")?,
            chart: data("data-chart")?,
            png: action == "png",
        },
        _ => return None,
    })
}

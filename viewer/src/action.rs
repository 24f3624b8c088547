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
}

/// The action of the control that an event happened in.
pub(crate) fn of(event: &Event) -> Option<Action> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let control = target.closest("[data-action], a[href^='#']").ok()??;
    if let Some(href) = control.get_attribute("href") {
        return Some(Action::Go(href.trim_start_matches('#').to_owned()));
    }
    let data = |name: &str| control.get_attribute(name);
    match data("data-action")?.as_str() {
        "toggle" => Some(Action::Toggle(data("data-section")?)),
        "sort" => Some(Action::Sort {
            table: data("data-table")?,
            column: data("data-column")?.parse().ok()?,
            largest_first: data("data-number")? == "true",
        }),
        _ => None,
    }
}

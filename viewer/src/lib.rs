//! The interactive page. It reads the report out of the file that it is part of, draws it with the sections of
//! `loadgate-report`, and computes no verdict.
//!
//! It mounts on an element of its own, since Yew empties the one that it is given, and then takes the place of the
//! pre-rendered page, which comes back for printing.

mod action;
mod app;
mod compare;
mod export;
mod hash;
mod help;
mod page;
mod read_out;
mod theme;
mod toolbar;
mod vdom;
mod zoom;

use loadgate_report::Report;
use wasm_bindgen::prelude::wasm_bindgen;

/// Draws the report of the page. Where the data cannot be read, the pre-rendered page stays as it is.
#[wasm_bindgen(start)]
pub fn start() {
    let Some(text) = page::data() else { return };
    match serde_json::from_str::<Report>(&text) {
        Ok(report) => app::mount(report),
        Err(error) => page::tell(&format!(
            "The data of this page could not be read ({error}); it is shown as it was written."
        )),
    }
}

//! The keys of the page, in a dialog.

use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;
use yew::{Html, html};

use crate::page::document;

const ID: &str = "keys";

const KEYS: [(&str, &str); 11] = [
    ("/", "search"),
    ("j", "next scenario"),
    ("k", "previous scenario"),
    ("o", "open or close all scenarios"),
    ("b", "baseline in the charts on or off"),
    ("c", "only what changed on or off"),
    ("d", "light or dark"),
    ("← →", "on a chart: read its numbers one by one"),
    ("Enter", "on a chart over time: zoom in around the number that is read"),
    ("Esc", "on a chart: put the read-out away, then show the whole run"),
    ("?", "this list"),
];

/// The dialog, closed.
pub(crate) fn dialog() -> Html {
    html! {
        <dialog id={ID} aria-labelledby="keys-title">
            <h2 id="keys-title">{ "Keys" }</h2>
            <table>
                <thead class="hidden"><tr><th scope="col">{ "key" }</th><th scope="col">{ "what it does" }</th></tr></thead>
                <tbody>
                    { for KEYS.map(|(key, what)| html! { <tr><th scope="row"><kbd>{ key }</kbd></th><td>{ what }</td></tr> }) }
                </tbody>
            </table>
            <p>{ "Drag over a chart over time to look at that span. Drop a report (JSON or page) anywhere to compare." }</p>
            <form method="dialog"><button>{ "Close" }</button></form>
        </dialog>
    }
}

/// Opens it.
pub(crate) fn open() {
    let dialog = document().get_element_by_id(ID).and_then(|e| e.dyn_into::<HtmlDialogElement>().ok());
    if let Some(dialog) = dialog.filter(|dialog| !dialog.open()) {
        // A browser that refuses leaves the page as it was.
        drop(dialog.show_modal());
    }
}

//! The page around the app: its data, the pre-rendered content, files to save.

use wasm_bindgen::prelude::{Closure, JsCast};
use web_sys::{Document, Element, Window};

/// The window. There is always one: the page runs in no worker.
pub(crate) fn window() -> Window {
    web_sys::window().expect("a page has a window")
}

/// The document.
pub(crate) fn document() -> Document {
    window().document().expect("a page has a document")
}

fn element(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}

/// The report as the page carries it.
pub(crate) fn data() -> Option<String> {
    element("loadgate-report")?.text_content()
}

/// The element for the app.
pub(crate) fn root() -> Option<Element> {
    element("loadgate-app")
}

/// Adds a note above the pre-rendered page.
pub(crate) fn tell(text: &str) {
    if let Some((main, note)) = element("loadgate-static").zip(document().create_element("p").ok()) {
        note.set_class_name("problem");
        note.set_text_content(Some(text));
        // A page that cannot take the note is still readable.
        drop(main.prepend_with_node_1(&note));
    }
}

/// Takes the pre-rendered page away, so that nothing is there twice, and puts it back while printing: on paper there
/// is nothing to click, and everything has to be there.
pub(crate) fn take_over() {
    let Some(main) = element("loadgate-static") else { return };
    let Some(app) = root() else { return };
    main.remove();
    let listen = |event: &str, printing: bool| {
        let (main, app) = (main.clone(), app.clone());
        let swap = Closure::<dyn Fn()>::new(move || {
            if printing {
                drop(app.after_with_node_1(&main));
            } else {
                main.remove();
            }
            drop(app.toggle_attribute_with_force("hidden", printing));
        });
        drop(window().add_event_listener_with_callback(event, swap.as_ref().unchecked_ref()));
        // It has to live as long as the page.
        swap.forget();
    };
    listen("beforeprint", true);
    listen("afterprint", false);
}

/// What follows the `#` in the address, with it.
pub(crate) fn hash() -> String {
    window().location().hash().unwrap_or_default()
}

/// Writes the address without a new entry in the history. Where the browser forbids it (a sandboxed page has no
/// address of its own), the choices hold all the same.
pub(crate) fn set_hash(hash: &str) {
    if let Ok(history) = window().history() {
        let url = format!("#{hash}");
        drop(history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&url)));
    }
}

/// Calls back when the address changes.
pub(crate) fn on_hash_change(f: impl Fn() + 'static) {
    let call = Closure::<dyn Fn()>::new(f);
    drop(window().add_event_listener_with_callback("hashchange", call.as_ref().unchecked_ref()));
    call.forget();
}

/// Calls back for each key.
pub(crate) fn on_key(f: impl Fn(&web_sys::KeyboardEvent) + 'static) {
    let call = Closure::<dyn Fn(web_sys::KeyboardEvent)>::new(move |event: web_sys::KeyboardEvent| f(&event));
    drop(window().add_event_listener_with_callback("keydown", call.as_ref().unchecked_ref()));
    call.forget();
}

/// Brings a section into view.
pub(crate) fn scroll_to(id: &str) {
    if let Some(section) = element(id) {
        section.scroll_into_view();
    }
}

//! The page around the app: its data, the pre-rendered content, files to save.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::{Closure, JsCast};
use web_sys::{Document, DragEvent, Element, Event, FileList, Window};

use crate::compare::File;

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
    for (event, printing) in [("beforeprint", true), ("afterprint", false)] {
        let (main, app) = (main.clone(), app.clone());
        listen(event, move |_| {
            if printing {
                drop(app.after_with_node_1(&main));
            } else {
                main.remove();
            }
            drop(app.toggle_attribute_with_force("hidden", printing));
        });
    }
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
        drop(history.replace_state_with_url(&JsValue::NULL, "", Some(&url)));
    }
}

/// Calls back for each event of the window, as long as the page lives.
pub(crate) fn listen(event: &str, f: impl Fn(&Event) + 'static) {
    let call = Closure::<dyn Fn(Event)>::new(move |event: Event| f(&event));
    drop(window().add_event_listener_with_callback(event, call.as_ref().unchecked_ref()));
    call.forget();
}

/// Calls back with the files that are dropped anywhere on the page.
pub(crate) fn on_files_dropped(f: impl Fn(Vec<File>) + 'static) {
    // Without this, the browser would open the file in place of the page.
    listen("dragover", |event| event.prevent_default());
    let f = Rc::new(f);
    listen("drop", move |event| {
        event.prevent_default();
        let files =
            event.dyn_ref::<DragEvent>().and_then(|e| e.data_transfer()).and_then(|data| data.files());
        if let Some(files) = files {
            let f = f.clone();
            read_files(&files, move |files| f(files));
        }
    });
}

/// Reads files and calls back with their texts; unreadable ones are empty.
pub(crate) fn read_files(files: &FileList, f: impl FnOnce(Vec<File>) + 'static) {
    let files: Vec<web_sys::File> = (0..files.length()).filter_map(|i| files.get(i)).collect();
    let names: Vec<String> = files.iter().map(web_sys::File::name).collect();
    let texts = js_sys::Array::new();
    for file in &files {
        texts.push(&file.text());
    }
    let read = Closure::once(move |texts: JsValue| {
        let texts = js_sys::Array::from(&texts);
        let named = names.into_iter().enumerate();
        f(named
            .map(|(i, name)| File { name, text: texts.get(i as u32).as_string().unwrap_or_default() })
            .collect());
    });
    // A file that vanishes while it is read is as good as none.
    drop(js_sys::Promise::all(&texts).then(&read));
    read.forget();
}

/// Names the page in its tab.
pub(crate) fn set_title(title: &str) {
    document().set_title(title);
}

/// Brings a section into view.
pub(crate) fn scroll_to(id: &str) {
    if let Some(section) = element(id) {
        section.scroll_into_view();
    }
}

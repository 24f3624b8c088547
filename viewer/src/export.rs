//! Saving the report or parts of it.

use js_sys::Array;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, HtmlAnchorElement, HtmlCanvasElement, HtmlImageElement,
    Url,
};

use crate::page::{document, window};

/// Offers text as a file.
pub(crate) fn save(name: &str, kind: &str, text: &str) {
    // A browser that refuses leaves nothing behind that would have to be undone.
    drop(try_save(name, kind, text));
}

/// Puts text on the clipboard; where the browser forbids that (a sandboxed page has none), it becomes a file.
pub(crate) fn copy(name: &str, text: &str) {
    let (name, kept) = (name.to_owned(), text.to_owned());
    let refused = Closure::once(move |_: JsValue| save(&name, "text/markdown;charset=utf-8", &kept));
    drop(window().navigator().clipboard().write_text(text).catch(&refused));
    refused.forget();
}

/// Offers a drawing as a PNG, twice as large as it is.
pub(crate) fn save_png(name: &str, svg: &str) {
    let name = format!("{name}.png");
    let encoded = String::from(js_sys::encode_uri_component(svg));
    let Ok(image) = HtmlImageElement::new() else { return };
    let drawn = image.clone();
    let loaded = Closure::once(move || drop(paint(&drawn, &name)));
    image.set_onload(Some(loaded.as_ref().unchecked_ref()));
    image.set_src(&format!("data:image/svg+xml;charset=utf-8,{encoded}"));
    loaded.forget();
}

fn paint(image: &HtmlImageElement, name: &str) -> Result<(), JsValue> {
    let canvas: HtmlCanvasElement = document().create_element("canvas")?.unchecked_into();
    canvas.set_width(image.natural_width());
    canvas.set_height(image.natural_height());
    let context =
        canvas.get_context("2d")?.ok_or(JsValue::NULL)?.unchecked_into::<CanvasRenderingContext2d>();
    context.draw_image_with_html_image_element(image, 0.0, 0.0)?;
    let name = name.to_owned();
    let done = Closure::once(move |blob: JsValue| {
        if let Ok(blob) = blob.dyn_into::<Blob>() {
            drop(offer(&name, &blob));
        }
    });
    canvas.to_blob(done.as_ref().unchecked_ref())?;
    done.forget();
    Ok(())
}

fn try_save(name: &str, kind: &str, text: &str) -> Result<(), JsValue> {
    let bag = BlobPropertyBag::new();
    bag.set_type(kind);
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &bag)?;
    offer(name, &blob)
}

fn offer(name: &str, blob: &Blob) -> Result<(), JsValue> {
    let url = Url::create_object_url_with_blob(blob)?;
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&url)
}

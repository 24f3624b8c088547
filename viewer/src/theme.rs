//! Light, dark, or as the system has it.

use crate::page::{document, window};

const KEY: &str = "loadgate-theme";

/// The themes that the switch goes through; the empty one follows the system.
pub(crate) const THEMES: [(&str, &str); 4] =
    [("", "System"), ("light", "Light"), ("dark", "Dark"), ("contrast", "High contrast")];

/// The theme that the reader has chosen.
pub(crate) fn chosen() -> String {
    document().document_element().and_then(|root| root.get_attribute("data-theme")).unwrap_or_default()
}

/// Applies a theme and remembers it where the browser lets us: a sandboxed page has no storage.
pub(crate) fn choose(theme: &str) {
    if let Some(root) = document().document_element() {
        drop(if theme.is_empty() {
            root.remove_attribute("data-theme")
        } else {
            root.set_attribute("data-theme", theme)
        });
    }
    if let Ok(Some(storage)) = window().local_storage() {
        drop(if theme.is_empty() { storage.remove_item(KEY) } else { storage.set_item(KEY, theme) });
    }
}

/// Whether the page is dark now.
pub(crate) fn is_dark() -> bool {
    match chosen().as_str() {
        "dark" => true,
        "light" => false,
        _ => window()
            .match_media("(prefers-color-scheme: dark)")
            .ok()
            .flatten()
            .is_some_and(|query| query.matches()),
    }
}

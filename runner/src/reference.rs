//! The suites of the reference services, built in so that `loadgate demo` needs no files.

/// (service, file in the repository, text). The files in `runner/assets/suites` are copies of `suites/`, because a
/// published crate holds only its own folder; `cargo xtask tidy` tells when they differ.
const SUITES: &[(&str, &str, &str)] = &[
    ("stream-chat", "suites/stream-chat.yml", include_str!("../assets/suites/stream-chat.yml")),
    ("conversations", "suites/conversations.yml", include_str!("../assets/suites/conversations.yml")),
    ("cached-chat", "suites/cached-chat.yml", include_str!("../assets/suites/cached-chat.yml")),
    ("sessions", "suites/sessions.yml", include_str!("../assets/suites/sessions.yml")),
    ("documents", "suites/documents.yml", include_str!("../assets/suites/documents.yml")),
];

/// The suite of a reference service: its file name and its text.
pub(crate) fn suite(service: &str) -> Option<(&'static str, &'static str)> {
    SUITES.iter().find(|(name, ..)| *name == service).map(|(_, file, text)| (*file, *text))
}

//! What a first suite is made from: an API description, a recording, a command. Each importer turns its own form into the one
//! neutral form, [`Requests`]; [`write()`] turns that into a suite.
//!
//! ```text
//! openapi.rs ─┐
//! har.rs ─────┼→ Requests ─write→ loadgate.yml
//! curl.rs ────┘
//! ```
//!
//! What is imported was written by others: all of it comes out as literal text ([`Template`]), and what looks like a
//! credential does not come out at all ([`Secrets`]).

mod body;
mod curl;
mod har;
mod json;
mod names;
mod openapi;
pub mod project;
mod requests;
mod secrets;
mod shell_words;
mod template;
mod url;
pub mod workflow;
mod write;
mod yaml;

use camino::Utf8Path;

pub use self::json::Json;
pub use self::requests::{Authorization, Body, LeftOut, Part, Request, Requests, Step, Variable};
pub use self::secrets::{Secret, Secrets};
pub use self::template::Template;
pub use self::url::is_loopback;
pub use self::write::{Frame, write};

/// A form that requests can be imported from.
#[derive(Debug)]
pub struct Importer {
    /// Name of the option: `openapi` is `--openapi`.
    pub name: &'static str,
    /// What the option takes, for the help.
    pub value_name: &'static str,
    /// One line for the help.
    pub help: &'static str,
    /// Whether the option may be given several times.
    pub repeated: bool,
    /// From the option's values to requests.
    pub read: fn(&[String]) -> Result<Requests, ImportError>,
}

/// All importers. A new one is a file and a line.
pub const IMPORTERS: &[Importer] = &[openapi::IMPORTER, har::IMPORTER, curl::IMPORTER];

/// Why nothing could be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is not there or cannot be read.
    #[error("cannot read {file}: {source}")]
    Unreadable {
        /// As it was named.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The content is not what the importer reads.
    #[error("{place}: {message}")]
    Wrong {
        /// File and line, or where else it is.
        place: String,
        /// What is wrong and what to do.
        message: String,
    },
}

impl ImportError {
    fn wrong(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Wrong { place: place.into(), message: message.into() }
    }
}

/// Recordings are kept in memory as a whole; what is larger than this is no recording of a first test.
const LARGEST_FILE: u64 = 256 << 20;

/// The text of a file that is to be imported.
fn read_file(file: &str) -> Result<String, ImportError> {
    let unreadable = |source| ImportError::Unreadable { file: file.to_owned(), source };
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    if size > LARGEST_FILE {
        return Err(ImportError::wrong(file, format!("it has {} MB, which is too much", size >> 20)));
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    let text =
        String::from_utf8(bytes).map_err(|_| ImportError::wrong(file, "it is no text (UTF-8) file"))?;
    // Windows tools begin a file with a byte-order mark, which is no part of it.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The last part of a path: comments do not tell where files lie on a machine.
fn file_name(file: &str) -> &str {
    Utf8Path::new(file).file_name().unwrap_or(file)
}

/// A name for the suite: the source's title, else the folder's name.
pub fn suite_name(title: Option<&str>, folder: Option<&Utf8Path>) -> String {
    let folder = folder.and_then(Utf8Path::file_name);
    [title, folder].into_iter().flatten().find_map(names::suite).unwrap_or_else(|| "service".to_owned())
}

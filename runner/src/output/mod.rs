//! The outputs. Each reads a [`Report`] and nothing else; [`OUTPUTS`] is the one list of files.
//!
//! Text from outside (names, messages of the target) is hostile until an output has escaped it for its own format: `text` for
//! terminals, `markdown` for the summary, the XML writer for JUnit, `annotations` for workflow commands. Secrets are masked
//! once, before any output sees the report ([`secrets`]).

pub mod acceptable;
pub mod annotations;
pub mod atomic;
pub mod html;
pub mod json;
pub mod junit;
pub mod live;
pub mod markdown;
pub mod secrets;
pub mod sparkline;
pub mod summary;
pub mod tables;
pub mod terminal;
pub mod text;
pub mod trend;

use std::borrow::Cow;
use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use loadgate_report::Report;

pub use self::secrets::Secrets;

/// A file that a run leaves in its output folder.
pub struct Output {
    /// What it is called in messages and step outputs, such as `report-json`.
    pub name: &'static str,
    /// Its file name in the folder.
    pub file: &'static str,
    /// Makes its content.
    pub render: fn(&Report) -> Result<Vec<u8>, OutputError>,
}

/// The files, in the order in which they are written: the one that all others can be made from comes first.
pub const OUTPUTS: &[Output] = &[json::OUTPUT, html::OUTPUT, summary::OUTPUT, junit::OUTPUT];

/// Why an output was not written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The folder or file cannot be written.
    #[error("write `{path}`: {source}; choose another folder with `--out`")]
    Write {
        /// What was to be written.
        path: Utf8PathBuf,
        /// Why it was not.
        source: std::io::Error,
    },
    /// The report cannot be expressed in the output's format.
    #[error("make {name}: {reason}")]
    Render {
        /// Which output.
        name: &'static str,
        /// Why not.
        reason: String,
    },
}

/// The files that were written, by [`Output::name`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Where each of them is.
    pub files: BTreeMap<&'static str, Utf8PathBuf>,
}

/// The report without anything secret: what every output, on file or terminal, is to be made from.
pub fn masked<'a>(report: &'a Report, secrets: &Secrets) -> Cow<'a, Report> {
    secrets.mask_report(report)
}

/// Writes all files of a report into a folder, each atomically; makes the folder.
///
/// # Errors
/// [`OutputError`] for the first file that cannot be written; those before it are there.
pub fn write_all(dir: &Utf8Path, report: &Report, secrets: &Secrets) -> Result<Written, OutputError> {
    write(dir, report, secrets, OUTPUTS)
}

/// Writes `report.json` alone: what is there so far, while a run goes on.
///
/// # Errors
/// [`OutputError`] where it cannot be written.
pub fn save(dir: &Utf8Path, report: &Report, secrets: &Secrets) -> Result<(), OutputError> {
    write(dir, report, secrets, &[json::OUTPUT]).map(drop)
}

/// Makes the folder of the outputs.
///
/// # Errors
/// [`OutputError`] where it cannot be made.
pub fn make_folder(dir: &Utf8Path) -> Result<(), OutputError> {
    fs_err::create_dir_all(dir).map_err(|source| OutputError::Write { path: dir.to_owned(), source })
}

fn write(
    dir: &Utf8Path,
    report: &Report,
    secrets: &Secrets,
    outputs: &[Output],
) -> Result<Written, OutputError> {
    let report = masked(report, secrets);
    let write = |path: &Utf8Path, source| OutputError::Write { path: path.to_owned(), source };
    make_folder(dir)?;
    let mut written = Written::default();
    for output in outputs {
        let content = (output.render)(&report)?;
        let path = dir.join(output.file);
        atomic::write(&path, &content).map_err(|e| write(&path, e))?;
        written.files.insert(output.name, path);
    }
    Ok(written)
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

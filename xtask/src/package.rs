//! `cargo xtask package`: what would be published builds by itself, from its archive, with nothing else of this repository.
//!
//! Instead of three builds from scratch, as `cargo package` would verify, the unpacked archives become a workspace of their own
//! that shares target folder, profiles and lock file with this one: only they themselves are compiled anew.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use flate2::read::GzDecoder;

use crate::shell;

/// What is published, in the order in which one needs the other, and files that must be in it beside its code.
const CRATES: &[(&str, &[&str])] = &[
    ("loadgate-report", &["src/lib.rs"]),
    ("loadgate-services", &["src/stream_chat/transcripts.txt"]),
    (
        "loadgate",
        &[
            "assets/viewer.html",
            "assets/suites/cached-chat.yml",
            "assets/suites/conversations.yml",
            "assets/suites/documents.yml",
            "assets/suites/sessions.yml",
            "assets/suites/stream-chat.yml",
        ],
    ),
];

/// What crates.io takes at most.
const LARGEST: u64 = 10 << 20;

/// Packs, unpacks, looks for what must be in it, compiles.
///
/// # Errors
/// An archive lacks a file, is too large, or does not compile.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut pack = shell::cargo();
    // What is not committed yet is looked at too: this is a test, and publishes nothing.
    pack.args(["package", "--quiet", "--no-verify", "--offline", "--allow-dirty"]);
    for (name, _) in CRATES {
        pack.args(["--package", name]);
    }
    shell::run(&mut pack)?;
    let place = shell::target().join("package/unpacked");
    if place.exists() {
        fs_err::remove_dir_all(&place)?;
    }
    fs_err::create_dir_all(&place)?;
    for (name, files) in CRATES {
        let folder = unpack(name, &place)?;
        let missing = missing(&folder, files);
        if !missing.is_empty() {
            bail!(
                "the archive of {name} lacks {}: see `include` in its manifest and .gitignore",
                missing.join(", ")
            );
        }
    }
    let root = fs_err::read_to_string(shell::root().join("Cargo.toml"))?;
    fs_err::write(place.join("Cargo.toml"), manifest(&root))?;
    fs_err::copy(shell::root().join("Cargo.lock"), place.join("Cargo.lock"))?;
    for (name, _) in CRATES {
        let mut check = shell::cargo();
        check.args(["check", "--quiet", "--offline", "--package", name]).current_dir(&place);
        shell::run(&mut check).with_context(|| format!("{name} does not compile from its archive"))?;
        println!("package: {name}: compiles from its archive");
    }
    Ok(())
}

fn unpack(name: &str, place: &Path) -> anyhow::Result<PathBuf> {
    let archive = format!("{}.crate", folder(name));
    let path = shell::target().join("package").join(&archive);
    let file = fs_err::File::open(&path)?;
    let size = file.metadata()?.len();
    if size > LARGEST {
        bail!("{archive} has {size} bytes; crates.io takes {LARGEST}");
    }
    tar::Archive::new(GzDecoder::new(file))
        .unpack(place)
        .with_context(|| format!("failed to unpack {archive}"))?;
    Ok(place.join(folder(name)))
}

fn missing<'a>(folder: &Path, files: &[&'a str]) -> Vec<&'a str> {
    files.iter().filter(|file| !folder.join(file).is_file()).copied().collect()
}

/// A workspace of the unpacked archives, in which one is found for the other, with the profiles of ours so that what is compiled already
/// is used.
fn manifest(root: &str) -> String {
    let names = CRATES.iter().map(|(name, _)| name);
    let members: Vec<String> = names.clone().map(|name| format!("{:?}", folder(name))).collect();
    let patches: String = names.map(|name| format!("{name} = {{ path = {:?} }}\n", folder(name))).collect();
    let profiles = root.find("[profile.").map_or("", |at| &root[at..]);
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n[patch.crates-io]\n{patches}\n{profiles}",
        members.join(", ")
    )
}

/// The folder that an archive is unpacked into.
fn folder(name: &str) -> String {
    format!("{name}-{}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_archive_lacks_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(folder.path().join("assets")).unwrap();
        fs_err::write(folder.path().join("assets/viewer.html"), "").unwrap();
        assert_eq!(
            missing(folder.path(), &["assets/viewer.html", "assets/x.yml", "assets"]),
            ["assets/x.yml", "assets"]
        );
    }

    #[test]
    fn the_workspace_has_our_profiles() {
        let text = manifest(
            "[workspace]\nmembers = []\n\n[profile.dev]\ndebug = 1\n\n[profile.release]\nlto = true\n",
        );
        assert!(text.contains("[profile.dev]\ndebug = 1") && text.contains("lto = true"), "{text}");
        assert_eq!(text.matches("[workspace]").count(), 1);
        assert!(
            text.contains(&format!("loadgate = {{ path = \"loadgate-{}\" }}", env!("CARGO_PKG_VERSION"))),
            "{text}"
        );
    }
}

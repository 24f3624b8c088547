//! What the rules look at: the files that belong to the project, and the packages cargo resolves for it.

use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use super::rust;
use crate::shell;

/// The project's files, as git knows them, and its packages.
#[derive(Default)]
pub(super) struct Tree {
    files: Vec<File>,
    metadata: Value,
}

/// A text file of the project; its path is relative to the root, with `/`.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
    /// Of Rust sources: the text without comments, without what strings hold, and without test modules; same lines.
    pub(super) code: String,
}

impl Tree {
    /// The workspace on disk: every file that git tracks or would track.
    pub(super) fn of_workspace() -> anyhow::Result<Self> {
        let root = shell::root();
        let names = shell::read(
            Command::new("git")
                .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
                .current_dir(&root),
        )?;
        let files = names.split('\0').filter(|name| !name.is_empty()).filter_map(|name| {
            // Pictures and archives are no text; a file that was just removed is still in the index.
            let text = fs_err::read_to_string(root.join(name)).ok()?;
            Some((name.to_owned(), text))
        });
        let mut tree = Self::of_files(files);
        let metadata = shell::read(shell::cargo().args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--all-features",
        ]))?;
        tree.metadata = serde_json::from_str(&metadata).context("cargo's metadata is no JSON")?;
        Ok(tree)
    }

    pub(super) fn of_files(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let files = files
            .into_iter()
            .map(|(path, text)| File {
                code: if path.ends_with(".rs") { rust::code(&text) } else { String::new() },
                path,
                text,
            })
            .collect();
        Self { files, metadata: Value::Null }
    }

    /// A tree of one file, for the tests of the rules.
    #[cfg(test)]
    pub(super) fn with(path: &str, text: &str) -> Self {
        Self::of_files([(path.to_owned(), text.to_owned())])
    }

    #[cfg(test)]
    pub(super) fn with_metadata(metadata: Value) -> Self {
        Self { files: Vec::new(), metadata }
    }

    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    /// Files of this extension.
    pub(super) fn ending<'a>(&'a self, extension: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.ends_with(extension))
    }

    pub(super) fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
    }

    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Packages as `cargo metadata` says them.
    pub(super) fn packages(&self) -> &[Value] {
        self.metadata["packages"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Names of all packages that this one needs to run, itself not among them, through any number of steps.
    pub(super) fn dependencies_of(&self, package: &str) -> Vec<String> {
        let nodes = self.metadata["resolve"]["nodes"].as_array().map_or(&[][..], Vec::as_slice);
        let id_of = |name: &str| {
            self.packages().iter().find(|each| each["name"] == name).map(|each| each["id"].clone())
        };
        let mut found: Vec<Value> = Vec::new();
        let mut open: Vec<Value> = id_of(package).into_iter().collect();
        while let Some(id) = open.pop() {
            let node = nodes.iter().find(|node| node["id"] == id);
            for dependency in node.and_then(|node| node["deps"].as_array()).into_iter().flatten() {
                let kinds = dependency["dep_kinds"].as_array();
                let is_normal = kinds.into_iter().flatten().any(|kind| kind["kind"].is_null());
                if is_normal && !found.contains(&dependency["pkg"]) {
                    found.push(dependency["pkg"].clone());
                    open.push(dependency["pkg"].clone());
                }
            }
        }
        let name_of = |id: &Value| {
            let package = self.packages().iter().find(|each| each["id"] == *id)?;
            package["name"].as_str().map(str::to_owned)
        };
        let mut names: Vec<_> = found.iter().filter_map(name_of).collect();
        names.sort();
        names.dedup();
        names
    }
}

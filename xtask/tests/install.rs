//! action/install.sh against archives as `cargo xtask dist` packs them, over a file server on the loopback interface.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

#[path = "../../runner/tests/common/server.rs"]
#[expect(dead_code, reason = "the runner's tests use more of it")]
mod server;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use server::{Reply, Server};

/// The action with checksums of its own, a release to install from, and a runner's folders.
struct Place {
    folder: tempfile::TempDir,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    downloads: Arc<AtomicU64>,
    server: Server,
    failures: Arc<AtomicU64>,
}

/// What the script said and which outputs it wrote.
struct Installed {
    succeeded: bool,
    said: String,
    outputs: BTreeMap<String, String>,
}

impl Place {
    /// A release packed by `cargo xtask dist` from a program that says its version.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for name in ["install.sh", "common.sh"] {
            fs_err::create_dir_all(folder.path().join("action")).unwrap();
            fs_err::copy(root.join("action").join(name), folder.path().join("action").join(name)).unwrap();
        }
        program(&folder.path().join("program"), "echo loadgate 1.2.3");
        let (files, downloads, failures) =
            (Arc::<Mutex<BTreeMap<String, Vec<u8>>>>::default(), Arc::default(), Arc::default());
        let server = Server::start({
            let (files, downloads, failures) =
                (Arc::clone(&files), Arc::<AtomicU64>::clone(&downloads), Arc::<AtomicU64>::clone(&failures));
            move |_, first_line| {
                if failures
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                    .is_ok()
                {
                    return Reply::Answer(503, Vec::new());
                }
                downloads.fetch_add(1, Ordering::SeqCst);
                let path = first_line.split(' ').nth(1).unwrap_or_default();
                files
                    .lock()
                    .unwrap()
                    .get(path)
                    .map_or(Reply::Answer(404, Vec::new()), |file| Reply::Answer(200, file.clone()))
            }
        });
        let place = Self { folder, files, downloads, server, failures };
        place.release();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn release(&self) {
        let status = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["dist", "--binary"])
            .arg(self.path("program"))
            .arg("--out")
            .arg(self.path("dist"))
            .status()
            .unwrap();
        assert!(status.success());
        let mut checksums = String::new();
        for entry in fs_err::read_dir(self.path("dist")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.ends_with(".sha256") {
                checksums += &fs_err::read_to_string(&path).unwrap();
            } else {
                let address = format!("/v{}/{name}", env!("CARGO_PKG_VERSION"));
                self.files.lock().unwrap().insert(address, fs_err::read(&path).unwrap());
            }
        }
        fs_err::write(self.path("action/checksums.txt"), checksums).unwrap();
    }

    fn downloads(&self) -> u64 {
        self.downloads.load(Ordering::SeqCst)
    }

    fn install(&self, inputs: &[(&str, &str)]) -> Installed {
        // One for each, since two may install at once.
        let outputs = tempfile::NamedTempFile::new_in(self.folder.path()).unwrap().into_temp_path();
        let mut command = Command::new("bash");
        command
            .arg(self.path("action/install.sh"))
            .current_dir(self.folder.path())
            .env("GITHUB_OUTPUT", &outputs);
        for (name, default) in
            [("VERSION", ""), ("BINARY_PATH", ""), ("FALLBACK", "none"), ("WORKING_DIRECTORY", ".")]
        {
            command.env(format!("INPUT_{name}"), default);
        }
        command
            .env("RUNNER_TOOL_CACHE", self.path("tool cache"))
            .env("LOADGATE_DOWNLOADS", self.server.url());
        command.env_remove("RUNNER_ARCH").env_remove("RUNNER_OS").envs(inputs.iter().copied());
        let output = command.output().unwrap();
        let text = fs_err::read_to_string(&outputs).unwrap();
        let mut lines = text.lines();
        let mut outputs = BTreeMap::new();
        while let Some((name, delimiter)) = lines.next().and_then(|line| line.split_once("<<")) {
            let value: Vec<_> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            outputs.insert(name.to_owned(), value.join("\n"));
        }
        Installed {
            succeeded: output.status.success(),
            said: String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr),
            outputs,
        }
    }
}

fn program(path: &Path, line: &str) {
    fs_err::write(path, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs_err::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

impl Installed {
    #[track_caller]
    fn succeeds(&self) -> &Self {
        assert!(self.succeeded, "{}", self.said);
        self
    }

    #[track_caller]
    fn fails_with(&self, words: &str) {
        assert!(!self.succeeded, "{}", self.said);
        assert!(self.said.contains("::error"), "{}", self.said);
        assert!(self.said.contains(words), "{}", self.said);
        assert!(self.outputs.is_empty(), "{:?}", self.outputs);
    }
}

#[test]
fn a_released_archive_is_installed_once() {
    let place = Place::new();
    let first = place.install(&[]);
    first.succeeds();
    assert_eq!(first.outputs["version"], "1.2.3");
    assert!(Path::new(&first.outputs["binary"]).starts_with(place.path("tool cache")));
    assert_eq!(place.downloads(), 1);
    assert_eq!(place.install(&[]).succeeds().outputs, first.outputs);
    assert_eq!(place.downloads(), 1, "the second time it comes out of the tool cache");
}

#[test]
fn jobs_that_share_a_machine_install_at_once() {
    let place = Place::new();
    // Unpacking takes its time: the first job has cleared up when the second unpacks.
    fs_err::create_dir(place.path("slow")).unwrap();
    program(&place.path("slow/tar"), "sleep 0.6; PATH=\"${PATH#*:}\" exec tar \"$@\"");
    let path = format!("{}:{}", place.path("slow").display(), std::env::var("PATH").unwrap());
    let install = || place.install(&[("PATH", &path)]);
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(install);
        std::thread::sleep(Duration::from_millis(300));
        (scope.spawn(install).join().unwrap(), first.join().unwrap())
    });
    assert_eq!(place.downloads(), 2, "neither found what the other installs");
    assert_eq!(first.succeeds().outputs, second.succeeds().outputs);
    let left = walk(&place.path("tool cache"));
    assert!(!left.iter().any(|path| path.display().to_string().contains("installing.")), "{left:?}");
}

#[test]
fn a_wrong_checksum_is_refused() {
    let place = Place::new();
    for file in place.files.lock().unwrap().values_mut() {
        file.push(0);
    }
    place.install(&[]).fails_with("is not what was released");
    let left = walk(&place.path("tool cache"));
    assert!(left.iter().all(|path| path.is_dir()), "nothing of it stays: {left:?}");
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).flat_map(|path| [walk(&path), vec![path]].concat()).collect()
}

#[test]
fn an_install_that_was_cut_short_or_is_of_other_content_is_made_anew() {
    let place = Place::new();
    let binary = PathBuf::from(&place.install(&[]).succeeds().outputs["binary"]);
    program(&binary, "echo loadgate 6.6.6");
    fs_err::write(binary.with_file_name("complete"), "another checksum").unwrap();
    assert_eq!(place.install(&[]).succeeds().outputs["version"], "1.2.3");
    assert_eq!(place.downloads(), 2);
}

#[test]
fn a_server_that_stumbles_is_asked_again() {
    let place = Place::new();
    place.failures.store(2, Ordering::SeqCst);
    place.install(&[]).succeeds();
}

#[test]
fn what_is_not_published_is_refused_with_a_way_out() {
    let place = Place::new();
    place.install(&[("INPUT_VERSION", "9.9.9")]).fails_with("knows no loadgate 9.9.9");
    place
        .install(&[("RUNNER_OS", "Windows"), ("RUNNER_ARCH", "ARM64")])
        .fails_with("aarch64-pc-windows-msvc");
    assert_eq!(place.downloads(), 0);
}

#[test]
fn a_binary_that_is_there_is_used_as_it_is() {
    let place = Place::new();
    let folder = "a b $(touch pwned)";
    fs_err::create_dir_all(place.path(folder)).unwrap();
    program(&place.path(folder).join("own"), "echo loadgate 7.0.0");
    for path in ["own", "./own", place.path(folder).join("own").to_str().unwrap()] {
        let installed = place.install(&[("INPUT_BINARY_PATH", path), ("INPUT_WORKING_DIRECTORY", folder)]);
        assert_eq!(installed.succeeds().outputs["version"], "7.0.0", "{path}");
        assert!(Path::new(&installed.outputs["binary"]).is_absolute(), "{path}");
    }
    assert!(!place.path("pwned").exists() && !place.path(folder).join("pwned").exists());
    assert_eq!(place.downloads(), 0);
    place.install(&[("INPUT_BINARY_PATH", "nothing")]).fails_with("there is no file nothing");
    program(&place.path("broken"), "exit 1");
    place.install(&[("INPUT_BINARY_PATH", "broken")]).fails_with("does not run here");
    fs_err::write(place.path("plain"), "").unwrap();
    place.install(&[("INPUT_BINARY_PATH", "plain")]).fails_with("is not executable");
}

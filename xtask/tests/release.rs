//! action/release.sh against a repository and a `gh` of our own: what it does, and in which order.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TARGETS: &[&str] = &[
    "aarch64-apple-darwin",
    "aarch64-pc-windows-msvc",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
];

/// A clone at version 1.2.3 with an origin that stands in for GitHub, and a `gh` that notes what it is asked.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        place.write("clone/Cargo.toml", "[workspace.package]\nversion = \"1.2.3\"\n");
        place.write("clone/action/checksums.txt", "0ld  loadgate-1.2.2-x86_64-unknown-linux-gnu.tar.gz\n");
        place.write(
            "clone/action/release.sh",
            &fs_err::read_to_string(root.join("action/release.sh")).unwrap(),
        );
        place.git("clone", &["init", "--quiet", "--initial-branch=main"]);
        place.git("clone", &["add", "--all"]);
        place.git("clone", &["commit", "--quiet", "--message=as it was"]);
        place.git(".", &["clone", "--quiet", "--bare", "clone", "origin"]);
        // What is there at the moment of each call shows the order.
        let gh = format!(
            "#!/bin/sh\nprintf '%s | ' \"$*\" >>{0}/log\ngit -C {0}/origin tag | tr '\\n' ' ' >>{0}/log\necho >>{0}/log\n\
             if [ \"$2\" = view ]; then test -e {0}/released; fi\n",
            place.path(".").display()
        );
        place.write("bin/gh", &gh);
        fs_err::set_permissions(place.path("bin/gh"), PermissionsExt::from_mode(0o755)).unwrap();
        for target in TARGETS {
            place.pack(target);
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs_err::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs_err::write(self.path(name), text).unwrap();
    }

    /// An archive with its checksum, as `cargo xtask dist` leaves them.
    fn pack(&self, target: &str) {
        let name = format!("loadgate-1.2.3-{target}");
        self.write(&format!("dist/{name}.tar.gz"), target);
        let sum = Command::new("sha256sum")
            .arg(format!("{name}.tar.gz"))
            .current_dir(self.path("dist"))
            .output()
            .unwrap();
        self.write(&format!("dist/{name}.sha256"), &String::from_utf8(sum.stdout).unwrap());
    }

    fn command(&self, program: &str, folder: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path(folder)).env("HOME", self.folder.path());
        for person in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{person}_NAME"), "t")
                .env(format!("GIT_{person}_EMAIL"), "t@example.invalid");
        }
        command
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let output = self.command("git", folder).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn release(&self) -> Output {
        let mut path = vec![self.path("bin")];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        self.command("bash", "clone")
            .args(["action/release.sh", self.path("dist").to_str().unwrap()])
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("GITHUB_REPOSITORY", "o/r")
            .env("GH_TOKEN", "secret-token")
            // GitHub is the origin beside us.
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", format!("url.{}.insteadOf", self.path("origin").display()))
            .env("GIT_CONFIG_VALUE_0", "https://github.com/o/r")
            .output()
            .unwrap()
    }

    fn asked(&self) -> Vec<String> {
        let log = fs_err::read_to_string(self.path("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

#[track_caller]
fn succeeds(output: &Output) {
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("secret-token"), "{said}");
}

#[test]
fn a_release_is_whole_before_it_is_seen() {
    let place = Place::new();
    // An earlier release of the same major version.
    place.git("origin", &["tag", "v1"]);
    let before = place.git("origin", &["rev-parse", "main"]);
    succeeds(&place.release());

    let [view, create, publish] = &place.asked()[..] else { panic!("{:?}", place.asked()) };
    assert!(view.starts_with("release view v1.2.3"), "{view}");
    // The draft with all archives comes before there is a tag that could be used.
    assert!(create.contains("release create v1.2.3 --draft") && create.ends_with("| v1 "), "{create}");
    for target in TARGETS {
        assert!(create.contains(&format!("loadgate-1.2.3-{target}.tar.gz")), "{create}");
    }
    assert!(create.contains("checksums.txt"), "{create}");
    // It is published when the tag is there.
    assert!(publish.starts_with("release edit v1.2.3 --draft=false --verify-tag"), "{publish}");
    assert!(publish.ends_with("| v1 v1.2.3 "), "{publish}");

    // The tag's commit fixes the checksums, of older releases too, and is on main; the major tag has moved along.
    let tagged = place.git("origin", &["rev-parse", "v1.2.3^{commit}"]);
    assert_eq!(place.git("origin", &["rev-parse", "main"]), tagged);
    assert_eq!(place.git("origin", &["rev-parse", "v1^{commit}"]), tagged);
    assert_eq!(place.git("origin", &["rev-parse", "v1.2.3~"]), before);
    let checksums = place.git("origin", &["show", "v1.2.3:action/checksums.txt"]);
    assert_eq!(checksums.lines().count(), TARGETS.len() + 1, "{checksums}");
    let sum = fs_err::read_to_string(place.path("dist/loadgate-1.2.3-x86_64-apple-darwin.sha256")).unwrap();
    assert!(checksums.contains(sum.trim()) && checksums.contains("loadgate-1.2.2-"), "{checksums}");
    assert_eq!(place.git("origin", &["diff", "--name-only", "v1.2.3~", "v1.2.3"]), "action/checksums.txt");
}

#[test]
fn what_is_not_whole_is_not_released() {
    let incomplete: &[(&str, fn(&Place))] = &[
        ("expected 8 archives", |place| {
            fs_err::remove_file(place.path("dist/loadgate-1.2.3-x86_64-apple-darwin.tar.gz")).unwrap();
        }),
        ("did NOT match", |place| place.write("dist/loadgate-1.2.3-x86_64-apple-darwin.tar.gz", "another")),
        ("released already", |place| place.write("released", "")),
    ];
    for (words, spoil) in incomplete {
        let place = Place::new();
        spoil(&place);
        let output = place.release();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(words), "{said}");
        assert!(!place.asked().iter().any(|asked| asked.contains("create")), "{:?}", place.asked());
        assert_eq!(place.git("origin", &["tag"]), "");
    }
}

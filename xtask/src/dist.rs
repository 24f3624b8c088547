//! `cargo xtask dist`: one archive per target, as action/install.sh expects it, and its line for action/checksums.txt.
//!
//! The same sources and compiler give the same archive: times and owners in it are fixed and names are in order.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::shell;

/// What to pack.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Build for this target instead of the machine's own.
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Cargo subcommand that builds, such as `zigbuild` for other machines' targets.
    #[arg(long, default_value = "build", value_name = "NAME")]
    build_with: String,
    /// Oldest glibc that the binary is to run with, such as 2.17; for `--build-with zigbuild`.
    #[arg(long, value_name = "VERSION")]
    glibc: Option<String>,
    /// Pack this program instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Folder for the archive and its checksum [default: target/dist]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Build, pack, write the checksum.
///
/// # Errors
/// The product does not build, or a file cannot be written.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let target = match &options.target {
        Some(target) => target.clone(),
        None => host()?,
    };
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => build(options, &target)?,
    };
    let out = options.out.clone().unwrap_or_else(|| shell::target().join("dist"));
    fs_err::create_dir_all(&out)?;
    let name = format!("loadgate-{}-{target}", env!("CARGO_PKG_VERSION"));
    let archive = out.join(format!("{name}.tar.gz"));
    let packed = pack(&name, &binary)?;
    let sum = Sha256::digest(&packed).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let line = format!("{sum}  {name}.tar.gz\n");
    fs_err::write(&archive, &packed)?;
    fs_err::write(out.join(format!("{name}.sha256")), &line)?;
    println!("dist: {} ({} KiB)\n{}", archive.display(), packed.len() / 1024, line.trim_end());
    Ok(())
}

fn build(options: &Options, target: &str) -> anyhow::Result<PathBuf> {
    let mut triple = target.to_owned();
    if let Some(glibc) = &options.glibc {
        if options.build_with != "zigbuild" {
            bail!("--glibc needs --build-with zigbuild");
        }
        triple = format!("{target}.{glibc}");
    }
    let mut cargo = shell::cargo();
    cargo.args([&options.build_with, "--release", "--locked", "--package", "loadgate", "--target", &triple]);
    shell::run(&mut cargo)?;
    Ok(shell::target().join(target).join("release").join(program(target)))
}

fn pack(name: &str, binary: &Path) -> anyhow::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    let root = shell::root();
    let files = [
        ("LICENSE-APACHE".to_owned(), root.join("LICENSE-APACHE"), 0o644),
        ("LICENSE-MIT".to_owned(), root.join("LICENSE-MIT"), 0o644),
        ("README.md".to_owned(), root.join("README.md"), 0o644),
        (program(name).to_owned(), binary.to_owned(), 0o755),
    ];
    for (file, from, mode) in files {
        let content = fs_err::read(&from)?;
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        // Not 0, which some unpackers take for "unknown" and warn about.
        header.set_mtime(1);
        archive.append_data(&mut header, format!("{name}/{file}"), content.as_slice())?;
    }
    Ok(archive.into_inner()?.finish()?)
}

fn program(target: &str) -> &'static str {
    if target.contains("windows") { "loadgate.exe" } else { "loadgate" }
}

fn host() -> anyhow::Result<String> {
    let said = shell::read(Command::new("rustc").arg("-vV").current_dir(shell::root()))?;
    let line = said.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).context("rustc does not say its host")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn archives_hold_one_folder_and_repeat() {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("built");
        fs_err::write(&binary, "the program").unwrap();
        let packed = pack("loadgate-1.2.3-x86_64-unknown-linux-gnu", &binary).unwrap();
        assert_eq!(packed, pack("loadgate-1.2.3-x86_64-unknown-linux-gnu", &binary).unwrap());
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
        let mut names = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().display().to_string();
            if name.ends_with("/loadgate") {
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                assert_eq!(text, "the program");
                assert_eq!(entry.header().mode().unwrap(), 0o755);
            }
            names.push(name.strip_prefix("loadgate-1.2.3-x86_64-unknown-linux-gnu/").unwrap().to_owned());
        }
        assert_eq!(names, ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "loadgate"]);
    }

    #[test]
    fn windows_programs_end_in_exe() {
        assert_eq!(program("loadgate-1.2.3-x86_64-pc-windows-msvc"), "loadgate.exe");
    }
}

//! Places of the workspace, and commands run in it.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

/// The workspace's root folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in a folder of the workspace")
        .to_owned()
}

/// The one target folder that all commands share.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Where `setup` puts tools that no system package brings.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}

/// Folder of the programs of the Python environment in [`tools`].
pub(crate) fn tools_bin() -> PathBuf {
    tools().join("python").join(if cfg!(windows) { "Scripts" } else { "bin" })
}

/// The cargo that runs us, or the one on the path.
pub(crate) fn cargo() -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A command in the root folder that finds our tools first and never waits for input.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    let mut path = vec![tools_bin()];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    // nginx and other servers live here on Debian, where only root has it on the path.
    path.extend([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")]);
    if let Ok(path) = env::join_paths(path) {
        command.env("PATH", path);
    }
    command.current_dir(root()).env("CARGO_TARGET_DIR", target()).stdin(Stdio::null());
    command
}

/// Where a program is found, on the path or in the usual places for servers.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    std::iter::once(tools_bin())
        .chain(env::split_paths(&path))
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .map(|folder| folder.join(program).with_extension(env::consts::EXE_EXTENSION))
        .find(|file| file.is_file())
}

/// The command as one would type it, for messages.
pub(crate) fn spelled(command: &Command) -> String {
    let program =
        Path::new(command.get_program()).file_stem().unwrap_or(command.get_program()).to_string_lossy();
    let mut line = program.into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

/// Run it with its output on the terminal; an error when it fails.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("failed to start `{}`", spelled(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", spelled(command));
    }
    Ok(())
}

/// Run it and return what it wrote to its standard output.
pub(crate) fn read(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("failed to start `{}`", spelled(command)))?;
    if !output.status.success() {
        bail!("`{}` ended with {}", spelled(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` wrote no UTF-8", spelled(command)))
}

/// Run it, show both its streams as they come and keep them too.
pub(crate) fn watch(command: &mut Command) -> anyhow::Result<(bool, String)> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to start `{}`", spelled(command)))?;
    let errors = child.stderr.take().context("the child has no standard error")?;
    let output = child.stdout.take().context("the child has no standard output")?;
    let listener = std::thread::spawn(move || copy(errors, std::io::stderr()));
    let mut kept = copy(output, std::io::stdout())?;
    kept.push_str(&listener.join().expect("copying lines does not panic")?);
    Ok((child.wait()?.success(), kept))
}

fn copy(from: impl std::io::Read, mut to: impl Write) -> std::io::Result<String> {
    let mut kept = String::new();
    let mut lines = BufReader::new(from);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        kept.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(kept)
}

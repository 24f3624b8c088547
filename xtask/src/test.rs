//! `cargo xtask test`: everything that must pass before a change goes in.
//!
//! One target folder is shared by all steps. A step that fails does not keep the others from running, so that one round
//! shows everything there is to mend. The last line says `N passed, N failed`; no test run at all is a failure.

use std::time::Instant;

use anyhow::{Context, bail};

use crate::{faults, package, schema, setup, shell, tidy, viewer};

/// How much to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Do not look after tools first.
    #[arg(long)]
    no_setup: bool,
    /// Run only the tests whose name contains this, and none of the checks.
    filter: Option<String>,
}

/// What came of one step.
struct Ran {
    name: &'static str,
    passed: u64,
    failed: u64,
    seconds: f64,
}

/// Set up, check, build and test.
///
/// # Errors
/// Anything failed, or no test ran.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if !options.no_setup {
        setup::run()?;
    }
    let mut ran = Vec::new();
    if options.filter.is_none() {
        // The cheap ones first: they show soonest what is wrong.
        step(&mut ran, "format", || check(shell::cargo().args(["fmt", "--all", "--check"])));
        step(&mut ran, "tidy", || as_count(tidy::run()));
        step(&mut ran, "clippy", || {
            check(shell::cargo().args([
                "clippy",
                "--quiet",
                "--workspace",
                "--all-targets",
                "--",
                "--deny",
                "warnings",
            ]))
        });
        step(&mut ran, "docs", || {
            // Private items are documented here as well, so that links to them lead somewhere.
            let flags = "--deny warnings --allow rustdoc::private_intra_doc_links";
            check(shell::cargo().env("RUSTDOCFLAGS", flags).args([
                "doc",
                "--quiet",
                "--workspace",
                "--no-deps",
                "--document-private-items",
            ]))
        });
        step(&mut ran, "packages", || as_count(package::run()));
        step(&mut ran, "page is fresh", || as_count(viewer::run(true)));
        step(&mut ran, "schemas are fresh", || as_count(schema::run(true)));
    }
    let mut tests_run = 0;
    step(&mut ran, "tests", || {
        let counted = tests(options.filter.as_deref())?;
        tests_run = counted.0 + counted.1;
        Ok(counted)
    });
    if options.filter.is_none() {
        step(&mut ran, "faults", || faults::count(&faults::Options::default()));
    }
    print(&ran);
    let failed: u64 = ran.iter().map(|step| step.failed).sum();
    let passed: u64 = ran.iter().map(|step| step.passed).sum();
    if tests_run == 0 {
        println!("{passed} passed, {} failed", failed.max(1));
        bail!("no test ran");
    }
    println!("{passed} passed, {failed} failed");
    if failed > 0 {
        bail!("{failed} failed");
    }
    Ok(())
}

fn step(ran: &mut Vec<Ran>, name: &'static str, body: impl FnOnce() -> anyhow::Result<(u64, u64)>) {
    println!("== {name}");
    let start = Instant::now();
    let (passed, failed) = body().unwrap_or_else(|error| {
        println!("{name}: {error:#}");
        (0, 1)
    });
    ran.push(Ran { name, passed, failed, seconds: start.elapsed().as_secs_f64() });
}

fn check(command: &mut std::process::Command) -> anyhow::Result<(u64, u64)> {
    as_count(shell::run(command))
}

fn as_count(result: anyhow::Result<()>) -> anyhow::Result<(u64, u64)> {
    result.map(|()| (1, 0))
}

fn print(ran: &[Ran]) {
    println!("\n== what ran");
    for Ran { name, passed, failed, seconds } in ran {
        let mark = if *failed == 0 { "ok    " } else { "FAILED" };
        println!("{mark} {name:<20} {passed:>5} passed {failed:>3} failed {seconds:>7.1} s");
    }
}

/// All tests of the workspace, also those that need what `setup` installs (they are marked `#[ignore]`, so that a bare
/// `cargo test` works without).
fn tests(filter: Option<&str>) -> anyhow::Result<(u64, u64)> {
    let has_nextest = shell::cargo()
        .args(["nextest", "--version"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let mut command = shell::cargo();
    if has_nextest {
        command.args([
            "nextest",
            "run",
            "--workspace",
            "--no-fail-fast",
            "--run-ignored",
            "all",
            "--no-tests",
            "pass",
        ]);
        command.args(filter);
    } else {
        command.args(["test", "--workspace", "--all-targets", "--no-fail-fast"]);
        command.args(filter);
        command.args(["--", "--include-ignored"]);
    }
    let (success, output) = shell::watch(&mut command)?;
    let counted = if has_nextest { count_nextest(&output) } else { count_libtest(&output) };
    let (passed, failed) = counted.context("the tests printed no summary, so they may not have built")?;
    if !success && failed == 0 {
        bail!("`{}` failed though {passed} tests passed", shell::spelled(&command));
    }
    Ok((passed, failed))
}

/// Passed and failed from nextest's last summary line: `Summary [ 1.2s] 7 tests run: 5 passed (1 slow), 2 failed, 0 skipped`.
fn count_nextest(output: &str) -> Option<(u64, u64)> {
    let line = output.lines().rfind(|line| line.trim_start().starts_with("Summary ["))?;
    let (run, figures) = line.split_once("run:")?;
    let total: u64 = run.split_whitespace().rev().nth(1)?.split('/').next()?.parse().ok()?;
    let passed = figures
        .split(',')
        .find_map(|part| part.trim().split_once(" passed").and_then(|(count, _)| count.parse().ok()))
        .unwrap_or(0);
    Some((passed, total - passed))
}

/// Passed and failed, summed over libtest's lines: `test result: ok. 5 passed; 0 failed; …`.
fn count_libtest(output: &str) -> Option<(u64, u64)> {
    let mut sum = None;
    for line in output.lines().filter(|line| line.starts_with("test result:")) {
        let count = |word: &str| -> Option<u64> {
            line.split([';', '.']).find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
        };
        let (passed, failed) = sum.unwrap_or((0, 0));
        sum = Some((passed + count("passed")?, failed + count("failed")?));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::{count_libtest, count_nextest};

    #[test]
    fn nextest_summaries_are_counted() {
        let table: &[(&str, Option<(u64, u64)>)] = &[
            ("     Summary [   1.234s] 7 tests run: 5 passed (1 slow), 2 failed, 0 skipped", Some((5, 2))),
            ("     Summary [   0.100s] 1 test run: 1 passed, 3 skipped", Some((1, 0))),
            (
                "     Summary [   9.000s] 3/9 tests run: 1 passed, 1 failed, 1 timed out, 0 skipped",
                Some((1, 2)),
            ),
            ("     Summary [   0.000s] 0 tests run: 0 passed, 0 skipped", Some((0, 0))),
            ("error: could not compile `loadgate`", None),
        ];
        for (output, expected) in table {
            assert_eq!(count_nextest(output), *expected, "{output}");
        }
    }

    #[test]
    fn libtest_summaries_are_summed() {
        let output = "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s\n";
        assert_eq!(count_libtest(output), Some((6, 2)));
        assert_eq!(count_libtest("error: could not compile"), None);
    }
}

//! `cargo xtask faults`: every fault of every reference service turns its suite red, for the right reason.
//!
//! A fault is caught where each of the requirements that it is listed with (`loadgate serve SERVICE --list-faults`) has a
//! finding that carries its number and names a scenario: one that fails the gate, or the warning of a condition that only
//! warns. No finding that fails the gate may carry another requirement: that would be a condition that breaks for a reason
//! of its own. What could not be run because the service
//! had died says nothing and is left out.
//!
//! Each fault runs the scenarios that carry its requirements, in their short form, several faults side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::shell;

/// The services with faults, in the order of docs/reference-services.md.
const SERVICES: &[&str] = &["stream-chat", "conversations", "cached-chat", "sessions", "documents"];

/// Most of a run's time is waiting for simulated latencies, so four keep two processors about half busy.
const SIDE_BY_SIDE: usize = 4;

/// What to run.
#[derive(Default, clap::Args)]
pub(crate) struct Options {
    /// Faults that run side by side [default: 4].
    #[arg(long)]
    jobs: Option<usize>,
    /// Run an optimised build.
    #[arg(long)]
    release: bool,
    /// Run only services and faults whose name contains this.
    filter: Option<String>,
}

/// A fault of a service.
struct Fault {
    service: &'static str,
    name: String,
    requirements: Vec<String>,
}

/// What a fault came to.
struct Outcome {
    fault: Fault,
    exit: Option<i32>,
    /// The findings that caught it, by requirement: scenario, condition.
    caught: BTreeMap<String, (String, String)>,
    /// Findings of other requirements.
    unrelated: Vec<String>,
}

impl Outcome {
    /// Why it does not count as caught.
    fn problem(&self) -> Option<String> {
        let missed: Vec<&str> = self
            .fault
            .requirements
            .iter()
            .filter(|number| !self.caught.contains_key(*number))
            .map(String::as_str)
            .collect();
        if !missed.is_empty() {
            return Some(format!("no finding on {}", missed.join(", ")));
        }
        if !self.unrelated.is_empty() {
            return Some(format!("also broken: {}", self.unrelated.join("; ")));
        }
        // 3 is for a service that died; nothing that was measured then counts.
        let dies = self.fault.name.starts_with("crash");
        match self.exit {
            Some(1) => None,
            Some(3) if dies => None,
            Some(code) => Some(format!("exit code {code}")),
            None => Some("ended by a signal".to_owned()),
        }
    }
}

/// Runs all faults and prints what caught each.
///
/// # Errors
/// A fault is not caught, or something unrelated breaks.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let (caught, missed) = count(options)?;
    if missed > 0 {
        bail!("{missed} of {} faults are not caught as they should be", caught + missed);
    }
    Ok(())
}

/// The same, giving the faults that were caught and those that were not.
///
/// # Errors
/// The program cannot be built or asked for its faults.
pub(crate) fn count(options: &Options) -> anyhow::Result<(u64, u64)> {
    let program = build(options.release)?;
    let faults = list(&program, options.filter.as_deref())?;
    if faults.is_empty() {
        bail!("no service and no fault has such a name");
    }
    let start = Instant::now();
    let total = faults.len();
    let faults: Vec<Mutex<Option<Fault>>> = faults.into_iter().map(|fault| Mutex::new(Some(fault))).collect();
    let next = AtomicUsize::new(0);
    let outcomes: Vec<Mutex<Option<anyhow::Result<Outcome>>>> =
        (0..total).map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.unwrap_or(SIDE_BY_SIDE).clamp(1, total) {
            scope.spawn(|| {
                while let Some(place) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(fault) = lock(place).take() else { continue };
                    let index = faults.iter().position(|other| std::ptr::eq(other, place)).unwrap_or(0);
                    *lock(&outcomes[index]) = Some(run_one(&program, fault));
                }
            });
        }
    });
    let outcomes: Vec<Outcome> = outcomes
        .into_iter()
        .filter_map(|outcome| outcome.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
        .collect::<anyhow::Result<_>>()?;
    print(&outcomes);
    let missed = outcomes.iter().filter(|outcome| outcome.problem().is_some()).count();
    println!("\n{} of {total} faults caught in {:.0} s", total - missed, start.elapsed().as_secs_f64());
    Ok(((total - missed) as u64, missed as u64))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Builds the product; returns the program.
pub(crate) fn build(release: bool) -> anyhow::Result<PathBuf> {
    let mut command = shell::cargo();
    command.args(["build", "--quiet", "--package", "loadgate"]);
    if release {
        command.arg("--release");
    }
    shell::run(&mut command)?;
    let profile = if release { "release" } else { "debug" };
    Ok(shell::target().join(profile).join("loadgate").with_extension(std::env::consts::EXE_EXTENSION))
}

fn list(program: &Path, filter: Option<&str>) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for service in SERVICES {
        let text = shell::read(shell::command(program).args(["serve", service, "--list-faults"]))?;
        let of_service = text.lines().filter_map(|line| parse(service, line));
        let wanted = |fault: &Fault| {
            filter.is_none_or(|filter| service.contains(filter) || fault.name.contains(filter))
        };
        let before = faults.len();
        faults.extend(of_service.filter(wanted));
        if filter.is_none() && faults.len() == before {
            bail!("`loadgate serve {service} --list-faults` lists no faults");
        }
    }
    Ok(faults)
}

/// A line of `--list-faults`: name, requirements, what it breaks.
fn parse(service: &'static str, line: &str) -> Option<Fault> {
    let mut words = line.split_whitespace();
    let name = words.next()?.to_owned();
    let requirements = words.next()?.split(',').map(str::to_owned).collect();
    Some(Fault { service, name, requirements })
}

fn run_one(program: &Path, fault: Fault) -> anyhow::Result<Outcome> {
    let out = shell::target().join("faults").join(fault.service).join(&fault.name);
    let mut command = Command::new(program);
    command.args(["demo", fault.service, "--fault", &fault.name, "--mode", "off", "--out"]).arg(&out);
    for number in &fault.requirements {
        command.args(["--only", number]);
    }
    // A run without a report must not be judged by the report of an earlier one.
    if out.exists() {
        fs_err::remove_dir_all(&out)?;
    }
    let ran = command
        .current_dir(shell::root())
        .env_remove("GITHUB_ACTIONS")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("failed to start `{}`", shell::spelled(&command)))?;
    let report: Value = match fs_err::read(out.join("report.json")) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(_) => {
            bail!("{} {}: no report\n{}", fault.service, fault.name, String::from_utf8_lossy(&ran.stderr))
        }
    };
    let (caught, unrelated) = judge(&report, &fault.requirements);
    Ok(Outcome { fault, exit: ran.status.code(), caught, unrelated })
}

/// What caught the fault, and which findings have nothing to do with it.
fn judge(report: &Value, requirements: &[String]) -> (BTreeMap<String, (String, String)>, Vec<String>) {
    let text = |finding: &Value, key: &str| finding[key].as_str().map(str::to_owned);
    let not_run: BTreeSet<&str> = report["scenarios"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|scenario| report["target"]["died"].is_string() && scenario["requests"] == 0)
        .filter_map(|scenario| scenario["name"].as_str())
        .collect();
    let told = report["findings"].as_array().into_iter().flatten().filter(|finding| {
        let is_red = matches!(finding["verdict"].as_str(), Some("fail" | "invalid"));
        (is_red || finding["kind"] == "warning")
            && finding["scenario"].as_str().is_none_or(|name| !not_run.contains(name))
    });
    let mut caught = BTreeMap::new();
    let mut unrelated = Vec::new();
    for finding in told {
        let requirement = text(finding, "requirement").unwrap_or_default();
        let rule = text(finding, "condition").or_else(|| text(finding, "figure")).unwrap_or_default();
        let scenario = text(finding, "scenario").unwrap_or_default();
        if !requirements.contains(&requirement) {
            if finding["kind"] != "warning" {
                unrelated.push(format!("{scenario}: {rule} [{requirement}]"));
            }
        } else if !scenario.is_empty()
            && (finding["verdict"] == "fail"
                || matches!(finding["kind"].as_str(), Some("target" | "warning")))
        {
            // The first is the one that the report shows first.
            caught.entry(requirement).or_insert((scenario, rule));
        }
    }
    (caught, unrelated)
}

fn print(outcomes: &[Outcome]) {
    let mut rows = vec![["service", "fault", "requirement", "caught in", "by", "exit"].map(str::to_owned)];
    for outcome in outcomes {
        let exit = outcome.exit.map_or_else(|| "–".to_owned(), |code| code.to_string());
        for (index, number) in outcome.fault.requirements.iter().enumerate() {
            let (scenario, rule) = outcome
                .caught
                .get(number)
                .cloned()
                .unwrap_or_else(|| ("–".to_owned(), "not caught".to_owned()));
            let once = |text: &str| if index == 0 { text.to_owned() } else { String::new() };
            rows.push([
                once(outcome.fault.service),
                once(&outcome.fault.name),
                number.clone(),
                scenario,
                rule,
                once(&exit),
            ]);
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        println!("{}", cells.join("  ").trim_end());
    }
    for outcome in outcomes {
        if let Some(problem) = outcome.problem() {
            println!("{} {}: {problem}", outcome.fault.service, outcome.fault.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(findings: &Value, died: bool) -> (Option<String>, usize) {
        let report = json!({
            "findings": findings,
            "target": { "died": died.then_some("exit status 3") },
            "scenarios": [{ "name": "burst", "requests": 5 }, { "name": "never", "requests": 0 }],
        });
        let (caught, unrelated) = judge(&report, &["B1".to_owned(), "B5".to_owned()]);
        (caught.into_keys().next(), unrelated.len())
    }

    fn finding(scenario: &str, requirement: &str, verdict: &str, kind: &str) -> Value {
        json!({ "scenario": scenario, "requirement": requirement, "verdict": verdict, "kind": kind, "figure": "ok" })
    }

    #[test]
    fn a_fault_is_caught_by_its_own_requirements_alone() {
        let own = finding("burst", "B1", "fail", "condition");
        assert_eq!(judged(&json!([own]), false), (Some("B1".to_owned()), 0));
        assert_eq!(judged(&json!([]), false), (None, 0));
        assert_eq!(judged(&json!([own, finding("burst", "B4", "fail", "condition")]), false).1, 1);
        // A condition that only warns catches too; the exit code then asks for one that fails.
        assert_eq!(
            judged(&json!([finding("burst", "B1", "pass", "warning")]), false),
            (Some("B1".to_owned()), 0)
        );
        assert_eq!(judged(&json!([finding("burst", "B4", "pass", "warning")]), false), (None, 0));
        // Nothing was measured: that alone catches nothing.
        assert_eq!(judged(&json!([finding("burst", "B1", "invalid", "condition")]), false), (None, 0));
    }

    #[test]
    fn what_a_dead_service_could_not_run_says_nothing() {
        let died = finding("burst", "B1", "invalid", "target");
        let never = finding("never", "B9", "invalid", "target");
        assert_eq!(judged(&json!([died, never]), true), (Some("B1".to_owned()), 0));
        assert_eq!(judged(&json!([died, never]), false).1, 1);
    }

    #[test]
    fn lines_of_faults_are_read() {
        let fault = parse("documents", "limit-off  E2,E3,E8  nobody is refused").expect("a fault");
        assert_eq!((fault.name.as_str(), fault.requirements.len()), ("limit-off", 3));
        assert!(parse("documents", "").is_none());
    }
}

//! `cargo xtask repeat SUITE --only NAME --times N`: a scenario over and over on the healthy service. Exact counts must hold
//! every time.

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use anyhow::{Context, bail};

use crate::{faults, shell};

/// What to run, and how often.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Name of a suite in suites/, such as `conversations`.
    suite: String,
    /// Scenario, tag or requirement (may be given several times) [default: the whole suite].
    #[arg(long)]
    only: Vec<String>,
    /// How often.
    #[arg(long, default_value_t = 200)]
    times: u32,
    /// Runs side by side.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Run an optimised build.
    #[arg(long)]
    release: bool,
}

/// Repeats and counts; what failed is printed as it happens.
///
/// # Errors
/// A run did not pass.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let program = faults::build(options.release)?;
    let start = Instant::now();
    let (begun, passed) = (AtomicU32::new(0), AtomicU32::new(0));
    let trouble: Mutex<Option<anyhow::Error>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for job in 0..options.jobs.max(1) {
            let (begun, passed, trouble, program) = (&begun, &passed, &trouble, &program);
            scope.spawn(move || {
                loop {
                    let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
                    if number > options.times {
                        return;
                    }
                    match once(program, options, job) {
                        Ok(None) => {
                            passed.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(Some(output)) => println!("run {number} did not pass:\n{output}"),
                        Err(error) => {
                            *trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error);
                            return;
                        }
                    }
                }
            });
        }
    });
    if let Some(error) = trouble.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        return Err(error);
    }
    let passed = passed.into_inner();
    println!(
        "{} {}: {passed} of {} runs passed in {:.0} s",
        options.suite,
        options.only.join(" "),
        options.times,
        start.elapsed().as_secs_f64()
    );
    if passed < options.times {
        bail!("{} did not pass", options.times - passed);
    }
    Ok(())
}

/// One run; what it printed where it did not pass.
fn once(program: &std::path::Path, options: &Options, job: usize) -> anyhow::Result<Option<String>> {
    let out = shell::target().join("repeat").join(&options.suite).join(job.to_string());
    let mut command = Command::new(program);
    command.args(["run", &format!("suites/{}.yml", options.suite), "--mode", "off", "--out"]).arg(out);
    for only in &options.only {
        command.args(["--only", only]);
    }
    let ran = command
        .current_dir(shell::root())
        .env_remove("GITHUB_ACTIONS")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("failed to start `{}`", shell::spelled(&command)))?;
    let said = [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    Ok((!ran.status.success()).then_some(said))
}

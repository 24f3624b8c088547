//! `cargo xtask bench`: how fast, honest and frugal loadgate is, beside other load generators, on loopback.
//!
//! ```text
//! half of the processors          the other half
//! ┌────────────────────┐          ┌──────────────────────────────────────┐
//! │ loadgate, or a peer│ ───────▶ │ nginx, or the server of known latency│
//! └────────────────────┘          └──────────────────────────────────────┘
//! ```
//!
//! Peers take turns (A B C A B C …), so that a slow stretch of the machine hits all of them; ratios are of the same round.
//! One file each bench; [`BENCHES`] lists them. `--write` puts what was found into docs/benchmarks.md.

mod accuracy;
mod bare;
mod canary;
mod chat;
mod cores;
mod document;
mod finding;
mod instructions;
mod lab;
mod long;
mod memory;
mod nginx;
mod peers;
mod process;
mod release;
mod stall;
mod start;
mod stats;
mod streams;
mod tools;
pub(crate) mod truth;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, bail};

use self::finding::Finding;
use self::lab::Lab;
use crate::faults;

/// A bench: its name, its heading, and what it does.
struct Bench {
    name: &'static str,
    heading: &'static str,
    run: fn(&Lab) -> anyhow::Result<Finding>,
}

/// All of them, in the order of the document.
const BENCHES: &[Bench] = &[
    Bench { name: "bare", heading: "Bare requests", run: bare::run },
    Bench { name: "chat", heading: "A chat-like flow", run: chat::run },
    Bench { name: "accuracy", heading: "Accuracy of latencies", run: accuracy::run },
    Bench { name: "stall", heading: "A stall of the service", run: stall::run },
    Bench { name: "streams", heading: "Streams", run: streams::run },
    Bench { name: "start", heading: "Start to first request", run: start::run },
    Bench { name: "release", heading: "Users released together", run: release::run },
    Bench { name: "canary", heading: "Cost of the canary scan", run: canary::run },
    Bench { name: "memory", heading: "Memory of a user", run: memory::run },
    Bench { name: "long", heading: "A long run", run: long::run },
    Bench { name: "instructions", heading: "Instructions of the measured path", run: instructions::run },
];

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Benches to run, by name [default: all].
    names: Vec<String>,
    /// Shorter runs and fewer rounds.
    #[arg(long)]
    quick: bool,
    /// Measure this loadgate instead of building one, such as an earlier release.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Install nothing; what is not there is left out.
    #[arg(long)]
    installed: bool,
    /// Write docs/benchmarks.md; needs all benches.
    #[arg(long)]
    write: bool,
}

/// Runs benches and prints what they found.
///
/// # Errors
/// A bench could not be run. A target that is missed is told, and is no error: it may be the machine's fault.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let names = || BENCHES.iter().map(|bench| bench.name).collect::<Vec<_>>().join(", ");
    if let Some(unknown) = options.names.iter().find(|name| BENCHES.iter().all(|bench| bench.name != **name))
    {
        bail!("there is no bench `{unknown}`; there are {}", names());
    }
    if options.write && !options.names.is_empty() {
        bail!("--write writes the whole document, so it goes without names of benches");
    }
    if !options.installed {
        peers::install()?;
    }
    let program = match &options.program {
        Some(program) => fs_err::canonicalize(program)?,
        None => faults::build(true)?,
    };
    let lab = Lab::new(program, options.quick, options.write)?;
    let about = document::about(&lab, options.quick)?;
    println!("{about}");
    let start = Instant::now();
    let mut findings = Vec::new();
    let wanted = BENCHES
        .iter()
        .filter(|bench| options.names.is_empty() || options.names.iter().any(|n| n == bench.name));
    for bench in wanted {
        let begun = Instant::now();
        println!("## {}\n", bench.heading);
        let finding = (bench.run)(&lab).with_context(|| format!("bench `{}`", bench.name))?;
        println!("{}{}", document::targets(&finding.targets), finding.text);
        println!("({:.0} s)\n", begun.elapsed().as_secs_f64());
        findings.push((bench.heading, finding));
    }
    let targets = || findings.iter().flat_map(|(_, finding)| &finding.targets);
    let met = targets().filter(|target| target.met).count();
    println!("{met} of {} targets met, in {:.0} s", targets().count(), start.elapsed().as_secs_f64());
    for target in targets().filter(|target| !target.met) {
        println!("missed: {}: {} (wanted: {})", target.what, target.found, target.wanted);
    }
    if options.write {
        document::write(&about, &findings)?;
    }
    Ok(())
}

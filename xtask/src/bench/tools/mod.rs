//! The load generators: how each is called, and how its output is read. One file each; [`ALL`] lists them.

mod h2load;
mod hey;
pub(super) mod k6;
pub(super) mod loadgate;
mod oha;
mod wrk;

use std::process::Command;

use super::lab::Lab;
use super::process::{self, Ended};
use crate::shell;

/// All of them.
pub(super) const ALL: &[&Tool] =
    &[&loadgate::TOOL, &wrk::TOOL, &oha::TOOL, &hey::TOOL, &h2load::TOOL, &k6::TOOL];

pub(super) use self::{h2load::TOOL as H2LOAD, hey::TOOL as HEY, k6::TOOL as K6, loadgate::TOOL as LOADGATE};
pub(super) use self::{oha::TOOL as OHA, wrk::TOOL as WRK};

/// A load generator.
pub(super) struct Tool {
    /// Its name, which is its program's.
    pub(super) name: &'static str,
    /// Arguments that make it tell its version; none where it does not.
    pub(super) version: &'static [&'static str],
    /// Its arguments for GETs of one URL. What it wants in a file is written into the lab's folder.
    pub(super) gets: fn(&Lab, &Gets) -> anyhow::Result<Vec<String>>,
    /// Reads its standard output.
    pub(super) read: fn(&str) -> Option<Measure>,
}

/// GETs of one URL.
#[derive(Clone, Debug)]
pub(super) struct Gets {
    pub(super) url: String,
    pub(super) connections: u32,
    pub(super) seconds: u32,
    /// Requests per second of all connections together; `None` for as many as there can be.
    pub(super) rate: Option<u32>,
    pub(super) aim: Aim,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// As it is in use.
    Speed,
    /// How well it tells latencies: its process comes before all others on its processors, where the system allows that, and
    /// loadgate's first half second, with the connecting in it, is not measured. wrk leaves connecting out anyhow.
    Latency,
}

/// What a tool says it measured; times in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Measure {
    pub(super) requests: u64,
    pub(super) failed: u64,
    pub(super) per_second: f64,
    pub(super) p50: Option<f64>,
    pub(super) p95: Option<f64>,
    pub(super) p99: Option<f64>,
}

/// A run and what it took.
pub(super) struct Ran {
    pub(super) measure: Measure,
    pub(super) ended: Ended,
}

impl Ran {
    /// Processor seconds for 100,000 requests.
    pub(super) fn cpu_per_100k(&self) -> f64 {
        self.ended.cpu.as_secs_f64() / self.measure.requests as f64 * 1e5
    }
}

impl Tool {
    /// Whether it is installed.
    pub(super) fn is_there(&self, lab: &Lab) -> bool {
        lab.program(self.name).is_some()
    }

    /// Its version, as it tells it.
    pub(super) fn version(&self, lab: &Lab) -> Option<String> {
        if self.version.is_empty() {
            return Some(String::new()).filter(|_| self.is_there(lab));
        }
        let mut command = shell::command(lab.program(self.name)?);
        let output = command.args(self.version).output().ok()?;
        let text = [output.stdout, output.stderr].concat();
        version_in(&String::from_utf8_lossy(&text))
    }

    /// Runs it on one URL.
    ///
    /// # Errors
    /// It is not there, fails, or says what cannot be read, or requests failed.
    pub(super) fn get(&self, lab: &Lab, gets: &Gets) -> anyhow::Result<Ran> {
        let arguments = (self.gets)(lab, gets)?;
        let ran = match gets.aim {
            Aim::Speed => self.try_run(lab, &arguments)?,
            Aim::Latency => self.run_as(lab, &arguments, &lab.real_time)?,
        };
        self.checked(ran)
    }

    /// Runs it with arguments.
    ///
    /// # Errors
    /// As [`Tool::get`].
    pub(super) fn run(&self, lab: &Lab, arguments: &[String]) -> anyhow::Result<Ran> {
        let ran = self.try_run(lab, arguments)?;
        self.checked(ran)
    }

    fn checked(&self, ran: Ran) -> anyhow::Result<Ran> {
        let Measure { requests, failed, .. } = ran.measure;
        anyhow::ensure!(requests > 0, "{} sent no request", self.name);
        anyhow::ensure!(failed == 0, "{}: {failed} of {requests} requests failed", self.name);
        Ok(ran)
    }

    /// The same where requests may fail.
    ///
    /// # Errors
    /// It is not there, fails, or says what cannot be read.
    pub(super) fn try_run(&self, lab: &Lab, arguments: &[String]) -> anyhow::Result<Ran> {
        self.run_as(lab, arguments, &[])
    }

    /// Runs it behind a command such as `chrt`.
    fn run_as(&self, lab: &Lab, arguments: &[String], behind: &[&str]) -> anyhow::Result<Ran> {
        let program = lab.program(self.name).ok_or_else(|| anyhow::anyhow!("{} is not there", self.name))?;
        let mut command = match behind {
            [] => Command::new(program),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        command.args(arguments).current_dir(lab.folder()).env_remove("GITHUB_ACTIONS");
        let ended = process::run(&lab.cores, &mut command)?;
        let measure = (self.read)(&ended.stdout)
            .ok_or_else(|| anyhow::anyhow!("cannot read what {} says:\n{}", self.name, ended.stdout))?;
        Ok(Ran { measure, ended })
    }
}

/// The first word that looks like a version.
fn version_in(text: &str) -> Option<String> {
    text.split_whitespace().find_map(|word| {
        let word = word.trim_start_matches(['v', '[', '(']).trim_end_matches([')', ',', ']']);
        let word = word.rsplit('/').next().unwrap_or(word);
        (word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.')).then(|| word.to_owned())
    })
}

/// A time with its unit, such as `412.5us`, in milliseconds.
fn ms(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(digits);
    let scale = match unit {
        "us" | "µs" => 1e-3,
        "ms" => 1.0,
        "s" | "secs" => 1e3,
        "m" => 60e3,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * scale)
}

#[cfg(test)]
fn near(measure: Option<Measure>, expected: Measure) {
    let found = measure.expect("the output can be read");
    let times = |m: &Measure| [Some(m.per_second), m.p50, m.p95, m.p99];
    let same = |(a, b): (Option<f64>, Option<f64>)| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs(),
        (a, b) => a.is_none() && b.is_none(),
    };
    assert!(times(&found).into_iter().zip(times(&expected)).all(same), "{found:?} for {expected:?}");
    assert_eq!((found.requests, found.failed), (expected.requests, expected.failed));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_by_table() {
        for (text, expected) in [
            ("412.00us", Some(0.412)),
            ("1.5ms", Some(1.5)),
            (" 2s", Some(2000.0)),
            ("1.02m", Some(61200.0)),
            ("12", None),
            ("fast", None),
        ] {
            let found = ms(text);
            let same = match (found, expected) {
                (Some(a), Some(b)) => f64::abs(a - b) < 1e-9,
                (a, b) => a == b,
            };
            assert!(same, "{text}: {found:?}");
        }
    }

    #[test]
    fn versions_by_table() {
        for (text, expected) in [
            ("wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012", Some("4.1.0-3+b2")),
            ("h2load nghttp2/1.52.0", Some("1.52.0")),
            ("k6 v1.1.0 (commit/abc, go1.24)", Some("1.1.0")),
            ("nginx version: nginx/1.22.1", Some("1.22.1")),
            ("loadgate 0.1.0", Some("0.1.0")),
            ("unknown flag", None),
        ] {
            assert_eq!(version_in(text).as_deref(), expected, "{text}");
        }
    }
}

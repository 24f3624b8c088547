//! The machine and the revision that a run belongs to.

use loadgate_report::model::{Environment, Machine, Revision};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::github::Ci;

/// Reads the machine, the revision of the current directory and the CI system.
pub fn read() -> Environment {
    Environment {
        machine: machine(),
        revision: revision(),
        ci: Ci::detect(|name| std::env::var(name).ok()).name,
        steal: None,
        load_before: System::load_average().ok().map(|load| load.one),
    }
}

fn machine() -> Machine {
    let kind = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(kind).ok();
    let cpu = system.as_ref().and_then(|s| s.cpus().first().map(|cpu| cpu.brand().trim().to_owned()));
    let memory = system.as_ref().map_or(0, System::total_memory);
    let vcpus =
        std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX));
    Machine {
        cpu: cpu.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown processor".into()),
        vcpus,
        memory_gib: memory_bucket(memory),
        arch: std::env::consts::ARCH.into(),
        os: os(),
    }
}

/// GiB rounded to the next power of two upwards: a machine sold with 16 GiB shows 15.6 to its system.
fn memory_bucket(bytes: u64) -> u32 {
    let gib = (bytes as f64 / 1024.0 / 1024.0 / 1024.0).ceil().max(1.0) as u32;
    gib.checked_next_power_of_two().unwrap_or(gib)
}

/// The runner image where CI names one (it decides kernel and libraries), else system and version.
fn os() -> String {
    let image = std::env::var("ImageOS").ok().filter(|image| !image.is_empty());
    image.unwrap_or_else(|| {
        let name = System::name().unwrap_or_else(|_| std::env::consts::OS.into());
        let version = System::os_version().unwrap_or_default();
        format!("{name} {version}").trim().to_owned()
    })
}

fn revision() -> Option<Revision> {
    let commit = git(&["rev-parse", "HEAD"])?;
    let branch = std::env::var("GITHUB_HEAD_REF")
        .or_else(|_| std::env::var("GITHUB_REF_NAME"))
        .ok()
        .filter(|name| !name.is_empty())
        .or_else(|| git(&["rev-parse", "--abbrev-ref", "HEAD"]).filter(|name| name != "HEAD"));
    // What a run itself writes (its reports, untracked) does not make the tree dirty.
    let dirty = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
    Some(Revision { commit, repository: repository(), branch, dirty })
}

/// Where the repository is on the web: what GitHub's runners say. The remote of a clone may hold a token.
fn repository() -> Option<String> {
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Some(format!("{}/{}", said("GITHUB_SERVER_URL")?, said("GITHUB_REPOSITORY")?))
}

fn git(arguments: &[&str]) -> Option<String> {
    let output =
        std::process::Command::new("git").args(arguments).stdin(std::process::Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Processor time of the whole machine: (taken away by the hypervisor, all), in ticks. `None` outside Linux.
pub(super) fn machine_ticks() -> Option<(u64, u64)> {
    let stat = fs_err::read_to_string("/proc/stat").ok()?;
    let fields: Vec<u64> =
        stat.lines().next()?.split_whitespace().skip(1).take(8).map(|n| n.parse().unwrap_or(0)).collect();
    Some((*fields.get(7)?, fields.iter().sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_that_differ_by_their_image_alone_are_one_class() {
        let gib = |n: f64| (n * 1024.0 * 1024.0 * 1024.0) as u64;
        assert_eq!(memory_bucket(gib(15.6)), 16);
        assert_eq!(memory_bucket(gib(15.1)), 16);
        assert_eq!(memory_bucket(gib(7.7)), 8);
        assert_eq!(memory_bucket(gib(0.4)), 1);
    }
}

//! The machine and the revision that a run belongs to.

use serde::{Deserialize, Serialize};

/// Where the run took place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Environment {
    /// The machine's class: runs of one class are comparable in latency and throughput.
    pub machine: Machine,
    /// The revision under test, where it is a git checkout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// Name of the CI system, `None` on a developer's machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci: Option<String>,
    /// Share of processor time that the hypervisor took away during the run, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steal: Option<f64>,
    /// Load average over one minute at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_before: Option<f64>,
}

/// What makes two machines comparable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Machine {
    /// Processor model as the system names it.
    pub cpu: String,
    /// Processors that the run could use.
    pub vcpus: u32,
    /// Memory in GiB, rounded up to a power of two so that small differences of images do not split classes.
    pub memory_gib: u32,
    /// Architecture, such as `x86_64`.
    pub arch: String,
    /// Operating system and version or runner image.
    pub os: String,
}

impl Machine {
    /// The class in words, such as `AMD EPYC · 2 vCPUs · 32 GiB · x86_64 · Debian 12`; equal exactly for equal classes.
    pub fn class(&self) -> String {
        format!("{} · {} vCPUs · {} GiB · {} · {}", self.cpu, self.vcpus, self.memory_gib, self.arch, self.os)
    }
}

/// A git revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Revision {
    /// Full commit hash.
    pub commit: String,
    /// Where the repository is on the web, such as `https://github.com/owner/name`; commits are below `/commit/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Branch or pull request, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Whether the tree had uncommitted changes.
    #[serde(default)]
    pub dirty: bool,
}

//! Memory, processor time, I/O and open files of a process and all its descendants.

use std::collections::HashMap;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// Readings between two searches for new descendants; a search looks at every process of the machine.
const SEARCH_EVERY: u32 = 5;

/// What a process tree uses at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    /// Resident memory, bytes.
    pub(super) memory: f64,
    /// Processor time since the start of its processes, seconds; what ended processes used stays in.
    pub(super) cpu_s: f64,
    /// Bytes read from storage.
    pub(super) read_bytes: Option<f64>,
    /// Bytes written to storage.
    pub(super) written_bytes: Option<f64>,
    /// Open files.
    pub(super) open_files: Option<u64>,
}

/// A process with its descendants.
pub(super) struct ProcessTree {
    root: Pid,
    system: System,
    members: Vec<Pid>,
    /// The last processor time of each member, so that a process that ends does not take its share away.
    cpu: HashMap<Pid, f64>,
    readings: u32,
}

impl std::fmt::Debug for ProcessTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProcessTree")
            .field("root", &self.root)
            .field("members", &self.members)
            .finish_non_exhaustive()
    }
}

impl ProcessTree {
    /// `None` where this system does not tell about processes.
    pub(super) fn new(root: u32) -> Option<Self> {
        let root = Pid::from_u32(root);
        let system = System::new().ok()?;
        Some(Self { root, system, members: vec![root], cpu: HashMap::new(), readings: 0 })
    }

    /// The usage now; `None` once no process of the tree is left.
    pub(super) fn usage(&mut self) -> Option<Usage> {
        if self.readings.is_multiple_of(SEARCH_EVERY) {
            self.search();
        }
        self.readings += 1;
        let kind = ProcessRefreshKind::nothing().with_memory().with_cpu().with_disk_usage();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&self.members), true, kind);
        let mut usage = Usage { read_bytes: Some(0.0), written_bytes: Some(0.0), ..Usage::default() };
        let mut alive = false;
        for process in self.members.iter().filter_map(|pid| self.system.process(*pid)) {
            alive = true;
            usage.memory += process.memory() as f64;
            self.cpu.insert(process.pid(), process.accumulated_cpu_time() as f64 / 1000.0);
            let disk = process.disk_usage();
            usage.read_bytes = usage.read_bytes.map(|n| n + disk.total_read_bytes as f64);
            usage.written_bytes = usage.written_bytes.map(|n| n + disk.total_written_bytes as f64);
            usage.open_files = match (usage.open_files, process.open_files()) {
                (sum, Some(n)) => Some(sum.unwrap_or(0) + n as u64),
                (sum, None) => sum,
            };
        }
        usage.cpu_s = self.cpu.values().sum();
        alive.then_some(usage)
    }

    fn search(&mut self) {
        self.system.refresh_processes_specifics(ProcessesToUpdate::All, true, ProcessRefreshKind::nothing());
        let mut members = vec![self.root];
        let mut next = 0;
        // Threads are listed as processes by sysinfo on Linux; their memory is the process's own and must not count twice.
        let processes: Vec<_> = self
            .system
            .processes()
            .values()
            .filter(|p| p.thread_kind().is_none())
            .map(|p| (p.pid(), p.parent()))
            .collect();
        while let Some(&parent) = members.get(next) {
            members.extend(
                processes
                    .iter()
                    .filter(|(pid, of)| *of == Some(parent) && *pid != parent)
                    .map(|(pid, _)| *pid),
            );
            next += 1;
        }
        self.members = members;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_counts_its_children() {
        let mut own = ProcessTree::new(std::process::id()).unwrap();
        let alone = own.usage().unwrap();
        assert!(alone.memory > 1e6, "{alone:?}");
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        own.search();
        assert!(own.members.contains(&Pid::from_u32(child.id())), "{own:?}");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(ProcessTree::new(child.id()).unwrap().usage(), None);
    }
}

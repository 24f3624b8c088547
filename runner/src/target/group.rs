//! The process group of a started command, which outlives the command where a grandchild does.

use std::time::Duration;

use rustix::process::{Pid, test_kill_process_group};

/// Time between two looks at it.
const LOOK: Duration = Duration::from_millis(10);

/// The processes that a command has started, unless they have left its group.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    /// That of its leader, while that is there.
    pub(super) fn of(leader: Option<u32>) -> Self {
        Self(leader.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)))
    }

    /// Returns once no process of it runs: the shell of `server | tee log` ends at once when it is told to, the server later.
    pub(super) async fn ended(self) {
        while self.runs() {
            tokio::time::sleep(LOOK).await;
        }
    }

    fn runs(self) -> bool {
        let Self(Some(group)) = self else { return false };
        // An error says that nobody is there, or nobody whom a signal would reach.
        test_kill_process_group(group).is_ok() && !only_zombies(group)
    }
}

/// Whether all that is left are processes that have ended. Orphans are the first process's to take note of, and in many containers
/// that does not: they stay for ever.
fn only_zombies(group: Pid) -> bool {
    // Where there is no such folder nobody can tell, and then one waits.
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    let group = group.as_raw_nonzero().to_string();
    let states = processes.flatten().filter_map(|process| {
        let stat = std::fs::read_to_string(process.path().join("stat")).ok()?;
        // `PID (NAME) STATE PARENT GROUP …`, where the name may hold anything: proc_pid_stat(5).
        let (_, rest) = stat.rsplit_once(") ")?;
        let mut words = rest.split(' ');
        let state = words.next()?.to_owned();
        (words.nth(1)? == group).then_some(state)
    });
    let states: Vec<String> = states.collect();
    // Where none is seen, they belong to somebody who hides them.
    !states.is_empty() && states.iter().all(|state| matches!(state.as_str(), "Z" | "X"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use super::*;

    #[test]
    fn zombies_are_not_waited_for() {
        let mut child = Command::new("sleep").arg("30").process_group(0).spawn().unwrap();
        let group = ProcessGroup::of(Some(child.id()));
        assert!(group.runs());
        child.kill().unwrap();
        let told = std::time::Instant::now();
        // Nobody has asked for its end yet.
        while group.runs() {
            assert!(told.elapsed() < Duration::from_secs(5), "a zombie counts as running");
            std::thread::sleep(LOOK);
        }
        assert!(test_kill_process_group(group.0.unwrap()).is_ok(), "it is there still");
        child.wait().unwrap();
        assert!(!group.runs());
    }
}

//! Which processors the clients run on, and which the servers: one half each, so that neither takes time from the other.

use anyhow::ensure;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The two halves of the processors that we may use.
pub(super) struct Halves {
    client: CpuSet,
    server: CpuSet,
    /// Processors of each half.
    pub(super) each: usize,
}

const THIS_THREAD: Pid = Pid::from_raw(0);

impl Halves {
    /// Splits them.
    pub(super) fn new() -> anyhow::Result<Self> {
        let all = sched_getaffinity(THIS_THREAD)?;
        let usable: Vec<usize> =
            (0..CpuSet::count()).filter(|cpu| all.is_set(*cpu).unwrap_or(false)).collect();
        ensure!(
            usable.len() >= 2,
            "the bench needs two processors: what is measured and what it is measured by must not share one"
        );
        let each = usable.len() / 2;
        let set = |cpus: &[usize]| {
            let mut set = CpuSet::new();
            cpus.iter().try_for_each(|cpu| set.set(*cpu))?;
            Ok::<_, nix::Error>(set)
        };
        // The last half for the clients: the first processor is the one that most interrupts go to.
        Ok(Self { client: set(&usable[usable.len() - each..])?, server: set(&usable[..each])?, each })
    }

    /// Does something on the clients' processors; a process that is started there stays there.
    pub(super) fn client<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        on(&self.client, act)
    }

    /// The same on the servers'.
    pub(super) fn server<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        on(&self.server, act)
    }
}

/// A process inherits the processors of the thread that starts it, so a thread of its own does that.
fn on<T: Send>(cpus: &CpuSet, act: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            sched_setaffinity(THIS_THREAD, cpus).expect("these processors were ours a moment ago");
            act()
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

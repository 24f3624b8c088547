//! Live figures of a running scenario, for the terminal.
//!
//! Each worker writes into a lane of its own with plain relaxed stores; whoever looks adds the lanes up. No lock, no
//! contention: a reader may see a request a moment late, which a display does not mind.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Live figures of a running scenario. A clone shows the same scenario.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    board: Arc<OnceLock<Board>>,
}

/// What is known at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Since the users were released; zero before.
    pub elapsed: Duration,
    /// Users at work.
    pub users: u64,
    /// Requests that did what they should.
    pub ok: u64,
    /// Refused as expected.
    pub refused: u64,
    /// Failed.
    pub failed: u64,
    /// Flows that have ended, in whatever way.
    pub flows: u64,
    /// Flows that the load has in all, where that is known beforehand.
    pub flows_expected: Option<u64>,
    /// Time during which flows begin, where that is known beforehand.
    pub length: Option<Duration>,
}

#[derive(Debug)]
struct Board {
    released: Instant,
    flows_expected: Option<u64>,
    length: Option<Duration>,
    lanes: Arc<[Lane]>,
}

/// The counters of one worker, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Lane {
    pub(crate) begun: Count,
    pub(crate) rested: Count,
    pub(crate) ok: Count,
    pub(crate) refused: Count,
    pub(crate) failed: Count,
    pub(crate) flows: Count,
}

/// A counter with one writer.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Adds one. Only the worker that owns the lane may call it: it is a load and a store, not an atomic addition.
    pub(crate) fn add_one(&self) {
        self.0.store(self.0.load(Relaxed) + 1, Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Progress {
    /// Figures of a scenario that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts up the lanes; a progress shows one scenario, so a second call changes nothing.
    pub(crate) fn begin(
        &self,
        released: Instant,
        lanes: Arc<[Lane]>,
        flows_expected: Option<u64>,
        length: Option<Duration>,
    ) {
        self.board.get_or_init(|| Board { released, flows_expected, length, lanes });
    }

    /// What is known now.
    pub fn snapshot(&self) -> Snapshot {
        let Some(board) = self.board.get() else { return Snapshot::default() };
        let sum = |of: fn(&Lane) -> &Count| board.lanes.iter().map(|lane| of(lane).get()).sum::<u64>();
        Snapshot {
            elapsed: board.released.elapsed(),
            users: sum(|lane| &lane.begun).saturating_sub(sum(|lane| &lane.rested)),
            ok: sum(|lane| &lane.ok),
            refused: sum(|lane| &lane.refused),
            failed: sum(|lane| &lane.failed),
            flows: sum(|lane| &lane.flows),
            flows_expected: board.flows_expected,
            length: board.length,
        }
    }
}

//! A timer of microseconds. Tokio's own rounds up to its next tick of a millisecond, which on a simulated cache look-up
//! of a few milliseconds would hide most of what a factor of slowness does.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use tokio::sync::oneshot;

/// One thread that wakes sleepers at their instant. It ends when the timer is dropped.
#[derive(Debug)]
pub(crate) struct Timer(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    sleepers: BinaryHeap<Reverse<Sleeper>>,
    /// Breaks ties, so that of two equal instants the first comer wakes first.
    count: u64,
    closed: bool,
}

#[derive(Debug)]
struct Sleeper {
    due: (Instant, u64),
    wake: oneshot::Sender<()>,
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Sleeper {}

impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sleeper {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

impl Timer {
    pub(crate) fn new() -> Self {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        thread::spawn(move || own.run());
        Self(shared)
    }

    /// Waits until the instant; returns at once if it is past. Never early.
    pub(crate) async fn until(&self, instant: Instant) {
        if instant <= Instant::now() {
            return;
        }
        let (wake, woken) = oneshot::channel();
        {
            let mut state = self.0.lock();
            state.count += 1;
            let due = (instant, state.count);
            let first = state.sleepers.peek().is_none_or(|next| due < next.0.due);
            state.sleepers.push(Reverse(Sleeper { due, wake }));
            if first {
                self.0.changed.notify_one();
            }
        }
        // An error means that the timer has ended, and with it the service: nobody is left to be late for.
        let _ = woken.await;
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    /// The state is valid between any two statements, so a panic elsewhere leaves nothing to repair.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut state = self.lock();
        while !state.closed {
            let now = Instant::now();
            while let Some(Reverse(next)) = state.sleepers.peek()
                && next.due.0 <= now
            {
                if let Some(Reverse(sleeper)) = state.sleepers.pop() {
                    // Refused where the sleeper has given up.
                    let _ = sleeper.wake.send(());
                }
            }
            state = match state.sleepers.peek() {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Reverse(next)) => {
                    let left = next.due.0.saturating_duration_since(now);
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state.sleepers.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn sleepers_wake_in_the_order_of_their_instants_and_never_early() {
        let timer = Arc::new(Timer::new());
        let (order, mut woken) = tokio::sync::mpsc::unbounded_channel();
        let start = Instant::now();
        for millis in [30, 10, 20] {
            let (timer, order) = (Arc::clone(&timer), order.clone());
            tokio::spawn(async move {
                let due = start + Duration::from_millis(millis);
                timer.until(due).await;
                assert!(Instant::now() >= due);
                order.send(millis).unwrap();
            });
        }
        for expected in [10, 20, 30] {
            assert_eq!(woken.recv().await, Some(expected));
        }
    }

    #[tokio::test]
    async fn an_instant_that_is_past_does_not_wait() {
        let timer = Timer::new();
        timer.until(Instant::now()).await;
    }
}

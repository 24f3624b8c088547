//! The bounded queue before the model.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Calls that the model serves at once.
pub(super) const SLOTS: usize = 16;

/// Calls that may wait for the model; one more is refused.
pub(super) const BOUND: usize = 128;

/// Lets [`SLOTS`] calls to the model and keeps up to [`BOUND`] waiting, in the order in which they came.
#[derive(Debug)]
pub(super) struct Queue {
    slots: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// A place in the queue.
#[derive(Debug)]
pub(super) struct Place {
    slots: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// The queue is full.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Queue {
    pub(super) fn new() -> Self {
        Self { slots: Arc::new(Semaphore::new(SLOTS)), waiting: Arc::default() }
    }

    /// Takes a place in the queue.
    pub(super) fn enter(&self) -> Result<Place, Full> {
        self.waiting
            .try_update(Ordering::AcqRel, Ordering::Acquire, |waiting| {
                (waiting < BOUND).then_some(waiting + 1)
            })
            .map_err(|_| Full)?;
        Ok(Place { slots: Arc::clone(&self.slots), waiting: Arc::clone(&self.waiting) })
    }

    /// Calls that wait.
    pub(super) fn depth(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    /// Calls that the model is serving.
    pub(super) fn serving(&self) -> usize {
        SLOTS - self.slots.available_permits()
    }
}

impl Place {
    /// Waits for a slot of the model; the place in the queue is free from then on.
    pub(super) async fn slot(self) -> OwnedSemaphorePermit {
        Arc::clone(&self.slots).acquire_owned().await.expect("nobody closes the semaphore")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_queue_refuses_one_beyond_its_bound_and_takes_again_once_one_left() {
        let queue = Queue::new();
        let mut places: Vec<Place> = (0..BOUND).map(|_| queue.enter().unwrap()).collect();
        assert_eq!(queue.depth(), BOUND);
        assert_eq!(queue.enter().unwrap_err(), Full);
        let slot = places.pop().unwrap().slot().await;
        assert_eq!((queue.depth(), queue.serving()), (BOUND - 1, 1));
        assert!(queue.enter().is_ok());
        drop((slot, places));
        assert_eq!((queue.depth(), queue.serving()), (0, 0));
    }
}

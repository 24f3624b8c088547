//! The bounded queue before the model.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lets so many calls to the model and keeps so many waiting, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Queue {
    most: usize,
    bound: usize,
    slots: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// A place in the queue.
#[derive(Debug)]
pub(crate) struct Place {
    slots: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// The queue is full.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Queue {
    /// A queue before a model that serves `most` calls at once; `bound` may wait, one more is refused.
    pub(crate) fn new(most: usize, bound: usize) -> Self {
        Self { most, bound, slots: Arc::new(Semaphore::new(most)), waiting: Arc::default() }
    }

    /// Takes a place in the queue.
    pub(crate) fn enter(&self) -> Result<Place, Full> {
        self.waiting
            .try_update(Ordering::AcqRel, Ordering::Acquire, |waiting| {
                (waiting < self.bound).then_some(waiting + 1)
            })
            .map_err(|_| Full)?;
        Ok(Place { slots: Arc::clone(&self.slots), waiting: Arc::clone(&self.waiting) })
    }

    /// Calls that wait.
    pub(crate) fn depth(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    /// Calls that the model is serving.
    pub(crate) fn serving(&self) -> usize {
        self.most - self.slots.available_permits()
    }
}

impl Place {
    /// Waits for a slot of the model; the place in the queue is free from then on.
    pub(crate) async fn slot(self) -> OwnedSemaphorePermit {
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
        let queue = Queue::new(2, 5);
        let mut places: Vec<Place> = (0..5).map(|_| queue.enter().unwrap()).collect();
        assert_eq!(queue.depth(), 5);
        assert_eq!(queue.enter().unwrap_err(), Full);
        let slot = places.pop().unwrap().slot().await;
        assert_eq!((queue.depth(), queue.serving()), (4, 1));
        assert!(queue.enter().is_ok());
        drop((slot, places));
        assert_eq!((queue.depth(), queue.serving()), (0, 0));
    }
}

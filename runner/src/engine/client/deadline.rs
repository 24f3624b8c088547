//! Time-outs that cost nothing while nothing times out.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Instant;

use tokio::time::Sleep;

/// A timer that stays set from request to request. It is only moved when it goes off early (the deadline has moved on
/// meanwhile) or when the next deadline is earlier than it; so most requests do not touch the timer wheel.
#[derive(Debug, Default)]
pub(crate) struct Deadline {
    sleep: Option<Pin<Box<Sleep>>>,
}

/// The deadline passed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elapsed;

impl Deadline {
    /// The value of `future`, unless `at` comes first.
    pub(crate) async fn within<F: Future>(&mut self, at: Instant, future: F) -> Result<F::Output, Elapsed> {
        let at = tokio::time::Instant::from_std(at);
        let mut future = pin!(future);
        poll_fn(|context| {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(value));
            }
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
            if sleep.deadline() > at {
                sleep.as_mut().reset(at);
            }
            while sleep.as_mut().poll(context).is_ready() {
                if sleep.deadline() >= at {
                    return Poll::Ready(Err(Elapsed));
                }
                sleep.as_mut().reset(at);
            }
            Poll::Pending
        })
        .await
    }
}

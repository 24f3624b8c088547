//! How fast a service is: every simulated latency goes through here, and so does its heavy work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};
use sha2::{Digest, Sha256};

use crate::timer::Timer;

/// The speed that the options ask for.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    pub(crate) slow: f64,
    pub(crate) full: bool,
    pub(crate) seed: u64,
    pub(crate) timer: Arc<Timer>,
}

/// A duration in its two lengths: the short one by default, the original one where the full length is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Length {
    pub(crate) short: Duration,
    pub(crate) full: Duration,
}

impl Length {
    pub(crate) const fn millis(short: u64, full: u64) -> Self {
        Self { short: Duration::from_millis(short), full: Duration::from_millis(full) }
    }
}

/// A latency drawn from a log-normal distribution, the usual shape of a service time with a tail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    /// Half of the draws are below.
    pub(crate) median: Length,
    /// Standard deviation of the logarithm; 0.25 puts p95 at 1.5 times the median.
    pub(crate) sigma: f64,
}

impl Pace {
    /// The length that applies, as it stands: for limits and windows, which a slow machine does not stretch.
    pub(crate) fn pick(&self, length: Length) -> Duration {
        if self.full { length.full } else { length.short }
    }

    /// The length that applies, times the factor of slowness: for latencies.
    pub(crate) fn latency(&self, length: Length) -> Duration {
        self.pick(length).mul_f64(self.slow)
    }

    /// Draws a latency. The same seed and key give the same one, in whatever order the requests arrive: this is what
    /// makes two runs of the same load comparable. Kept within 0.4 and 2.5 medians, so that no single draw decides.
    pub(crate) fn draw(&self, spread: Spread, key: &[u8]) -> Duration {
        let median = self.latency(spread.median);
        let factor = LogNormal::new(0.0, spread.sigma)
            .map_or(1.0, |shape| shape.sample(&mut self.rng(key)))
            .clamp(0.4, 2.5);
        median.mul_f64(factor)
    }

    /// A generator that belongs to the seed and the key alone.
    pub(crate) fn rng(&self, key: &[u8]) -> ChaCha8Rng {
        let digest = Sha256::new().chain_update(self.seed.to_le_bytes()).chain_update(key).finalize();
        ChaCha8Rng::from_seed(digest.into())
    }

    /// Waits for as long as the simulated thing takes.
    pub(crate) async fn sleep(&self, length: Length) {
        self.until(Instant::now() + self.latency(length)).await;
    }

    /// Runs heavy work off the threads that serve connections, and takes as much longer as the factor asks for.
    pub(crate) async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let start = Instant::now();
        let done = match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is shutting down, and with it whoever waits for this.
            Err(_) => std::future::pending().await,
        };
        self.until(start + start.elapsed().mul_f64(self.slow.max(1.0))).await;
        done
    }

    /// Waits until the instant.
    pub(crate) async fn until(&self, instant: Instant) {
        self.timer.until(instant).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(slow: f64, full: bool) -> Pace {
        Pace { slow, full, seed: 7, timer: Arc::new(Timer::new()) }
    }

    const SPREAD: Spread = Spread { median: Length::millis(100, 10_000), sigma: 0.25 };

    #[test]
    fn a_draw_belongs_to_seed_and_key() {
        let one = pace(1.0, false);
        assert_eq!(one.draw(SPREAD, b"a"), one.draw(SPREAD, b"a"));
        assert_ne!(one.draw(SPREAD, b"a"), one.draw(SPREAD, b"b"));
        let other = Pace { seed: 8, ..pace(1.0, false) };
        assert_ne!(one.draw(SPREAD, b"a"), other.draw(SPREAD, b"a"));
    }

    #[test]
    fn twice_as_slow_doubles_each_draw_and_full_takes_the_original() {
        let draw = pace(1.0, false).draw(SPREAD, b"a").as_secs_f64();
        assert!((pace(2.0, false).draw(SPREAD, b"a").as_secs_f64() / draw - 2.0).abs() < 1e-6);
        assert!((pace(1.0, true).draw(SPREAD, b"a").as_secs_f64() / draw - 100.0).abs() < 1e-3);
    }

    #[test]
    fn half_of_the_draws_are_below_the_median_and_none_is_wild() {
        let pace = pace(1.0, false);
        let draws: Vec<Duration> = (0..1000_u32).map(|key| pace.draw(SPREAD, &key.to_le_bytes())).collect();
        let below = draws.iter().filter(|draw| **draw < Duration::from_millis(100)).count();
        assert!((450..550).contains(&below), "{below} of 1000 below the median");
        assert!(draws.iter().all(|draw| (40..=250).contains(&draw.as_millis())));
    }
}

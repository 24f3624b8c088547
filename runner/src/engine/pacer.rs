//! The one place that sleeps.

use std::time::{Duration, Instant};

/// Waits until an instant, to a fraction of a millisecond.
///
/// The runtime's own timers are whole milliseconds, rounded up: an open load on them would add up to 1 ms to each latency.
/// On Linux a timerfd wakes the thread within some 50 µs; elsewhere the last two milliseconds are waited out while other
/// tasks run.
#[derive(Debug)]
pub(crate) struct Pacer {
    #[cfg(target_os = "linux")]
    timer: Option<precise::Timer>,
}

impl Pacer {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            timer: precise::Timer::new().ok(),
        }
    }

    /// Returns at `at`, at once if it has passed.
    pub(crate) async fn until(&mut self, at: Instant) {
        #[cfg(target_os = "linux")]
        if let Some(timer) = &mut self.timer {
            while let Some(rest) = rest_until(at) {
                if timer.wait(rest).await.is_err() {
                    break;
                }
            }
        }
        while let Some(rest) = rest_until(at) {
            if rest > Duration::from_millis(2) {
                tokio::time::sleep(rest - Duration::from_millis(2)).await;
            } else {
                tokio::task::yield_now().await;
            }
        }
    }
}

fn rest_until(at: Instant) -> Option<Duration> {
    at.checked_duration_since(Instant::now()).filter(|rest| !rest.is_zero())
}

/// A pause where a millisecond more does not matter, such as think time: nothing is due at its end.
pub(crate) async fn pause_until(at: Instant) {
    tokio::time::sleep_until(tokio::time::Instant::from_std(at)).await;
}

#[cfg(target_os = "linux")]
mod precise {
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    #[derive(Debug)]
    pub(super) struct Timer(AsyncFd<OwnedFd>);

    impl Timer {
        pub(super) fn new() -> std::io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            #[expect(
                deprecated,
                reason = "its successor is unsafe, which this workspace refuses; the danger that it guards against, a \
                          descriptor that is closed or exchanged meanwhile, cannot come about with an OwnedFd that \
                          nothing else can reach"
            )]
            AsyncFd::with_interest(timer, Interest::READABLE).map(Self)
        }

        pub(super) async fn wait(&mut self, rest: Duration) -> std::io::Result<()> {
            let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
            // A zero would switch the timer off.
            let rest = rest.max(Duration::from_nanos(1));
            let value = Timespec {
                tv_sec: i64::try_from(rest.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(rest.subsec_nanos()),
            };
            let once = Itimerspec { it_interval: zero, it_value: value };
            timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)?;
            loop {
                let mut ready = self.0.readable_mut().await?;
                let mut count = [0; 8];
                let read = ready.try_io(|timer| Ok(rustix::io::read(timer.get_ref(), &mut count)?));
                match read {
                    Ok(result) => return result.map(|_| ()),
                    Err(_would_block) => {}
                }
            }
        }
    }
}

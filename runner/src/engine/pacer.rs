//! The one place that sleeps.

use std::time::{Duration, Instant};

/// Waits until an instant, to a fraction of a millisecond.
///
/// The runtime's own timers are whole milliseconds, rounded up: an open load on them would add up to 1 ms to each latency.
/// On Linux a timerfd wakes the thread, but not at once: a processor that has nothing to do sleeps, and takes 5 µs to come back
/// on bare metal and 50 to 100 µs in a virtual machine. So the timer is set early by what waking takes here, and the rest is
/// waited out while other tasks run; elsewhere the last two milliseconds are.
///
/// ```text
///                ├───── lead ─────┤
///   asleep ──── ring ┄┄ woken ──▶ due
///                  late    awake
/// ```
#[derive(Debug)]
pub(crate) struct Pacer {
    #[cfg(target_os = "linux")]
    timer: Option<precise::Timer>,
    #[cfg(target_os = "linux")]
    lead: Lead,
}

impl Pacer {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            timer: precise::Timer::new().ok(),
            #[cfg(target_os = "linux")]
            lead: Lead::default(),
        }
    }

    /// Returns at `at`, at once if it has passed.
    pub(crate) async fn until(&mut self, at: Instant) {
        #[cfg(target_os = "linux")]
        if let (Some(timer), Some(rest)) = (&mut self.timer, rest_until(at)) {
            let sleep = self.lead.ahead_of(rest);
            let ring = Instant::now() + sleep;
            if timer.wait(sleep).await.is_ok() {
                self.lead.learn(ring.elapsed());
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

/// How long before an instant the timer is to ring: the lateness of nine rings in ten.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Lead(Duration);

#[cfg(target_os = "linux")]
impl Lead {
    const MOST: Duration = Duration::from_micros(200);
    /// Up by nine of these after a ring that came later than the lead, else down by one: at rest where one in ten is later.
    const STEP: Duration = Duration::from_micros(1);
    /// What is waited out awake takes processor time from the service, which may be on the same machine, so it is at most such a part
    /// of the wait, however fast a load is.
    const PART: u32 = 4;

    /// How long to sleep, of a rest.
    fn ahead_of(&self, rest: Duration) -> Duration {
        rest - self.0.min(rest / Self::PART)
    }

    /// After a ring that came so late.
    fn learn(&mut self, late: Duration) {
        self.0 = if late > self.0 {
            (self.0 + 9 * Self::STEP).min(Self::MOST)
        } else {
            self.0.saturating_sub(Self::STEP)
        };
    }
}

#[cfg(target_os = "linux")]
impl Default for Lead {
    fn default() -> Self {
        Self(Duration::from_micros(50))
    }
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_lead_comes_to_what_nine_rings_in_ten_keep_within_and_to_no_more_than_its_most() {
        // One ring in eight, or in sixteen, is late by much.
        for (usual_us, odd_us, one_in, least_us, most_us) in
            [(60, 3000, 16, 55, 75), (60, 120, 8, 110, 130), (5, 5, 1, 0, 15), (900, 900, 1, 200, 200)]
        {
            let mut lead = Lead::default();
            for ring in 1..2000_u64 {
                lead.learn(Duration::from_micros(if ring % one_in == 0 { odd_us } else { usual_us }));
            }
            let found = lead.0.as_micros();
            assert!((least_us..=most_us).contains(&found), "{usual_us} µs, {odd_us} µs: {found} µs");
        }
    }

    #[test]
    fn the_timer_rings_early_by_the_lead_or_a_quarter_of_what_there_is() {
        let lead = Lead(Duration::from_micros(50));
        for (rest_us, sleep_us) in [(2050, 2000), (200, 150), (100, 75), (4, 3), (0, 0)] {
            assert_eq!(lead.ahead_of(Duration::from_micros(rest_us)), Duration::from_micros(sleep_us));
        }
    }
}

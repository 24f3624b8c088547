//! Where users wait for each other: meeting points inside of flows, and the order of a script.
//!
//! ```text
//! meeting   here: 0 → 1 → 2 → … → n      the n-th lets all of them go at one instant; the next n are a new group
//! script    act 0 ─ all turns done ─▶ act 1 ─ wait ─▶ act 2 …
//! ```
//!
//! Users of one scenario live on several threads, so there are locks here. None of them is on the measured path: a request
//! is due when the waiting is over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::suite::plan::{Meet, Script, ScriptAct};

/// From the last one's coming to the release; time for all of them to wake up.
const RUN_UP: Duration = Duration::from_millis(2);

/// The meeting points of a scenario, by name; one for each class where a class meets as a whole.
#[derive(Debug, Default)]
pub(crate) struct Meetings {
    points: Mutex<BTreeMap<(String, Option<usize>), Arc<Point>>>,
}

#[derive(Debug)]
struct Point {
    wanted: u32,
    group: Mutex<Group>,
}

/// Those who are here now.
#[derive(Debug, Default)]
struct Group {
    here: u32,
    /// When they go on.
    at: watch::Sender<Option<Instant>>,
}

impl Meetings {
    /// Comes to a meeting point of the class `class`, which has `users` users. The instant at which all go on, or how many
    /// were there when this one gave up.
    ///
    /// # Errors
    /// Nobody else came in time.
    pub(crate) async fn arrive(&self, meet: &Meet, class: usize, users: u32) -> Result<Instant, (u32, u32)> {
        let key = (meet.name.clone(), meet.users.is_none().then_some(class));
        let wanted = meet.users.unwrap_or(users);
        let point = lock(&self.points).entry(key).or_insert_with(|| Arc::new(Point::new(wanted))).clone();
        let mut at = point.come();
        let all_here = tokio::time::timeout(meet.within, at.wait_for(Option::is_some));
        if let Ok(Ok(seen)) = all_here.await
            && let Some(at) = *seen
        {
            return Ok(at);
        }
        point.give_up(&at)
    }
}

impl Point {
    fn new(wanted: u32) -> Self {
        Self { wanted, group: Mutex::default() }
    }

    /// One more is here: what to wait on.
    fn come(&self) -> watch::Receiver<Option<Instant>> {
        let mut group = lock(&self.group);
        let receiver = group.at.subscribe();
        group.here += 1;
        if group.here >= self.wanted {
            let complete = std::mem::take(&mut *group);
            complete.at.send_replace(Some(Instant::now() + RUN_UP));
        }
        receiver
    }

    /// Leaves, unless the group was let go at this very moment.
    fn give_up(&self, at: &watch::Receiver<Option<Instant>>) -> Result<Instant, (u32, u32)> {
        let mut group = lock(&self.group);
        if let Some(at) = *at.borrow() {
            return Ok(at);
        }
        let were = group.here;
        group.here -= 1;
        Err((were, self.wanted))
    }
}

/// The order of a script: whose turn it is.
#[derive(Debug)]
pub(crate) struct Baton {
    /// For each act with turns: its turns, and the time to wait before it.
    acts: Vec<(usize, Duration)>,
    /// Time after the last act.
    after: Duration,
    /// Turns of the current act that are not done.
    left: Mutex<usize>,
    /// The current act, and when it begins; `None` for the first, which begins with the load.
    current: watch::Sender<(usize, Option<Instant>)>,
}

impl Baton {
    pub(crate) fn new(script: &Script) -> Self {
        let mut acts = Vec::new();
        let mut wait = Duration::ZERO;
        for act in &script.acts {
            match act {
                ScriptAct::Wait(time) => wait += *time,
                ScriptAct::Together(turns) => acts.push((turns.len(), std::mem::take(&mut wait))),
            }
        }
        let left = Mutex::new(acts.first().map_or(0, |(turns, _)| *turns));
        Self { acts, after: wait, left, current: watch::Sender::new((0, None)) }
    }

    /// Waits for an act; the instant at which it begins, in a load that was released at `released`.
    pub(crate) async fn turn(&self, act: usize, released: Instant) -> Instant {
        let mut current = self.current.subscribe();
        let begins = match current.wait_for(|(now, _)| *now >= act).await {
            Ok(seen) => seen.1,
            // The sender lives as long as this.
            Err(_) => None,
        };
        begins.unwrap_or_else(|| released + self.acts.first().map_or(Duration::ZERO, |(_, wait)| *wait))
    }

    /// Ends a turn. The last one of an act begins the next; after the last act the time to wait is returned.
    pub(crate) fn done(&self, act: usize) -> Duration {
        let mut left = lock(&self.left);
        *left = left.saturating_sub(1);
        if *left > 0 {
            return Duration::ZERO;
        }
        let next = act + 1;
        let Some((turns, wait)) = self.acts.get(next) else { return self.after };
        *left = *turns;
        self.current.send_replace((next, Some(Instant::now() + *wait + RUN_UP)));
        Duration::ZERO
    }
}

/// A panic elsewhere ends the run anyway; what is behind these locks is right at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    fn meet(users: Option<u32>, within: Duration) -> Meet {
        Meet { name: "here".to_owned(), users, within }
    }

    #[test]
    fn every_so_many_are_a_group() {
        let meetings = Meetings::default();
        let three = meet(Some(3), Duration::from_secs(20));
        let begun = Instant::now();
        let instants: Vec<Instant> = runtime().block_on(async {
            let all = (0..6).map(|user| meetings.arrive(&three, user % 2, 99));
            futures_util::future::join_all(all).await.into_iter().map(|at| at.unwrap()).collect()
        });
        assert!(instants[0] == instants[1] && instants[1] == instants[2], "{instants:?}");
        assert!(instants[3] == instants[4] && instants[4] == instants[5] && instants[3] >= instants[0]);
        // Requests are due at these instants: nobody may have been late before coming.
        assert!(instants[0] > begun, "{instants:?} {begun:?}");
    }

    #[test]
    fn who_waits_in_vain_gives_up_and_is_no_longer_counted() {
        let meetings = Meetings::default();
        runtime().block_on(async {
            let short = meet(None, Duration::from_millis(20));
            assert_eq!(meetings.arrive(&short, 0, 2).await, Err((1, 2)));
            assert_eq!(meetings.arrive(&short, 0, 2).await, Err((1, 2)));
            // Another class is another point, though it comes at the same time.
            let (one, other) = tokio::join!(meetings.arrive(&short, 0, 2), meetings.arrive(&short, 1, 2));
            assert_eq!((one, other), (Err((1, 2)), Err((1, 2))));
            let long = meet(None, Duration::from_secs(20));
            let (one, other) = tokio::join!(meetings.arrive(&long, 0, 2), meetings.arrive(&long, 0, 2));
            assert_eq!(one.unwrap(), other.unwrap());
        });
    }
}

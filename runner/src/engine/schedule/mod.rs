//! When flows begin: pure functions of elapsed time and count. Nothing here sleeps or sends.
//!
//! A *closed* load has users that come back when they are done; a *new* flow waits for the last one. An *open* load has
//! due times that come whatever the target does.

mod arrival_rate;
mod bursts;
mod duration;
mod iterations;
mod line;
mod replay;
mod shared;
mod stages;

use std::fmt::Debug;
use std::time::Duration;

use super::dice::Dice;
use crate::suite::plan::{Load, Start};

/// The schedule of one class.
#[derive(Debug)]
pub(crate) enum Schedule {
    /// Users that come back.
    Closed(Box<dyn Closed>),
    /// Due times.
    Open(Box<dyn Open>),
}

/// What a user of a closed load does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Begins a flow.
    Now,
    /// Rests, and asks again at this time.
    At(Duration),
    /// Has done its part.
    Done,
}

/// The schedule of users that come back. Times are counted from the release.
pub(crate) trait Closed: Debug + Send + Sync {
    /// How many users there are in all; they are numbered from 0.
    fn users(&self) -> u32;

    /// Most users at work at once.
    fn peak(&self) -> u32 {
        self.users()
    }

    /// When a user begins, ascending with the number. `None`: never.
    fn begin(&self, user: u32) -> Option<Duration>;

    /// What a user does that has begun `count` flows (or, where [`Closed::shares`], takes flow number `count` of all).
    fn next(&self, user: u32, count: u64, elapsed: Duration) -> Next;

    /// Whether the users share one count of flows.
    fn shares(&self) -> bool {
        false
    }

    /// Flows in all, where that is known beforehand.
    fn total(&self) -> Option<u64> {
        None
    }

    /// Time during which flows begin, where that is known beforehand.
    fn length(&self) -> Option<Duration> {
        None
    }
}

/// The schedule of an open load.
pub(crate) trait Open: Debug + Send + Sync {
    /// The due times, ascending, counted from the release. The same each time.
    fn due(&self) -> Box<dyn Iterator<Item = Duration> + '_>;

    /// Most flows under way at once.
    fn max_users(&self) -> u32;

    /// Flows in all, where that is known beforehand.
    fn total(&self) -> Option<u64>;

    /// Time during which flows begin.
    fn length(&self) -> Duration;
}

impl Schedule {
    /// The schedule of a load. `dice` decides what is random in it.
    pub(crate) fn new(load: &Load, dice: &Dice) -> Self {
        match load {
            Load::Iterations { users, iterations, start } => {
                closed(iterations::Iterations { users: *users, iterations: *iterations, start: *start })
            }
            Load::Shared { users, iterations, start } => {
                closed(shared::Shared { users: *users, iterations: *iterations, start: *start })
            }
            Load::Duration { users, duration, start } => {
                closed(duration::Timed { users: *users, duration: *duration, start: *start })
            }
            Load::Stages { from, stages } => closed(stages::Stages::new(*from, stages)),
            Load::Bursts { count, users, gap } => {
                closed(bursts::Bursts { count: *count, users: *users, gap: *gap })
            }
            Load::ArrivalRate { from, stages, spacing, max_users } => Self::Open(Box::new(
                arrival_rate::ArrivalRate::new(*from, stages, *spacing, *max_users, dice.at("arrivals", 0)),
            )),
            Load::Replay { at, max_users } => {
                Self::Open(Box::new(replay::Replay { at: at.clone(), max_users: *max_users }))
            }
        }
    }

    /// Flows in all, where that is known beforehand.
    pub(crate) fn total(&self) -> Option<u64> {
        match self {
            Self::Closed(closed) => closed.total(),
            Self::Open(open) => open.total(),
        }
    }

    /// Time during which flows begin, where that is known beforehand.
    pub(crate) fn length(&self) -> Option<Duration> {
        match self {
            Self::Closed(closed) => closed.length(),
            Self::Open(open) => Some(open.length()),
        }
    }
}

fn closed(schedule: impl Closed + 'static) -> Schedule {
    Schedule::Closed(Box::new(schedule))
}

/// When user `user` of `users` begins.
fn begin(start: Start, user: u32, users: u32) -> Duration {
    match start {
        Start::Together => Duration::ZERO,
        Start::Over(span) => span.mul_f64(f64::from(user) / f64::from(users.max(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn schedule(load: &Load) -> Box<dyn Closed> {
        match Schedule::new(load, &Dice::new(1, "s", 0)) {
            Schedule::Closed(closed) => closed,
            Schedule::Open(_) => panic!("open"),
        }
    }

    #[test]
    fn closed_loads_by_table() {
        let together = Start::Together;
        let iterations = Load::Iterations { users: 4, iterations: 3, start: Start::Over(ms(400)) };
        let shared = Load::Shared { users: 4, iterations: 10, start: together };
        let timed = Load::Duration { users: 2, duration: ms(500), start: together };
        let bursts = Load::Bursts { count: 3, users: 2, gap: ms(50) };
        let stages = Load::Stages { from: 0, stages: vec![(ms(1000), 10), (ms(1000), 10), (ms(1000), 0)] };
        for (load, user, count, at, expected) in [
            (&iterations, 0, 0, ms(0), Next::Now),
            (&iterations, 3, 2, ms(9000), Next::Now),
            (&iterations, 3, 3, ms(0), Next::Done),
            (&shared, 3, 9, ms(0), Next::Now),
            (&shared, 0, 10, ms(0), Next::Done),
            (&timed, 0, 7, ms(499), Next::Now),
            (&timed, 0, 7, ms(500), Next::Done),
            (&bursts, 5, 0, ms(100), Next::Now),
            (&bursts, 5, 1, ms(100), Next::Done),
            (&stages, 0, 0, ms(0), Next::At(ms(50))),
            (&stages, 0, 0, ms(50), Next::Now),
            (&stages, 9, 3, ms(900), Next::At(ms(950))),
            (&stages, 9, 3, ms(1999), Next::Now),
            (&stages, 9, 3, ms(2051), Next::Done),
            (&stages, 0, 3, ms(2900), Next::Now),
            (&stages, 0, 3, ms(2951), Next::Done),
        ] {
            assert_eq!(schedule(load).next(user, count, at), expected, "{load:?} user {user} at {at:?}");
        }
    }

    #[test]
    fn users_begin_in_order() {
        for (load, expected) in [
            (
                Load::Iterations { users: 4, iterations: 1, start: Start::Over(ms(400)) },
                vec![Some(0), Some(100), Some(200), Some(300)],
            ),
            (Load::Shared { users: 2, iterations: 1, start: Start::Together }, vec![Some(0), Some(0)]),
            (Load::Bursts { count: 2, users: 2, gap: ms(50) }, vec![Some(0), Some(0), Some(50), Some(50)]),
            (Load::Stages { from: 1, stages: vec![(ms(100), 3)] }, vec![Some(0), Some(25), Some(75)]),
        ] {
            let schedule = schedule(&load);
            assert_eq!(schedule.users() as usize, expected.len());
            let begins: Vec<_> =
                (0..schedule.users()).map(|u| schedule.begin(u).map(|d| d.as_millis() as u64)).collect();
            assert_eq!(begins, expected, "{load:?}");
        }
    }

    #[test]
    fn totals_are_known_where_they_can_be() {
        let total = |load| Schedule::new(&load, &Dice::new(1, "s", 0)).total();
        assert_eq!(total(Load::Iterations { users: 4, iterations: 3, start: Start::Together }), Some(12));
        assert_eq!(total(Load::Shared { users: 4, iterations: 3, start: Start::Together }), Some(3));
        assert_eq!(total(Load::Bursts { count: 3, users: 2, gap: ms(1) }), Some(6));
        assert_eq!(total(Load::Duration { users: 4, duration: ms(3), start: Start::Together }), None);
        assert_eq!(total(Load::Stages { from: 1, stages: vec![(ms(100), 3)] }), None);
        assert_eq!(total(Load::Replay { at: vec![ms(1), ms(2)].into(), max_users: 9 }), Some(2));
    }
}

//! Connections that users share, so many and no more, in the order in which they were asked for.
//!
//! A pool belongs to one worker, as its users do: nothing is locked. Where a scenario has workers, each has its share of the
//! connections.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::client::{Connection, Endpoint};

/// A worker's share of the connections of a pool.
#[derive(Debug)]
pub(crate) struct Pool {
    size: usize,
    in_use: Cell<usize>,
    /// Open and not in use, the one that was used last at the end.
    idle: RefCell<Vec<(Rc<Endpoint>, Connection)>>,
    waiting: RefCell<VecDeque<Rc<Place>>>,
}

/// A place in the line.
#[derive(Debug, Default)]
struct Place {
    is_granted: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Pool {
    /// A pool of at most `size` connections, at least one.
    pub(crate) fn new(size: usize) -> Rc<Self> {
        Rc::new(Self {
            size: size.max(1),
            in_use: Cell::new(0),
            idle: RefCell::default(),
            waiting: RefCell::default(),
        })
    }

    /// The right to have one of its connections, as soon as everybody who asked before has had it.
    pub(crate) fn enter(self: &Rc<Self>) -> Enter {
        Enter { pool: self.clone(), place: None }
    }

    /// An open connection to an endpoint, for who has entered. Where there is none, room is made for another.
    pub(crate) fn take(&self, endpoint: &Rc<Endpoint>) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        if let Some(index) = idle.iter().rposition(|(to, _)| Rc::ptr_eq(to, endpoint)) {
            return Some(idle.remove(index).1);
        }
        if idle.len() + self.in_use.get() > self.size {
            idle.remove(0);
        }
        None
    }

    /// Gives a connection back that can be used again.
    pub(crate) fn keep(&self, endpoint: Rc<Endpoint>, connection: Connection) {
        self.idle.borrow_mut().push((endpoint, connection));
    }

    fn leave(&self) {
        match self.waiting.borrow_mut().pop_front() {
            // The right goes on to who waits, so that nobody who comes now is before them.
            Some(place) => {
                place.is_granted.set(true);
                if let Some(waker) = place.waker.take() {
                    waker.wake();
                }
            }
            None => self.in_use.set(self.in_use.get() - 1),
        }
    }
}

/// Waits for its turn; gives it up when dropped.
#[derive(Debug)]
pub(crate) struct Enter {
    pool: Rc<Pool>,
    place: Option<Rc<Place>>,
}

/// The right to have a connection of a pool, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit(Rc<Pool>);

impl Future for Enter {
    type Output = Permit;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Permit> {
        let is_granted = match &self.place {
            Some(place) => place.is_granted.get(),
            None => {
                let free = self.pool.in_use.get() < self.pool.size;
                if free {
                    self.pool.in_use.set(self.pool.in_use.get() + 1);
                }
                free
            }
        };
        if is_granted {
            self.place = None;
            return Poll::Ready(Permit(self.pool.clone()));
        }
        let Self { pool, place } = &mut *self;
        let place = place.get_or_insert_with(|| {
            let place = Rc::new(Place::default());
            pool.waiting.borrow_mut().push_back(place.clone());
            place
        });
        place.waker.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Enter {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        if place.is_granted.get() {
            self.pool.leave();
        } else {
            self.pool.waiting.borrow_mut().retain(|other| !Rc::ptr_eq(other, &place));
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(enter: &mut Enter) -> Option<Permit> {
        match Pin::new(enter).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(permit) => Some(permit),
            Poll::Pending => None,
        }
    }

    #[test]
    fn who_asked_first_is_first_and_who_goes_away_does_not_hold_up_the_others() {
        let pool = Pool::new(1);
        let first = poll(&mut pool.enter()).unwrap();
        let [mut second, mut gone, mut third] = [pool.enter(), pool.enter(), pool.enter()];
        for waiting in [&mut second, &mut gone, &mut third] {
            assert!(poll(waiting).is_none());
        }
        drop(gone);
        drop(first);
        assert!(poll(&mut pool.enter()).is_none(), "whoever comes now is last");
        assert!(poll(&mut third).is_none());
        let permit = poll(&mut second).unwrap();
        drop(permit);
        // Its turn has come, and it goes away without having noticed.
        drop(third);
        assert!(poll(&mut pool.enter()).is_some(), "the right is not lost");
    }
}

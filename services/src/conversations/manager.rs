//! Who may talk: limits, the queue of those who wait, the conversations, and the counters. All under one lock, held for
//! the decision only.
//!
//! ```text
//! start ─┬─ user at the limit ──────────────▶ refused (user)
//!        ├─ all slots taken ─┬─ will wait ──▶ waiting ──▶ active, or refused once the time is up
//!        │                   └─ will not ───▶ refused (full)
//!        └─ else ───────────────────────────▶ active ──▶ ended | timed out | failed
//! ```

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::{
    CROSS_TALK, HALF_PERCENT_FAILS, IDLE, KEEPS_1_MB, LIMIT_OFF_BY_ONE, QUEUE_POLLED, SLOT_NEVER_FREED,
    USER_LIMIT_IGNORED,
};
use crate::model;
use crate::setup::{Fault, Setup};

/// Megabytes that `keeps-1-mb` keeps at most.
const MOST_KEPT: usize = 300;

/// Distinct words that are remembered of a conversation.
const MOST_WORDS: usize = 1_000;

/// What may run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) max_active: usize,
    pub(super) max_per_user: usize,
    /// Starts that may wait for a slot.
    pub(super) max_waiting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_active: 20, max_per_user: 3, max_waiting: 100 }
    }
}

/// What has happened since the service started or was reset.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Figures {
    pub(super) started: u64,
    /// Starts refused because all slots were taken.
    pub(super) refused_full: u64,
    /// Starts refused because the user had too many.
    pub(super) refused_user: u64,
    pub(super) ended: u64,
    pub(super) timed_out: u64,
    pub(super) failed: u64,
    pub(super) iterations: u64,
    pub(super) peak_active: usize,
}

#[derive(Debug)]
pub(super) struct Manager {
    fault: Fault,
    idle: Duration,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    limits: Limits,
    conversations: HashMap<u64, Conversation>,
    /// Conversations by user; a user without any is not in it.
    users: HashMap<String, usize>,
    /// Slots that are taken.
    taken: usize,
    waiting: VecDeque<Waiter>,
    figures: Figures,
    /// Number of the last conversation. Goes on through a reset, so that an old id never means a new conversation.
    last: u64,
    /// What was said last, and by whom: for `cross-talk`.
    said: Option<(String, String)>,
    kept: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct Conversation {
    user: String,
    iterations: u64,
    previous: Option<String>,
    words: BTreeMap<String, u32>,
    /// Iterations under way.
    busy: usize,
    touched: Instant,
    doomed: bool,
}

#[derive(Debug)]
struct Waiter {
    user: String,
    grant: oneshot::Sender<u64>,
}

/// Why a start is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// All slots are taken.
    Full,
    /// The user has too many.
    User,
}

/// What becomes of a start.
#[derive(Debug)]
pub(super) enum Start {
    Accepted(u64),
    Refused(Refusal),
    /// Resolves to the id once there is a slot.
    Waiting(oneshot::Receiver<u64>),
}

/// Why a request to a conversation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// There is no such conversation, or no longer.
    Unknown,
    /// It is another user's.
    NotYours,
    /// The fault has struck it.
    Failed,
}

/// What an iteration learns from the conversation so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Iteration {
    pub(super) number: u64,
    pub(super) previous: Option<String>,
    /// Distinct words said so far.
    pub(super) words: usize,
}

impl Manager {
    pub(super) fn new(setup: &Setup) -> Self {
        Self { fault: setup.fault, idle: setup.pace.pick(IDLE), inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a conversation where the limits allow it.
    pub(super) fn start(&self, user: &str, will_wait: bool) -> Start {
        let mut inner = self.lock();
        inner.waiting.retain(|waiter| !waiter.grant.is_closed());
        match inner.room_for(user, self.fault) {
            Ok(()) => Start::Accepted(inner.open(user.to_owned(), self.fault)),
            Err(Refusal::Full) if will_wait && inner.waiting.len() < inner.limits.max_waiting => {
                let (grant, granted) = oneshot::channel();
                inner.waiting.push_back(Waiter { user: user.to_owned(), grant });
                Start::Waiting(granted)
            }
            Err(refusal) => {
                inner.refuse(refusal);
                Start::Refused(refusal)
            }
        }
    }

    /// Counts the refusal of a start that has waited in vain.
    pub(super) fn waited_in_vain(&self) {
        let mut inner = self.lock();
        inner.waiting.retain(|waiter| !waiter.grant.is_closed());
        inner.refuse(Refusal::Full);
    }

    /// Begins an iteration; [`Manager::iterated`] must follow.
    pub(super) fn iterate(&self, id: u64, user: &str, message: &str) -> Result<Iteration, Wrong> {
        let mut inner = self.lock();
        self.check(&mut inner, id, user)?;
        let others = inner.said.replace((user.to_owned(), message.to_owned())).filter(|(who, _)| who != user);
        inner.figures.iterations += 1;
        let conversation = inner.conversations.get_mut(&id).ok_or(Wrong::Unknown)?;
        conversation.iterations += 1;
        conversation.busy += 1;
        for word in model::words(message) {
            if conversation.words.len() < MOST_WORDS || conversation.words.contains_key(&word) {
                *conversation.words.entry(word).or_default() += 1;
            }
        }
        let mut previous = conversation.previous.replace(message.to_owned());
        if self.fault.is(CROSS_TALK)
            && let Some((_, said)) = others
        {
            previous = Some(said);
        }
        Ok(Iteration { number: conversation.iterations, previous, words: conversation.words.len() })
    }

    /// Ends an iteration: from now on the conversation is idle.
    pub(super) fn iterated(&self, id: u64) {
        if let Some(conversation) = self.lock().conversations.get_mut(&id) {
            conversation.busy = conversation.busy.saturating_sub(1);
            conversation.touched = Instant::now();
        }
    }

    /// Ends a conversation; returns how many iterations it had. `counted` is whether to count the end here.
    pub(super) fn end(&self, id: u64, user: &str, counted: bool) -> Result<u64, Wrong> {
        let mut inner = self.lock();
        self.check(&mut inner, id, user)?;
        let ended = inner.close(id, self.fault).ok_or(Wrong::Unknown)?;
        inner.figures.ended += u64::from(counted);
        Ok(ended.iterations)
    }

    /// Sets the count of ends, as `counters-drift` does.
    pub(super) fn set_ended(&self, ended: u64) {
        self.lock().figures.ended = ended;
    }

    fn check(&self, inner: &mut Inner, id: u64, user: &str) -> Result<(), Wrong> {
        let conversation = inner.conversations.get(&id).ok_or(Wrong::Unknown)?;
        if conversation.user != user {
            return Err(Wrong::NotYours);
        }
        if conversation.doomed {
            inner.close(id, self.fault);
            inner.figures.failed += 1;
            return Err(Wrong::Failed);
        }
        Ok(())
    }

    /// Ends all conversations that have been idle for too long.
    pub(super) fn end_idle(&self) {
        let mut inner = self.lock();
        let idle = |it: &Conversation| it.busy == 0 && it.touched.elapsed() > self.idle;
        let ids: Vec<u64> =
            inner.conversations.iter().filter(|(_, it)| idle(it)).map(|(id, _)| *id).collect();
        for id in ids {
            inner.close(id, self.fault);
            inner.figures.timed_out += 1;
        }
    }

    /// Looks whether somebody waits for a slot that is free, as `queue-polled` does instead of telling them.
    pub(super) fn poll_queue(&self) {
        self.lock().admit(self.fault);
    }

    /// Ends everything, refuses those who wait, sets counters and limits back; returns how many were active.
    pub(super) fn reset(&self) -> usize {
        let mut inner = self.lock();
        let active = inner.conversations.len();
        let kept = std::mem::take(&mut inner.kept);
        *inner = Inner { last: inner.last, kept, ..Inner::default() };
        active
    }

    pub(super) fn set_limits(&self, limits: Limits) {
        let mut inner = self.lock();
        inner.limits = limits;
        inner.admit(self.fault);
    }

    pub(super) fn limits(&self) -> Limits {
        self.lock().limits
    }

    /// Slots taken, users that have any, starts that wait, and the counters, all of one instant.
    pub(super) fn now(&self) -> (usize, usize, usize, Figures) {
        let inner = self.lock();
        let waiting = inner.waiting.iter().filter(|waiter| !waiter.grant.is_closed()).count();
        (inner.taken, inner.users.len(), waiting, inner.figures)
    }
}

impl Inner {
    fn room_for(&self, user: &str, fault: Fault) -> Result<(), Refusal> {
        let held = self.users.get(user).copied().unwrap_or(0);
        if held >= self.limits.max_per_user && !fault.is(USER_LIMIT_IGNORED) {
            return Err(Refusal::User);
        }
        let slots = self.limits.max_active + usize::from(fault.is(LIMIT_OFF_BY_ONE));
        if self.taken >= slots { Err(Refusal::Full) } else { Ok(()) }
    }

    fn refuse(&mut self, refusal: Refusal) {
        match refusal {
            Refusal::Full => self.figures.refused_full += 1,
            Refusal::User => self.figures.refused_user += 1,
        }
    }

    fn open(&mut self, user: String, fault: Fault) -> u64 {
        self.last += 1;
        self.taken += 1;
        self.figures.started += 1;
        self.figures.peak_active = self.figures.peak_active.max(self.taken);
        *self.users.entry(user.clone()).or_default() += 1;
        if fault.is(KEEPS_1_MB) && self.kept.len() < MOST_KEPT {
            // Not zero: pages of zeros need not take up memory.
            self.kept.push(vec![1; 1 << 20]);
        }
        let doomed = fault.is(HALF_PERCENT_FAILS) && self.figures.started.is_multiple_of(200);
        let conversation = Conversation {
            user,
            iterations: 0,
            previous: None,
            words: BTreeMap::new(),
            busy: 0,
            touched: Instant::now(),
            doomed,
        };
        self.conversations.insert(self.last, conversation);
        self.last
    }

    fn close(&mut self, id: u64, fault: Fault) -> Option<Conversation> {
        let closed = self.conversations.remove(&id)?;
        if let Some(held) = self.users.get_mut(&closed.user) {
            *held -= 1;
            if *held == 0 {
                self.users.remove(&closed.user);
            }
        }
        if !fault.is(SLOT_NEVER_FREED) {
            self.taken -= 1;
            if !fault.is(QUEUE_POLLED) {
                self.admit(fault);
            }
        }
        Some(closed)
    }

    /// Gives free slots to those who wait, in their order; one whose user has too many meanwhile goes on waiting.
    fn admit(&mut self, fault: Fault) {
        let mut next = 0;
        while next < self.waiting.len() {
            match self.room_for(&self.waiting[next].user, fault) {
                Err(Refusal::Full) => return,
                Err(Refusal::User) => next += 1,
                Ok(()) => {
                    let Some(waiter) = self.waiting.remove(next) else { return };
                    if waiter.grant.is_closed() {
                        continue;
                    }
                    let id = self.open(waiter.user, fault);
                    if waiter.grant.send(id).is_err() {
                        // Left in this very moment: as if it had never been there.
                        self.figures.started -= 1;
                        self.close(id, fault);
                    }
                }
            }
        }
    }
}

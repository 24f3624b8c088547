//! What each user has said, and nobody else's business.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use serde::Serialize;

/// Conversations that are remembered; the one that was idle longest is forgotten first.
const CONVERSATIONS: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// Turns that are remembered of each.
const TURNS: usize = 20;

/// A conversation's name: the user's, and the user's own name for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ConversationKey {
    pub(super) user: String,
    pub(super) conversation: String,
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Turn {
    pub(super) question: String,
    pub(super) answer: String,
}

/// All conversations.
#[derive(Debug)]
pub(super) struct Histories(Mutex<LruCache<ConversationKey, VecDeque<Turn>>>);

impl Default for Histories {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CONVERSATIONS)))
    }
}

impl Histories {
    fn lock(&self) -> MutexGuard<'_, LruCache<ConversationKey, VecDeque<Turn>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last turns of the conversation, oldest first.
    pub(super) fn turns(&self, key: &ConversationKey) -> Vec<Turn> {
        self.lock().get(key).map(|turns| turns.iter().cloned().collect()).unwrap_or_default()
    }

    /// Adds a turn; returns how many are remembered now.
    pub(super) fn add(&self, key: ConversationKey, turn: Turn) -> usize {
        let mut all = self.lock();
        let turns = all.get_or_insert_mut(key, VecDeque::new);
        turns.push_back(turn);
        if turns.len() > TURNS {
            turns.pop_front();
        }
        turns.len()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_bounded_and_belong_to_one_conversation() {
        let histories = Histories::default();
        let key = |user: &str| ConversationKey { user: user.into(), conversation: String::new() };
        for n in 0..25 {
            histories.add(key("a"), Turn { question: n.to_string(), answer: String::new() });
        }
        let turns = histories.turns(&key("a"));
        assert_eq!((turns.len(), turns[0].question.as_str()), (TURNS, "5"));
        assert!(histories.turns(&key("b")).is_empty());
    }
}

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

/// Whether a question is about what was said before rather than about the world.
pub(super) fn refers_back(question: &str) -> bool {
    let question = question.trim_start().to_lowercase();
    ["and ", "what about ", "how about "].iter().any(|start| question.starts_with(start))
        || ["i said", "i told", "i asked", "you said", "you told", "earlier", "previous", "remember"]
            .iter()
            .any(|phrase| question.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_refers_back_only_where_it_says_so() {
        for (question, expected) in [
            ("What about the second one?", true),
            ("What did I say earlier?", true),
            ("Do you remember my code?", true),
            ("How do I reset my password?", false),
            ("What is it that makes the sky blue?", false),
        ] {
            assert_eq!(refers_back(question), expected, "{question}");
        }
    }

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

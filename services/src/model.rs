//! The language model that stands behind the chat services: its words are real work, its slowness is simulated.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::RngExt;
use tokio::sync::watch;

use crate::pace::Pace;

/// What the model says, in the pieces in which it streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) pieces: Vec<String>,
    pub(crate) prompt_tokens: usize,
    pub(crate) completion_tokens: usize,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        self.pieces.concat()
    }
}

/// How far the model has got with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Pieces that are out.
    pub(crate) pieces: usize,
    pub(crate) done: bool,
}

/// Pieces that an answer streams in.
const PIECES: usize = 12;

/// The share of a call's latency that passes before its first piece.
const FIRST_PIECE_AT: f64 = 0.35;

/// Speaks the answer: publishes each piece when it is due, the last one after `latency`.
pub(crate) async fn speak(
    pace: &Pace,
    latency: Duration,
    answer: &Answer,
    progress: &watch::Sender<Progress>,
) {
    let start = Instant::now();
    let last = answer.pieces.len().saturating_sub(1).max(1);
    for piece in 0..answer.pieces.len() {
        let share = FIRST_PIECE_AT + (1.0 - FIRST_PIECE_AT) * piece as f64 / last as f64;
        pace.until(start + latency.mul_f64(share)).await;
        progress.send_replace(Progress { pieces: piece + 1, done: false });
    }
}

/// Makes up an answer of 40 to 60 words on the words of the question that matter, then `facts` word for word. The same
/// seed, key and question give the same answer.
pub(crate) fn compose(pace: &Pace, key: &[u8], question: &str, facts: &[String]) -> Answer {
    let mut rng = pace.rng(key);
    let topics = keywords(question, 4);
    let mut words: Vec<String> = vec!["On".into(), topics.join(" ") + ":"];
    let length = rng.random_range(40..60);
    while words.len() < length {
        words.push(FILLERS[rng.random_range(0..FILLERS.len())].to_owned());
        if words.len().is_multiple_of(9) && !topics.is_empty() {
            words.push(topics[rng.random_range(0..topics.len())].clone());
        }
    }
    let mut text = words.join(" ") + ".";
    for fact in facts {
        text = text + " " + fact;
    }
    let completion_tokens = tokens(&text);
    Answer {
        pieces: split(&text),
        prompt_tokens: tokens(question) + facts.iter().map(|fact| tokens(fact)).sum::<usize>(),
        completion_tokens,
    }
}

/// Cuts a text into [`PIECES`] or fewer, at blanks, so that the pieces joined give the text again.
fn split(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    words.chunks(words.len().div_ceil(PIECES).max(1)).map(<[&str]>::concat).collect()
}

/// The number of tokens, by the usual rule of thumb: words and marks, long words being several.
pub(crate) fn tokens(text: &str) -> usize {
    text.split_whitespace().map(|word| word.chars().count().div_ceil(6)).sum()
}

/// The words of a text in lower case, without marks.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Whether a question is about what was said before rather than about the world.
pub(crate) fn refers_back(question: &str) -> bool {
    let question = question.trim_start().to_lowercase();
    ["and ", "what about ", "how about "].iter().any(|start| question.starts_with(start))
        || ["i said", "i told", "i asked", "you said", "you told", "earlier", "previous", "remember"]
            .iter()
            .any(|phrase| question.contains(phrase))
}

/// The longest distinct words of a question, up to `most`, in the order in which they stand.
fn keywords(question: &str, most: usize) -> Vec<String> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (place, word) in words(question).enumerate().filter(|(_, word)| word.len() > 3) {
        places.entry(word).or_insert(place);
    }
    let mut ranked: Vec<(String, usize)> = places.into_iter().collect();
    ranked.sort_by_key(|(word, place)| (std::cmp::Reverse(word.len()), *place));
    ranked.truncate(most);
    ranked.sort_by_key(|(_, place)| *place);
    ranked.into_iter().map(|(word, _)| word).collect()
}

const FILLERS: &[&str] = &[
    "the",
    "a",
    "first",
    "answer",
    "depends",
    "on",
    "how",
    "each",
    "part",
    "works",
    "with",
    "its",
    "neighbours",
    "and",
    "most",
    "people",
    "start",
    "from",
    "simple",
    "case",
    "before",
    "they",
    "look",
    "at",
    "rare",
    "ones",
    "which",
    "is",
    "why",
    "it",
    "helps",
    "to",
    "measure",
    "often",
    "change",
    "little",
    "write",
    "down",
    "what",
    "was",
    "seen",
    "so",
    "that",
    "others",
    "can",
    "check",
    "in",
    "practice",
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::timer::Timer;

    fn pace() -> Pace {
        Pace { slow: 1.0, full: false, seed: 1, timer: Arc::new(Timer::new()) }
    }

    #[test]
    fn the_same_question_gets_the_same_answer_with_its_facts_in_it() {
        let facts = ["Earlier you said: blue7.".to_owned()];
        let answer = compose(&pace(), b"key", "How do harbour cranes work?", &facts);
        assert_eq!(answer, compose(&pace(), b"key", "How do harbour cranes work?", &facts));
        let text = answer.text();
        assert!(text.contains("harbour cranes") && text.ends_with("Earlier you said: blue7."), "{text}");
        assert!((2..=PIECES).contains(&answer.pieces.len()));
        assert!(answer.completion_tokens >= 40);
    }

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
    fn keywords_stand_in_the_order_of_the_question() {
        assert_eq!(
            keywords("What is the tallest lighthouse in the whole world?", 2),
            ["tallest", "lighthouse"]
        );
    }
}

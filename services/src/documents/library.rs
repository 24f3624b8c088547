//! What has been uploaded, ready to be searched: BM25 over passages, an index for each user.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bm25::{Document, SearchEngine, SearchEngineBuilder};
use lru::LruCache;

/// Users whose index is kept; another one is built anew from the database.
const INDEXES: NonZeroUsize = NonZeroUsize::new(200).expect("not zero");

/// How much of a document's text is searched, in bytes: memory stays bounded however large the uploads.
pub(super) const SEARCHED: usize = 64 << 10;

/// Length of a passage, in bytes, about.
const PASSAGE: usize = 1 << 10;

/// Words of a passage, about: what BM25 takes as the usual length.
const USUAL_WORDS: f32 = 120.0;

/// The passages of one user.
#[derive(Debug)]
pub(super) struct Index(Mutex<SearchEngine<i64>>);

/// The indexes in use.
#[derive(Debug)]
pub(super) struct Library(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    indexes: LruCache<i64, Arc<Index>>,
    /// How often an index was forgotten.
    forgotten: u64,
}

impl Default for Library {
    fn default() -> Self {
        Self(Mutex::new(Kept { indexes: LruCache::new(INDEXES), forgotten: 0 }))
    }
}

impl Library {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The user's index, where it is kept.
    pub(super) fn get(&self, user: i64) -> Option<Arc<Index>> {
        self.lock().indexes.get(&user).cloned()
    }

    /// How often an index was forgotten: what [`Library::put`] wants to know from before the passages were read.
    pub(super) fn forgotten(&self) -> u64 {
        self.lock().forgotten
    }

    /// Keeps an index, unless any was forgotten since: it might lack what has been uploaded meanwhile.
    pub(super) fn put(&self, user: i64, index: Arc<Index>, forgotten: u64) {
        let mut kept = self.lock();
        if kept.forgotten == forgotten {
            kept.indexes.put(user, index);
        }
    }

    /// Forgets the user's index: it is built anew when next needed.
    pub(super) fn forget(&self, user: i64) {
        let mut kept = self.lock();
        kept.forgotten += 1;
        kept.indexes.pop(&user);
    }
}

impl Index {
    pub(super) fn new(passages: Vec<(i64, String)>) -> Self {
        let mut engine: SearchEngine<i64> = SearchEngineBuilder::with_avgdl(USUAL_WORDS).build();
        for (id, text) in passages {
            engine.upsert(Document::new(id, text));
        }
        Self(Mutex::new(engine))
    }

    /// The passages that fit the question best, the best first: their numbers and scores.
    pub(super) fn search(&self, question: &str, most: usize) -> Vec<(i64, f32)> {
        let engine = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<(i64, f32)> =
            engine.search(question, None).into_iter().map(|hit| (hit.document.id, hit.score)).collect();
        found.sort_by(|(one, a), (other, b)| b.total_cmp(a).then(one.cmp(other)));
        found.truncate(most);
        found
    }
}

/// Cuts a text into passages, at blanks where there are any.
pub(super) fn passages(text: &str) -> Vec<String> {
    let mut passages = vec![String::new()];
    for word in text.split_inclusive(char::is_whitespace) {
        if passages.last().is_some_and(|last| !last.is_empty() && last.len() + word.len() > PASSAGE) {
            passages.push(String::new());
        }
        if let Some(last) = passages.last_mut() {
            last.push_str(word);
        }
    }
    passages.retain(|passage| !passage.trim().is_empty());
    passages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_passage_with_the_words_of_the_question_comes_first() {
        let texts = ["Harbour cranes lift containers.", "Bees dance to tell where flowers are.", "Nothing."];
        let index = Index::new((1..).zip(texts.map(str::to_owned)).collect());
        assert_eq!(index.search("why do bees dance?", 3)[0].0, 2);
        assert!(index.search("quantum", 3).is_empty());
    }

    #[test]
    fn passages_joined_give_the_text() {
        let text = "one two three ".repeat(300);
        let passages = passages(&text);
        assert!(passages.len() >= 4 && passages.iter().all(|passage| passage.len() <= PASSAGE));
        assert_eq!(passages.concat(), text);
    }
}

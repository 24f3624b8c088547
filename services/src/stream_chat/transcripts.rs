//! The transcripts of past streams, and finding the passage that a question is about.

use bm25::{Document, SearchEngine, SearchEngineBuilder};

/// Streams begin with `# title`; their passages follow, one on each line, after the minute at which they were said.
const TEXT: &str = include_str!("transcripts.txt");

/// A score below this is chance: a word in common, not a topic.
const RELEVANT: f32 = 3.0;

/// A passage of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Passage {
    pub(super) title: &'static str,
    /// Hours and minutes into the stream.
    pub(super) at: &'static str,
    pub(super) text: &'static str,
}

#[derive(Debug)]
pub(super) struct Transcripts {
    passages: Vec<Passage>,
    engine: SearchEngine<u32>,
}

impl Transcripts {
    pub(super) fn read() -> Self {
        let passages = passages(TEXT);
        let words: usize = passages.iter().map(|passage| passage.text.split(' ').count()).sum();
        let usual = words as f32 / passages.len() as f32;
        let mut engine: SearchEngine<u32> = SearchEngineBuilder::with_avgdl(usual).build();
        for (number, passage) in (0..).zip(&passages) {
            // The title says what the whole stream is about, so it belongs to each of its passages.
            engine.upsert(Document::new(number, format!("{} {}", passage.title, passage.text)));
        }
        Self { passages, engine }
    }

    /// The passages that speak of it, the best first, two at most.
    pub(super) fn search(&self, question: &str) -> Vec<Passage> {
        let mut found = self.engine.search(question, None);
        found.retain(|hit| hit.score >= RELEVANT);
        found.sort_by(|one, other| {
            other.score.total_cmp(&one.score).then(one.document.id.cmp(&other.document.id))
        });
        found.truncate(2);
        found.iter().filter_map(|hit| self.passages.get(hit.document.id as usize).copied()).collect()
    }
}

fn passages(text: &'static str) -> Vec<Passage> {
    let mut title = "";
    let mut passages = Vec::new();
    for line in text.lines() {
        if let Some(new) = line.strip_prefix("# ") {
            title = new;
        } else if let Some((at, text)) = line.split_once(' ') {
            passages.push(Passage { title, at, text });
        }
    }
    passages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_passage_has_a_title_and_a_time() {
        let passages = passages(TEXT);
        assert_eq!(passages.len(), 24);
        for passage in passages {
            assert!(
                !passage.title.is_empty() && passage.at.len() == 5 && passage.text.ends_with('.'),
                "{passage:?}"
            );
        }
    }

    #[test]
    fn questions_find_their_stream_and_general_ones_find_none() {
        let transcripts = Transcripts::read();
        for (question, expected) in [
            ("Why is the plate of the keyboard made of brass?", Some("Building a quiet keyboard")),
            ("How long do I feed the sourdough starter?", Some("Sourdough for beginners")),
            ("At what height is the glacier hut?", Some("Winter hike to the glacier hut")),
            ("Which defence did you play in the chess final?", Some("Chess club final")),
            ("Why did the handheld console not charge?", Some("Repairing a handheld console")),
            ("How big must the pot for tomatoes be?", Some("Growing tomatoes on a balcony")),
            ("How many coats of varnish does the canoe need?", Some("Restoring a wooden canoe")),
            ("Which aperture for the Milky Way?", Some("Night photography of the Milky Way")),
            ("What is the capital of Portugal?", None),
            ("Who wrote Hamlet?", None),
            ("How far away is Saturn?", None),
            ("Can you say hello to my sister?", None),
        ] {
            assert_eq!(
                transcripts.search(question).first().map(|passage| passage.title),
                expected,
                "{question}"
            );
        }
    }
}

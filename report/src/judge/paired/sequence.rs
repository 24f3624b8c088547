//! A paired comparison from its first round to its last: what to run next, by what there is.
//!
//! ```text
//!   rounds ──look──┬─ all within their limits ─────────────────────────────► done
//!     ▲            ├─ something undecided, looks left ──► more rounds ─┐
//!     └────────────┼───────────────────────────────────────────────────┘
//!                  └─ something suspected ──► fresh rounds ──look──┬─ decided, or no looks left ──► done
//!                                                 ▲                └─ undecided ──► more fresh rounds ─┐
//!                                                 └────────────────────────────────────────────────────┘
//! ```

use super::judge::{compare_paired, confirm_paired, settle_undecided};
use super::{LEAST_ROUNDS, Looks, PairedRound, look_at};
use crate::judge::policy::Policy;
use crate::model::{ChangeOutcome, Comparison};

/// The rounds of each scenario, by name.
pub type Rounds = Vec<(String, Vec<PairedRound>)>;

/// What is to be run next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// So many rounds in all.
    Rounds(u32),
    /// So many fresh rounds in all, with restarted processes, apart from those before.
    Fresh(u32),
    /// Nothing: it is decided, or will not be.
    Done,
}

/// The comparison so far.
#[derive(Clone, Debug)]
pub struct Sequence<'a> {
    base: &'a str,
    policy: &'a Policy,
    looks: Looks,
    looked: usize,
    looked_fresh: usize,
    /// By the rounds of the first stage alone.
    first: Option<Comparison>,
    now: Option<Comparison>,
}

impl<'a> Sequence<'a> {
    /// `base` names the revision or URL; `most` is the number of rounds that there is time for, the same again for fresh ones.
    pub fn new(base: &'a str, policy: &'a Policy, most: u32) -> Self {
        Self { base, policy, looks: Looks::up_to(most), looked: 0, looked_fresh: 0, first: None, now: None }
    }

    /// Judges what there is, and says what to run before the next look. Where the time ran out before as many rounds as were asked
    /// for, it may be called with fewer.
    pub fn look(&mut self, rounds: &Rounds, fresh: &Rounds) -> Next {
        if let Some(first) = self.first.as_ref().filter(|first| has(first, ChangeOutcome::Suspected)) {
            let mut now = first.clone();
            let level = self.looks.level(self.looked_fresh);
            settle_undecided(&mut now, rounds, fresh, self.policy, level);
            confirm_paired(&mut now, fresh, self.policy, level);
            let open = now.figures.iter().zip(&first.figures).any(|(now, first)| {
                first.outcome == ChangeOutcome::Suspected
                    && now.gated
                    && now.outcome == ChangeOutcome::Undecided
            });
            self.now = Some(now);
            if let Some(n) = short(fresh) {
                return Next::Fresh(n);
            }
            self.looked_fresh += 1;
            let next = self.looks.at().get(self.looked_fresh).filter(|_| open);
            return next.map_or(Next::Done, |n| Next::Fresh(*n));
        }
        let now = compare_paired(self.base, rounds, self.policy, self.looks.level(self.looked));
        if let Some(n) = short(rounds) {
            self.now = Some(now);
            return Next::Rounds(n);
        }
        self.looked += 1;
        // What is suspected is enough to go on with: its confirmation decides the verdict, and costs rounds as well.
        let next = if has(&now, ChangeOutcome::Suspected) {
            Next::Fresh(self.looks.at()[0])
        } else {
            let more = self.looks.at().get(self.looked).filter(|_| has(&now, ChangeOutcome::Undecided));
            more.map_or(Next::Done, |n| Next::Rounds(*n))
        };
        self.first = Some(now.clone());
        self.now = Some(now);
        next
    }

    /// Looks at rounds that there are already, until it is done; gives what that came to, and how many rounds it took. `stages` gives
    /// the first so many rounds of either stage.
    pub fn replay(mut self, mut stages: impl FnMut(u32, u32) -> [Rounds; 2]) -> (Option<Comparison>, u32) {
        let most = self.looks.at().last().copied().unwrap_or(0);
        let (mut first, mut fresh) = (self.looks.at()[0], 0);
        loop {
            let taken = first + fresh;
            let [rounds, confirming] = stages(first, fresh);
            match self.look(&rounds, &confirming) {
                // Spoiled rounds are asked for again, and what is recorded has an end.
                Next::Rounds(n) => first = n.min(most),
                Next::Fresh(n) => fresh = n.min(most),
                Next::Done => {}
            }
            if first + fresh == taken {
                return (self.now, taken);
            }
        }
    }

    /// What the last look came to; `None` before the first.
    pub fn comparison(self) -> Option<Comparison> {
        self.now
    }
}

/// The rounds that are to be run in place of those that the machine spoiled, where so many were that nothing is judged yet. That is
/// no look: which rounds count does not depend on what they say.
fn short(rounds: &Rounds) -> Option<u32> {
    let missing = rounds.iter().filter_map(|(_, rounds)| {
        let quality = look_at(rounds);
        let some = !rounds.is_empty() && quality.restless.is_none() && quality.good.len() < LEAST_ROUNDS;
        some.then(|| rounds.len() + LEAST_ROUNDS - quality.good.len())
    });
    missing.max().map(|n| n as u32)
}

fn has(comparison: &Comparison, outcome: ChangeOutcome) -> bool {
    comparison.figures.iter().any(|figure| figure.gated && figure.outcome == outcome)
}

//! Where random choices come from: the seed, never the clock.
//!
//! Each choice has a place of its own in a tree (scenario → class → user → iteration), and its randomness is a function
//! of that place. So the order in which things happen to run cannot change what is chosen.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// A place in the tree of random choices. Going to a place costs nothing; only choosing there does, so that flows without
/// random choices do not pay for them.
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    key: [u8; 32],
    /// The step from the place of the key to this one.
    below: Option<(&'static str, u64)>,
}

impl Dice {
    /// The root for one round of a scenario.
    pub(crate) fn new(seed: u64, scenario: &str, round: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"loadgate");
        hash.update(seed.to_le_bytes());
        hash.update(round.to_le_bytes());
        hash.update(scenario.as_bytes());
        Self { key: hash.finalize().into(), below: None }
    }

    /// The place below this one for a purpose and a number within it.
    pub(crate) fn at(&self, purpose: &'static str, number: u64) -> Self {
        Self { key: self.key(), below: Some((purpose, number)) }
    }

    /// The same place, from which going further down costs nothing.
    pub(crate) fn settled(&self) -> Self {
        Self { key: self.key(), below: None }
    }

    /// The randomness of this place's `stream`-th sequence.
    pub(crate) fn roll(&self, stream: u64) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::from_seed(self.key());
        random.set_stream(stream);
        random
    }

    fn key(&self) -> [u8; 32] {
        let Some((purpose, number)) = self.below else { return self.key };
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(number.to_le_bytes());
        hash.update(purpose.as_bytes());
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use super::*;

    #[test]
    fn the_same_place_gives_the_same_choices_and_every_other_place_others() {
        let draw = |dice: &Dice, stream| dice.roll(stream).random::<u64>();
        let root = Dice::new(1, "light", 0);
        assert_eq!(draw(&root, 0), draw(&Dice::new(1, "light", 0), 0));
        assert_eq!(draw(&root.at("user", 1), 0), draw(&root.at("user", 1).settled(), 0));
        let others = [
            draw(&root, 1),
            draw(&Dice::new(2, "light", 0), 0),
            draw(&Dice::new(1, "light", 1), 0),
            draw(&Dice::new(1, "heavy", 0), 0),
            draw(&root.at("user", 0), 0),
            draw(&root.at("user", 1), 0),
            draw(&root.at("mix", 0), 0),
            draw(&root.at("user", 0).at("flow", 0), 0),
            draw(&root.at("user", 1).at("flow", 0), 0),
        ];
        let mut all = others.to_vec();
        all.push(draw(&root, 0));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), others.len() + 1);
    }
}

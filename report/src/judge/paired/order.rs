//! Who goes first in a round.

use crate::random::Random;

/// Whether head is loaded before base in this round (from 0).
///
/// Of each two rounds one begins with either side, so a drift of the machine cannot favour one of them; which of the two is drawn
/// from the recorded seed, so that nothing periodic can.
pub fn head_first(seed: u64, round: u32) -> bool {
    let drawn = Random(seed ^ Random(u64::from(round / 2)).bits()).bits() & 1 == 1;
    drawn ^ (round % 2 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_balanced_drawn_and_repeatable() {
        let order = |seed| (0..40).map(|round| head_first(seed, round)).collect::<Vec<_>>();
        for seed in 0..50 {
            assert_eq!(order(seed), order(seed));
            assert!(order(seed).chunks(2).all(|pair| pair[0] != pair[1]));
        }
        assert_ne!(order(1), order(2));
        let heads = (0..50).filter(|seed| head_first(*seed, 0)).count();
        assert!((10..40).contains(&heads), "{heads}");
    }
}

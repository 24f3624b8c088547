//! Which flow comes next where a class has several: weights that come out exact, in seeded order.

use std::cell::RefCell;
use std::rc::Rc;

use rand::seq::SliceRandom as _;

use super::dice::Dice;

/// Flows are dealt in blocks; each block holds its share of each flow and is shuffled on its own. Blocks of one sum of
/// weights (or multiples) are exact; what is left in the last one is shared by the largest remainder.
#[derive(Debug)]
pub(crate) struct Mix {
    weights: Vec<u32>,
    block: u64,
    total: Option<u64>,
    dice: Dice,
    /// The block dealt last: (lane, number of the block, its flows).
    dealt: RefCell<Option<(u64, u64, Rc<[u16]>)>>,
}

/// Below this number of flows, all are one block.
const ONE_BLOCK: u64 = 10_000;

impl Mix {
    /// A mix of `total` flows, or of an unknown number. Weights are positive.
    pub(crate) fn new(weights: &[u32], total: Option<u64>, dice: Dice) -> Self {
        let divisor = weights.iter().copied().fold(0, gcd).max(1);
        let weights: Vec<u32> = weights.iter().map(|w| w / divisor).collect();
        let sum = weights.iter().map(|w| u64::from(*w)).sum::<u64>().max(1);
        let block = match total {
            None => sum,
            Some(total) if total <= ONE_BLOCK => total.max(1),
            Some(_) => sum * ONE_BLOCK.div_ceil(sum),
        };
        Self { weights, block, total, dice, dealt: RefCell::new(None) }
    }

    /// The index of the `number`-th flow (from 0) of a lane. Where the total is known there is one lane, 0, and numbers
    /// run over all users; otherwise each user is a lane.
    pub(crate) fn flow(&self, lane: u64, number: u64) -> usize {
        if self.weights.len() == 1 {
            return 0;
        }
        let block = number / self.block;
        let mut dealt = self.dealt.borrow_mut();
        let flows = match &*dealt {
            Some((l, b, flows)) if (*l, *b) == (lane, block) => flows,
            _ => &dealt.insert((lane, block, self.deal(lane, block))).2,
        };
        usize::from(flows[(number % self.block) as usize])
    }

    /// Whether numbers run over all users rather than each user's own.
    pub(crate) fn is_shared(&self) -> bool {
        self.total.is_some()
    }

    fn deal(&self, lane: u64, block: u64) -> Rc<[u16]> {
        let begin = block * self.block;
        let size = match self.total {
            Some(total) if total > begin => self.block.min(total - begin),
            _ => self.block,
        };
        let mut flows = Vec::with_capacity(size as usize);
        for (flow, count) in largest_remainder(&self.weights, size).into_iter().enumerate() {
            flows.extend(std::iter::repeat_n(flow as u16, count as usize));
        }
        flows.shuffle(&mut self.dice.at("lane", lane).roll(block));
        flows.into()
    }
}

/// Shares `seats` by weight, exactly: everyone gets the whole part, the seats that are left go to the largest remainders
/// (Hamilton's method), the earlier first where these are equal.
pub(crate) fn largest_remainder(weights: &[u32], seats: u64) -> Vec<u64> {
    let sum = weights.iter().map(|w| u128::from(*w)).sum::<u128>().max(1);
    let mut shares: Vec<u64> = Vec::with_capacity(weights.len());
    let mut remainders: Vec<(u128, usize)> = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let part = u128::from(*weight) * u128::from(seats);
        shares.push((part / sum) as u64);
        remainders.push((part % sum, index));
    }
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let left = seats - shares.iter().sum::<u64>().min(seats);
    for (_, index) in remainders.into_iter().take(left as usize) {
        shares[index] += 1;
    }
    shares
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(mix: &Mix, lane: u64, numbers: std::ops::Range<u64>, flows: usize) -> Vec<u64> {
        let mut counts = vec![0; flows];
        numbers.for_each(|n| counts[mix.flow(lane, n)] += 1);
        counts
    }

    fn mix(weights: &[u32], total: Option<u64>) -> Mix {
        Mix::new(weights, total, Dice::new(7, "mix", 0))
    }

    #[test]
    fn a_known_total_comes_out_exact() {
        for (weights, total, expected) in [
            (&[40, 30, 20, 10][..], 200, vec![80, 60, 40, 20]),
            (&[4, 3, 2, 1], 200, vec![80, 60, 40, 20]),
            (&[1, 1, 1], 10, vec![4, 3, 3]),
            (&[7, 3], 5, vec![4, 1]),
            (&[1, 2], 0, vec![0, 0]),
            (&[1, 2], 30_001, vec![10_000, 20_001]),
            (&[5], 9, vec![9]),
        ] {
            let mix = mix(weights, Some(total));
            assert_eq!(counts(&mix, 0, 0..total, weights.len()), expected, "{weights:?} of {total}");
        }
    }

    #[test]
    fn an_unknown_total_is_exact_over_each_block_of_each_lane() {
        let mix = mix(&[40, 30, 20, 10], None);
        for lane in [0, 1, 9] {
            assert_eq!(counts(&mix, lane, 0..10, 4), [4, 3, 2, 1]);
            assert_eq!(counts(&mix, lane, 10..20, 4), [4, 3, 2, 1]);
        }
    }

    #[test]
    fn the_order_is_mixed_and_the_same_each_time() {
        let order = |seed| {
            let mix = Mix::new(&[1, 1], Some(100), Dice::new(seed, "mix", 0));
            (0..100).map(|n| mix.flow(0, n)).collect::<Vec<_>>()
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        assert!(order(1)[..50].contains(&0) && order(1)[..50].contains(&1), "shuffled over the whole");
    }
}

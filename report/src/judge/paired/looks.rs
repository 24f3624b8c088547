//! When the rounds are looked at, and how strictly each time: a test that is repeated until it says yes will say yes.

use super::LEAST_ROUNDS;

/// Level of a suspicion, over the whole family (Holm) and over all looks at the rounds; likewise of its confirmation, for each figure
/// alone. Both must hold, and the second looks at fresh rounds only, so the two multiply.
pub(super) const LEVEL: f64 = 0.05;

/// Of the level, what the last look gets; the ones before share the rest evenly. They are there for what is plain to see.
const LAST: f64 = 0.5;

/// Looks at most. Each further one costs a little at all of them, and saves less than the one before.
const MOST: i32 = 5;

/// From look to look there are at least so many times as many rounds: fewer would show nothing new.
const APART: f64 = 4.0 / 3.0;

/// The numbers of rounds at which the rounds are judged.
///
/// Fixed before the first look, from the number of rounds that there is time for: from [`LEAST_ROUNDS`] on, growing by a constant
/// factor, at most five. The level is split over the looks (O. J. Dunn, *JASA* 56, 1961, 52–64), which holds however they depend on
/// each other. Half of it is for the last, where there are the most rounds: in equal parts (as in S. J. Pocock's design, *Biometrika*
/// 64, 1977, 191–199) early looks take from it what they can seldom use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looks {
    at: Vec<u32>,
}

impl Looks {
    /// The looks where there is time for so many rounds.
    pub fn up_to(most: u32) -> Self {
        let least = LEAST_ROUNDS as u32;
        let growth = f64::from(most.max(least)) / f64::from(least);
        let steps = ((growth.ln() / APART.ln() + 1e-9) as i32).clamp(0, MOST - 1);
        let at =
            |step: i32| (f64::from(least) * growth.powf(f64::from(step) / f64::from(steps))).round() as u32;
        Self { at: if steps == 0 { vec![least] } else { (0..=steps).map(at).collect() } }
    }

    /// Rounds at each look, ascending, at least one.
    pub fn at(&self) -> &[u32] {
        &self.at
    }

    /// Level of a look, counted from 0; those of all add up to [`LEVEL`].
    pub fn level(&self, look: usize) -> f64 {
        match self.at.len() - 1 {
            0 => LEVEL,
            before if look < before => LEVEL * (1.0 - LAST) / before as f64,
            _ => LEVEL * LAST,
        }
    }

    /// Level of the last look.
    pub fn last_level(&self) -> f64 {
        self.level(self.at.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_looks_ever_farther_apart() {
        for (most, at) in [
            (0, &[6][..]),
            (6, &[6]),
            (7, &[6]),
            (8, &[6, 8]),
            (12, &[6, 8, 12]),
            (18, &[6, 9, 12, 18]),
            (60, &[6, 11, 19, 34, 60]),
            (1000, &[6, 22, 77, 278, 1000]),
        ] {
            let looks = Looks::up_to(most);
            assert_eq!(looks.at(), at, "{most}");
            let levels: Vec<f64> = (0..at.len()).map(|look| looks.level(look)).collect();
            assert!((levels.iter().sum::<f64>() - LEVEL).abs() < 1e-12, "{levels:?}");
            assert!(levels.is_sorted() && levels.last() == Some(&looks.last_level()), "{levels:?}");
            assert!(at.len() == 1 || looks.last_level() == LEVEL / 2.0, "{levels:?}");
        }
    }
}

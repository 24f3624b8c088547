//! Arrival rate: flows begin at a rate that follows straight lines, whatever the target does.
//!
//! With Λ(t) the area under the rate from 0 to t, regular flow `k` is due at Λ⁻¹(k). A Poisson process is the same with
//! the sum of `k + 1` exponential gaps in place of `k` (time-rescaling theorem).

use std::time::Duration;

use rand::RngExt as _;

use super::Open;
use super::line::Lines;
use crate::engine::dice::Dice;
use crate::suite::plan::Spacing;

#[derive(Debug)]
pub(super) struct ArrivalRate {
    lines: Lines,
    spacing: Spacing,
    max_users: u32,
    dice: Dice,
}

impl ArrivalRate {
    pub(super) fn new(
        from: f64,
        stages: &[(Duration, f64)],
        spacing: Spacing,
        max_users: u32,
        dice: Dice,
    ) -> Self {
        Self { lines: Lines::new(from, stages.iter().copied()), spacing, max_users, dice }
    }
}

impl Open for ArrivalRate {
    fn due(&self) -> Box<dyn Iterator<Item = Duration> + '_> {
        let time = |area| self.lines.time_of_area(area).map(Duration::from_secs_f64);
        match self.spacing {
            Spacing::Regular => Box::new((0_u64..).map_while(move |k| time(k as f64))),
            Spacing::Poisson => {
                let mut random = self.dice.roll(0);
                let mut sum = 0.0;
                Box::new(std::iter::from_fn(move || {
                    sum -= (1.0 - random.random::<f64>()).ln();
                    time(sum)
                }))
            }
        }
    }

    fn max_users(&self) -> u32 {
        self.max_users
    }

    fn total(&self) -> Option<u64> {
        // Flow k is due where k < area, with the allowance of `time_of_area`.
        (self.spacing == Spacing::Regular).then(|| (self.lines.area() - 1e-9).ceil().max(0.0) as u64)
    }

    fn length(&self) -> Duration {
        Duration::from_secs_f64(self.lines.end_s())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(from: f64, stages: &[(Duration, f64)], spacing: Spacing, seed: u64) -> Vec<Duration> {
        let rate = ArrivalRate::new(from, stages, spacing, 10, Dice::new(seed, "s", 0));
        let due: Vec<_> = rate.due().collect();
        if let Some(total) = rate.total() {
            assert_eq!(due.len() as u64, total, "{from} {stages:?}");
        }
        assert!(due.is_sorted());
        due
    }

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn regular_arrivals_are_even() {
        let due = arrivals(10.0, &[(S, 10.0)], Spacing::Regular, 1);
        assert_eq!(
            due.iter().map(Duration::as_millis).collect::<Vec<_>>(),
            [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]
        );
        assert_eq!(arrivals(0.0, &[(S, 2000.0), (S, 2000.0)], Spacing::Regular, 1).len(), 3000);
        assert_eq!(arrivals(0.3, &[(10 * S, 0.3)], Spacing::Regular, 1).len(), 3);
        assert_eq!(arrivals(0.0, &[(S, 0.0)], Spacing::Regular, 1).len(), 0);
    }

    #[test]
    fn poisson_arrivals_have_the_rate_and_the_spread_of_a_poisson_process() {
        let due = arrivals(1000.0, &[(10 * S, 1000.0)], Spacing::Poisson, 1);
        // 10,000 expected; six standard deviations are 600.
        assert!((9_400..=10_600).contains(&due.len()), "{}", due.len());
        let gaps: Vec<f64> = due.windows(2).map(|w| (w[1] - w[0]).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let deviation = (gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
        assert!((0.9..1.1).contains(&(deviation / mean)), "the gaps are exponential: {}", deviation / mean);
        assert_eq!(due, arrivals(1000.0, &[(10 * S, 1000.0)], Spacing::Poisson, 1));
        assert_ne!(due, arrivals(1000.0, &[(10 * S, 1000.0)], Spacing::Poisson, 2));
    }
}

//! Which rounds count. No rule knows which side is base and which is head, so none can favour one.

use super::super::speed::median;
use super::{MOST_DROPPED, PairedRound, Slot};

/// A round that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Its number, from 0.
    pub round: usize,
    /// Why.
    pub reason: String,
}

/// What is left to judge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    /// Rounds that count, by number from 0.
    pub good: Vec<usize>,
    /// Rounds that do not.
    pub dropped: Vec<Dropped>,
    /// Why the whole is not to be judged as a comparison, such as unequal load: `invalid`.
    pub invalid: Option<String>,
    /// Why the machine was too restless: `inconclusive`.
    pub restless: Option<String>,
}

/// Share of the processor time that the hypervisor took, and of time in which somebody waited for a processor, from which on a slot
/// may be odd. Both are judged against the other rounds: half of the time somebody waiting is normal for two processors under load,
/// and a hypervisor that always takes its share takes it from both sides. Where it took so much more from one of them, the round is
/// spoiled whatever the others are like.
const LEAST_STEAL: f64 = 0.1;
const LEAST_PRESSURE: f64 = 0.2;
/// By how many milliseconds the control must be slower than usual for its round to be odd. An exchange takes some 6 to 30 µs, by which
/// processors the two ends happen to be on; on a machine that is short of processor time it waits for milliseconds.
const LEAST_CONTROL_MS: f64 = 0.1;
/// Deviations from the median round (in MADs, scaled to standard deviations) from which pressure and the control count as odd.
const ODD: f64 = 4.0;
/// Relative scatter of the control that is assumed at least, so that equal rounds do not make a tiny step odd.
const LEAST_SCATTER: f64 = 0.05;
/// Relative difference of offered load between both sides that makes them incomparable in open load.
const MOST_UNEQUAL: f64 = 0.05;

/// Looks at all rounds of one scenario.
pub fn look_at(rounds: &[PairedRound]) -> Quality {
    let mut quality = Quality::default();
    let control = Usual::of(rounds.iter().filter_map(|r| r.control_ms));
    let pressure = Usual::of(rounds.iter().flat_map(|r| [r.head.pressure, r.base.pressure]).flatten());
    let steal = Usual::of(rounds.iter().flat_map(|r| [r.head.steal, r.base.steal]).flatten());
    for (i, round) in rounds.iter().enumerate() {
        let odd_control = round
            .control_ms
            .zip(control)
            .filter(|(ms, usual)| *ms > usual.median + LEAST_CONTROL_MS && usual.is_odd(*ms));
        let slots = [&round.base, &round.head];
        let reason = if let Some((ms, _)) = odd_control {
            Some(format!("the control server answered in {ms:.2} ms"))
        } else {
            slots.iter().find_map(|slot| spoiled(slot, steal, pressure)).or_else(|| taken_from_one(round))
        };
        match reason {
            Some(reason) => quality.dropped.push(Dropped { round: i, reason }),
            None => quality.good.push(i),
        }
    }
    let all = rounds.len();
    if all > 0 && quality.dropped.len() as f64 > MOST_DROPPED * all as f64 {
        quality.restless = Some(format!(
            "{} of {all} rounds were spoiled by the machine: {}",
            quality.dropped.len(),
            quality.dropped[0].reason
        ));
    }
    quality.invalid = unequal(rounds, &quality.good);
    quality
}

fn spoiled(slot: &Slot, steal: Option<Usual>, pressure: Option<Usual>) -> Option<String> {
    if let Some(problem) = &slot.scenario.generator.problem {
        return Some(format!("the generator could not keep up: {problem}"));
    }
    let odd = |share: Option<f64>, usual: Option<Usual>, least: f64| {
        share
            .zip(usual)
            .filter(|(share, usual)| *share > least && usual.is_odd(*share))
            .map(|(share, _)| share)
    };
    if let Some(taken) = odd(slot.steal, steal, LEAST_STEAL) {
        return Some(format!("the hypervisor took {:.0} % of the processor time", taken * 100.0));
    }
    let waited = odd(slot.pressure, pressure, LEAST_PRESSURE)?;
    Some(format!("somebody waited for a processor {:.0} % of the time", waited * 100.0))
}

fn taken_from_one(round: &PairedRound) -> Option<String> {
    let (base, head) = round.base.steal.zip(round.head.steal)?;
    ((base - head).abs() > LEAST_STEAL).then(|| {
        format!(
            "the hypervisor took {:.0} % of the processor time from one side and {:.0} % from the other",
            base.max(head) * 100.0,
            base.min(head) * 100.0
        )
    })
}

/// In open load both sides must be offered the same; `requests` is what was offered then. In closed load a slower service is
/// asked less, which is no fault of the comparison: there the number of users must be the same.
fn unequal(rounds: &[PairedRound], good: &[usize]) -> Option<String> {
    let sum = |of: fn(&PairedRound) -> &Slot| {
        good.iter().map(|i| of(&rounds[*i])).fold((0, 0), |(users, offered), slot| {
            let s = &slot.scenario;
            let open = s.generator.lateness_p99_ms.is_some();
            (users.max(s.users_peak), offered + if open { s.requests } else { 0 })
        })
    };
    let (base, head) = (sum(|r| &r.base), sum(|r| &r.head));
    if base.1.max(head.1) > 0 {
        let (less, more) = (base.1.min(head.1) as f64, base.1.max(head.1) as f64);
        return (less < more * (1.0 - MOST_UNEQUAL))
            .then(|| format!("unequal load: base was sent {} requests, head {}", base.1, head.1));
    }
    (base.0 != head.0).then(|| format!("unequal load: base had {} users, head {}", base.0, head.0))
}

/// What is usual over all rounds.
#[derive(Clone, Copy)]
struct Usual {
    median: f64,
    scatter: f64,
}

impl Usual {
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.collect();
        let center = median(&values)?;
        let mad = median(&values.iter().map(|v| (v - center).abs()).collect::<Vec<_>>())?;
        Some(Self { median: center, scatter: (1.4826 * mad).max(LEAST_SCATTER * center.abs()) })
    }

    /// Only the bad side: a round in which the machine was quieter than usual spoils nothing.
    fn is_odd(self, value: f64) -> bool {
        value - self.median > ODD * self.scatter
    }
}

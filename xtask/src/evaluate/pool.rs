//! The recorded rounds, by cell, and runs put together from them.

use std::collections::BTreeMap;
use std::path::Path;

use loadgate_report::judge::paired::Rounds;
use loadgate_report::model::Scenario;
use rand::{Rng, RngExt};

use super::Phase;
use super::condition::Condition;
use super::frozen::Frozen;
use super::once::{Joint, Kit};

/// Rounds that stay together: what lasts for some rounds, such as a restless half minute, is kept whole.
const BLOCK: usize = 3;

/// What one recorded run gave.
pub(crate) struct Recorded {
    pub(crate) rounds: Vec<Joint>,
    pub(crate) pass: Vec<Scenario>,
}

/// The recorded runs of one cell, oldest first.
#[derive(Default)]
pub(crate) struct Pool {
    pub(crate) runs: Vec<Recorded>,
}

/// All pools, by measured condition and change.
#[derive(Default)]
pub(crate) struct Pools(BTreeMap<(Condition, String), Pool>);

impl Pools {
    /// Loads what has been recorded with the suite and changes of now: for judging the runs with the judgement of now, since rounds
    /// from before it was frozen may have led to it; for tuning all.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(crate) fn load(folder: &Path, phase: Phase, frozen: &Frozen) -> anyhow::Result<Self> {
        let mut pools = Self::default();
        if !folder.exists() {
            return Ok(pools);
        }
        let mut files: Vec<_> =
            fs_err::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
        files.retain(|file| file.extension().is_some_and(|kind| kind == "gz"));
        files.sort();
        for file in files {
            let kit = Kit::load(&file)?;
            let of_now = kit.run.phase == Some(phase) && kit.run.judge == frozen.judge;
            let wanted = kit.run.rounds_of == frozen.rounds && (of_now || phase == Phase::Tune);
            if wanted && !kit.rounds.is_empty() {
                let pool = pools.0.entry((kit.run.label, kit.run.change)).or_default();
                pool.runs.push(Recorded { rounds: kit.rounds, pass: kit.pass });
            }
        }
        Ok(pools)
    }

    pub(crate) fn rounds(&self) -> usize {
        self.0.values().map(Pool::rounds).sum()
    }

    pub(crate) fn get(&self, condition: Condition, change: &str) -> Option<&Pool> {
        self.0.get(&(condition, change.to_owned()))
    }

    /// By condition and change.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Condition, &str, &Pool)> {
        self.0.iter().map(|((condition, change), pool)| (*condition, change.as_str(), pool))
    }
}

impl Pool {
    pub(crate) fn rounds(&self) -> usize {
        self.runs.iter().map(|run| run.rounds.len()).sum()
    }

    /// As though the suite had had this scenario alone.
    pub(crate) fn only(&self, scenario: &str) -> Self {
        let of = |joint: &Joint| joint.iter().filter(|(name, _)| name == scenario).cloned().collect();
        let run = |run: &Recorded| Recorded {
            rounds: run.rounds.iter().map(of).collect(),
            pass: run.pass.iter().filter(|own| own.name == scenario).cloned().collect(),
        };
        Self { runs: self.runs.iter().map(run).collect() }
    }

    /// So many rounds in blocks of neighbours, drawn with replacement over all runs.
    pub(crate) fn draw(&self, n: usize, random: &mut impl Rng) -> Vec<&Joint> {
        let mut drawn = Vec::with_capacity(n + BLOCK);
        while drawn.len() < n {
            // Each round is as likely to begin a block as any other; at the end of a run it goes on at its beginning.
            let mut at = random.random_range(0..self.rounds());
            let run = self.runs.iter().find(|run| {
                let here = at < run.rounds.len();
                at -= if here { 0 } else { run.rounds.len() };
                here
            });
            let Some(run) = run else { break };
            drawn.extend((at..at + BLOCK).map(|i| &run.rounds[i % run.rounds.len()]));
        }
        drawn.truncate(n);
        drawn
    }
}

/// As the judgement takes them.
pub(crate) fn by_scenario(joints: &[&Joint]) -> Rounds {
    let mut rounds: Rounds = Vec::new();
    for (name, round) in joints.iter().flat_map(|joint| joint.iter()) {
        match rounds.iter_mut().find(|(known, _)| known == name) {
            Some((_, all)) => all.push(round.clone()),
            None => rounds.push((name.clone(), vec![round.clone()])),
        }
    }
    rounds
}

#[cfg(test)]
mod tests {
    use loadgate_report::judge::paired::{PairedRound, Slot};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::super::record::Run;
    use super::*;

    #[test]
    fn a_scenario_alone_has_its_own_rounds_and_no_others() {
        let round =
            |block| PairedRound { block, base: Slot::default(), head: Slot::default(), control_ms: None };
        let joint = |block| vec![("a".to_owned(), round(block)), ("b".to_owned(), round(block + 10))];
        let pass = ["a", "b"].map(|name| Scenario { name: name.into(), ..Scenario::default() }).to_vec();
        let pool = Pool { runs: vec![Recorded { rounds: vec![joint(1), joint(2)], pass }] };
        let alone = pool.only("b");
        assert_eq!(alone.rounds(), 2);
        let found: Vec<(&str, u32)> =
            alone.runs[0].rounds.iter().flatten().map(|(name, round)| (name.as_str(), round.block)).collect();
        assert_eq!(found, [("b", 11), ("b", 12)]);
        assert_eq!(alone.runs[0].pass.iter().map(|own| own.name.as_str()).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn rounds_add_up_where_they_may() {
        let folder = tempfile::tempdir().expect("there is room");
        let frozen = Frozen { judge: "now".into(), rounds: "suite".into() };
        let keep = |id: &str, phase, rounds_of: &str, judge: &str| {
            let round =
                PairedRound { block: 1, base: Slot::default(), head: Slot::default(), control_ms: None };
            let run = Run {
                id: id.into(),
                phase: Some(phase),
                rounds_of: rounds_of.into(),
                judge: judge.into(),
                change: "same".into(),
                ..Run::default()
            };
            let kit = Kit { run, rounds: vec![vec![("a".to_owned(), round)]; 3], pass: Vec::new() };
            kit.save(folder.path()).expect("it is written");
        };
        keep("1", Phase::Judge, "suite", "now");
        keep("2", Phase::Judge, "suite", "now");
        keep("3", Phase::Judge, "suite", "earlier");
        keep("4", Phase::Judge, "another suite", "now");
        keep("5", Phase::Tune, "suite", "now");
        let load = |phase| Pools::load(folder.path(), phase, &frozen).expect("they are read");
        let pools = load(Phase::Judge);
        let pool = pools.get(Condition::Quiet, "same").expect("there is one");
        assert_eq!((pools.rounds(), pool.runs.len(), pool.runs[0].rounds[0][0].1.block), (6, 2, 1));
        // What led to the judgement of now may be tried on it, but proves nothing.
        assert_eq!(load(Phase::Tune).rounds(), 12);
        fs_err::write(folder.path().join("6.part"), "half of a fi").expect("it is written");
        assert_eq!(load(Phase::Judge).rounds(), 6);
        fs_err::write(folder.path().join("6.json.gz"), "half of a fi").expect("it is written");
        let error = Pools::load(folder.path(), Phase::Judge, &frozen).err().expect("it is no such file");
        assert!(error.to_string().contains("6.json.gz"), "{error}");
    }

    #[test]
    fn neighbours_stay_together_and_every_round_is_drawn() {
        let joint = |block| {
            let round = PairedRound { block, base: Slot::default(), head: Slot::default(), control_ms: None };
            vec![("a".to_owned(), round.clone()), ("b".to_owned(), round)]
        };
        let run = |from: u32| Recorded { rounds: (from..from + 7).map(joint).collect(), pass: Vec::new() };
        let pool = Pool { runs: vec![run(0), run(10)] };
        let drawn = pool.draw(3000, &mut ChaCha8Rng::seed_from_u64(1));
        let number = |joint: &Joint| joint[0].1.block;
        for block in drawn.chunks(BLOCK) {
            let from = number(block[0]);
            let next = |n: u32| n / 10 * 10 + (n % 10 + 1) % 7;
            assert_eq!([number(block[1]), number(block[2])], [next(from), next(next(from))]);
        }
        for n in (0..7).chain(10..17) {
            assert!(drawn.iter().filter(|joint| number(joint) == n).count() > 100, "{n}");
        }
        let rounds = by_scenario(&drawn[..5]);
        assert_eq!(
            rounds.iter().map(|(name, all)| (name.as_str(), all.len())).collect::<Vec<_>>(),
            [("a", 5), ("b", 5)]
        );
    }
}

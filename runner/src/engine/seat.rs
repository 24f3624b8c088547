//! What one worker has at hand, and what all workers share.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use super::canary::Canaries;
use super::client::Endpoints;
use super::dice::Dice;
use super::gathering::{Baton, Meetings};
use super::mix::Mix;
use super::pool::Pool;
use super::program::FlowProgram;
use super::progress::Lane;
use super::recorder::Recorder;
use super::schedule::Schedule;
use super::user;
use crate::output::Secrets;
use crate::suite::data::DataSet;
use crate::suite::plan::{Connections, Scenario};
use crate::suite::scope::Scope;

/// What all workers of a scenario share. It does not change while they run, except for the counts of its classes.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) data: Vec<Arc<DataSet>>,
    /// What every user's scope begins with: variables, and what setup has captured.
    pub(crate) scope: Scope,
    /// Path of the target's URL.
    pub(crate) base_path: String,
    /// Where users wait for each other.
    pub(crate) meetings: Meetings,
    /// The order of its script, where it has one.
    pub(crate) baton: Option<Baton>,
    pub(crate) canaries: Canaries,
    /// What no message may show.
    pub(crate) secrets: Secrets,
    pub(crate) dice: Dice,
    pub(crate) classes: Vec<SharedClass>,
    pub(crate) workers: usize,
    pub(crate) lanes: Arc<[Lane]>,
}

/// What the workers share of one class.
#[derive(Debug)]
pub(crate) struct SharedClass {
    pub(crate) schedule: Schedule,
    /// Number of its first user in the scenario.
    pub(crate) first_user: u32,
    /// Users that it can have.
    pub(crate) users: u32,
    /// Flows that were taken, where users share them.
    pub(crate) taken: AtomicU64,
    /// Flows of an open load under way, and the most that ever were.
    under_way: AtomicU32,
    most: AtomicU32,
}

impl Shared {
    /// The name of the user with this number in the scenario.
    pub(crate) fn user_name(&self, index: u32) -> String {
        if index == user::SETUP {
            return "setup".to_owned();
        }
        let script = self.scenario.script.as_ref();
        let named = script.and_then(|script| script.users.get(index as usize)).cloned();
        named.unwrap_or_else(|| user::name(index))
    }

    /// The same scenario without its load.
    fn aside(&self) -> Self {
        Self {
            scenario: self.scenario.clone(),
            data: self.data.clone(),
            scope: self.scope.clone(),
            base_path: self.base_path.clone(),
            meetings: Meetings::default(),
            baton: None,
            canaries: self.canaries.clone(),
            secrets: self.secrets.clone(),
            dice: self.dice.clone(),
            classes: Vec::new(),
            workers: 1,
            lanes: [Lane::default()].into(),
        }
    }
}

impl SharedClass {
    pub(crate) fn new(schedule: Schedule, first_user: u32, users: u32) -> Self {
        Self {
            schedule,
            first_user,
            users,
            taken: AtomicU64::new(0),
            under_way: AtomicU32::new(0),
            most: AtomicU32::new(0),
        }
    }

    /// Begins a flow of an open load unless `max` are under way.
    pub(crate) fn enter(&self, max: u32) -> bool {
        let entered = self.under_way.try_update(Relaxed, Relaxed, |n| (n < max).then_some(n + 1));
        if let Ok(before) = entered {
            self.most.fetch_max(before + 1, Relaxed);
        }
        entered.is_ok()
    }

    /// Ends one.
    pub(crate) fn leave(&self) {
        self.under_way.fetch_sub(1, Relaxed);
    }

    /// Most users at work at once.
    pub(crate) fn peak(&self) -> u32 {
        match &self.schedule {
            Schedule::Closed(closed) => closed.peak(),
            Schedule::Open(_) => self.most.load(Relaxed),
        }
    }
}

/// What one worker has at hand.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) shared: Arc<Shared>,
    /// Number of the worker, from 0.
    pub(crate) number: usize,
    pub(crate) endpoints: Rc<Endpoints>,
    pub(crate) classes: Vec<ClassPrograms>,
    pub(crate) recorder: RefCell<Recorder>,
}

/// The flows of one class, made ready.
#[derive(Debug)]
pub(crate) struct ClassPrograms {
    pub(crate) users: u32,
    /// The connections that its users share, where they do.
    pub(crate) pool: Option<Rc<Pool>>,
    pub(crate) mix: Mix,
    pub(crate) flows: Vec<FlowProgram>,
}

impl Seat {
    pub(crate) fn new(
        shared: Arc<Shared>,
        number: usize,
        endpoints: Rc<Endpoints>,
        recorder: Recorder,
    ) -> Self {
        let mut pools: BTreeMap<usize, Rc<Pool>> = BTreeMap::new();
        let mut pool_of = |connections: Connections| match connections {
            Connections::Shared { pool, size } => {
                let (size, workers) = (size as usize, shared.workers);
                let own = size / workers + usize::from(number < size % workers);
                Some(pools.entry(pool).or_insert_with(|| Pool::new(own)).clone())
            }
            Connections::PerUser | Connections::PerRequest => None,
        };
        let classes = shared.scenario.classes.iter().zip(&shared.classes).enumerate();
        let classes = classes.map(|(index, (plan, class))| {
            let weights: Vec<u32> = plan.mix.iter().map(|(weight, _)| *weight).collect();
            let dice = shared.dice.at("mix", index as u64);
            ClassPrograms {
                users: class.users,
                pool: pool_of(plan.connections),
                mix: Mix::new(&weights, class.schedule.total(), dice),
                flows: plan
                    .mix
                    .iter()
                    .map(|(_, flow)| FlowProgram::new(flow, &shared.base_path, &endpoints))
                    .collect(),
            }
        });
        let classes = classes.collect();
        Self { shared, number, endpoints, classes, recorder: RefCell::new(recorder) }
    }

    /// A seat without flows and apart from the live figures, for setup and teardown.
    pub(crate) fn unpeopled(shared: &Shared, endpoints: Rc<Endpoints>, recorder: Recorder) -> Self {
        Self {
            shared: Arc::new(shared.aside()),
            number: 0,
            endpoints,
            classes: Vec::new(),
            recorder: RefCell::new(recorder),
        }
    }

    /// The worker's lane of the live figures.
    pub(crate) fn lane(&self) -> &Lane {
        &self.shared.lanes[self.number]
    }

    /// The instant of the release.
    pub(crate) fn released(&self) -> Instant {
        self.recorder.borrow().released
    }
}

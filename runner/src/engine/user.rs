//! A virtual user: an identity, connections of its own, cookies, captured values.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use cookie_store::CookieStore;
use minijinja::Value;

use super::client::{Deadline, Scratch};
use super::dice::Dice;
use super::exchange::Kept;
use super::flow::{End, Run};
use super::pool::Pool;
use super::program::FlowProgram;
use super::script::{self, TurnProgram};
use super::seat::Seat;
use super::websocket::Sockets;
use crate::suite::plan::Connections;
use crate::suite::scope::Scope;

/// One virtual user. It lives on one worker; only parallel steps make it do more than one thing at once.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) seat: Rc<Seat>,
    /// Index of its class.
    pub(crate) class: usize,
    /// Number in its class, from 0.
    pub(crate) number: u32,
    /// Number in the scenario, from 0.
    pub(crate) index: u32,
    /// Place in the recorder.
    pub(crate) record: usize,
    pub(crate) connections: Connections,
    /// The connections that it shares with others, where it does.
    pub(crate) pool: Option<Rc<Pool>>,
    /// Whether its next request is its first after a common release.
    pub(crate) released: Cell<bool>,
    pub(crate) jar: RefCell<Option<Box<CookieStore>>>,
    pub(crate) sockets: Sockets,
    /// The values that it has; away while a flow works on them.
    scope: RefCell<Option<Scope>>,
    #[expect(
        clippy::vec_box,
        reason = "a line is taken out and put back with each request; moving a pointer is cheaper"
    )]
    lines: RefCell<Vec<Box<Line>>>,
    dice: Dice,
    /// What it does in a script.
    pub(crate) turns: Vec<TurnProgram>,
}

/// What one request at a time needs; a user has as many as it has requests at once.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) connections: Kept,
    pub(crate) deadline: Deadline,
    pub(crate) scratch: Scratch,
}

/// The name of the user with this number in its scenario.
pub(crate) fn name(index: u32) -> String {
    format!("user-{}", u64::from(index) + 1)
}

/// The number of the user that runs setup and teardown; no user of a load has it.
pub(crate) const SETUP: u32 = u32::MAX;

impl User {
    pub(crate) fn new(seat: &Rc<Seat>, class: usize, number: u32, index: u32) -> Self {
        let shared = &seat.shared;
        let mut scope = shared.scope.clone();
        let plan = &shared.scenario.classes[class];
        let name = shared.user_name(index);
        let script = shared.scenario.script.as_deref().filter(|_| index != SETUP);
        let identity = [
            ("id", Value::from(&name)),
            ("index", Value::from(index)),
            ("number", Value::from(number)),
            ("name", Value::from(&name)),
            ("class", Value::from(plan.name.clone())),
        ];
        scope.set("user", Value::from(BTreeMap::from(identity)));
        scope.set("canary", Value::from(shared.canaries.token(index)));
        Self {
            seat: seat.clone(),
            class,
            number,
            index,
            record: seat.recorder.borrow_mut().enroll(index),
            connections: plan.connections,
            pool: seat.classes.get(class).and_then(|class| class.pool.clone()),
            released: Cell::new(false),
            jar: RefCell::default(),
            sockets: Sockets::default(),
            scope: RefCell::new(Some(scope)),
            lines: RefCell::default(),
            dice: shared.dice.at("user", u64::from(index)).settled(),
            turns: script.map(|script| script::turns(script, number, seat)).unwrap_or_default(),
        }
    }

    /// A line that no other request uses.
    pub(crate) fn take_line(&self) -> Box<Line> {
        self.lines.borrow_mut().pop().unwrap_or_default()
    }

    /// Gives a line back.
    pub(crate) fn give_back(&self, line: Box<Line>) {
        self.lines.borrow_mut().push(line);
    }

    /// Runs the flow with number `number`: the user's own count, or that of all users where they share one. `shared` says
    /// which, and decides which row of a data set it takes.
    pub(crate) async fn flow(&self, number: u64, shared: bool, due: Option<Instant>) {
        if self.seat.shared.baton.is_some() {
            return self.act().await;
        }
        let class = &self.seat.classes[self.class];
        let users = u64::from(class.users);
        let flow = match (class.mix.is_shared(), shared) {
            (true, true) => class.mix.flow(0, number),
            (true, false) => class.mix.flow(0, number * users + u64::from(self.number)),
            (false, true) => class.mix.flow(0, number),
            (false, false) => class.mix.flow(1 + u64::from(self.number), number),
        };
        let program = &class.flows[flow];
        let mut scope = self.scope.take().unwrap_or_default();
        self.set_rows(program, &mut scope, number, shared);
        let begun = due.unwrap_or_else(Instant::now);
        let end = self.steps(program, &mut scope, self.dice.at("flow", number), due).await;
        self.scope.replace(Some(scope));
        self.sockets.end(self, false).await;
        if end == End::Done {
            self.seat.recorder.borrow_mut().completed(self.class, begun);
        }
        self.seat.lane().flows.add_one();
        if end == End::Failed {
            // A failure can come without any waiting (a refused connection); the other users must have their turn.
            tokio::task::yield_now().await;
        }
    }

    /// Runs one turn of a script, the act with number `number`, due at `due`.
    pub(crate) async fn turn(&self, program: &FlowProgram, number: u64, due: Instant) -> End {
        let mut scope = self.scope.take().unwrap_or_default();
        self.set_rows(program, &mut scope, number, false);
        let end = self.steps(program, &mut scope, self.dice.at("act", number), Some(due)).await;
        self.scope.replace(Some(scope));
        end
    }

    /// Sets what the flow with number `number` reads of data sets. `shared` says whether all users share the numbers.
    fn set_rows(&self, program: &FlowProgram, scope: &mut Scope, number: u64, shared: bool) {
        if program.reads("iteration") {
            scope.set("iteration", Value::from(number));
        }
        let users = u64::from(self.seat.classes[self.class].users);
        for data in &self.seat.shared.data {
            if program.reads(&data.name) {
                let row = match (shared, data.per_user) {
                    (true, false) => data.row(0, 1, number),
                    _ => data.row(u64::from(self.number), users, number),
                };
                scope.set(&data.name, row);
            }
        }
    }

    /// Runs a program's steps.
    pub(crate) async fn steps(
        &self,
        program: &FlowProgram,
        scope: &mut Scope,
        dice: Dice,
        due: Option<Instant>,
    ) -> End {
        Run::new(self, dice, due).acts(&program.acts, scope).await
    }

    /// The values that it sees now.
    pub(crate) fn scope(&self) -> Scope {
        self.scope.borrow().clone().unwrap_or_default()
    }

    /// Begins work (after a rest).
    pub(crate) fn begin(&self) {
        self.seat.recorder.borrow_mut().users_change(1);
        self.seat.lane().begun.add_one();
    }

    /// Comes to rest.
    pub(crate) fn rest(&self) {
        self.seat.recorder.borrow_mut().users_change(-1);
        self.seat.lane().rested.add_one();
    }
}

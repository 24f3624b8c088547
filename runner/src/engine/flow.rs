//! What a user does, step after step.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use loadgate_report::model::FailureKind;
use minijinja::Value;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::dice::Dice;
use super::outcome::{Failure, Outcome};
use super::pacer::{self, Pacer};
use super::program::{Act, first_request};
use super::request;
use super::user::User;
use crate::suite::plan::Meet;
use crate::suite::scope::Scope;
use crate::suite::text::EvaluationError;

/// How a flow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All steps were done.
    Done,
    /// A step was refused.
    Refused,
    /// A step failed.
    Failed,
}

/// One run through a flow, or a branch of one.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    user: &'a User,
    dice: Dice,
    random: Option<ChaCha8Rng>,
    branches: u64,
    /// When the next request is due, where that is not when it is ready.
    due: Option<Instant>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(user: &'a User, dice: Dice, due: Option<Instant>) -> Self {
        Self { user, dice, random: None, branches: 0, due }
    }

    /// Does acts in order, up to the first that ends the flow.
    pub(crate) async fn acts(&mut self, acts: &[Act], scope: &mut Scope) -> End {
        for (number, act) in acts.iter().enumerate() {
            let end = match act {
                Act::Request(program) => {
                    let outcome = request::run(self.user, program, scope, self.due.take()).await;
                    match outcome {
                        _ if program.step.continue_on_failure => End::Done,
                        Outcome::Ok => End::Done,
                        Outcome::Refused => End::Refused,
                        Outcome::Failed(_) => End::Failed,
                    }
                }
                Act::Think { min, max } => {
                    self.think(*min, *max).await;
                    End::Done
                }
                Act::Aside(program) => match program.run(self.user, scope).await {
                    Outcome::Failed(_) if !program.step.continue_on_failure => End::Failed,
                    _ => End::Done,
                },
                Act::Socket(program) => {
                    // A socket's end waits for nothing, so what is due later stays due.
                    let due = if program.closes() { None } else { self.due.take() };
                    match program.run(self.user, scope, due).await {
                        _ if program.step.continue_on_failure => End::Done,
                        Outcome::Ok => End::Done,
                        Outcome::Refused => End::Refused,
                        Outcome::Failed(_) => End::Failed,
                    }
                }
                Act::Meet(meet) => self.meet(meet, &acts[number..]).await,
                _ => self.nested(act, scope).await,
            };
            if end != End::Done {
                return end;
            }
        }
        End::Done
    }

    async fn think(&mut self, min: Duration, max: Duration) {
        let random = self.random.get_or_insert_with(|| self.dice.roll(0));
        let pause = min + max.saturating_sub(min).mul_f64(random.random::<f64>());
        // In an open load what follows is due so much after the flow, however late that began.
        let due = self.due.map(|due| due + pause);
        pacer::pause_until(due.unwrap_or_else(|| Instant::now() + pause)).await;
        self.due = due;
    }

    /// Waits for the others. Where they do not come, the first request after it fails; `acts` begins with the meeting.
    async fn meet(&mut self, meet: &Meet, acts: &[Act]) -> End {
        let seat = &self.user.seat;
        let users = seat.shared.classes.get(self.user.class).map_or(1, |class| class.users);
        match seat.shared.meetings.arrive(meet, self.user.class, users).await {
            Ok(at) => {
                Pacer::new().until(at).await;
                self.due = Some(at);
                End::Done
            }
            Err((here, wanted)) => {
                let message =
                    format!("only {here} of {wanted} users came to `{}` within {:?}", meet.name, meet.within);
                let step = first_request(acts).unwrap_or(0);
                request::unsent(self.user, step, Failure::new(FailureKind::Timeout, message));
                End::Failed
            }
        }
    }

    /// Boxed, because acts can hold acts.
    fn nested<'b>(
        &'b mut self,
        act: &'b Act,
        scope: &'b mut Scope,
    ) -> Pin<Box<dyn Future<Output = End> + 'b>> {
        Box::pin(async move {
            match act {
                Act::Request(_) | Act::Aside(_) | Act::Socket(_) | Act::Think { .. } | Act::Meet(_) => {
                    self.acts(std::slice::from_ref(act), scope).await
                }
                Act::Repeat { times, acts } => match times.evaluate(scope, None).and_then(|t| count(&t)) {
                    Ok(times) => self.repeat(times, acts, scope).await,
                    Err(error) => self.broken(times.source(), acts, error),
                },
                Act::If { predicate, then, otherwise } => match predicate.holds(scope, None) {
                    Ok(true) => self.acts(then, scope).await,
                    Ok(false) => self.acts(otherwise, scope).await,
                    Err(error) => self.broken(predicate.source(), std::slice::from_ref(act), error),
                },
                Act::Parallel(branches) => self.parallel(branches, scope).await,
            }
        })
    }

    async fn repeat(&mut self, times: u64, acts: &[Act], scope: &mut Scope) -> End {
        let outer = scope.get("repeat").cloned();
        for index in 0..times {
            scope.set("repeat", Value::from(BTreeMap::from([("index", index)])));
            let end = self.acts(acts, scope).await;
            if end != End::Done {
                return end;
            }
        }
        scope.set("repeat", outer.unwrap_or(Value::UNDEFINED));
        End::Done
    }

    /// All branches at once; the flow goes on when all have ended, with what each has captured.
    async fn parallel(&mut self, branches: &[Vec<Act>], scope: &mut Scope) -> End {
        let due = self.due.take();
        let runs = branches.iter().map(|acts| {
            let dice = self.dice.at("branch", self.branches);
            self.branches += 1;
            let mut run = Run::new(self.user, dice, due);
            let mut own = scope.clone();
            async move {
                let end = run.acts(acts, &mut own).await;
                (end, own)
            }
        });
        let ended = join_all(runs).await;
        let mut worst = End::Done;
        for ((end, own), acts) in ended.into_iter().zip(branches) {
            for name in captured(acts) {
                if let Some(value) = own.get(name) {
                    scope.set(name, value.clone());
                }
            }
            worst = match (worst, end) {
                (End::Failed, _) | (_, End::Failed) => End::Failed,
                (End::Refused, _) | (_, End::Refused) => End::Refused,
                _ => End::Done,
            };
        }
        worst
    }

    /// An expression around requests that cannot be evaluated: told as a failure of the first request that it holds.
    fn broken(&self, source: &str, acts: &[Act], error: EvaluationError) -> End {
        let message = format!("`{source}`: {}", error.message);
        let step = first_request(acts).unwrap_or(0);
        request::unsent(self.user, step, Failure::new(FailureKind::Check, message));
        End::Failed
    }
}

/// How often a repeat goes round: a whole number, not below 0.
fn count(value: &Value) -> Result<u64, EvaluationError> {
    u64::try_from(value.clone())
        .map_err(|_| EvaluationError { message: format!("`{value}` is no number of times") })
}

/// Names that acts capture.
fn captured(acts: &[Act]) -> Vec<&str> {
    let mut names = Vec::new();
    for act in acts {
        match act {
            Act::Request(program) => names.extend(program.step.captures.iter().map(|(name, _)| &**name)),
            Act::Aside(program) => names.extend(program.step.captures.iter().map(|(name, _)| &**name)),
            Act::Socket(program) => names.extend(program.step.captures().iter().map(|(name, _)| &**name)),
            Act::Think { .. } | Act::Meet(_) => {}
            Act::Repeat { acts, .. } => names.extend(captured(acts)),
            Act::If { then, otherwise, .. } => {
                names.extend(captured(then));
                names.extend(captured(otherwise));
            }
            Act::Parallel(branches) => branches.iter().for_each(|acts| names.extend(captured(acts))),
        }
    }
    names
}

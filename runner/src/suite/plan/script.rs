//! Scripts of named users.

use std::time::Duration;

use super::Step;

/// A script: named users who act in a written order.
#[derive(Clone, Debug)]
pub struct Script {
    /// Names of its users, which are their `user.name` and `user.id`; the position is the user's number.
    pub users: Vec<String>,
    /// What they do, one act after the other. A user keeps its captures, cookies and connections from act to act. Steps
    /// that fail end that user's part of the act, not the script.
    pub acts: Vec<ScriptAct>,
}

/// One act of a script. The next begins when it has ended.
#[derive(Clone, Debug)]
pub enum ScriptAct {
    /// Each of these users does its steps. They are released at the same instant; the act ends when all have ended.
    Together(Vec<Turn>),
    /// Nobody does anything for this time.
    Wait(Duration),
}

/// What one user does in an act.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Index into [`Script::users`].
    pub user: usize,
    /// Its steps.
    pub steps: Vec<Step>,
}

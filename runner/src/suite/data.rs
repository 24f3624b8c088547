//! Data sets: rows for templates.

use std::sync::Arc;

use minijinja::Value;

/// The rows of one data set in the order in which they are given out.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// Name in templates.
    pub name: String,
    /// Rows, already shuffled with the seed where that was asked for.
    pub rows: Arc<[Value]>,
    /// Whether each user keeps one row of its own instead of taking the next in every iteration.
    pub per_user: bool,
}

impl DataSet {
    /// The row for the `iteration`-th flow (from 0) of user `user` (from 0) among `users`. Pure, so that the same seed
    /// gives the same rows whatever the timing: without `per_user`, iteration `i` of user `u` takes row `i × users + u`,
    /// modulo their number.
    pub fn row(&self, user: u64, users: u64, iteration: u64) -> Value {
        let index = if self.per_user { user } else { iteration.wrapping_mul(users).wrapping_add(user) };
        self.rows[(index % self.rows.len() as u64) as usize].clone()
    }
}

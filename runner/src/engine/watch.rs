//! Who looks on while a load runs.

/// Looks on from outside while a load runs: what it reads before is read after the setup, and what it reads after is read before the
/// teardown. So what a setup makes is no growth, and what a teardown clears away hides no leak.
///
/// It is called on the thread of [`super::run`], which waits until it returns.
pub trait Watch {
    /// The setup is through; the load begins when this returns.
    fn begin(&mut self);

    /// The load is through or was stopped; the teardown begins when this returns.
    fn end(&mut self);
}

/// Looks at nothing.
impl Watch for () {
    fn begin(&mut self) {}

    fn end(&mut self) {}
}

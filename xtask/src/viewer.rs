//! `cargo xtask viewer`: the report page, built into runner/assets/viewer.html.

/// Build the page, or with `check` compare it with the committed one.
///
/// # Errors
/// The page does not build, or is stale.
pub(crate) fn run(_check: bool) -> anyhow::Result<()> {
    anyhow::bail!("the page has no sources yet")
}

//! `loadgate base`: the revision that a run would compare with in pairs, and where it is built.

use anyhow::{Context, anyhow};
use clap::Args;

use super::run::BaseRevision;
use super::{CliError, Exit};
use crate::{gate, github};

#[derive(Debug, Args)]
pub(super) struct BaseArguments {
    #[command(flatten)]
    base: BaseRevision,
}

/// Prints the commit and the folder, and writes both as outputs of a workflow's step, so that it can keep the folder.
pub(super) fn run(arguments: BaseArguments) -> Result<Exit, CliError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CliError::usage)?;
    let Some(base) = arguments.base.revision() else {
        return Err(CliError::usage(anyhow!(
            "no revision to compare with: the event names none; name one with `--base REVISION`"
        )));
    };
    let commit = runtime
        .block_on(base.commit(".".into()))
        .map_err(CliError::usage)?
        .context("the base is no revision")
        .map_err(CliError::usage)?;
    let folder = gate::paired::folder(&arguments.base.cache(), &commit);
    anstream::println!("{commit}\n{folder}");
    if let Some(file) = github::Ci::detect(|name| std::env::var(name).ok()).output {
        let outputs = [("commit".to_owned(), commit), ("folder".to_owned(), folder.to_string())];
        github::append_outputs(file.as_ref(), &outputs).map_err(CliError::usage)?;
    }
    Ok(Exit::Pass)
}

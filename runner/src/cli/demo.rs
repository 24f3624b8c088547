//! `loadgate demo [SERVICE]`: a reference service and its suite, both built in.

use clap::Args;

use super::run::{GateArguments, Selection};
use super::serve::{Behaviour, find, names};
use super::{CliError, Exit};
use crate::gate::Base;
use crate::suite::{self, LoadOptions};

#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// Name of the service
    #[arg(value_parser = names(), default_value = "cached-chat")]
    service: String,
    #[command(flatten)]
    behaviour: Behaviour,
    /// Run only the scenarios of this name, tag or requirement (may be given several times)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Seed of every random choice [default: the same in every run, so that runs can be compared]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    gate: GateArguments,
}

pub(super) fn run(arguments: DemoArguments) -> Result<Exit, CliError> {
    let service = find(&arguments.service)?;
    let Behaviour { fault, slow, full } = arguments.behaviour;
    if let Some(fault) = &fault
        && !service.faults.iter().any(|known| known.name == fault)
    {
        let known: Vec<_> = service.faults.iter().map(|known| known.name).collect();
        return Err(CliError::Usage(anyhow::anyhow!(
            "{} has no fault `{fault}`; it has {}",
            service.name,
            known.join(", ")
        )));
    }
    let (file, text) = crate::reference::suite(service.name)
        .ok_or_else(|| CliError::Usage(anyhow::anyhow!("there is no built-in suite for {}", service.name)))?;
    let mut flags = String::new();
    if let Some(fault) = &fault {
        flags += &format!(" --fault {fault}");
    }
    if (slow - 1.0).abs() > f64::EPSILON {
        flags += &format!(" --slow {slow}");
    }
    if full {
        flags += " --full";
    }
    let selection = Selection {
        only: arguments.only,
        full,
        seed: arguments.seed,
        set: vec![("service_flags".to_owned(), flags.trim().to_owned())],
    };
    let options: LoadOptions = selection.load_options();
    let plan = suite::load_text(file, text, ".".into(), &options)
        .map_err(|diagnostics| CliError::Suite(super::check::draw(&diagnostics)))?;
    // The reference service is this program's, so a pull request that happens to start it changes nothing about it.
    let base = arguments.gate.base.base.clone().map(Base::Revision);
    super::run::run_plan(&plan, None, base, &arguments.gate)
}

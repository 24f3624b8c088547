//! `loadgate serve SERVICE`.

use clap::Args;
use loadgate_services as services;

use super::{CliError, Exit};

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// Name of the service
    #[arg(value_parser = names())]
    service: String,
    /// Port on 127.0.0.1; 0 takes a free one [default: the service's own]
    #[arg(long)]
    port: Option<u16>,
    /// List the service's faults and end
    #[arg(long)]
    list_faults: bool,
    /// Where state is kept, such as redis://127.0.0.1:6379 [default: in memory]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Seed of the simulated latencies
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Make each request a little worse: sleep=MS, cpu=KIB, lock=MS, alloc=KIB, miss=SHARE, tail=MS or error=SHARE
    #[arg(long, value_name = "NAME=AMOUNT")]
    inject: Option<services::Inject>,
    #[command(flatten)]
    behaviour: Behaviour,
}

/// How a reference service behaves.
#[derive(Clone, Debug, Args)]
pub(super) struct Behaviour {
    /// Misbehave in this way (`loadgate serve SERVICE --list-faults` lists them)
    #[arg(long, value_name = "NAME")]
    pub(super) fault: Option<String>,
    /// Make everything this much slower
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub(super) slow: f64,
    /// The original latencies and lengths instead of the short ones
    #[arg(long)]
    pub(super) full: bool,
}

/// The names that the command line takes.
pub(super) fn names() -> clap::builder::PossibleValuesParser {
    services::all().iter().map(|service| service.name).collect::<Vec<_>>().into()
}

pub(super) fn find(name: &str) -> Result<&'static services::ServiceInfo, CliError> {
    services::find(name)
        .ok_or_else(|| CliError::Usage(anyhow::anyhow!("there is no reference service `{name}`")))
}

pub(super) fn run(arguments: ServeArguments) -> Result<Exit, CliError> {
    let info = find(&arguments.service)?;
    if arguments.list_faults {
        let width = info.faults.iter().map(|fault| fault.name.len()).max().unwrap_or(0);
        for fault in info.faults {
            let requirements = fault.requirements.join(",");
            anstream::println!("{:width$}  {requirements:<14}  {}", fault.name, fault.breaks);
        }
        return Ok(Exit::Pass);
    }
    let options = services::Options {
        fault: arguments.behaviour.fault,
        slow: arguments.behaviour.slow,
        full: arguments.behaviour.full,
        seed: arguments.seed,
        inject: arguments.inject,
        store: arguments.store,
    };
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::usage)?;
    runtime.block_on(async {
        let mut running = services::start(info, &options, arguments.port.unwrap_or(info.default_port))
            .await
            .map_err(CliError::usage)?;
        anstream::eprintln!("{} listens on http://{}", info.name, running.addr());
        tokio::select! {
            exit = running.wait() => match exit {
                services::Exit::Crashed { reason } => {
                    Err(CliError::Target(anyhow::anyhow!("{} crashed: {reason}", info.name)))
                }
                services::Exit::Stopped => Ok(Exit::Pass),
            },
            // To be told to stop is what a server is for: not an error.
            _ = super::run::terminated() => {
                running.shutdown().await;
                Ok(Exit::Pass)
            }
        }
    })
}

//! What a service is built from: options that have been checked, and its hold on the host that serves it.

use std::sync::Arc;

use crate::error::{Error, names};
use crate::host::Host;
use crate::inject::Inject;
use crate::pace::Pace;
use crate::service::{FaultInfo, Options, ServiceInfo};
use crate::timer::Timer;

/// What a service is built from.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) fault: Fault,
    pub(crate) pace: Pace,
    pub(crate) inject: Option<Inject>,
    pub(crate) host: Host,
    /// Where to keep state, as given; only services that have a store see one here.
    pub(crate) store: Option<String>,
}

/// The fault that is switched on, if any.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault(Option<&'static FaultInfo>);

impl Fault {
    /// Whether it is this fault that is switched on.
    pub(crate) fn is(self, fault: FaultInfo) -> bool {
        self.0.is_some_and(|on| on.name == fault.name)
    }
}

impl Setup {
    /// Checks the options against what the service knows.
    pub(crate) fn new(info: &ServiceInfo, options: &Options, host: Host) -> Result<Self, Error> {
        if !(options.slow.is_finite() && options.slow >= 0.01) {
            return Err(Error::BadSlow { factor: options.slow });
        }
        if options.store.is_some() && !info.has_store {
            return Err(Error::NoStore { service: info.name });
        }
        let fault = match &options.fault {
            None => None,
            Some(name) => {
                Some(info.faults.iter().find(|it| it.name == name).ok_or_else(|| Error::UnknownFault {
                    service: info.name,
                    fault: name.clone(),
                    known: names(info.faults.iter().map(|it| it.name)),
                })?)
            }
        };
        let pace = Pace {
            slow: options.slow,
            full: options.full,
            seed: options.seed,
            timer: Arc::new(Timer::new()),
        };
        Ok(Self { fault: Fault(fault), pace, inject: options.inject, host, store: options.store.clone() })
    }
}

//! One pass over all scenarios against one running target.

use camino::Utf8Path;
use loadgate_report::model::{Scenario, TargetInfo};

use super::arm::{RunningArm, not_run};
use super::{Context, Event, conditions};
use crate::target::{Arm, TargetError};

/// What a pass came to.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) scenarios: Vec<Scenario>,
    pub(super) target: TargetInfo,
}

impl Context<'_> {
    /// Starts the target, runs every scenario, stops the target. `after_each` is called after each scenario with all
    /// that is there so far.
    ///
    /// # Errors
    /// The target did not come up. Whatever goes wrong later is part of the result.
    pub(super) async fn pass(
        &self,
        round: u32,
        log: &Utf8Path,
        mut after_each: impl FnMut(&Pass),
    ) -> Result<Pass, TargetError> {
        let mut arm = RunningArm::start(self, Arm::head(), self.options.url.as_deref(), log).await?;
        let mut pass = Pass { scenarios: Vec::new(), target: arm.info() };
        for (index, scenario) in self.plan.scenarios.iter().enumerate() {
            if self.control.is_stopped() {
                break;
            }
            if round > 0 && scenario.search.is_some() {
                // Fresh rounds decide what is compared, and a search is not.
                continue;
            }
            if pass.target.died.is_some() {
                pass.scenarios.push(not_run(scenario, "the target had ended in an earlier scenario"));
                continue;
            }
            let mut result = arm.scenario(index, round).await;
            pass.target.died = arm.died(&result).await;
            pass.target.died_during = pass.target.died.is_some().then(|| scenario.name.clone());
            conditions::judge(&mut result, scenario, &self.plan);
            self.observer.on(&Event::ScenarioEnded(&result));
            pass.scenarios.push(result);
            after_each(&pass);
        }
        arm.stop().await;
        Ok(pass)
    }
}

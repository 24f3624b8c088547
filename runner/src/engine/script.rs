//! Scripts: a user does its turns when it is their time.

use std::time::Duration;

use super::flow::End;
use super::pacer::{Pacer, pause_until};
use super::program::FlowProgram;
use super::seat::Seat;
use super::user::User;
use crate::suite::plan::{Script, ScriptAct};

/// What one user does in one act.
#[derive(Debug)]
pub(crate) struct TurnProgram {
    /// Number of the act among those with turns.
    act: usize,
    program: FlowProgram,
}

/// The turns of the user with this number.
pub(crate) fn turns(script: &Script, user: u32, seat: &Seat) -> Vec<TurnProgram> {
    let acts = script.acts.iter().filter_map(|act| match act {
        ScriptAct::Together(turns) => Some(turns),
        ScriptAct::Wait(_) => None,
    });
    let own = acts.enumerate().filter_map(|(act, turns)| {
        let turn = turns.iter().find(|turn| turn.user == user as usize)?;
        let program = FlowProgram::of_steps(&turn.steps, &seat.shared.base_path, &seat.endpoints);
        Some(TurnProgram { act, program })
    });
    own.collect()
}

impl User {
    /// Does all its turns. It has completed its part where no step has failed or was refused.
    pub(crate) async fn act(&self) {
        let Some(baton) = &self.seat.shared.baton else { return };
        let released = self.seat.released();
        let mut pacer = Pacer::new();
        let mut completed = true;
        for turn in &self.turns {
            let begins = baton.turn(turn.act, released).await;
            pacer.until(begins).await;
            let end = self.turn(&turn.program, turn.act as u64, begins).await;
            completed &= end == End::Done;
            let rest = baton.done(turn.act);
            if rest > Duration::ZERO {
                pause_until(std::time::Instant::now() + rest).await;
            }
        }
        if completed {
            self.seat.recorder.borrow_mut().completed(self.class, released);
        }
        self.seat.lane().flows.add_one();
    }
}

//! Scripts: named users who act in a written order.

use super::Decider;
use super::flow::Parts;
use crate::suite::diagnostics::Diagnostic;
use crate::suite::file::{ActFile, TurnFile};
use crate::suite::plan::{Script, ScriptAct, Turn};

/// More users than a script can mean to name.
const MOST_USERS: u64 = 100_000;

/// The users of a script, as they come up.
#[derive(Debug, Default)]
struct Cast {
    names: Vec<String>,
    /// Groups, with the positions of their first user and of the one after the last.
    groups: Vec<(String, std::ops::Range<usize>)>,
}

impl Decider<'_> {
    pub(super) fn script(&mut self, acts: &[ActFile], parts: &mut Parts) -> Script {
        let mut cast = Cast::default();
        let mut decided = Vec::new();
        for act in acts {
            match act {
                ActFile::Wait(wait) => {
                    let time = self.positive(wait.wait.get(), "no time is nothing to wait");
                    decided.extend(time.map(ScriptAct::Wait));
                }
                ActFile::Turn(turn) => {
                    decided.push(ScriptAct::Together(self.turns(
                        std::slice::from_ref(turn),
                        &mut cast,
                        parts,
                    )));
                }
                ActFile::Together(together) => {
                    let turns = together.together.get().map(Vec::as_slice).unwrap_or_default();
                    decided.push(ScriptAct::Together(self.turns(turns, &mut cast, parts)));
                }
            }
        }
        Script { users: cast.names, acts: decided }
    }

    fn turns(&mut self, files: &[TurnFile], cast: &mut Cast, parts: &mut Parts) -> Vec<Turn> {
        let mut turns: Vec<Turn> = Vec::new();
        for file in files {
            let Some(name) = file.r#as.get() else { continue };
            let users = self.cast(file, cast);
            let own_name = name.value.0.as_str();
            let flow = file.r#do.get().and_then(|flow| self.flow(flow, own_name, parts));
            for user in users {
                if turns.iter().any(|turn| turn.user == user) {
                    let message = format!("`{}` does two things at the same instant", cast.names[user]);
                    self.error(
                        Diagnostic::new(name.span, message)
                            .help("make two acts of it, or one with `parallel`"),
                    );
                    break;
                }
                let steps = flow.as_ref().map(|flow| flow.steps.clone()).unwrap_or_default();
                turns.push(Turn { user, steps });
            }
        }
        turns
    }

    /// The users of a turn: one, or a group, new or known.
    fn cast(&mut self, file: &TurnFile, cast: &mut Cast) -> Vec<usize> {
        let Some(name) = file.r#as.get() else { return Vec::new() };
        let text = name.value.0.as_str();
        if text.trim().is_empty() {
            self.error(Diagnostic::new(name.span, "a user needs a name"));
            return Vec::new();
        }
        let known = cast.groups.iter().find(|(group, _)| group == text).map(|(_, range)| range.clone());
        match (file.users.get(), known) {
            (Some(users), Some(range)) if users.value != range.len() as u64 => {
                let message = format!("there are {} users `{text}` already", range.len());
                self.error(
                    Diagnostic::new(users.span, message).help("leave `users` out to mean all of them"),
                );
                range.collect()
            }
            (_, Some(range)) => range.collect(),
            (Some(users), None) => {
                if users.value == 0 || users.value > MOST_USERS {
                    let message = format!("a script cannot have {} users", users.value);
                    self.error(Diagnostic::new(users.span, message));
                    return Vec::new();
                }
                let first = cast.names.len();
                for number in 1..=users.value {
                    let member = format!("{text}-{number}");
                    if cast.names.contains(&member) {
                        let message = format!("`{member}` is the name of two users");
                        self.error(Diagnostic::new(name.span, message).help("give the group another name"));
                        return Vec::new();
                    }
                    cast.names.push(member);
                }
                let range = first..cast.names.len();
                cast.groups.push((text.to_owned(), range.clone()));
                range.collect()
            }
            (None, None) => {
                let position = cast.names.iter().position(|known| known == text).unwrap_or_else(|| {
                    cast.names.push(text.to_owned());
                    cast.names.len() - 1
                });
                vec![position]
            }
        }
    }
}

//! Conditions on figures.

use loadgate_report::condition::{Condition, ConditionError};
use loadgate_report::figure::Names;
use loadgate_report::model::Level;

use super::Decider;
use crate::suite::diagnostics::Diagnostic;
use crate::suite::file::{At, ConditionFile, Fixed};
use crate::suite::plan::ConditionRule;

impl Decider<'_> {
    /// A condition on the figures of a scenario. Where its names are not complete, because its steps are wrong, an unknown
    /// figure is no second mistake.
    pub(super) fn condition(
        &mut self,
        file: &ConditionFile,
        level: Level,
        default_label: Option<&String>,
        (names, complete): (&Names, bool),
    ) -> Option<ConditionRule> {
        let before = self.errors.len();
        let condition = self.parse_condition(&file.text, names);
        let follows = |d: &Diagnostic| {
            d.message.starts_with("there is no figure")
                && !d.help.as_ref().is_some_and(|help| help.starts_with("did you mean"))
        };
        if !complete && self.errors.len() > before && self.errors.last().is_some_and(follows) {
            self.errors.pop();
        }
        let condition = condition?;
        Some(ConditionRule {
            condition,
            level,
            requirement: file.label.as_ref().or(default_label).cloned(),
            place: self.place(file.text.span),
        })
    }

    pub(super) fn parse_condition(&mut self, text: &At<Fixed>, names: &Names) -> Option<Condition> {
        match Condition::parse(&text.value.0, names) {
            Ok(condition) => Some(condition),
            Err(ConditionError { message, help, at, len }) => {
                let span = self.sources.inside(text.span, &text.value.0, at, len);
                self.error(Diagnostic { span: Some(span), message, help });
                None
            }
        }
    }
}

//! Loads: which shape the given keys make.

use std::time::Duration;

use loadgate_report::quantity::{Quantity, Unit};
use minijinja::Value;

use super::Decider;
use crate::suite::diagnostics::{Diagnostic, list_all};
use crate::suite::file::{At, Fixed, LoadFile, Mapping as _, SpacingFile, StageFile, StartFile};
use crate::suite::plan::{Load, Spacing, Start};
use crate::suite::source::Span;

/// More users than one generator can keep apart (each has a connection of its own).
const MOST_USERS: u64 = 1_000_000;
const MOST_UNDER_WAY: u32 = 1000;

/// The shapes, by the keys that tell them, with the keys that may stand beside.
const SHAPES: &[(&[&str], &[&str])] = &[
    (&["users", "iterations"], &["start"]),
    (&["users", "shared_iterations"], &["start"]),
    (&["users", "duration"], &["start"]),
    (&["stages"], &["users"]),
    (&["rate", "duration"], &["spacing", "max_users"]),
    (&["rate", "stages"], &["spacing", "max_users"]),
    (&["bursts", "users", "gap"], &[]),
    (&["replay"], &["at", "speed", "max_users"]),
    (&["search"], &[]),
];

impl Decider<'_> {
    pub(super) fn load(&mut self, file: &LoadFile) -> Option<Load> {
        let given = file.given();
        let has = |key: &str| given.contains(&key);
        if let Some(replay) = file.replay.get() {
            if self.stray_keys(file, &given, 7) {
                return None;
            }
            return self.replay(file, replay);
        }
        if let Some(search) = file.search.get() {
            if self.stray_keys(file, &given, 8) {
                return None;
            }
            return self.search_levels(search).map(|search| search.load(search.from));
        }
        let shape = if has("replay") || has("search") {
            return None;
        } else if has("bursts") || has("gap") {
            6
        } else if has("rate") {
            if has("stages") { 5 } else { 4 }
        } else if has("stages") {
            3
        } else if has("shared_iterations") {
            1
        } else if has("duration") && !has("iterations") {
            2
        } else if has("users") || has("iterations") {
            0
        } else {
            let message = "it is not said how much load this is";
            self.error(Diagnostic::new(file.span, message).help(shapes()));
            return None;
        };
        if self.stray_keys(file, &given, shape) {
            return None;
        }
        let missing: Vec<&str> = SHAPES[shape].0.iter().copied().filter(|key| !has(key)).collect();
        if !missing.is_empty() {
            let (has, lacks) = (list_all(given.iter().copied()), list_all(missing.iter().copied()));
            let message = format!("a load with {has} needs {lacks} too");
            self.error(Diagnostic::new(file.span, message).help(shapes()));
            return None;
        }
        let start = match file.start.get() {
            None | Some(StartFile::Together) => Start::Together,
            Some(StartFile::Over(time)) => Start::Over(time.value),
        };
        match shape {
            0 => {
                let (users, iterations) =
                    (self.users(file.users.get()), self.count(file.iterations.get(), "iterations"));
                Some(Load::Iterations { users: users?, iterations: u32::try_from(iterations?).ok()?, start })
            }
            1 => {
                let users = self.users(file.users.get());
                let iterations = self.count(file.shared_iterations.get(), "iterations");
                Some(Load::Shared { users: users?, iterations: iterations?, start })
            }
            2 => {
                let users = self.users(file.users.get());
                let duration = self.positive(file.duration.get(), "no load fits into no time");
                Some(Load::Duration { users: users?, duration: duration?, start })
            }
            3 => self.user_stages(file),
            4 => {
                let rate = file.rate.get().and_then(|rate| self.rate(rate, 0.0));
                let duration = self.positive(file.duration.get(), "no load fits into no time");
                let (spacing, max_users) = self.open(file);
                let (rate, duration) = (rate?, duration?);
                Some(Load::ArrivalRate {
                    from: rate,
                    stages: vec![(duration, rate)],
                    spacing,
                    max_users: max_users?,
                })
            }
            5 => {
                let from = file.rate.get().and_then(|rate| self.rate(rate, -1.0));
                let stages = self.stages(file.stages.get()?, file.span, |decider, to| decider.rate(to, -1.0));
                let (spacing, max_users) = self.open(file);
                Some(Load::ArrivalRate { from: from?, stages: stages?, spacing, max_users: max_users? })
            }
            _ => {
                let count = self.count(file.bursts.get(), "bursts");
                let users = self.users(file.users.get());
                let gap = file.gap.get().map(|gap| gap.value);
                Some(Load::Bursts { count: u32::try_from(count?).ok()?, users: users?, gap: gap? })
            }
        }
    }

    /// Records the keys that do not fit the shape, if there are any.
    fn stray_keys(&mut self, file: &LoadFile, given: &[&str], shape: usize) -> bool {
        let (told_by, may) = SHAPES[shape];
        let (fitting, stray): (Vec<&str>, Vec<&str>) =
            given.iter().partition(|key| told_by.contains(key) || may.contains(key));
        if stray.is_empty() {
            return false;
        }
        let verb = if stray.len() == 1 { "does" } else { "do" };
        let message = format!("{} {verb} not go with {}", list_all(stray), list_all(fitting));
        self.error(Diagnostic::new(file.span, message).help(shapes()));
        true
    }

    fn users(&mut self, users: Option<&At<u64>>) -> Option<u32> {
        let count = self.count(users, "users")?;
        if count > MOST_USERS {
            let span = users.map_or_else(Span::default, |at| at.span);
            self.error(Diagnostic::new(span, format!("{count} users are more than one generator can be")));
        }
        u32::try_from(count.min(MOST_USERS)).ok()
    }

    fn count(&mut self, count: Option<&At<u64>>, what: &str) -> Option<u64> {
        let count = count?;
        if count.value == 0 {
            self.error(
                Diagnostic::new(count.span, format!("0 {what} make no load")).help("write a number from 1"),
            );
            return None;
        }
        if count.value > u64::from(u32::MAX) && what != "iterations" {
            self.error(Diagnostic::new(count.span, format!("{} {what} are too many", count.value)));
            return None;
        }
        Some(count.value)
    }

    /// Flows per second, above a least value.
    fn rate(&mut self, rate: &At<Quantity>, above: f64) -> Option<f64> {
        let Quantity { value, unit } = rate.value;
        if !matches!(unit, Unit::PerSecond | Unit::Count) {
            self.error(
                Diagnostic::new(rate.span, "this is no rate").help("write one such as 50/s or 600/min"),
            );
            return None;
        }
        if value <= above || value < 0.0 {
            self.error(Diagnostic::new(rate.span, "a rate must be above 0"));
            return None;
        }
        Some(value)
    }

    fn user_stages(&mut self, file: &LoadFile) -> Option<Load> {
        let stages = self.stages(file.stages.get()?, file.span, |decider, to| {
            let Quantity { value, unit } = to.value;
            if unit != Unit::Count || value < 0.0 || value.fract() != 0.0 || value > MOST_USERS as f64 {
                decider.error(
                    Diagnostic::new(to.span, "this is no number of users")
                        .help("write a whole number, or give the load a `rate` for stages of rates"),
                );
                return None;
            }
            Some(value as u32)
        })?;
        let from = file.users.get().map_or(0, |users| users.value);
        if from == 0 && stages.iter().all(|(_, users)| *users == 0) {
            self.error(Diagnostic::new(file.span, "these stages never have any users"));
        }
        Some(Load::Stages { from: u32::try_from(from).ok()?, stages })
    }

    fn stages<T>(
        &mut self,
        stages: &[StageFile],
        span: Span,
        mut end: impl FnMut(&mut Self, &At<Quantity>) -> Option<T>,
    ) -> Option<Vec<(Duration, T)>> {
        let decided: Vec<Option<(Duration, T)>> = stages
            .iter()
            .map(|stage| {
                let to = stage.to.get().and_then(|to| end(self, to));
                Some((stage.over.get()?.value, to?))
            })
            .collect();
        let decided: Vec<_> = decided.into_iter().collect::<Option<_>>()?;
        if decided.iter().all(|(over, _)| over.is_zero()) {
            self.error(
                Diagnostic::new(span, "these stages take no time").help("give one an `over` above 0s"),
            );
            return None;
        }
        Some(decided)
    }

    fn open(&mut self, file: &LoadFile) -> (Spacing, Option<u32>) {
        let spacing = match file.spacing.get() {
            Some(SpacingFile::Poisson) => Spacing::Poisson,
            Some(SpacingFile::Regular) | None => Spacing::Regular,
        };
        let max_users =
            if file.max_users.is_absent() { Some(MOST_UNDER_WAY) } else { self.users(file.max_users.get()) };
        (spacing, max_users)
    }

    fn replay(&mut self, file: &LoadFile, name: &At<Fixed>) -> Option<Load> {
        let rows = self.rows_of(name)?;
        let field = file.at.get().map_or("at", |at| at.value.0.as_str());
        let field_span = file.at.get().map_or(name.span, |at| at.span);
        let speed = file.speed.get().map_or(1.0, |speed| speed.value);
        if speed <= 0.0 {
            let span = file.speed.get().map_or(file.span, |at| at.span);
            self.error(Diagnostic::new(span, "the speed of a replay must be above 0"));
            return None;
        }
        let mut at = Vec::with_capacity(rows.len());
        for (number, row) in rows.iter().enumerate() {
            let value = row.get_attr(field).unwrap_or(Value::UNDEFINED);
            let Some(seconds) = seconds(&value) else {
                let message = format!("row {} of `{}` has no time in `{field}`", number + 1, name.value.0);
                let help = "a number of seconds, or a time such as 1.5s; name the field with `at: FIELD`";
                self.error(Diagnostic::new(field_span, message).help(help));
                return None;
            };
            at.push(seconds / speed);
        }
        if at.windows(2).any(|pair| pair[0] > pair[1]) {
            let message = format!("the rows of `{}` are not in the order of their times", name.value.0);
            self.error(
                Diagnostic::new(field_span, message).help("sort the file, and leave out `order: shuffle`"),
            );
            return None;
        }
        let first = at.first().copied().unwrap_or(0.0);
        let offsets = at.into_iter().filter_map(|at| Duration::try_from_secs_f64(at - first).ok()).collect();
        let (_, max_users) = self.open(file);
        Some(Load::Replay { at: offsets, max_users: max_users? })
    }

    fn rows_of(&mut self, name: &At<Fixed>) -> Option<Vec<Value>> {
        match self.data.get(&name.value.0) {
            Some(Some(data)) => Some(data.set.rows.to_vec()),
            Some(None) => None,
            None => {
                let help =
                    crate::suite::diagnostics::instead(&name.value.0, self.data.keys().map(String::as_str));
                let message = format!("there is no data set `{}`", name.value.0);
                self.error(Diagnostic::new(name.span, message).help(help));
                None
            }
        }
    }
}

fn seconds(value: &Value) -> Option<f64> {
    if let Ok(seconds) = f64::try_from(value.clone()) {
        return (seconds.is_finite() && seconds >= 0.0).then_some(seconds);
    }
    let quantity = loadgate_report::quantity::parse(value.as_str()?).ok()?;
    match quantity.unit {
        Unit::Ms => Some(quantity.value / 1000.0),
        Unit::Count => Some(quantity.value),
        _ => None,
    }
    .filter(|seconds| *seconds >= 0.0)
}

fn shapes() -> String {
    let shapes: Vec<String> = SHAPES
        .iter()
        .map(|(keys, _)| keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" + "))
        .collect();
    format!("a load is one of: {}", shapes.join(" · "))
}

//! Probes: a field of a health route, or a command's output.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use loadgate_report::model;
use minijinja::Value;
use tokio_util::sync::CancellationToken;

use crate::engine::{Reach, look};
use crate::suite::plan::{Probe, ProbeSource};
use crate::suite::scope::{Response, Scope};

/// One reading may take this long; a target under load answers late, and a late value is still one.
const READING: Duration = Duration::from_secs(10);

/// Reads one probe, again and again.
#[derive(Debug)]
pub(super) struct ProbeReader {
    probe: Arc<Probe>,
    reach: Reach,
    scope: Scope,
    seen: model::Probe,
}

impl ProbeReader {
    pub(super) fn new(probe: Arc<Probe>, reach: Reach, scope: Scope) -> Self {
        let seen = model::Probe { name: probe.name.clone(), ..model::Probe::default() };
        Self { probe, reach, scope, seen }
    }

    pub(super) async fn read_before(&mut self) {
        self.seen.before = self.read().await;
    }

    pub(super) async fn read_after(&mut self) {
        self.seen.after = self.read().await;
    }

    /// Reads until told to stop.
    pub(super) async fn watch(mut self, done: CancellationToken) -> Self {
        let mut ticks = tokio::time::interval(self.probe.every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while done.run_until_cancelled(ticks.tick()).await.is_some() {
            self.read().await;
        }
        self
    }

    pub(super) fn into_model(self) -> model::Probe {
        self.seen
    }

    async fn read(&mut self) -> Option<f64> {
        let value = match &self.probe.source {
            ProbeSource::Get(path) => self.get(path).await,
            ProbeSource::Command(command) => self.command(command).await,
        };
        let number = value.as_ref().and_then(number)?;
        self.seen.samples += 1;
        self.seen.min = Some(self.seen.min.map_or(number, |n| n.min(number)));
        self.seen.max = Some(self.seen.max.map_or(number, |n| n.max(number)));
        Some(number)
    }

    async fn get(&self, path: &crate::suite::text::Text) -> Option<Value> {
        let mut text = String::new();
        path.render(&self.scope, &mut text).ok()?;
        let answer = look::get(&self.reach, &text, READING).await.ok()?;
        self.evaluate(answer.status, &answer.headers, &answer.body)
    }

    async fn command(&self, command: &crate::suite::text::Text) -> Option<Value> {
        let mut text = String::new();
        command.render(&self.scope, &mut text).ok()?;
        let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
        let output = tokio::process::Command::new(shell).arg(flag).arg(text).kill_on_drop(true).output();
        let output = tokio::time::timeout(READING, output).await.ok()?.ok()?;
        let status = u16::try_from(output.status.code().unwrap_or(-1)).unwrap_or(u16::MAX);
        self.evaluate(status, &HeaderMap::new(), &output.stdout)
    }

    fn evaluate(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Option<Value> {
        let response = Response::new(status, headers, body, 0.0);
        self.probe.value.evaluate(&self.scope, Some(&response)).ok()
    }
}

/// A number, a number in a text, or the length of a list.
fn number(value: &Value) -> Option<f64> {
    if let Ok(number) = f64::try_from(value.clone()) {
        return Some(number);
    }
    if let Some(text) = value.as_str() {
        return text.trim().parse().ok();
    }
    if value.kind() == minijinja::value::ValueKind::Bool {
        return Some(if value.is_true() { 1.0 } else { 0.0 });
    }
    value.len().map(|n| n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_as_a_number() {
        for (value, expected) in [
            (Value::from(3), Some(3.0)),
            (Value::from(2.5), Some(2.5)),
            (Value::from(" 17\n"), Some(17.0)),
            (Value::from(true), Some(1.0)),
            (Value::from(vec![1, 2, 3]), Some(3.0)),
            (Value::from("many"), None),
            (Value::UNDEFINED, None),
        ] {
            assert_eq!(number(&value), expected, "{value:?}");
        }
    }
}

//! Live progress on standard error: a moving line on a terminal, a plain line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use loadgate_report::Verdict;
use loadgate_report::model::Scenario;

use crate::engine::{Progress, Snapshot};
use crate::gate::{Event, Observer};

/// Time between two looks at the counters on a terminal.
const FRAME: Duration = Duration::from_millis(100);
/// Time between two plain lines, for a log that people scroll through.
const LINE: Duration = Duration::from_secs(10);

/// Shows what goes on, or nothing.
#[derive(Debug)]
pub struct Live {
    shown: bool,
    terminal: bool,
    running: Mutex<Option<Running>>,
    /// Whether paired rounds have begun.
    rounds: AtomicBool,
}

/// The thread that shows one scenario.
#[derive(Debug)]
struct Running {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Live {
    /// A display on standard error; `shown` false shows nothing.
    pub fn new(shown: bool) -> Self {
        Self {
            shown,
            terminal: std::io::stderr().is_terminal(),
            running: Mutex::new(None),
            rounds: AtomicBool::new(false),
        }
    }

    /// Takes the moving line away.
    pub fn finish(&self) {
        let Ok(mut running) = self.running.lock() else { return };
        if let Some(Running { stop, thread }) = running.take() {
            drop(stop);
            // The thread only draws; a panic of it loses a line.
            let _ = thread.join();
        }
    }

    fn in_rounds(&self) -> bool {
        self.rounds.load(Ordering::Relaxed)
    }

    fn say(&self, text: &str) {
        self.finish();
        anstream::eprintln!("{text}");
    }

    fn begin(&self, label: String, progress: Progress) {
        self.finish();
        let (stop, stopped) = mpsc::channel::<()>();
        let terminal = self.terminal;
        let thread = std::thread::spawn(move || {
            let bar = if terminal { ProgressBar::new(1000) } else { ProgressBar::hidden() };
            bar.set_draw_target(if terminal {
                ProgressDrawTarget::stderr()
            } else {
                ProgressDrawTarget::hidden()
            });
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} {prefix:.bold} {wide_bar:.cyan/dim} {msg}")
            {
                bar.set_style(style);
            }
            bar.set_prefix(label.clone());
            let every = if terminal { FRAME } else { LINE };
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let now = progress.snapshot();
                if terminal {
                    bar.set_position((done(&now) * 1000.0) as u64);
                    bar.set_message(counters(&now));
                    bar.tick();
                } else {
                    anstream::eprintln!("  {label}: {:.0} s, {}", now.elapsed.as_secs_f64(), counters(&now));
                }
            }
            bar.finish_and_clear();
        });
        if let Ok(mut running) = self.running.lock() {
            *running = Some(Running { stop, thread });
        }
    }
}

/// Share of the scenario that is done, 0 to 1; by flows where their number is known, else by time.
fn done(now: &Snapshot) -> f64 {
    let by_flows = now.flows_expected.filter(|all| *all > 0).map(|all| now.flows as f64 / all as f64);
    let by_time =
        now.length.filter(|all| !all.is_zero()).map(|all| now.elapsed.as_secs_f64() / all.as_secs_f64());
    by_flows.or(by_time).unwrap_or(0.0).clamp(0.0, 1.0)
}

fn counters(now: &Snapshot) -> String {
    let mut text = format!("{} users, {} ok", now.users, now.ok);
    for (count, word) in [(now.refused, "refused"), (now.failed, "failed")] {
        if count > 0 {
            text += &format!(", {count} {word}");
        }
    }
    text
}

/// The line that stays once a scenario has ended. Conditions have been judged by then, a comparison has not.
fn summary(scenario: &Scenario) -> String {
    let broken = scenario
        .conditions
        .iter()
        .filter(|condition| condition.level == loadgate_report::model::Level::Critical)
        .map(|condition| condition.verdict);
    let verdict = Verdict::worst(broken.chain([scenario.verdict]));
    let colour = match verdict {
        Verdict::Pass => anstyle::AnsiColor::Green,
        Verdict::Fail => anstyle::AnsiColor::Red,
        Verdict::Inconclusive | Verdict::Invalid => anstyle::AnsiColor::Yellow,
    };
    let style = colour.on_default();
    let mut text = format!("  {style}{:<12}{style:#} {}", verdict.as_str(), scenario.name);
    text += &format!(": {} requests in {:.1} s", scenario.requests, scenario.duration_s);
    if scenario.refused > 0 {
        text += &format!(", {} refused", scenario.refused);
    }
    if scenario.failed_total() > 0 {
        text += &format!(", {} failed", scenario.failed_total());
    }
    text
}

impl Observer for Live {
    fn on(&self, event: &Event<'_>) {
        if !self.shown {
            return;
        }
        match event {
            // In rounds both sides are started again and again; that would hide what matters.
            Event::TargetStarting { .. } | Event::TargetReady { .. } if self.in_rounds() => {}
            Event::TargetStarting { command: Some(_), .. } => self.say("starting the target"),
            Event::TargetStarting { command: None, .. } => self.say("looking for the target"),
            Event::TargetReady { url, .. } => self.say(&format!("the target answers at {url}")),
            Event::Building { arm, commit } => self.say(&format!("building the {arm} revision {commit}")),
            Event::Round { number, purpose } => {
                self.rounds.store(true, Ordering::Relaxed);
                self.say(&format!("round {number}: {purpose}"));
            }
            Event::ScenarioStarted { arm, name, number, of, progress } => {
                let side = if self.in_rounds() { format!(" {arm}") } else { String::new() };
                self.begin(format!("[{number}/{of}] {name}{side}"), (*progress).clone());
            }
            Event::LevelEnded { level, words } => {
                self.say(&format!("    {words} {}: {}", level.outcome.as_str(), level.message));
            }
            Event::ScenarioEnded(scenario) => self.say(&summary(scenario)),
            Event::Confirming { suspects, round, of } => self.say(&format!(
                "looks worse than before: {}; fresh round {round} of {of} with restarted processes",
                suspects.join(", ")
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_goes_by_flows_or_by_time() {
        let now = Snapshot {
            flows: 5,
            flows_expected: Some(20),
            elapsed: Duration::from_secs(9),
            ..Snapshot::default()
        };
        assert_eq!(done(&now), 0.25);
        let now = Snapshot { length: Some(Duration::from_secs(10)), flows_expected: None, ..now };
        assert_eq!(done(&now), 0.9);
        assert_eq!(done(&Snapshot { length: None, ..now }), 0.0);
        assert_eq!(
            counters(&Snapshot { users: 3, ok: 7, failed: 1, ..Snapshot::default() }),
            "3 users, 7 ok, 1 failed"
        );
    }
}

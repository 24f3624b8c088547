//! Loads in words and their phases, for the report.

use std::fmt::Write as _;
use std::time::Duration;

use loadgate_report::model::Phase;

use crate::suite::plan::{Class, Connections, Load, Scenario, Search, SearchOver, Spacing, Start};

/// The load of a scenario in words: that of its classes, or its script.
pub(crate) fn scenario(scenario: &Scenario) -> String {
    if let Some(Search { over, from, to, each, .. }) = &scenario.search {
        let what = match over {
            SearchOver::Users => "users",
            SearchOver::Rate => "flows/s",
        };
        return format!("search for the capacity: {from} to {to} {what}, {} each", span(*each));
    }
    match &scenario.script {
        Some(script) => {
            let users = plural(script.users.len() as u64, "user");
            format!("a script of {}, {users}", plural(script.acts.len() as u64, "act"))
        }
        None => loads(&scenario.classes),
    }
}

/// All loads of a scenario in words, such as `20 users × 3 iterations, together`.
fn loads(classes: &[Class]) -> String {
    let words = classes.iter().map(|class| {
        let words = format!("{}{}", load(&class.load), over(class.connections));
        class.name.as_ref().map_or(words.clone(), |name| format!("{name}: {words}"))
    });
    words.collect::<Vec<_>>().join("; ")
}

fn load(load: &Load) -> String {
    match load {
        Load::Iterations { users, iterations, start } => {
            let each = plural(u64::from(*iterations), "iteration");
            format!("{} × {each}{}", plural(u64::from(*users), "user"), begin(*start, *users))
        }
        Load::Shared { users, iterations, start } => {
            let all = plural(*iterations, "iteration");
            format!("{all} shared by {}{}", plural(u64::from(*users), "user"), begin(*start, *users))
        }
        Load::Duration { users, duration, start } => {
            format!("{} for {}{}", plural(u64::from(*users), "user"), span(*duration), begin(*start, *users))
        }
        Load::Stages { from, stages } => {
            let stages = stages.iter().map(|(time, to)| format!("{to} over {}", span(*time)));
            format!("users: {from} → {}", stages.collect::<Vec<_>>().join(" → "))
        }
        Load::ArrivalRate { from, stages, spacing, max_users } => {
            let mut words = match &stages[..] {
                [(time, to)] if to == from => format!("{from} flows/s for {}", span(*time)),
                _ => {
                    let stages = stages.iter().map(|(time, to)| format!("{to} over {}", span(*time)));
                    format!("flows/s: {from} → {}", stages.collect::<Vec<_>>().join(" → "))
                }
            };
            if *spacing == Spacing::Poisson {
                words.push_str(", Poisson");
            }
            // Writing to a String cannot fail.
            let _ = write!(words, ", at most {}", plural(u64::from(*max_users), "user"));
            words
        }
        Load::Bursts { count, users, gap } => {
            format!(
                "{} of {}, {} apart",
                plural(u64::from(*count), "burst"),
                plural(u64::from(*users), "user"),
                span(*gap)
            )
        }
        Load::Replay { at, max_users } => {
            let most = plural(u64::from(*max_users), "user");
            format!(
                "{} at recorded times over {}, at most {most}",
                plural(at.len() as u64, "flow"),
                span(at.last().copied().unwrap_or_default())
            )
        }
    }
}

/// What they are done over, where that is not a connection for each user.
fn over(connections: Connections) -> String {
    match connections {
        Connections::PerUser => String::new(),
        Connections::PerRequest => ", a connection for each request".to_owned(),
        Connections::Shared { size, .. } => {
            format!(", over {}", plural(u64::from(size), "shared connection"))
        }
    }
}

fn begin(start: Start, users: u32) -> String {
    match start {
        Start::Together if users > 1 => ", together".to_owned(),
        Start::Together => String::new(),
        Start::Over(time) => format!(", beginning over {}", span(time)),
    }
}

fn plural(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn span(time: Duration) -> String {
    match time.as_millis() {
        ms if ms.is_multiple_of(60_000) && ms > 0 => format!("{} min", ms / 60_000),
        ms if ms.is_multiple_of(1000) => format!("{} s", ms / 1000),
        ms if ms < 1000 => format!("{ms} ms"),
        _ => format!("{} s", time.as_secs_f64()),
    }
}

/// Named spans of a scenario: what is cut, the stages of its loads, and the time after them in which what was begun ends.
/// Times are seconds after the release.
pub(crate) fn phases(scenario: &Scenario, length: Option<Duration>, lasted: Duration) -> Vec<Phase> {
    let phase = |name: String, from: Duration, to: Duration| Phase {
        name,
        from_s: from.as_secs_f64(),
        to_s: to.as_secs_f64(),
    };
    let mut phases = Vec::new();
    for class in &scenario.classes {
        let times: Vec<Duration> = match &class.load {
            Load::Stages { stages, .. } => stages.iter().map(|(time, _)| *time).collect(),
            Load::ArrivalRate { stages, .. } => stages.iter().map(|(time, _)| *time).collect(),
            _ => continue,
        };
        if times.len() < 2 {
            continue;
        }
        let mut from = Duration::ZERO;
        for (number, time) in times.into_iter().enumerate() {
            let name = match &class.name {
                Some(class) => format!("{class}, stage {}", number + 1),
                None => format!("stage {}", number + 1),
            };
            phases.push(phase(name, from, from + time));
            from += time;
        }
    }
    if scenario.warm_up > Duration::ZERO {
        phases.push(phase(Phase::WARM_UP.to_owned(), Duration::ZERO, scenario.warm_up));
    }
    if let Some(length) = length.filter(|_| scenario.ramp_down > Duration::ZERO) {
        phases.push(phase(Phase::RAMP_DOWN.to_owned(), length.saturating_sub(scenario.ramp_down), length));
    }
    // A last answer that is a moment late makes no phase.
    if let Some(length) = length.filter(|length| lasted > *length + super::series::FINEST) {
        phases.push(phase(Phase::DRAIN.to_owned(), length, lasted));
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_by_table() {
        let ms = Duration::from_millis;
        for (plan, words) in [
            (
                Load::Iterations { users: 20, iterations: 3, start: Start::Together },
                "20 users × 3 iterations, together",
            ),
            (Load::Iterations { users: 1, iterations: 1, start: Start::Together }, "1 user × 1 iteration"),
            (
                Load::Shared { users: 2, iterations: 9, start: Start::Over(ms(1500)) },
                "9 iterations shared by 2 users, beginning over 1.5 s",
            ),
            (
                Load::Duration { users: 10, duration: ms(30_000), start: Start::Together },
                "10 users for 30 s, together",
            ),
            (Load::Stages { from: 0, stages: vec![(ms(60_000), 50)] }, "users: 0 → 50 over 1 min"),
            (
                Load::ArrivalRate {
                    from: 200.0,
                    stages: vec![(ms(10_000), 200.0)],
                    spacing: Spacing::Poisson,
                    max_users: 300,
                },
                "200 flows/s for 10 s, Poisson, at most 300 users",
            ),
            (Load::Bursts { count: 5, users: 20, gap: ms(500) }, "5 bursts of 20 users, 500 ms apart"),
            (
                Load::Replay { at: vec![ms(0), ms(2000)].into(), max_users: 5 },
                "2 flows at recorded times over 2 s, at most 5 users",
            ),
        ] {
            assert_eq!(load(&plan), words);
        }
    }
}

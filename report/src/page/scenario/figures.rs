//! The main figures of a scenario with what they were before, and the outcome of its requests.

use super::Part;
use crate::chart::{outcome, outcomes};
use crate::html::{Node, el, list};
use crate::page::findings::outcome_mark;
use crate::page::table::{count, quantity};
use crate::page::words::{change, cut};
use crate::quantity::Unit;

pub(super) fn render(part: &Part<'_>) -> Option<Node> {
    let scenario = part.scenario;
    let latency = &scenario.latency_ms;
    let mut tiles = vec![
        ("success".to_owned(), "success_rate".to_owned(), scenario.success_rate, Unit::Ratio),
        ("per second".to_owned(), "throughput".to_owned(), scenario.throughput, Unit::PerSecond),
        ("mean".to_owned(), "latency.mean".to_owned(), latency.mean, Unit::Ms),
        ("p50".to_owned(), "latency.p50".to_owned(), latency.p50, Unit::Ms),
        ("p95".to_owned(), "latency.p95".to_owned(), latency.p95, Unit::Ms),
        ("p99".to_owned(), "latency.p99".to_owned(), latency.p99, Unit::Ms),
        ("longest".to_owned(), "latency.max".to_owned(), latency.max, Unit::Ms),
    ];
    if scenario.goodput.is_some() {
        tiles.push(("goodput".to_owned(), "goodput".to_owned(), scenario.goodput, Unit::Ratio));
    }
    for counter in &scenario.counters {
        tiles.push((counter.name.clone(), format!("{}.rate", counter.name), counter.rate, Unit::Ratio));
    }
    let tiles = tiles.into_iter().map(|(title, figure, value, unit)| {
        let before = part.page.compared(&scenario.name, &figure).and_then(|c| Some((c, c.before?)));
        let before = before.map(|(compared, before)| {
            let by = compared.change.map(change);
            el("dd")
                .class("before")
                .with("was ")
                .with(quantity(Some(before), unit))
                .with(" ")
                .with(by)
                .with(" ")
                .with(outcome_mark(compared))
        });
        el("div").with(el("dt").with(cut(&title, 40))).with(el("dd").with(quantity(value, unit))).with(before)
    });
    let grade = scenario.grade.as_deref().map(|grade| {
        el("div").with(el("dt").with("grade")).with(el("dd").with(el("bdi").with(cut(grade, 40))))
    });
    let legend = outcomes(scenario).into_iter().map(|(class, words, n)| {
        el("span").with(el("i").class(format!("key area {class}"))).with(count(n)).with(" ").with(words)
    });
    let bar = outcome(scenario)
        .map(|bar| el("div").class("outcomes").with(bar).with(el("p").class("legend").all(legend)));
    Some(list([Node::from(el("dl").class("tiles").all(tiles).with(grade)), Node::from(bar)]))
}

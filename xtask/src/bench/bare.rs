//! A request whose status is all that is looked at, against nginx.

use super::finding::{Finding, figure};
use super::lab::Lab;
use super::nginx::Nginx;
use super::stats::{median, paired_ratio};
use super::tools::{self, Aim, Gets, Ran, Tool};

const CONNECTIONS: [u32; 2] = [50, 200];
/// They take part in every round; the others run once, for reference, unless it is to be quick.
const CONTESTANTS: [&Tool; 3] = [&tools::LOADGATE, &tools::WRK, &tools::OHA];
const REFERENCES: [&Tool; 3] = [&tools::HEY, &tools::H2LOAD, &tools::K6];

/// What the rounds of a tool showed.
struct Row {
    name: &'static str,
    per_second: Vec<f64>,
    cpu: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Row {
    fn new(tool: &Tool) -> Self {
        Self { name: tool.name, per_second: Vec::new(), cpu: Vec::new(), p50: Vec::new(), p99: Vec::new() }
    }

    fn add(&mut self, ran: &Ran) {
        self.per_second.push(ran.measure.per_second);
        self.cpu.push(ran.cpu_per_100k());
        self.p50.extend(ran.measure.p50);
        self.p99.extend(ran.measure.p99);
    }
}

pub(super) fn run(lab: &Lab) -> anyhow::Result<Finding> {
    let nginx = Nginx::start(lab)?;
    let mut finding = Finding::default();
    finding.say(
        "GETs of a small body from nginx, as fast as they go. *cpu* is the client's processor time in seconds for 100,000 requests, \
         its start included; the ratios are to loadgate's.",
    );
    for connections in CONNECTIONS {
        let rows = rounds(lab, &nginx.url(), connections)?;
        tell(&mut finding, &rows, connections);
    }
    Ok(finding)
}

fn rounds(lab: &Lab, url: &str, connections: u32) -> anyhow::Result<Vec<Row>> {
    let gets = |seconds| Gets { url: format!("{url}/"), connections, seconds, rate: None, aim: Aim::Speed };
    let there = |tools: &[&'static Tool]| -> Vec<&'static Tool> {
        tools.iter().copied().filter(|tool| tool.is_there(lab)).collect()
    };
    let contestants = there(&CONTESTANTS);
    let mut rows: Vec<Row> = contestants.iter().map(|tool| Row::new(tool)).collect();
    for _ in 0..lab.rounds() {
        for (tool, row) in contestants.iter().zip(&mut rows) {
            row.add(&tool.get(lab, &gets(lab.either(3, 2)))?);
            lab.rest();
        }
    }
    for tool in there(lab.either(&REFERENCES[..], &[])) {
        let mut row = Row::new(tool);
        row.add(&tool.get(lab, &gets(2))?);
        rows.push(row);
        lab.rest();
    }
    Ok(rows)
}

fn tell(finding: &mut Finding, rows: &[Row], connections: u32) {
    let Some((ours, others)) = rows.split_first() else { return };
    for row in others {
        let speed = paired_ratio(&ours.per_second, &row.per_second);
        let cpu = paired_ratio(&ours.cpu, &row.cpu);
        let of = |what: &str| format!("{what} over {}'s, {connections} connections", row.name);
        if row.name == tools::WRK.name {
            finding.at_least(of("requests/s"), 0.85, speed, "");
            finding.at_most(of("CPU per 100,000 requests"), 1.15, cpu, "");
        } else if row.name == tools::OHA.name {
            finding.at_least(of("requests/s"), 1.05, speed, "");
        }
    }
    let some =
        |values: &[f64]| if values.is_empty() { "–".to_owned() } else { figure(median(values), "ms") };
    let cells: Vec<_> = rows
        .iter()
        .map(|row| {
            [
                format!("{}{}", row.name, if row.per_second.len() == 1 { " (once)" } else { "" }),
                figure(paired_ratio(&ours.per_second, &row.per_second), ""),
                figure(paired_ratio(&ours.cpu, &row.cpu), ""),
                figure(median(&row.per_second), ""),
                figure(median(&row.cpu), "s"),
                some(&row.p50),
                some(&row.p99),
            ]
        })
        .collect();
    finding.say(format!("{connections} connections:"));
    finding.table(
        ["client", "loadgate's speed is × its", "loadgate's cpu is × its", "requests/s", "cpu", "p50", "p99"],
        &cells,
    );
}

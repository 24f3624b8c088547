//! Memory of a virtual user with its open connection.

use std::process::Command;

use super::finding::{Finding, figure};
use super::lab::Lab;
use super::nginx::Nginx;
use super::process;
use super::tools;

fn suite(url: &str, users: u32, ramp_s: u32, hold_s: u32) -> String {
    format!(
        "name: memory\ntarget: {{ url: \"{url}\" }}\nscenarios:\n  memory:\n    \
         load: {{ users: {users}, iterations: 1, start: {{ over: {ramp_s}s }} }}\n    \
         flow: [ {{ get: / }}, {{ think: {hold_s}s }} ]\n    settle: 0s\n"
    )
}

pub(super) fn run(lab: &Lab) -> anyhow::Result<Finding> {
    let nginx = Nginx::start(lab)?;
    let users: u32 = lab.either(10_000, 5_000);
    let mut finding = Finding::default();
    finding.say(format!(
        "{users} users who have sent a request each and keep their connections to nginx open; resident memory above that of the same \
         run with a single user, for each."
    ));
    let mut rows = Vec::new();
    for (name, url, ramp_s, limit) in
        [("plain", nginx.url(), 2, 20.0), ("TLS", nginx.tls_url(), lab.either(8, 5), 40.0)]
    {
        let empty = most(lab, &nginx, &suite(&url, 1, 0, 1), 1)?;
        let full = most(lab, &nginx, &suite(&url, users, ramp_s, ramp_s + 2), u64::from(users))?;
        let each_kb = full.saturating_sub(empty) as f64 / f64::from(users) / 1024.0;
        finding.at_most(format!("memory of a user with an open connection, {name}"), limit, each_kb, "KiB");
        let mb = |bytes: u64| figure(bytes as f64 / 1024.0 / 1024.0, "MiB");
        rows.push([name.to_owned(), mb(empty), mb(full), figure(each_kb, "KiB")]);
    }
    finding.table(["connection", "one user", &format!("{users} users"), "each"], &rows);
    Ok(finding)
}

/// The most memory that a run used, its report included; it must have sent so many requests.
fn most(lab: &Lab, nginx: &Nginx, suite: &str, requests: u64) -> anyhow::Result<u64> {
    lab.write("memory.yml", suite)?;
    let program = lab.program(tools::LOADGATE.name).unwrap_or_default();
    let mut command = Command::new(program);
    command.args(tools::loadgate::suite("memory.yml")).current_dir(lab.folder());
    command.env("SSL_CERT_FILE", &nginx.certificate).env_remove("GITHUB_ACTIONS");
    let ended = process::run(&lab.cores, &mut command)?;
    let report = tools::loadgate::report(&ended.stdout).unwrap_or_default();
    let ok = report["scenarios"][0]["ok"].as_u64();
    anyhow::ensure!(
        ok == Some(requests),
        "{ok:?} of {requests} requests were ok: {}; failed: {}",
        report["reason"],
        report["scenarios"][0]["failed"]
    );
    Ok(ended.most_memory())
}

//! The hash of a suite: what two runs must have in common to be compared.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::data::DecidedData;
use crate::suite::expression::{Expression, Predicate};
use crate::suite::json;
use crate::suite::plan::{
    AsideStep, Body, Outgoing, Part, PartContent, Plan, ProbeSource, RequestStep, Scenario, Script,
    ScriptAct, Search, SocketAction, SocketStep, Step, Tokens,
};
use crate::suite::text::Text;

/// SHA-256 over the decided load, first 16 hex digits.
pub(super) fn hash(plan: &Plan, data: &[DecidedData]) -> String {
    let mut all = Canonical { digest: Sha256::new(), secrets: &plan.secrets };
    all.field("name", &plan.name);
    for set in data {
        all.field("data", &set.set.name);
        all.field("per_user", &set.set.per_user.to_string());
        all.field("shuffled", &set.shuffled.to_string());
        for row in &set.in_file_order {
            let mut text = String::new();
            // Rows come from YAML, JSON or CSV, so all of them have a JSON form, but for infinity.
            if json::write(row, &mut text).is_err() {
                text = row.to_string();
            }
            all.field("row", &text);
        }
    }
    for scenario in &plan.scenarios {
        all.scenario(scenario);
    }
    let digest = all.digest.finalize();
    digest.iter().take(8).fold(String::new(), |mut hex, byte| {
        // Writing into a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

struct Canonical<'p> {
    digest: Sha256,
    secrets: &'p [String],
}

impl Canonical<'_> {
    /// A name and a value, each with its length, so that no two different suites read the same.
    fn field(&mut self, name: &str, value: &str) {
        // A token that changes every day does not make a suite another one.
        let mut value = value.to_owned();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            value = value.replace(secret.as_str(), "*");
        }
        for part in [name, &value] {
            self.digest.update((part.len() as u64).to_le_bytes());
            self.digest.update(part);
        }
    }

    fn text(&mut self, name: &str, text: &Text) {
        self.field(name, text.constant().unwrap_or_else(|| text.source()));
    }

    fn scenario(&mut self, scenario: &Scenario) {
        self.field("scenario", &scenario.name);
        for class in &scenario.classes {
            self.field("class", class.name.as_deref().unwrap_or_default());
            self.field("load", &format!("{:?} {:?}", class.load, class.connections));
            for (weight, flow) in &class.mix {
                self.field("flow", &weight.to_string());
                self.steps(&flow.steps, scenario);
            }
        }
        if let Some(script) = &scenario.script {
            self.script(script, scenario);
        }
        if let Some(search) = &scenario.search {
            let Search { over, from, to, each, precision, limits } = search;
            self.field("search", &format!("{over:?} {from} {to} {each:?} {precision}"));
            limits.iter().for_each(|limit| self.field("limit", &limit.text));
        }
        for (name, steps) in [("setup", &scenario.setup), ("teardown", &scenario.teardown)] {
            self.field(name, "");
            self.steps(steps, scenario);
        }
        self.field("cut", &format!("{:?} {:?}", scenario.warm_up, scenario.ramp_down));
    }

    fn script(&mut self, script: &Script, scenario: &Scenario) {
        script.users.iter().for_each(|name| self.field("user", name));
        for act in &script.acts {
            match act {
                ScriptAct::Wait(time) => self.field("wait", &format!("{time:?}")),
                ScriptAct::Together(turns) => {
                    for turn in turns {
                        self.field("turn", &turn.user.to_string());
                        self.steps(&turn.steps, scenario);
                    }
                    self.field("act", "");
                }
            }
        }
    }

    fn steps(&mut self, steps: &[Step], scenario: &Scenario) {
        for step in steps {
            match step {
                Step::Request(request) => self.request(request, scenario),
                Step::Think { min, max } => self.field("think", &format!("{min:?} {max:?}")),
                Step::Repeat { times, steps } => {
                    self.field("repeat", times.source());
                    self.steps(steps, scenario);
                }
                Step::If { predicate, then, otherwise } => {
                    self.field("if", predicate.source());
                    self.steps(then, scenario);
                    self.field("else", "");
                    self.steps(otherwise, scenario);
                }
                Step::Parallel(branches) => {
                    for branch in branches {
                        self.field("branch", "");
                        self.steps(branch, scenario);
                    }
                }
                Step::Meet(meet) => self.field("meet", &format!("{meet:?}")),
                Step::Aside(aside) => self.aside(aside),
                Step::Socket(socket) => self.socket(socket, scenario),
            }
        }
        self.field("end", "");
    }

    fn aside(&mut self, aside: &AsideStep) {
        match &aside.source {
            ProbeSource::Get(path) => self.text("probe", path),
            ProbeSource::Command(command) => self.text("command", command),
        }
        self.field("until", &format!("{:?} {:?} {}", aside.until, aside.timeout, aside.continue_on_failure));
        aside.checks.iter().for_each(|check| self.field("check", check.source()));
        self.captures(&aside.captures);
    }

    fn socket(&mut self, step: &SocketStep, scenario: &Scenario) {
        self.field("socket", &step.socket);
        match &step.action {
            SocketAction::Connect(connect) => {
                self.field("connect", &connect.keep.to_string());
                self.request(&connect.request, scenario);
            }
            SocketAction::Send(Outgoing::Text(text)) => self.text("send", text),
            SocketAction::Send(Outgoing::Base64(text)) => self.text("base64", text),
            SocketAction::Send(Outgoing::Binary(bytes)) => {
                self.field("binary", "");
                self.digest.update(Sha256::digest(bytes));
            }
            SocketAction::Await(wait) => {
                self.field("await", wait.until.source());
                self.field("content", wait.content.as_ref().map_or("", |content| content.source()));
                self.tokens(&wait.tokens);
                self.field("refused", wait.refused.as_ref().map_or("", |refused| refused.source()));
                wait.checks.iter().for_each(|check| self.field("check", check.source()));
                self.captures(&wait.captures);
                self.counts(&wait.counts, scenario);
            }
            SocketAction::Close => self.field("close", ""),
        }
        self.field("until", &format!("{:?} {}", step.timeout, step.continue_on_failure));
    }

    /// What everybody counts goes without saying.
    fn tokens(&mut self, tokens: &Tokens) {
        match tokens {
            Tokens::Events => {}
            Tokens::Words => self.field("tokens", "words"),
            Tokens::Told(expression) => self.field("tokens", expression.source()),
        }
    }

    fn counts(&mut self, counts: &[(usize, Predicate)], scenario: &Scenario) {
        for (counter, predicate) in counts {
            self.field("count", scenario.counters.get(*counter).map_or("", String::as_str));
            self.field("count", predicate.source());
        }
    }

    fn captures(&mut self, captures: &[(String, Expression)]) {
        for (name, expression) in captures {
            self.field("capture", name);
            self.field("capture", expression.source());
        }
    }

    fn request(&mut self, request: &RequestStep, scenario: &Scenario) {
        self.field("request", request.method.as_str());
        self.text("url", &request.url);
        for (name, value) in &request.headers {
            self.text(name.as_str(), value);
        }
        match &request.body {
            Body::Empty => self.field("empty", ""),
            Body::Text(text) => self.text("text", text),
            Body::Json(text) => self.text("json", text),
            Body::Form(fields) => fields.iter().for_each(|(name, text)| self.text(name, text)),
            Body::Multipart(parts) => parts.iter().for_each(|part| self.part(part)),
        }
        self.field("timeout", &format!("{:?}", request.timeout));
        self.field("refused", request.refused.as_ref().map_or("", |refused| refused.source()));
        request.checks.iter().for_each(|check| self.field("check", check.source()));
        self.captures(&request.captures);
        self.counts(&request.counts, scenario);
        if let Some(stream) = &request.stream {
            self.field("content", stream.content.source());
            self.field("done", stream.done.source());
            self.tokens(&stream.tokens);
        }
        if let Some(retry) = &request.retry {
            self.field("retry", &format!("{} {:?} {}", retry.times, retry.wait, retry.factor));
            self.field("when", retry.when.as_ref().map_or("", |when| when.source()));
        }
        if let Some(wait) = &request.queue_wait {
            self.field("queue_wait", wait.source());
        }
        self.field("redirects", &format!("{} {}", request.redirects, request.continue_on_failure));
    }

    fn part(&mut self, part: &Part) {
        self.field("part", &part.name);
        match &part.content {
            PartContent::Text(text) => self.text("text", text),
            PartContent::File { name, content_type, bytes } => {
                self.field(name, content_type);
                let digest = Sha256::digest(bytes);
                self.digest.update(digest);
            }
        }
    }
}

//! From a suite as typed to a [`Plan`]: names are resolved, texts and expressions compiled, files read. Everything that is
//! wrong is recorded, with its place, and deciding goes on.

mod aside;
mod body;
mod condition;
mod data;
mod extras;
mod flow;
mod gate;
mod hash;
mod known;
mod load;
mod request;
mod scenario;
mod script;
mod search;
mod socket;
mod stream;
mod target;
mod texts;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8PathBuf;
use minijinja::Value;

use self::data::DecidedData;
use self::known::Known;
pub(super) use self::variables::Variables;
use super::LoadOptions;
use super::diagnostics::{Diagnostic, instead};
use super::file::{At, SuiteFile};
use super::plan::{Gate, Plan, Probe, Scenario};
use super::scope::Scope;
use super::source::{Sources, Span};

#[cfg(test)]
mod tests;

/// Decides a suite.
pub(super) struct Decider<'a> {
    pub(super) sources: &'a Sources,
    pub(super) errors: Vec<Diagnostic>,
    file: &'a SuiteFile,
    options: &'a LoadOptions,
    seed: u64,
    /// Names of the variables.
    vars: Vec<String>,
    /// Their values, under `vars`.
    vars_scope: Scope,
    /// Data sets by name; `None` for those that are wrong.
    data: BTreeMap<String, Option<DecidedData>>,
    probes: Vec<Arc<Probe>>,
    /// First words of the names that the scenario at hand has used.
    used: BTreeSet<String>,
}

/// What is known before deciding begins.
pub(super) struct Preparations<'a> {
    pub(super) sources: &'a Sources,
    pub(super) options: &'a LoadOptions,
    pub(super) variables: Variables,
    pub(super) secrets: Vec<String>,
}

/// Decides a suite; `None` where something is wrong that leaves no plan at all.
pub(super) fn decide(file: &SuiteFile, given: Preparations<'_>) -> (Option<Plan>, Vec<Diagnostic>) {
    let mut decider = Decider {
        sources: given.sources,
        errors: Vec::new(),
        file,
        options: given.options,
        seed: given.options.seed.unwrap_or(LoadOptions::DEFAULT_SEED),
        vars: given.variables.names(),
        vars_scope: given.variables.scope(),
        data: BTreeMap::new(),
        probes: Vec::new(),
        used: BTreeSet::new(),
    };
    let plan = decider.suite(given.variables, given.secrets);
    (plan, decider.errors)
}

impl Decider<'_> {
    fn error(&mut self, diagnostic: Diagnostic) {
        self.errors.push(diagnostic);
    }

    fn suite(&mut self, mut variables: Variables, mut secrets: Vec<String>) -> Option<Plan> {
        let file = self.file;
        let name = file.name.get().map(|name| self.suite_name(name));
        let target = file.target.get().and_then(|target| self.target(target));
        self.probes = target.as_ref().map(|target| target.probes.clone()).unwrap_or_default();
        for (name, data) in file.data.get().map(|table| table.entries.as_slice()).unwrap_or_default() {
            let decided = data.as_ref().and_then(|data| self.data_set(name, data));
            self.data.insert(name.value.clone(), decided);
        }
        let mut scenarios = self.scenarios();
        self.unused_flows_are_checked_too();
        let grades = self.grades();
        let scorecards = self.scorecards(&mut scenarios);
        let cost = file.cost.get().map(|cost| self.cost(cost, &scenarios));
        let gate = file.gate.get().map(|gate| self.gate(gate, &scenarios)).unwrap_or_default();
        let wanted = file.secrets.get().map(|secrets| secrets.0.as_slice()).unwrap_or_default();
        for name in wanted {
            self.secret(name, &mut variables, &mut secrets);
        }
        secrets.extend(variables.secret_values());
        secrets.sort();
        secrets.dedup();
        let data: Vec<_> = file
            .data
            .get()
            .map(|table| {
                table.entries.iter().filter_map(|(name, _)| self.data.get(&name.value)?.clone()).collect()
            })
            .unwrap_or_default();
        let mut plan = Plan {
            name: name?,
            description: file.description.get().map(|text| text.value.0.clone()),
            file: Utf8PathBuf::from(&self.sources.get(0)?.name),
            hash: String::new(),
            target: target?,
            variables: variables.public(),
            vars: variables.value(),
            data: data.iter().map(|data| Arc::clone(&data.set)).collect(),
            scenarios: scenarios.into_iter().collect::<Option<Vec<_>>>()?,
            grades,
            scorecards,
            cost,
            gate: Gate::default(),
            secrets: Vec::new(),
            seed: self.seed,
            full: self.options.full,
        };
        plan.gate = gate;
        plan.keep_secret(secrets);
        plan.hash = hash::hash(&plan, &data);
        self.only(&mut plan);
        Some(plan)
    }

    /// The name under which baselines are stored, so it must be fit for a file name.
    fn suite_name(&mut self, name: &At<super::file::Fixed>) -> String {
        let text = name.value.0.as_str();
        let fits = !text.is_empty()
            && !text.starts_with(['.', '-'])
            && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if !fits {
            let message = format!("a suite cannot be called `{text}`");
            self.error(
                Diagnostic::new(name.span, message)
                    .help("letters, digits, `-`, `_` and `.`; its baseline is stored under this name"),
            );
        }
        text.to_owned()
    }

    fn secret(
        &mut self,
        name: &At<super::file::Fixed>,
        variables: &mut Variables,
        secrets: &mut Vec<String>,
    ) {
        let wanted = name.value.0.as_str();
        if variables.hide(wanted) {
            return;
        }
        match self.options.environment.get(wanted) {
            Some(value) => secrets.push(value.clone()),
            None => {
                let known = self.vars.iter().chain(self.options.environment.keys()).map(String::as_str);
                let near = instead(wanted, known.clone().collect::<Vec<_>>());
                let diagnostic = Diagnostic::new(
                    name.span,
                    format!("there is no variable `{wanted}`, here or in the environment"),
                );
                self.error(if near.starts_with("did") { diagnostic.help(near) } else { diagnostic });
            }
        }
    }

    /// Keeps the scenarios that `--only` names: by their name, a tag, or a requirement that they or one of their conditions carry.
    fn only(&mut self, plan: &mut Plan) {
        if self.options.only.is_empty() {
            return;
        }
        let words = |scenario: &Scenario| -> Vec<String> {
            let file = self.file.scenarios.get();
            let file = file.and_then(|table| table.iter().find(|(at, _)| at.value == scenario.name));
            let tags = file.and_then(|(_, scenario)| scenario.tags.get());
            let tags = tags.into_iter().flat_map(|tags| tags.0.iter().map(|tag| tag.value.0.clone()));
            let labels = scenario.conditions.iter().filter_map(|rule| rule.requirement.clone());
            let own = std::iter::once(scenario.name.clone()).chain(scenario.requirements.clone());
            own.chain(tags).chain(labels).collect()
        };
        let known: Vec<Vec<String>> = plan.scenarios.iter().map(|scenario| words(scenario)).collect();
        let only = &self.options.only;
        let unknown: Vec<Diagnostic> = only
            .iter()
            .filter(|wanted| !known.iter().flatten().any(|word| word == *wanted))
            .map(|wanted| {
                let all: BTreeSet<&str> = known.iter().flatten().map(String::as_str).collect();
                let help = instead(wanted, all);
                let message = format!("the suite has no scenario, tag or requirement `{wanted}`");
                Diagnostic::without_place(message).help(help)
            })
            .collect();
        let mut keep = known.iter().map(|words| words.iter().any(|word| only.contains(word)));
        plan.scenarios.retain(|_| keep.next().unwrap_or(true));
        self.errors.extend(unknown);
    }

    fn known_of_user(&self) -> Known {
        let mut known = Known::of_user(&self.vars);
        for (name, data) in self.data.iter().filter(|(name, _)| !known::TAKEN.contains(&name.as_str())) {
            known.add(name, data.as_ref().map_or(known::Fields::Any, |data| data.fields.clone()));
        }
        known
    }

    fn place(&self, span: Span) -> loadgate_report::model::Place {
        self.sources.place(span)
    }
}

/// An object of these values, for `vars`.
fn object(pairs: impl Iterator<Item = (String, Value)>) -> Value {
    super::json::object(pairs.map(|(name, value)| (Value::from(name), value)).collect())
}

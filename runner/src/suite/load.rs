//! Loads a suite: reads the file, decodes and decides it, and tells everything that is wrong with it at once.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::decide::{self, Preparations, Variables};
use super::diagnostics::{Diagnostic, Diagnostics};
use super::file::{Decode as _, Decoder, SuiteFile};
use super::include;
use super::node;
use super::plan::Plan;
use super::prepare::Preparation;
use super::source::Sources;

/// What the command line says about a suite.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// `--set NAME=VALUE`, in order.
    pub set: Vec<(String, String)>,
    /// `--full`: the long side of every `{ short: X, full: Y }`.
    pub full: bool,
    /// `--seed`; without it [`LoadOptions::DEFAULT_SEED`], so that runs make the same choices and can be compared.
    pub seed: Option<u64>,
    /// `--only`: names, tags or requirements of scenarios; empty for all.
    pub only: Vec<String>,
    /// The environment that `${NAME}` reads.
    pub environment: BTreeMap<String, String>,
}

impl LoadOptions {
    /// The seed of runs without `--seed`.
    pub const DEFAULT_SEED: u64 = 1;

    /// The environment of this process; what is no Unicode is left out.
    pub fn process_environment() -> BTreeMap<String, String> {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }
}

/// Loads a suite from a file. Paths in it start from its folder.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(path: &Utf8Path, options: &LoadOptions) -> Result<Plan, Diagnostics> {
    let text = fs_err::read_to_string(path).map_err(|error| {
        let diagnostic = match error.kind() {
            std::io::ErrorKind::NotFound => Diagnostic::without_place(format!("there is no file {path}"))
                .help("name a suite, or write a first one with `loadgate init`"),
            std::io::ErrorKind::InvalidData => Diagnostic::without_place(format!("{path} is no UTF-8 text")),
            _ => Diagnostic::without_place(format!("cannot read {path}: {error}")),
        };
        Diagnostics::new(Sources::default(), vec![diagnostic])
    })?;
    load_text(path.as_str(), &text, path.parent().unwrap_or(Utf8Path::new("")), options)
}

/// Loads a suite from its text. `file_name` is for messages; paths in it start from `base`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load_text(
    file_name: &str,
    text: &str,
    base: &Utf8Path,
    options: &LoadOptions,
) -> Result<Plan, Diagnostics> {
    let mut sources = Sources::default();
    let file = sources.add(file_name, text.strip_prefix('\u{feff}').unwrap_or(text), base);
    let mut tree = match node::parse(&sources, file) {
        Ok(tree) => tree,
        Err(error) => return Err(Diagnostics::new(sources, vec![error])),
    };
    let mut errors = Vec::new();
    include::add_included(&mut tree, &mut sources, &mut errors);
    let mut preparation = Preparation {
        environment: &options.environment,
        full: options.full,
        sources: &sources,
        errors,
        secrets: Vec::new(),
    };
    preparation.suite(&mut tree);
    let (mut errors, secrets) = (preparation.errors, preparation.secrets);
    let variables = Variables::read(&tree, &options.set, &mut errors);
    let mut decoder = Decoder { errors, vars: variables.scope() };
    let suite = SuiteFile::decode(&tree, &mut decoder);
    let mut errors = decoder.errors;
    let plan = suite.and_then(|suite| {
        let given = Preparations { sources: &sources, options, variables, secrets };
        let (plan, wrong) = decide::decide(&suite, given);
        errors.extend(wrong);
        plan
    });
    match plan {
        Some(plan) if errors.is_empty() => Ok(plan),
        _ if errors.is_empty() => {
            // Every way to have no plan records why; a suite that shows otherwise deserves a report.
            let unexplained =
                Diagnostic::without_place("the suite cannot be decided, and no reason was recorded");
            Err(Diagnostics::new(sources, vec![unexplained.help("please report this as a bug")]))
        }
        _ => Err(Diagnostics::new(sources, errors)),
    }
}

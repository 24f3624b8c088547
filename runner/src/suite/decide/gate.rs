//! The settings of the comparison with earlier runs: each names figures that are judged there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use loadgate_report::figure::{self, Figure, Names};
use loadgate_report::judge::{Better, Policy};
use loadgate_report::quantity::{Quantity, Unit};

use super::Decider;
use super::scenario::names_of;
use crate::suite::diagnostics::{Diagnostic, list};
use crate::suite::file::{At, BetterFile, GateFile, Table};
use crate::suite::plan::{Gate, Scenario};

const COUNT: &str = "counts follow the load";

/// Figures that are compared and that no setting makes gate, why, and what to write instead.
const SHOWN_ONLY: &[(&str, &str, &str)] = &[
    ("requests", COUNT, "gate `throughput`, or write a condition such as `requests == 20`"),
    ("ok", COUNT, "gate `error_rate` and `refusal_rate`, or write a condition such as `ok >= 20`"),
    ("refused", COUNT, "gate `refusal_rate`, or write a condition such as `refused == 0`"),
    ("failed", COUNT, "gate `error_rate`, or write a condition such as `failed == 0`"),
    (
        "memory.growth",
        "it can be 0 or less, where a relative change says nothing",
        "gate `memory.slope` or `memory.peak`, or write a condition such as `memory.growth < 50MB`",
    ),
    ("capacity", "a search ends at another level each time", "write a condition such as `capacity >= 50`"),
];

impl Decider<'_> {
    pub(super) fn gate(&mut self, file: &GateFile, scenarios: &[Option<Arc<Scenario>>]) -> Gate {
        let mut names = Names::default();
        for scenario in scenarios.iter().flatten() {
            let own = names_of(scenario, &self.probes);
            names.steps.extend(own.steps);
            names.classes.extend(own.classes);
            names.counters.extend(own.counters);
            names.probes.extend(own.probes);
            names.searches |= own.searches;
        }
        let all_known = scenarios.iter().all(Option::is_some);
        let tolerance = self.by_figure(file.tolerance.get(), &names, all_known, |_, _, quantity| {
            let Quantity { value, unit } = quantity.value;
            match unit {
                Unit::Count if value > 1.0 => {
                    let message = format!("{value} is {} %; write `{value}%`", value * 100.0);
                    Err(Diagnostic::new(quantity.span, message))
                }
                Unit::Ratio | Unit::Count if value >= 0.0 => Ok(value),
                _ => Err(Diagnostic::new(quantity.span, "a tolerance is a share, such as 10%")),
            }
        });
        let gates = |figure: &str| {
            // A tolerance that is wrong was complained of, and is one all the same.
            let mut asked = file.tolerance.get().into_iter().flat_map(|table| &table.entries);
            file.tolerance.is_invalid()
                || asked.any(|(name, _)| name.value == figure)
                || Policy::default().rule(figure).gated()
        };
        let floor = self.by_figure(file.floor.get(), &names, all_known, |name, figure, quantity| {
            let Quantity { value, unit } = quantity.value;
            let same = figure.unit() == unit
                || (unit == Unit::Count && !matches!(figure.unit(), Unit::Ms | Unit::Bytes));
            if !same || value < 0.0 {
                return Err(Diagnostic::new(quantity.span, "this is not the figure's unit"));
            }
            if !gates(&name.value) {
                let message = format!("a floor alone does not make `{}` gate", name.value);
                let help = "name it under `tolerance` too; without one it is compared for show only";
                return Err(Diagnostic::new(name.span, message).help(help));
            }
            Ok(value)
        });
        let better = self.by_figure(file.better.get(), &names, all_known, |name, _, way| {
            if is_the_suites_affair(&name.value) {
                return Ok(match way {
                    BetterFile::Higher => Better::Higher,
                    BetterFile::Lower => Better::Lower,
                    BetterFile::Neither => Better::Neither,
                });
            }
            let always = match Policy::default().rule(&name.value).better {
                Better::Higher => "higher",
                Better::Lower | Better::Neither => "lower",
            };
            let message = format!("`{}` is better where it is {always}, in every suite", name.value);
            let open: BTreeSet<String> =
                figure::main_names(&names).filter(|name| is_the_suites_affair(name)).collect();
            let help = format!("it can be said of {}", list(open.iter().map(String::as_str)));
            Err(Diagnostic::new(name.span, message).help(help))
        });
        let budget = self.positive(file.budget.get(), "nothing can be confirmed within no time");
        Gate { tolerance, floor, better, budget }
    }

    /// The entries whose figure is judged between runs, as `check` decides them.
    fn by_figure<T, D>(
        &mut self,
        table: Option<&Table<T>>,
        names: &Names,
        all_known: bool,
        check: impl Fn(&At<String>, &Figure, &T) -> Result<D, Diagnostic>,
    ) -> BTreeMap<String, D> {
        let mut by_figure = BTreeMap::new();
        for (name, value) in table.into_iter().flat_map(|table| table.iter()) {
            let decided = match Figure::parse(&name.value, names) {
                Ok(figure) => must_be_judged(name, names).and_then(|()| check(name, &figure, value)),
                Err(error) if all_known => {
                    Err(Diagnostic::new(name.span, error.to_string()).help(error.help))
                }
                Err(_) => continue,
            };
            match decided {
                Ok(value) => {
                    by_figure.insert(name.value.clone(), value);
                }
                Err(diagnostic) => self.error(diagnostic),
            }
        }
        by_figure
    }
}

/// The mistake where a figure is never judged between runs: a setting for it would promise what does not hold.
fn must_be_judged(name: &At<String>, names: &Names) -> Result<(), Diagnostic> {
    let figure = name.value.as_str();
    if let Some((_, why, help)) = SHOWN_ONLY.iter().find(|(shown, ..)| *shown == figure) {
        let message = format!("`{figure}` is compared for show only: {why}");
        return Err(Diagnostic::new(name.span, message).help(*help));
    }
    if !figure::main_names(names).any(|known| known == figure) {
        let message = format!("`{figure}` is not compared between runs");
        let help = "judge it by a condition; what is compared is listed in docs/method.md";
        return Err(Diagnostic::new(name.span, message).help(help));
    }
    Ok(())
}

/// Whether only the suite knows which way a figure is better: what its counters count, and whether it wants refusals.
fn is_the_suites_affair(figure: &str) -> bool {
    figure == "refusal_rate" || figure.ends_with(".rate")
}

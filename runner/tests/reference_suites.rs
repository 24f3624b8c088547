//! The suites of the reference services can be read, in both lengths, and judge what the services' faults break.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use loadgate::suite::plan::Plan;
use loadgate::suite::{self, LoadOptions};

fn suites() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../suites")
}

fn load(file: &Utf8Path, full: bool) -> Plan {
    suite::load(file, &LoadOptions { full, ..LoadOptions::default() })
        .unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn every_suite_can_be_read_in_both_lengths() {
    let mut count = 0;
    for entry in suites().read_dir_utf8().expect("the folder is part of the repository") {
        let path = entry.expect("it can be listed").path().to_owned();
        if path.extension() == Some("yml") {
            load(&path, false);
            load(&path, true);
            count += 1;
        }
    }
    assert!(count >= 6, "{count} suites");
}

#[test]
fn every_scenario_and_every_critical_condition_has_its_requirement() {
    for service in loadgate_services::all() {
        let plan = load(&suites().join(format!("{}.yml", service.name)), false);
        assert_eq!(plan.name, service.name);
        for scenario in &plan.scenarios {
            assert!(!scenario.requirements.is_empty(), "{}: {}", plan.name, scenario.name);
            for rule in &scenario.conditions {
                assert!(rule.requirement.is_some(), "{}: {}", plan.name, rule.condition.text);
            }
        }
    }
}

/// A fault whose requirements no condition carries could not be found for the right reason.
#[test]
fn every_requirement_of_a_fault_has_a_condition() {
    for service in loadgate_services::all() {
        let plan = load(&suites().join(format!("{}.yml", service.name)), false);
        let rules = plan.scenarios.iter().flat_map(|scenario| &scenario.conditions);
        let labels: BTreeSet<&str> = rules.filter_map(|rule| rule.requirement.as_deref()).collect();
        for fault in service.faults {
            for number in fault.requirements {
                assert!(
                    labels.contains(number),
                    "{} {}: no condition carries {number}",
                    plan.name,
                    fault.name
                );
            }
        }
    }
}

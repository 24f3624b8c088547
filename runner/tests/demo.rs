//! The reference services under their suites: green when healthy, red for the right reason with each fault.

mod common;

use common::{Place, lines, quiet_machine};
use loadgate_report::Verdict;
use loadgate_report::model::FindingKind;

#[test]
fn the_healthy_demo_passes_and_leaves_all_files() {
    let _lock = quiet_machine();
    let place = Place::new();
    let ran = place.undisturbed(&["demo", "--mode", "off"]);
    ran.ends_with(0).says(&["pass", "report.html"]);
    let report = place.report();
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(report.scenarios.iter().all(|scenario| scenario.requests > 0));
    for file in ["report.json", "report.html", "summary.md", "junit.xml"] {
        assert!(place.path().join("loadgate-report").join(file).is_file(), "{file}");
    }
}

/// Runs the demo with a fault. The finding must name the tier, the condition and a requirement that the fault breaks.
fn is_found(service: &str, fault: &str) {
    let _lock = quiet_machine();
    let info = loadgate_services::find(service).expect("the service is one of ours");
    let info =
        info.faults.iter().find(|known| known.name == fault).expect("the fault is one of the service's");
    let place = Place::new();
    let ran = place.undisturbed(&["demo", service, "--fault", fault]);
    let is_crash = fault.starts_with("crash") || fault.starts_with("connection");
    let is_right_code = ran.code == Some(1) || is_crash && ran.code == Some(3);
    assert!(is_right_code, "{fault}: exit {:?}\n{}", ran.code, ran.said());
    let report = place.report();
    let found = report.findings.iter().find(|finding| {
        let is_red = matches!(finding.verdict, Verdict::Fail | Verdict::Invalid);
        let is_ours =
            finding.requirement.as_deref().is_some_and(|number| info.requirements.contains(&number));
        let is_named = finding.condition.is_some() || finding.kind == FindingKind::Target;
        is_red && is_ours && is_named && finding.scenario.is_some()
    });
    let Some(found) = found else {
        panic!("{fault}: no finding on {:?}:\n{}", info.requirements, lines(&report.findings));
    };
    let scenario = found.scenario.as_deref().expect("findings without a scenario were left out");
    ran.says(&[scenario, &found.message]);
}

/// One test per fault, and one that none is left out.
macro_rules! faults {
    ($service:literal, $module:ident: $($test:ident = $fault:literal),+ $(,)?) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    super::is_found($service, $fault);
                }
            )+

            #[test]
            fn each_fault_has_its_test() {
                let info = loadgate_services::find($service).expect("the service is one of ours");
                let listed: Vec<_> = info.faults.iter().map(|fault| fault.name).collect();
                assert_eq!(listed, [$($fault),+]);
            }
        }
    };
}

faults!("cached-chat", cached_chat:
    fault_cache_off = "cache-off",
    fault_ttl_too_short = "ttl-too-short",
    fault_key_includes_context = "key-includes-context",
    fault_cached_flag_lies = "cached-flag-lies",
    fault_serial_processing = "serial-processing",
    fault_crash_at_15_users = "crash-at-15-users",
    fault_connection_pool_exhausted = "connection-pool-exhausted",
    fault_errors_2_percent = "errors-2-percent",
    fault_slow_tail = "slow-tail",
    fault_stalls = "stalls",
    fault_queue_never_drains = "queue-never-drains",
);

//! How soon a large page is there. Figures to look at; how fast a machine is decides no test.
//!
//! `cargo test -p xtask --test page -- --ignored --nocapture speed`

use serde_json::{Value, json};

use super::{Look, Tab, builder, quiet, written};

/// Notes when the interactive page has taken over, and when the browser was free again after that.
const WATCH: &str = "\
new MutationObserver((_, watch) => {
  if (document.querySelector('#loadgate-static') || !document.querySelector('#loadgate-app main')) return;
  watch.disconnect();
  window.taken = performance.now();
  requestAnimationFrame(() => setTimeout(() => { window.free = performance.now(); }));
}).observe(document, { childList: true, subtree: true });";

/// Time of an action until the browser has drawn what came of it.
fn timed(tab: &mut Tab, action: &str) -> f64 {
    let script = format!(
        "(async () => {{ const from = performance.now(); {action};
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            return performance.now() - from; }})()"
    );
    tab.eval(&script).as_f64().unwrap()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
#[ignore = "needs Chromium"]
fn fifty_scenarios_of_twenty_steps_are_no_burden() {
    let file = written("wide", &builder::wide(50, 20));
    let size = std::fs::metadata(&file).unwrap().len();
    let mut figures: Vec<(String, Vec<f64>)> = Vec::new();
    for _ in 0..7 {
        let mut tab = Tab::open_with(&file, "", Look::default(), Some(WATCH));
        tab.interactive();
        tab.until("window.free > 0");
        let at = |tab: &mut Tab, what: &str| tab.eval(what).as_f64().unwrap_or(f64::NAN);
        let mark = |name: &str| format!("performance.getEntriesByName('{name}')[0]?.startTime");
        let processor: Value = tab.call("Performance.getMetrics", json!({}));
        let spent = |name: &str| {
            let all = processor["metrics"].as_array().unwrap();
            all.iter().find(|m| m["name"] == name).unwrap()["value"].as_f64().unwrap() * 1000.0
        };
        let seen = [
            ("first paint", at(&mut tab, &mark("first-contentful-paint"))),
            ("unpacking from", at(&mut tab, &mark("loadgate-begin"))),
            ("unpacked", at(&mut tab, &mark("loadgate-unpacked"))),
            ("interactive", at(&mut tab, "window.taken")),
            ("free after it", at(&mut tab, "window.free")),
            ("processor time of the page's thread", spent("TaskDuration")),
            ("of it scripts", spent("ScriptDuration")),
            ("of it layout", spent("LayoutDuration")),
            ("of it style", spent("RecalcStyleDuration")),
            (
                "sorting",
                timed(&mut tab, "document.querySelector('#scenarios-table th:nth-child(4) button').click()"),
            ),
            ("opening", timed(&mut tab, "document.querySelector('details.scenario.pass summary').click()")),
            (
                "searching",
                timed(
                    &mut tab,
                    "{ const s = document.querySelector('#search'); s.value = 'scenario 1';
                s.dispatchEvent(new Event('input', { bubbles: true })); }",
                ),
            ),
        ];
        for (at, (name, value)) in seen.into_iter().enumerate() {
            if figures.len() <= at {
                figures.push((name.to_owned(), Vec::new()));
            }
            figures[at].1.push(value);
        }
        assert_eq!(tab.eval("document.querySelectorAll('details.scenario').length"), 11);
        quiet(&tab, "wide");
    }
    eprintln!("page of {} kB, medians of 7, ms:", size / 1000);
    for (name, values) in figures {
        eprintln!("{:>8.0}  {name}", median(values));
    }
}

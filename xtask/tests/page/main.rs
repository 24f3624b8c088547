//! The report page in a real browser, from a file, as a reviewer opens it.
#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the failure")]

mod browser;
#[path = "../../../report/tests/builder/mod.rs"]
mod builder;
mod lists;
mod numbers;
mod reader;
mod reading;
mod reference;
mod speed;

use std::path::PathBuf;

use browser::{Look, Tab};
use loadgate_report::Report;
use loadgate_report::page::assemble;

const TEMPLATE: &str = include_str!("../../../runner/assets/viewer.html");

/// Writes a report's page; gives the file.
fn written(name: &str, report: &Report) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join(format!("{name}.html"));
    std::fs::write(&path, assemble(TEMPLATE, report)).unwrap();
    path
}

fn fixtures() -> Vec<(&'static str, Report)> {
    vec![
        ("pass", builder::pass()),
        ("fail", builder::fail()),
        ("paired", builder::paired()),
        ("inconclusive", builder::inconclusive()),
        ("one", builder::one()),
        ("interrupted", builder::interrupted()),
        ("empty", builder::empty()),
        ("hostile", builder::with_hostile_text()),
    ]
}

/// Opens everything that is folded, and what is folded inside of that.
fn open_all(tab: &mut Tab) {
    for _ in 0..3 {
        tab.eval("document.querySelectorAll('details:not([open]) > summary').forEach((s) => s.click())");
        tab.eval("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))");
    }
    assert_eq!(tab.eval("document.querySelectorAll('details:not([open])').length"), 0);
}

/// That nothing reaches beyond a screen of 360 but what scrolls by itself.
fn fits(tab: &mut Tab, name: &str) {
    let wide = tab.eval("document.documentElement.scrollWidth").as_f64().unwrap();
    let beyond = tab.eval(
        "[...document.querySelectorAll('body *')]
            .filter((e) => !e.parentElement.closest('.scroll, .hidden, svg') && e.getBoundingClientRect().right > 360.5)
            .slice(0, 5).map((e) => e.outerHTML.slice(0, 160))",
    );
    assert!(
        wide <= 360.0 && beyond == serde_json::json!([]),
        "{name}: {wide} wide on a screen of 360; {beyond}"
    );
}

fn quiet(tab: &Tab, name: &str) {
    assert_eq!(tab.troubles(), Vec::<String>::new(), "{name}");
}

#[test]
#[ignore = "needs Chromium"]
fn takes_over_without_an_error_or_a_request() {
    for (name, report) in fixtures() {
        let mut tab = Tab::open(&written(name, &report), Look::default());
        tab.interactive();
        let verdict = tab.eval("document.querySelector('h1 .badge').textContent");
        assert_eq!(verdict, report.verdict.as_str(), "{name}");
        tab.screenshot(&format!("{name}-light"));
        quiet(&tab, name);
    }
}

#[test]
#[ignore = "needs Chromium"]
fn reads_with_scripts_off() {
    for (name, report) in fixtures() {
        let mut tab = Tab::open(&written(name, &report), Look { scripts: false, ..Look::default() });
        let document = tab.call("DOM.getDocument", serde_json::json!({}));
        let html = tab.call("DOM.getOuterHTML", serde_json::json!({ "nodeId": document["root"]["nodeId"] }));
        let html = html["outerHTML"].as_str().unwrap();
        let body = &html[..html.find("loadgate-report").unwrap()];
        assert!(body.contains(&format!("class=\"badge {}\"", report.verdict)), "{name}");
        if !report.scenarios.is_empty() {
            assert!(body.contains("id=\"scenarios-table\""), "{name}");
        }
        tab.screenshot(&format!("{name}-no-scripts"));
        quiet(&tab, name);
    }
}

#[test]
#[ignore = "needs Chromium"]
fn is_at_home_in_the_dark_and_on_a_phone() {
    for (name, report) in fixtures() {
        let file = written(&format!("home-{name}"), &report);
        let mut tab = Tab::open(&file, Look { dark: true, ..Look::default() });
        tab.interactive();
        // The colours that are seen, not those that are written.
        let light = "(() => { const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);
            return r + g + b > 382; })()";
        assert_eq!(tab.eval(light), false, "{name} is not dark");
        tab.screenshot(&format!("{name}-dark"));
        quiet(&tab, name);

        let mut tab = Tab::open(&file, Look { width: 360, height: 740, ..Look::default() });
        tab.interactive();
        fits(&mut tab, &format!("{name}, as it opens"));
        tab.screenshot(&format!("{name}-phone"));
        // What is folded away has to fit as well, and so has the page before scripts run.
        open_all(&mut tab);
        fits(&mut tab, &format!("{name}, all open"));
        quiet(&tab, name);
        let mut tab = Tab::open(&file, Look { width: 360, height: 740, scripts: false, ..Look::default() });
        let metrics = tab.call("Page.getLayoutMetrics", serde_json::json!({}));
        let wide = metrics["cssContentSize"]["width"].as_f64().unwrap();
        assert!(wide <= 360.0, "{name}, without scripts: the page is {wide} wide on a screen of 360");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn prints_everything() {
    let mut tab = Tab::open(&written("print", &builder::fail()), Look::default());
    tab.interactive();
    let pages =
        |pdf: &[u8]| pdf.windows(12).filter(|w| w.starts_with(b"/Type /Page") && w[11] != b's').count();
    let printed = pages(&tab.pdf("fail"));
    // All five scenarios are opened on paper, also those that are closed on the screen.
    assert!(printed >= 6, "only {printed} pages");
    tab.until(
        "!document.querySelector('#loadgate-static') && !document.querySelector('#loadgate-app').hidden",
    );
    quiet(&tab, "print");
}

#[test]
#[ignore = "needs Chromium"]
fn lives_in_a_sandbox_without_storage_or_address() {
    let page = written("sandboxed", &builder::fail());
    let frame = page.with_file_name("sandbox.html");
    std::fs::write(
        &frame,
        "<iframe sandbox=\"allow-scripts\" src=\"sandboxed.html\" width=1200 height=800></iframe>",
    )
    .unwrap();
    let mut tab = Tab::open(&frame, Look::default());
    tab.enter_frame();
    tab.interactive();
    assert_eq!(tab.eval("window.origin"), "null");
    tab.eval("document.querySelector('#scenarios-table th:nth-child(4) button').click()");
    tab.until("document.querySelector('#scenarios-table tbody th bdi').textContent === 'stress'");
    tab.eval(
        "(() => { const s = [...document.querySelectorAll('.toolbar select')].at(-1);
        s.value = 'dark'; s.dispatchEvent(new Event('change', { bubbles: true })); })()",
    );
    tab.until("document.documentElement.dataset.theme === 'dark'");
    quiet(&tab, "sandbox");
}

#[test]
#[ignore = "needs Chromium"]
fn choices_stand_in_the_address() {
    let file = written("choices", &builder::fail());
    let mut tab = Tab::open(&file, Look::default());
    tab.interactive();
    let first = "document.querySelector('#scenarios-table tbody th bdi').textContent";
    assert_eq!(tab.eval(first), "baseline");
    tab.eval("document.querySelector('#scenarios-table th:nth-child(4) button').click()");
    tab.until(&format!("{first} === 'stress'"));
    tab.eval("document.querySelector('#scenario-light summary').click()");
    tab.until("!!document.querySelector('#scenario-light[open] .charts')");
    tab.eval("document.querySelector('#search').focus()");
    for key in ["s", "t", "r", "e", "s", "s"] {
        tab.key(key);
    }
    tab.until("document.querySelectorAll('#scenarios-table tbody tr').length === 1");
    // The last key may still be on its way: one row is left from the fourth letter on.
    tab.until("location.hash.includes('q=stress&')");
    let hash = tab.eval("location.hash").as_str().unwrap().to_owned();
    assert_eq!(hash, "#&q=stress&toggle=scenario-light&sort=scenarios-table.3.desc");
    quiet(&tab, "choices");

    let mut again = Tab::open_at(&file, &hash, Look::default());
    again.interactive();
    again.until("document.querySelectorAll('#scenarios-table tbody tr').length === 1");
    assert_eq!(again.eval("document.querySelector('#search').value"), "stress");

    let mut linked = Tab::open_at(&file, "#scenario-stress", Look::default());
    linked.interactive();
    linked.until("!!document.querySelector('#scenario-stress[open]') && window.scrollY > 200");
    quiet(&linked, "linked");
}

#[test]
#[ignore = "needs Chromium"]
fn charts_tell_their_numbers() {
    let mut tab = Tab::open(&written("read-out", &builder::fail()), Look::default());
    tab.interactive();
    let out =
        "document.querySelector('#scenario-heavy .chart-box[data-chart=latency] .read-out').textContent";
    tab.eval("document.querySelector('#scenario-heavy .chart-box[data-chart=latency]').focus()");
    tab.key("ArrowRight");
    tab.until(&format!("{out}.includes('p50')"));
    let first = tab.eval(out);
    tab.key("ArrowRight");
    assert_ne!(tab.eval(out), first);
    tab.key("Escape");
    assert_eq!(tab.eval(out), "");
    quiet(&tab, "read-out");
}

#[test]
#[ignore = "needs Chromium and axe-core"]
fn is_accessible() {
    let axe = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).expect("`cargo xtask setup` installs axe-core");
    for (name, report) in fixtures() {
        let mut tab = Tab::open(&written(name, &report), Look::default());
        tab.interactive();
        // All scenarios, and of one all that is folded inside; the tables of the others are made alike.
        for _ in 0..3 {
            tab.eval(
                "document.querySelectorAll('details.scenario:not([open]) > summary, \
                    main > :not(#details) details:not([open]) > summary, \
                    details.scenario.fail details:not([open]) > summary').forEach((s) => s.click())",
            );
            tab.eval("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))");
        }
        assert_eq!(tab.eval("document.querySelectorAll('details.scenario:not([open])').length"), 0);
        tab.eval(&format!("{axe}; true"));
        let violations = |tab: &mut Tab, how: &str, rules: &str| {
            let found = tab.eval(&format!(
                "axe.run(document, {{ runOnly: {rules} }}).then((r) => r.violations.map((v) =>
                    v.id + ': ' + v.help + ' at ' + v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160) + ' // ' + n.failureSummary).join(' | ')))",
            ));
            let found: Vec<String> = serde_json::from_value(found).unwrap();
            assert!(found.is_empty(), "{name}, {how}\n{}", found.join("\n"));
        };
        let all = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";
        violations(&mut tab, "light", all);
        tab.eval("document.documentElement.dataset.theme = 'dark'");
        violations(&mut tab, "dark", all);
        // The rules beside contrast look at markup, which the third theme leaves alone.
        tab.eval("document.documentElement.dataset.theme = 'contrast'");
        violations(&mut tab, "contrast", "['color-contrast']");
        quiet(&tab, name);
    }
}

#[test]
#[ignore = "needs Chromium"]
fn reports_dropped_on_the_page_are_compared() {
    let file = written("drop", &builder::pass());
    let mut older = builder::pass();
    older.run.started_at = "2026-04-01T00:00:00Z".to_owned();
    older.run.id = "20260401T000000Z-1".to_owned();
    let older_json = file.with_file_name("older.json");
    std::fs::write(&older_json, serde_json::to_string(&older).unwrap()).unwrap();
    let mut slower = builder::fail();
    slower.run.started_at = "2026-05-01T00:00:00Z".to_owned();
    let slower_page = written("slower", &slower);

    let mut tab = Tab::open(&file, Look::default());
    tab.interactive();
    tab.choose_files("#compare", &[&older_json]);
    tab.until("document.querySelector('[role=status]')?.textContent.includes('comparison of reports')");
    assert_eq!(tab.eval("document.querySelector('h1 .badge').textContent"), "pass");
    assert!(
        tab.eval("document.querySelector('#comparison').textContent").as_str().unwrap().contains("unchanged")
    );

    tab.choose_files("#compare", &[&older_json, &slower_page]);
    tab.until("document.querySelector('h1 .badge').textContent === 'fail'");
    assert!(tab.eval("document.title").as_str().unwrap().starts_with("fail"));
    tab.screenshot("dropped");

    let picture = file.with_file_name("cat.png");
    std::fs::write(&picture, b"\x89PNG").unwrap();
    tab.choose_files("#compare", &[&picture]);
    tab.until("document.querySelector('[role=status]').textContent.includes('cat.png holds no report')");

    tab.eval("document.querySelector('[role=status] button').click()");
    tab.until("!document.querySelector('[role=status]') && document.querySelector('h1 .badge').textContent === 'pass'");
    quiet(&tab, "drop");
}

#[test]
#[ignore = "needs Chromium"]
fn a_sweep_over_a_chart_zooms_into_time() {
    let mut tab = Tab::open_at(&written("zoom", &builder::fail()), "#scenario-heavy", Look::default());
    tab.interactive();
    let rows = "document.querySelectorAll('#scenario-heavy-failures tbody tr').length";
    assert_eq!(tab.eval(rows), 3);
    tab.eval("document.querySelector('#scenario-heavy [data-chart=requests]').scrollIntoView({ block: 'center', behavior: 'instant' })");
    let at = |tab: &mut Tab, share: f64| {
        let place = tab.eval(&format!(
            "(() => {{ const hits = document.querySelectorAll('#scenario-heavy [data-chart=requests] .hit');
                const box = hits[Math.floor(hits.length * {share})].getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        (place[0].as_f64().unwrap(), place[1].as_f64().unwrap())
    };
    let (from, to) = (at(&mut tab, 0.5), at(&mut tab, 0.75));
    tab.drag(from, to);
    tab.until("location.hash.includes('span=')");
    tab.until(&format!("{rows} < 3"));
    tab.screenshot("fail-zoomed");
    tab.eval("document.querySelector('.zoomed button').click()");
    tab.until(&format!("{rows} === 3"));
    quiet(&tab, "zoom");
}

#[test]
#[ignore = "needs Chromium"]
fn keys_and_files_work() {
    let mut tab = Tab::open(&written("keys", &builder::fail()), Look::default());
    tab.interactive();
    tab.key("?");
    tab.until("document.querySelector('dialog').open");
    tab.screenshot("fail-keys");
    tab.eval("document.querySelector('dialog button').click()");
    tab.until("!document.querySelector('dialog').open");
    tab.key("o");
    tab.until("document.querySelectorAll('details.scenario:not([open])').length === 0");
    tab.key("j");
    tab.until("location.hash.startsWith('#scenario-baseline')");
    tab.key("j");
    tab.until("location.hash.startsWith('#scenario-light')");
    tab.key("c");
    tab.until("document.querySelectorAll('#comparison-table tr.same').length === 0");
    tab.key("d");
    tab.until("document.documentElement.dataset.theme === 'dark'");

    // What is saved goes through a link with a name; it is caught here instead of on the disk.
    tab.eval(
        "window.saved = {}; URL.createObjectURL = (blob) => { window.last = blob; return 'blob:x'; };
        HTMLAnchorElement.prototype.click = function () { window.saved[this.download] = window.last; }; true",
    );
    tab.eval("document.querySelector('[data-action=csv][data-table=scenarios-table]').click()");
    tab.until("'scenarios-table.csv' in saved");
    let csv = tab.eval("saved['scenarios-table.csv'].text()");
    assert!(csv.as_str().unwrap().starts_with("scenario,verdict,users,"), "{csv}");
    for kind in ["svg", "png"] {
        tab.eval(&format!(
            "document.querySelector('#scenario-heavy [data-action={kind}][data-chart=percentiles]').click()"
        ));
        tab.until(&format!("'scenario-heavy-percentiles.{kind}' in saved"));
    }
    let svg = tab.eval("saved['scenario-heavy-percentiles.svg'].text()");
    tab.keep("scenario-heavy-percentiles", "svg", svg.as_str().unwrap().as_bytes());
    let png = tab.eval("saved['scenario-heavy-percentiles.png'].arrayBuffer().then((b) => btoa(String.fromCharCode(...new Uint8Array(b))))");
    tab.keep_base64("scenario-heavy-percentiles", "png", png.as_str().unwrap());
    quiet(&tab, "keys");
}

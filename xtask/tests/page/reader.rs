//! What readers bring along: their systems' wishes, reports of other versions, files that they drop.

use serde_json::json;

use super::{Look, TEMPLATE, Tab, assemble, builder, quiet, written};

fn emulate(tab: &mut Tab, feature: &str, value: &str) {
    let features = json!({ "features": [{ "name": feature, "value": value }] });
    tab.call("Emulation.setEmulatedMedia", features);
}

#[test]
#[ignore = "needs Chromium"]
fn the_readers_system_is_heeded() {
    let mut tab = Tab::open(&written("system", &builder::fail()), Look::default());
    tab.interactive();
    let scrolls = "getComputedStyle(document.documentElement).scrollBehavior";
    emulate(&mut tab, "prefers-reduced-motion", "no-preference");
    assert_eq!(tab.eval(scrolls), "smooth");
    emulate(&mut tab, "prefers-reduced-motion", "reduce");
    assert_eq!(tab.eval(scrolls), "auto");
    let moves = "document.getAnimations().length + [...document.querySelectorAll('*')]
        .filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0).length";
    assert_eq!(tab.eval(moves), 0, "nothing moves by itself");

    // Text that steps back otherwise is as strong as all other, and so are the lines.
    let faint = "(() => { const color = (e) => getComputedStyle(e).color;
        return color(document.querySelector('.quiet')) !== color(document.body)
            || getComputedStyle(document.querySelector('.scroll')).borderTopColor !== color(document.body); })()";
    emulate(&mut tab, "prefers-contrast", "no-preference");
    assert_eq!(tab.eval(faint), true);
    emulate(&mut tab, "prefers-contrast", "more");
    assert_eq!(tab.eval(faint), false);
    tab.screenshot("fail-contrast");
    emulate(&mut tab, "prefers-contrast", "no-preference");
    tab.eval(
        "(() => { const s = [...document.querySelectorAll('.toolbar select')].at(-1);
        s.value = 'contrast'; s.dispatchEvent(new Event('change', { bubbles: true })); })()",
    );
    tab.until("document.documentElement.dataset.theme === 'contrast'");
    assert_eq!(tab.eval(faint), false, "the switch does the same");
    quiet(&tab, "system");
}

#[test]
#[ignore = "needs Chromium"]
fn a_newer_report_is_shown_as_far_as_it_is_understood() {
    let mut json = serde_json::to_value(builder::pass()).unwrap();
    json["schema"] = "loadgate.report/2".into();
    json["constellation"] = json!({ "unknown": [1, 2, 3] });
    json["scenarios"][0]["orbit"] = "unknown".into();
    let page = assemble(TEMPLATE, &builder::pass());
    let (from, to) = (page.find("id=\"loadgate-report\">").unwrap() + 21, page.rfind("</script>").unwrap());
    let end = from + page[from..to].find("</script>").unwrap();
    let file = written("newer", &builder::pass());
    std::fs::write(&file, [&page[..from], &json.to_string(), &page[end..]].concat()).unwrap();
    let mut tab = Tab::open(&file, Look::default());
    tab.interactive();
    let notes = tab.eval("document.querySelector('#loadgate-app .notes').textContent");
    assert!(notes.as_str().unwrap().contains("loadgate.report/2"), "{notes}");
    assert_eq!(tab.eval("document.querySelectorAll('#loadgate-app details.scenario').length"), 5);
    quiet(&tab, "newer");

    // A value that this version does not know: the page stays as the newer runner wrote it, and says so.
    json["scenarios"][0]["verdict"] = "splendid".into();
    std::fs::write(&file, [&page[..from], &json.to_string(), &page[end..]].concat()).unwrap();
    let mut tab = Tab::open(&file, Look::default());
    tab.until("!!document.querySelector('#loadgate-static .problem')");
    let told = tab.eval("document.querySelector('#loadgate-static .problem').textContent");
    assert!(told.as_str().unwrap().contains("splendid"), "{told}");
    assert_eq!(tab.eval("document.querySelectorAll('#loadgate-static details.scenario').length"), 5);
    quiet(&tab, "unknown");
}

#[test]
#[ignore = "needs Chromium"]
fn a_file_can_be_dropped_anywhere() {
    let mut tab = Tab::open(&written("dropped", &builder::pass()), Look::default());
    tab.interactive();
    let mut older = builder::fail();
    older.run.started_at = "2026-04-01T00:00:00Z".to_owned();
    let text = serde_json::to_string(&older).unwrap();
    tab.eval(&format!(
        "(() => {{ const files = new DataTransfer();
            files.items.add(new File([JSON.stringify({text})], 'older.json'));
            document.querySelector('#findings').dispatchEvent(
                new DragEvent('drop', {{ dataTransfer: files, bubbles: true, cancelable: true }})); }})()"
    ));
    tab.until("document.querySelector('[role=status]')?.textContent.includes('comparison of reports')");
    let changed = tab.eval("document.querySelectorAll('#comparison-table tbody tr').length");
    assert!(changed.as_u64().unwrap() > 10, "{changed} figures are compared");
    quiet(&tab, "dropped");
}

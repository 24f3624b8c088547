//! Reports whose every text wants to be something else.

use loadgate_report::Report;

use super::fail;

/// Text that must never become markup, a formula, a line break or a layout.
pub fn hostile() -> Vec<String> {
    vec![
        "</script><script>alert(1)</script>".to_owned(),
        "<img src=x onerror=alert(1)>".to_owned(),
        "\u{2028}\u{2029} \"quoted\" & 'single' <!--loadgate:data-->".to_owned(),
        "\u{202e}right to left \u{5e9}\u{5dc}\u{5d5}\u{5dd}".to_owned(),
        "🧨👩‍👩‍👧‍👦 {{ user.id }} ${{ github.token }}".to_owned(),
        "=cmd|' /C calc'!A0".to_owned(),
        format!("long{}", "x".repeat(10_000)),
        "::error file=x::injected\n# heading | cell | @all".to_owned(),
    ]
}

/// Hostile text in every field that holds text; equal texts stay equal, so that references still lead somewhere.
pub fn with_hostile_text() -> Report {
    let mut json = serde_json::to_value(fail()).expect("a report is JSON");
    spoil(&mut json, "", &hostile());
    serde_json::from_value(json).expect("only free text was changed")
}

/// Fields whose text is one of a closed set.
const CLOSED: &[&str] = &["schema", "verdict", "kind", "level", "unit", "mode", "status", "outcome", "over"];

fn spoil(value: &mut serde_json::Value, key: &str, hostile: &[String]) {
    use serde_json::Value;
    let instead = |text: &str| hostile[text.bytes().map(usize::from).sum::<usize>() % hostile.len()].clone();
    match value {
        Value::String(text) if !CLOSED.contains(&key) => *text = instead(text),
        Value::Array(items) => items.iter_mut().for_each(|item| spoil(item, "", hostile)),
        Value::Object(map) => {
            for (key, item) in map.iter_mut() {
                spoil(item, key, hostile);
            }
            // Maps whose keys are free text.
            if key == "variables" || key == "figures" {
                let old = std::mem::take(map);
                map.extend(old.into_iter().map(|(key, item)| (instead(&key), item)));
            }
        }
        _ => {}
    }
}

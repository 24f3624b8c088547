//! The controls above the report.

use loadgate_report::page::View;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::{Callback, Html, InputEvent, TargetCast, html};

use crate::app::Msg;
use crate::page::read_files;
use crate::{hash, theme};

/// What can be saved: id and words.
const EXPORTS: [(&str, &str); 4] = [
    ("json", "Report as JSON"),
    ("csv", "Scenarios as CSV"),
    ("comparison", "Comparison as CSV"),
    ("markdown", "Copy scenarios as Markdown"),
];

/// Draws the controls.
pub(crate) fn toolbar(view: &View, compared: bool, send: &Callback<Msg>) -> Html {
    let on_search =
        send.reform(|e: InputEvent| Msg::Search(e.target_unchecked_into::<HtmlInputElement>().value()));
    let on_verdict = send.reform(|e: yew::Event| {
        Msg::Verdict(hash::verdict(&e.target_unchecked_into::<HtmlSelectElement>().value()))
    });
    let on_export = send.reform(|e: yew::Event| {
        let select = e.target_unchecked_into::<HtmlSelectElement>();
        let wanted = select.value();
        select.set_value("");
        Msg::Export(wanted)
    });
    let on_theme =
        send.reform(|e: yew::Event| Msg::Theme(e.target_unchecked_into::<HtmlSelectElement>().value()));
    let on_files = {
        let send = send.clone();
        yew::Callback::from(move |e: yew::Event| {
            let input = e.target_unchecked_into::<HtmlInputElement>();
            if let Some(files) = input.files() {
                let send = send.clone();
                read_files(&files, move |files| send.emit(Msg::Files(files)));
            }
            // The same file again is a new wish.
            input.set_value("");
        })
    };
    let chosen = view.verdict.map(|v| v.as_str()).unwrap_or_default();
    let theme = theme::chosen();
    let verdicts = ["fail", "invalid", "inconclusive", "pass"];
    let check = |on: bool, msg: Msg, words: &'static str| {
        let onchange = send.reform(move |_: yew::Event| msg.clone());
        html! { <label class="check"><input type="checkbox" checked={on} {onchange} />{ words }</label> }
    };
    html! {
        <form class="toolbar" role="search" onsubmit={|e: yew::SubmitEvent| e.prevent_default()}>
            <label class="search">
                <span class="hidden">{ "Search scenarios, steps and findings" }</span>
                <input type="search" id="search" placeholder="Search" value={view.search.clone()} oninput={on_search} />
            </label>
            <label><span class="hidden">{ "Verdict" }</span>
                <select onchange={on_verdict}>
                    <option value="" selected={chosen.is_empty()}>{ "all verdicts" }</option>
                    { for verdicts.map(|v| html! { <option value={v} selected={chosen == v}>{ v }</option> }) }
                </select>
            </label>
            if compared {
                { check(!view.no_baseline, Msg::Baseline, "baseline") }
                { check(view.only_changed, Msg::OnlyChanged, "only what changed") }
            }
            <span class="gap"></span>
            <label class="file" title="Compare with one report, or two with each other: report.json or report.html">
                { "Compare…" }
                <input type="file" class="hidden" id="compare" multiple=true accept=".json,.html" onchange={on_files} />
            </label>
            <label><span class="hidden">{ "Save" }</span>
                <select onchange={on_export}>
                    <option value="" selected=true>{ "Save…" }</option>
                    { for EXPORTS.iter().filter(|(id, _)| compared || *id != "comparison")
                        .map(|(id, words)| html! { <option value={*id}>{ *words }</option> }) }
                </select>
            </label>
            <label><span class="hidden">{ "Theme" }</span>
                <select onchange={on_theme}>
                    { for theme::THEMES.map(|(id, words)| html! { <option value={id} selected={theme == id}>{ words }</option> }) }
                </select>
            </label>
            <button type="button" aria-label="Keys" title="Keys" onclick={send.reform(|_: yew::MouseEvent| Msg::Help)}>{ "?" }</button>
        </form>
    }
}

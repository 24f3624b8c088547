//! The app: the report, the reader's choices, and what changes them.

use std::rc::Rc;

use loadgate_report::page::{Page, View};
use loadgate_report::{Report, Verdict};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement};
use yew::{Component, Context, Html, KeyboardEvent, MouseEvent, PointerEvent, Properties, Renderer, html};

use crate::action::{self, Action};
use crate::toolbar::toolbar;
use crate::vdom::vnode;
use crate::{export, hash, page, read_out, theme};

/// Puts the app in place of the pre-rendered page.
pub(crate) fn mount(report: Report, text: String) {
    if let Some(root) = page::root() {
        Renderer::<App>::with_root_and_props(root, Props { report: Rc::new(report), text: Rc::new(text) })
            .render();
    }
}

#[derive(Properties)]
struct Props {
    report: Rc<Report>,
    /// The report as it stands in the page.
    text: Rc<String>,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.report, &other.report)
    }
}

/// What the reader does.
#[derive(Clone, Debug)]
pub(crate) enum Msg {
    Do(Action),
    Search(String),
    Verdict(Option<Verdict>),
    Baseline,
    OnlyChanged,
    Export(String),
    Theme(String),
    Address,
}

struct App {
    view: View,
    section: String,
    /// A section to bring into view after the next drawing.
    reveal: bool,
}

impl Component for App {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let (section, view) = hash::read(&page::hash());
        let link = ctx.link().clone();
        page::on_hash_change(move || link.send_message(Msg::Address));
        let mut app = Self { view, reveal: !section.is_empty(), section };
        app.open_section(ctx);
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Do(Action::Toggle(section)) => {
                if !self.view.toggled.remove(&section) {
                    self.view.toggled.insert(section);
                }
            }
            Msg::Do(Action::Sort { table, column, largest_first }) => {
                let next = match self.view.sorted.get(&table) {
                    Some((at, descending)) if *at == column => (column, !descending),
                    _ => (column, largest_first),
                };
                self.view.sorted.insert(table, next);
            }
            Msg::Do(Action::Go(section)) => {
                self.section = section;
                self.reveal = true;
                self.open_section(ctx);
            }
            Msg::Search(text) => self.view.search = text.to_lowercase(),
            Msg::Verdict(verdict) => self.view.verdict = verdict,
            Msg::Baseline => self.view.no_baseline = !self.view.no_baseline,
            Msg::OnlyChanged => self.view.only_changed = !self.view.only_changed,
            Msg::Theme(name) => theme::choose(&name),
            Msg::Export(what) => {
                export_as(&what, ctx.props(), &self.view);
                return false;
            }
            Msg::Address => {
                let address = page::hash();
                if address.trim_start_matches('#') == hash::write(&self.section, &self.view) {
                    return false;
                }
                (self.section, self.view) = hash::read(&address);
                self.reveal = true;
                self.open_section(ctx);
            }
        }
        page::set_hash(&hash::write(&self.section, &self.view));
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let report = &ctx.props().report;
        let send = ctx.link().callback(|msg: Msg| msg);
        let onclick = ctx.link().batch_callback(|e: MouseEvent| {
            let action = action::of(&e);
            if action.is_some() {
                e.prevent_default();
            }
            action.map(Msg::Do)
        });
        html! {
            <>
                { toolbar(&self.view, report.comparison.is_some(), &send) }
                <main {onclick} onpointermove={|e: PointerEvent| read_out::point(&e)} onkeydown={on_key}>
                    { vnode(Page::new(report, &self.view).render()) }
                </main>
            </>
        }
    }

    fn rendered(&mut self, _: &Context<Self>, first: bool) {
        if first {
            page::take_over();
            page::on_key(shortcut);
        }
        if std::mem::take(&mut self.reveal) {
            page::scroll_to(&self.section);
        }
    }
}

impl App {
    /// Opens the scenario that the address names.
    fn open_section(&mut self, ctx: &Context<Self>) {
        let report = &ctx.props().report;
        let page = Page::new(report, &self.view);
        let closed =
            (0..report.scenarios.len()).find(|at| page.place(*at) == self.section && !page.is_open(*at));
        if closed.is_some() && !self.view.toggled.remove(&self.section) {
            self.view.toggled.insert(self.section.clone());
        }
    }
}

/// Arrow keys on a chart that has the focus.
fn on_key(event: KeyboardEvent) {
    let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    let Some(chart) = target.filter(|t| t.class_list().contains("chart-box")) else { return };
    match event.key().as_str() {
        "ArrowRight" => read_out::step(&chart, true),
        "ArrowLeft" => read_out::step(&chart, false),
        "Escape" => read_out::clear(&chart),
        _ => return,
    }
    event.prevent_default();
}

/// Keys that work anywhere on the page, except while something is typed.
fn shortcut(event: &web_sys::KeyboardEvent) {
    let typing = event.target().is_some_and(|t| t.dyn_ref::<HtmlInputElement>().is_some());
    if typing || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    if event.key() == "/"
        && let Some(search) =
            page::document().get_element_by_id("search").and_then(|e| e.dyn_into::<HtmlElement>().ok())
    {
        drop(search.focus());
        event.prevent_default();
    }
}

fn export_as(what: &str, props: &Props, view: &View) {
    let page = Page::new(&props.report, view);
    match what {
        "json" => export::save("report.json", "application/json", &props.text),
        "csv" => export::save("scenarios.csv", "text/csv;charset=utf-8", &page.scenario_table().csv()),
        "comparison" => {
            export::save("comparison.csv", "text/csv;charset=utf-8", &page.comparison_table().csv())
        }
        "markdown" => export::save("scenarios.md", "text/markdown", &page.scenario_table().markdown()),
        _ => {}
    }
}

//! The app: the report, the reader's choices, and what changes them.

use std::rc::Rc;

use loadgate_report::page::{Page, View, title};
use loadgate_report::{Report, Verdict};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement};
use yew::{Component, Context, Html, KeyboardEvent, MouseEvent, PointerEvent, Properties, Renderer, html};

use crate::action::{self, Action};
use crate::compare::{File, compare};
use crate::toolbar::toolbar;
use crate::vdom::vnode;
use crate::{export, hash, help, page, read_out, theme, zoom};

/// Puts the app in place of the pre-rendered page.
pub(crate) fn mount(report: Report) {
    if let Some(root) = page::root() {
        Renderer::<App>::with_root_and_props(root, Props { report: Rc::new(report) }).render();
    }
}

#[derive(Properties)]
struct Props {
    /// The report that the page carries.
    report: Rc<Report>,
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
    Zoom { section: String, from: f64, to: f64 },
    Key(String),
    Help,
    Files(Vec<File>),
    Back,
    Address,
}

struct App {
    /// What is shown: the page's report, or the one of a comparison made here.
    report: Rc<Report>,
    view: View,
    section: String,
    /// A section to bring into view after the next drawing.
    reveal: bool,
    /// What became of dropped files.
    notice: Option<String>,
}

impl Component for App {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let (section, view) = hash::read(&page::hash());
        let report = ctx.props().report.clone();
        let mut app = Self { report, view, reveal: !section.is_empty(), section, notice: None };
        app.open_section();
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Do(action) => return self.act(action),
            Msg::Search(text) => self.view.search = text.to_lowercase(),
            Msg::Verdict(verdict) => self.view.verdict = verdict,
            Msg::Baseline => self.view.no_baseline = !self.view.no_baseline,
            Msg::OnlyChanged => self.view.only_changed = !self.view.only_changed,
            Msg::Theme(name) => theme::choose(&name),
            Msg::Zoom { section, from, to } => drop(self.view.span.insert(section, (from, to))),
            Msg::Key(key) => return self.key(&key),
            Msg::Help => {
                help::open();
                return false;
            }
            Msg::Export(what) => {
                self.export(&ctx.props().report, &what);
                return false;
            }
            Msg::Files(files) => match compare(&ctx.props().report, &files) {
                Ok(report) => {
                    page::set_title(&title(&report));
                    self.report = Rc::new(report);
                    self.notice = Some("This is a comparison of reports made on this page.".to_owned());
                }
                Err(error) => self.notice = Some(error),
            },
            Msg::Back => {
                self.report = ctx.props().report.clone();
                self.notice = None;
                page::set_title(&title(&self.report));
            }
            Msg::Address => {
                let address = page::hash();
                if address.trim_start_matches('#') == hash::write(&self.section, &self.view) {
                    return false;
                }
                (self.section, self.view) = hash::read(&address);
                self.reveal = true;
                self.open_section();
            }
        }
        self.write_address();
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let onclick = link.batch_callback(|e: MouseEvent| {
            let action = action::of(&e);
            if action.is_some() {
                e.prevent_default();
            }
            action.map(Msg::Do)
        });
        let onpointerup = link.batch_callback(|e: PointerEvent| {
            zoom::end(&e).map(|(section, from, to)| Msg::Zoom { section, from, to })
        });
        let onkeydown = link.batch_callback(on_chart_key);
        let notice = self.notice.as_ref().map(|text| {
            let onclick = link.callback(|_: MouseEvent| Msg::Back);
            html! { <p class="problem" role="status">{ text }{ " " }<button type="button" {onclick}>{ "Back to the report" }</button></p> }
        });
        html! {
            <>
                { toolbar(&self.view, self.report.comparison.is_some(), &link.callback(|msg: Msg| msg)) }
                { for notice }
                <main {onclick} {onpointerup} {onkeydown}
                    onpointerdown={|e: PointerEvent| zoom::begin(&e)}
                    onpointermove={|e: PointerEvent| { read_out::point(&e); zoom::sweep(&e); }}>
                    { vnode(Page::new(&self.report, &self.view).render()) }
                </main>
                { help::dialog() }
            </>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        if first {
            page::take_over();
            let link = ctx.link().clone();
            page::listen("hashchange", move |_| link.send_message(Msg::Address));
            let link = ctx.link().clone();
            page::listen("keydown", move |event| {
                link.send_message_batch(shortcut(event).into_iter().map(Msg::Key).collect())
            });
            let link = ctx.link().clone();
            page::on_files_dropped(move |files| link.send_message(Msg::Files(files)));
        }
        if std::mem::take(&mut self.reveal) {
            page::scroll_to(&self.section);
        }
    }
}

impl App {
    fn write_address(&self) {
        page::set_hash(&hash::write(&self.section, &self.view));
    }

    fn act(&mut self, action: Action) -> bool {
        match action {
            Action::Toggle(section) => self.toggle(section),
            Action::Sort { table, column, largest_first } => {
                let next = match self.view.sorted.get(&table) {
                    Some((at, descending)) if *at == column => (column, !descending),
                    _ => (column, largest_first),
                };
                self.view.sorted.insert(table, next);
            }
            Action::Go(section) => {
                self.section = section;
                self.reveal = true;
                self.open_section();
            }
            Action::ZoomOut(section) => drop(self.view.span.remove(&section)),
            Action::Csv(id) => {
                self.with_table(&id, |table| {
                    export::save(&format!("{id}.csv"), "text/csv;charset=utf-8", &table.csv())
                });
                return false;
            }
            Action::Copy(id) => {
                self.with_table(&id, |table| export::copy(&format!("{id}.md"), &table.markdown()));
                return false;
            }
            Action::Picture { section, chart, png } => {
                let svg = Page::new(&self.report, &self.view).chart_file(&section, &chart);
                let name = format!("{section}-{chart}");
                if let Some(svg) = svg {
                    if png {
                        export::save_png(&name, &svg)
                    } else {
                        export::save(&format!("{name}.svg"), "image/svg+xml", &svg)
                    }
                }
                return false;
            }
        }
        self.write_address();
        true
    }

    fn toggle(&mut self, section: String) {
        if !self.view.toggled.remove(&section) {
            self.view.toggled.insert(section);
        }
    }

    /// Opens the scenario that the address names.
    fn open_section(&mut self) {
        let page = Page::new(&self.report, &self.view);
        let closed =
            (0..self.report.scenarios.len()).any(|at| page.place(at) == self.section && !page.is_open(at));
        if closed {
            self.toggle(self.section.clone());
        }
    }

    /// A key that works anywhere on the page.
    fn key(&mut self, key: &str) -> bool {
        match key {
            "?" => {
                help::open();
                return false;
            }
            "b" => self.view.no_baseline = !self.view.no_baseline,
            "c" => self.view.only_changed = !self.view.only_changed,
            "d" => theme::choose(if theme::is_dark() { "light" } else { "dark" }),
            "j" => self.step(true),
            "k" => self.step(false),
            "o" => self.open_all(),
            _ => return false,
        }
        self.write_address();
        true
    }

    /// Goes to the next scenario, or to the previous one.
    fn step(&mut self, forward: bool) {
        let page = Page::new(&self.report, &self.view);
        let places: Vec<&str> = page.shown_places();
        let at = places.iter().position(|place| *place == self.section);
        let next = match (at, forward) {
            (None, true) => 0,
            (None, false) => places.len().saturating_sub(1),
            (Some(at), true) => (at + 1).min(places.len().saturating_sub(1)),
            (Some(at), false) => at.saturating_sub(1),
        };
        if let Some(place) = places.get(next) {
            self.section = (*place).to_owned();
            self.reveal = true;
            self.open_section();
        }
    }

    /// Opens all scenarios, or closes them where all are open.
    fn open_all(&mut self) {
        let page = Page::new(&self.report, &self.view);
        let all = 0..self.report.scenarios.len();
        let open: Vec<bool> = all.clone().map(|at| page.is_open(at)).collect();
        let wanted = !open.iter().all(|open| *open);
        let places: Vec<String> =
            all.filter(|at| open[*at] != wanted).map(|at| page.place(at).to_owned()).collect();
        places.into_iter().for_each(|place| self.toggle(place));
    }

    fn with_table(&self, id: &str, f: impl FnOnce(&loadgate_report::page::Table)) {
        let tables = Page::new(&self.report, &self.view).tables();
        if let Some(table) = tables.iter().find(|table| table.id == id) {
            f(table);
        }
    }

    fn export(&self, own: &Rc<Report>, what: &str) {
        let page = Page::new(&self.report, &self.view);
        match what {
            "json" => {
                // The page's own report as it was written; a comparison that was made here stands nowhere yet.
                let is_own = Rc::ptr_eq(own, &self.report);
                let json = if is_own { page::data() } else { serde_json::to_string(&*self.report).ok() };
                if let Some(json) = json {
                    export::save("report.json", "application/json", &json);
                }
            }
            "csv" => export::save("scenarios.csv", "text/csv;charset=utf-8", &page.scenario_table().csv()),
            "comparison" => {
                export::save("comparison.csv", "text/csv;charset=utf-8", &page.comparison_table().csv())
            }
            "markdown" => export::copy("scenarios.md", &page.scenario_table().markdown()),
            _ => {}
        }
    }
}

/// Keys on a chart that has the focus.
fn on_chart_key(event: KeyboardEvent) -> Option<Msg> {
    let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    let chart = target.filter(|t| t.class_list().contains("chart-box"))?;
    let mut msg = None;
    match event.key().as_str() {
        "ArrowRight" => read_out::step(&chart, true),
        "ArrowLeft" => read_out::step(&chart, false),
        "Enter" => msg = zoom::around(&chart).map(|(section, from, to)| Msg::Zoom { section, from, to }),
        "Escape" if read_out::is_shown(&chart) => read_out::clear(&chart),
        "Escape" => msg = zoom::section(&chart).map(|section| Msg::Do(Action::ZoomOut(section))),
        _ => return None,
    }
    event.prevent_default();
    msg
}

/// The key of an event that is meant for the whole page: nothing is typed anywhere, and no other key is held.
fn shortcut(event: &web_sys::Event) -> Option<String> {
    let event = event.dyn_ref::<web_sys::KeyboardEvent>()?;
    let target = event.target();
    let types = |t: &web_sys::EventTarget| {
        t.dyn_ref::<HtmlInputElement>().is_some() || t.dyn_ref::<web_sys::HtmlSelectElement>().is_some()
    };
    if target.as_ref().is_some_and(types) || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return None;
    }
    if event.key() == "/" {
        let search =
            page::document().get_element_by_id("search").and_then(|e| e.dyn_into::<HtmlElement>().ok());
        if let Some(search) = search {
            // Focus fails on a page that is being left, where it no longer matters.
            let _ = search.focus();
        }
        event.prevent_default();
        return None;
    }
    Some(event.key())
}

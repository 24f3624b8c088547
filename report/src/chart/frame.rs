//! What all charts share: axes, labels, ways to draw, read-outs.

use std::convert::Infallible;

use plotters::chart::ChartContext;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::element::{Circle, PathElement, Polygon, Text};
use plotters::prelude::{ChartBuilder, IntoDrawingArea, ShapeStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, TextStyle};

use super::ChartStyle;
use super::axis::Axis;
use super::backend::{Ink, SCALE, SvgBackend, px};
use crate::html::{Element, Node, el};

/// Result of a drawing step. Drawing into memory does not fail; plotters' types do not know that.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<Infallible>>;

/// A chart before it is drawn.
pub(super) struct Frame<'s> {
    /// What it shows, for people who do not see it.
    pub(super) about: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) style: &'s ChartStyle,
}

/// A chart while it is drawn.
pub(super) struct Plot<'p> {
    chart: ChartContext<'p, SvgBackend<'p>, Cartesian2d<Axis, Axis>>,
    hits: Vec<Node>,
    read_outs: bool,
}

/// Room for the labels, in user units.
const LEFT: u32 = 56;
const BELOW: u32 = 24;

fn scaled(units: u32) -> u32 {
    units * SCALE as u32
}

fn label_style<'a>(ink: Ink, h: HPos, v: VPos) -> TextStyle<'a> {
    ("sans-serif", f64::from(11 * SCALE)).into_font().color(&ink.color()).pos(Pos::new(h, v))
}

impl Frame<'_> {
    /// Draws the axes and then what `paint` adds.
    pub(super) fn draw(self, paint: &mut dyn FnMut(&mut Plot<'_>) -> Drawn) -> Node {
        let (width, height) = (self.style.width, self.style.height);
        let svg = el("svg")
            .class("chart")
            .attr("viewBox", format!("0 0 {width} {height}"))
            .attr("role", "img")
            .attr("aria-label", self.about.clone());
        let mut shapes = Vec::new();
        let mut hits = Vec::new();
        match self.fill(&mut shapes, &mut hits, paint) {
            Ok(()) => svg.all(shapes).all(hits).into(),
            Err(error) => el("p").with(format!("This chart could not be drawn: {error}.")).into(),
        }
    }

    fn fill<'p>(
        self,
        shapes: &'p mut Vec<Node>,
        hits: &mut Vec<Node>,
        paint: &mut dyn FnMut(&mut Plot<'_>) -> Drawn,
    ) -> Drawn {
        let size = (scaled(self.style.width), scaled(self.style.height));
        let area = SvgBackend { size, out: shapes }.into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin_top(scaled(10))
            .margin_right(scaled(22))
            .x_label_area_size(scaled(BELOW))
            .y_label_area_size(scaled(LEFT))
            .build_cartesian_2d(self.x, self.y)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .max_light_lines(0)
            .light_line_style(Ink::none())
            .bold_line_style(ShapeStyle::from(Ink::Grid.color()).stroke_width(SCALE as u32))
            .axis_style(ShapeStyle::from(Ink::Axis.color()).stroke_width(SCALE as u32))
            .label_style(label_style(Ink::Label, HPos::Left, VPos::Top))
            .set_all_tick_mark_size(3 * SCALE)
            .draw()?;
        let mut plot = Plot { chart, hits: Vec::new(), read_outs: self.style.read_outs };
        paint(&mut plot)?;
        *hits = plot.hits;
        Ok(())
    }
}

impl Plot<'_> {
    /// A line through the points; `width` in tenths of a unit.
    pub(super) fn line(&mut self, points: Vec<(f64, f64)>, ink: Ink, width: u32) -> Drawn {
        let style = ShapeStyle::from(ink.color()).stroke_width(width);
        self.chart.draw_series([PathElement::new(points, style)]).map(drop)
    }

    /// A filled area with these corners.
    pub(super) fn area(&mut self, corners: Vec<(f64, f64)>, ink: Ink) -> Drawn {
        self.chart.draw_series([Polygon::new(corners, ink.color().filled())]).map(drop)
    }

    /// What a figure was before, as a line from `span.0` to `span.1`.
    pub(super) fn level(&mut self, before: Option<f64>, span: (f64, f64)) -> Drawn {
        match before {
            Some(value) => self.line(vec![(span.0, value), (span.1, value)], Ink::Base, 15),
            None => Ok(()),
        }
    }

    /// A dot.
    pub(super) fn dot(&mut self, at: (f64, f64), ink: Ink) -> Drawn {
        self.chart.draw_series([Circle::new(at, 3 * SCALE, ink.color().filled())]).map(drop)
    }

    /// Text that ends at, begins at or stands on a point, moved by whole units.
    pub(super) fn text(&mut self, text: String, at: (f64, f64), side: HPos, moved: (i32, i32)) -> Drawn {
        let style = label_style(Ink::Label, side, VPos::Bottom);
        let moved = (moved.0 * SCALE, moved.1 * SCALE);
        let element = plotters::element::EmptyElement::at(at) + Text::new(text, moved, style);
        self.chart.draw_series([element]).map(drop)
    }

    /// Width of a span of the horizontal axis in user units.
    pub(super) fn width_of(&self, from: f64, to: f64) -> f64 {
        let x = |value: f64| self.chart.backend_coord(&(value, 0.0)).0;
        f64::from(x(to) - x(from)) / f64::from(SCALE)
    }

    /// The span `from` to `to` of the horizontal axis tells `text` when it is pointed at.
    pub(super) fn read_out(&mut self, from: f64, to: f64, at: f64, text: String) {
        self.hits.extend(self.hit(from, to, at, text).map(Node::from));
    }

    /// The same for seconds of the run, which can be zoomed into.
    pub(super) fn read_out_seconds(&mut self, from: f64, to: f64, text: String) {
        let hit = self.hit(from, to, (from + to) / 2.0, text);
        self.hits.extend(
            hit.map(|hit| hit.attr("data-from", from.to_string()).attr("data-to", to.to_string()).into()),
        );
    }

    fn hit(&self, from: f64, to: f64, at: f64, text: String) -> Option<Element> {
        if !self.read_outs {
            return None;
        }
        let x = |value: f64| self.chart.backend_coord(&(value, 0.0)).0;
        let area = self.chart.plotting_area().get_pixel_range();
        let (x0, x1) = (x(from), x(to));
        let hit = el("rect")
            .class("hit")
            .attr("x", px(x0))
            .attr("y", px(area.1.start))
            .attr("width", px((x1 - x0).max(1)))
            .attr("height", px(area.1.end - area.1.start))
            .attr("data-x", px(x(at)))
            .attr("data-read", text);
        Some(hit)
    }
}

/// A swatch with its name.
pub(super) struct Key {
    pub(super) class: &'static str,
    pub(super) text: String,
}

/// Names what the colours of a chart stand for.
pub(super) fn legend(keys: &[Key]) -> Element {
    el("p").class("legend").all(
        keys.iter()
            .map(|key| el("span").with(el("i").class(format!("key {}", key.class))).with(key.text.as_str())),
    )
}

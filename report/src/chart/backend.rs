//! Plotters' drawing calls as elements of SVG.
//!
//! Plotters' own SVG back end writes colours and fonts into each element. Here each call becomes a [`Node`] whose class
//! names what is drawn, and the style sheet decides how it looks in light, dark, high contrast and print. It also never
//! measures text: in Wasm, plotters would do so with a styled element, which the page's content security policy forbids.

use std::convert::Infallible;

use plotters::prelude::{RGBAColor, RGBColor};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use crate::html::{Element, Node, el};

/// Plotters counts in whole pixels; ours are tenths, so that curves are smooth.
pub(super) const SCALE: i32 = 10;

/// What is drawn. Each has a class of the same name in the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Ink {
    Grid,
    Axis,
    Label,
    Now,
    Base,
    Ok,
    Refused,
    Failed,
    Upper,
    Phase,
    Limit,
}

const INKS: &[(Ink, &str)] = &[
    (Ink::Grid, "grid"),
    (Ink::Axis, "axis"),
    (Ink::Label, "label"),
    (Ink::Now, "now"),
    (Ink::Base, "base"),
    (Ink::Ok, "ok"),
    (Ink::Refused, "refused"),
    (Ink::Failed, "failed"),
    (Ink::Upper, "upper"),
    (Ink::Phase, "phase"),
    (Ink::Limit, "limit"),
];

impl Ink {
    /// The colour that carries it through plotters.
    pub(super) const fn color(self) -> RGBColor {
        RGBColor(0, 0, self as u8)
    }

    /// A colour that nothing is drawn for.
    pub(super) const fn none() -> RGBAColor {
        RGBAColor(0, 0, 0, 0.0)
    }

    fn class(color: BackendColor) -> &'static str {
        INKS.iter().find(|(ink, _)| *ink as u8 == color.rgb.2).map_or("label", |(_, class)| class)
    }
}

/// Collects what plotters draws.
pub(super) struct SvgBackend<'a> {
    pub(super) size: (u32, u32),
    pub(super) out: &'a mut Vec<Node>,
}

type Done = Result<(), DrawingErrorKind<Infallible>>;

/// A length in user units, without needless digits.
pub(super) fn px(tenths: i32) -> String {
    let (whole, part) = (tenths / SCALE, (tenths % SCALE).abs());
    let sign = if tenths < 0 && whole == 0 { "-" } else { "" };
    if part == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

impl SvgBackend<'_> {
    fn push(
        &mut self,
        color: BackendColor,
        filled: bool,
        width: u32,
        element: impl FnOnce(Element) -> Element,
        tag: &'static str,
    ) -> Done {
        if color.alpha > 0.0 {
            let class = format!("{} {}", if filled { "f" } else { "s" }, Ink::class(color));
            let mut shape = element(el(tag).class(class));
            if !filled && width != SCALE as u32 {
                shape = shape.attr("stroke-width", px(width as i32));
            }
            self.out.push(shape.into());
        }
        Ok(())
    }
}

/// The `d` attribute of a path; relative and without spaces where possible, since pages hold many of them.
fn path(points: impl IntoIterator<Item = BackendCoord>, close: bool) -> String {
    let mut d = String::new();
    let mut last: Option<BackendCoord> = None;
    for (x, y) in points {
        match last {
            None => d.push_str(&format!("M{} {}", px(x), px(y))),
            Some((x0, y0)) if x == x0 && y == y0 => continue,
            Some((x0, y0)) if y == y0 => d.push_str(&format!("h{}", px(x - x0))),
            Some((x0, y0)) if x == x0 => d.push_str(&format!("v{}", px(y - y0))),
            Some((x0, y0)) => d.push_str(&format!("l{} {}", px(x - x0), px(y - y0))),
        }
        last = Some((x, y));
    }
    if close {
        d.push('z');
    }
    d
}

impl DrawingBackend for SvgBackend<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        Ok(())
    }

    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Done {
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Done {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        a: BackendCoord,
        b: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Done {
        let corners = [a, (b.0, a.1), b, (a.0, b.1)];
        self.push(style.color(), fill, style.stroke_width(), |e| e.attr("d", path(corners, true)), "path")
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Done {
        self.push(style.color(), false, style.stroke_width(), |e| e.attr("d", path(points, false)), "path")
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Done {
        let circle =
            |e: Element| e.attr("cx", px(center.0)).attr("cy", px(center.1)).attr("r", px(radius as i32));
        self.push(style.color(), fill, style.stroke_width(), circle, "circle")
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Done {
        self.push(style.color(), true, 0, |e| e.attr("d", path(points, true)), "path")
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Done {
        let anchor = style.anchor();
        let shift = match anchor.v_pos {
            VPos::Top => Some(".8em"),
            VPos::Center => Some(".35em"),
            VPos::Bottom => None,
        };
        let side = match anchor.h_pos {
            HPos::Left => None,
            HPos::Center => Some("middle"),
            HPos::Right => Some("end"),
        };
        let label = |e: Element| {
            e.attr("x", px(at.0)).attr("y", px(at.1)).maybe("dy", shift).maybe("text-anchor", side).with(text)
        };
        self.push(style.color(), true, 0, label, "text")
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        // A digit of the usual sans-serif fonts is 0.56 em wide.
        let em = style.size();
        Ok(((em * 0.56 * text.chars().count() as f64) as u32, em as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short() {
        assert_eq!([0, 10, 15, -15, -5, 1234].map(px), ["0", "1", "1.5", "-1.5", "-0.5", "123.4"]);
    }

    #[test]
    fn paths_are_relative() {
        assert_eq!(path([(0, 0), (10, 0), (10, 0), (10, 25), (0, 0)], true), "M0 0h1v2.5l-1 -2.5z");
    }

    #[test]
    fn every_ink_has_its_class() {
        for (at, (ink, _)) in INKS.iter().enumerate() {
            assert_eq!(*ink as usize, at);
        }
    }
}

//! A chart as a file of its own.

use crate::html::{Element, Node, el};

/// How a chart looks without the page's style sheet: the light theme, in short.
const STYLE: &str = "\
svg{font:11px system-ui,sans-serif;background:#fff}\
text{fill:#5b606b}.s{fill:none;stroke:var(--c);stroke-linejoin:round}.f{fill:var(--c)}\
.grid{--c:#e3e4e8}.axis,.phase{--c:#c9ccd3}.label{--c:#5b606b}.now{--c:#3b53c4}.base{--c:#8a8f9c}.ok{--c:#5b8def}\
.refused{--c:#d9962b}.failed,.limit{--c:#c8372d}.upper{--c:#a03e8f}.s.base,.s.phase{stroke-dasharray:5 3}\
path.f.now{fill-opacity:.55}.title{font-size:13px;font-weight:600;fill:#1d1f24}";

/// Room above the chart for its title, in user units.
const TITLE: u32 = 22;

/// Makes a drawn chart an SVG document with a title and a style of its own. `None` where the node is no chart.
pub fn standalone(chart: &Node, title: &str) -> Option<String> {
    let Node::Element(svg) = chart else { return None };
    let size: Vec<u32> = svg.get("viewBox")?.split(' ').filter_map(|n| n.parse().ok()).collect();
    let [_, _, width, height] = size[..] else { return None };
    let shapes = svg.children.iter().filter(|child| !matches!(child, Node::Element(e) if is_hit(e))).cloned();
    let document = el("svg")
        .attr("xmlns", "http://www.w3.org/2000/svg")
        .attr("width", (width * 2).to_string())
        .attr("height", ((height + TITLE) * 2).to_string())
        .attr("viewBox", format!("0 -{TITLE} {width} {}", height + TITLE))
        .with(el("title").with(title))
        .with(el("style").with(STYLE))
        .with(
            el("rect")
                .attr("y", format!("-{TITLE}"))
                .attr("width", "100%")
                .attr("height", "100%")
                .attr("fill", "#fff"),
        )
        .with(el("text").class("title").attr("x", "12").attr("y", "-4").with(title))
        .all(shapes);
    Some(Node::from(document).to_string())
}

fn is_hit(element: &Element) -> bool {
    element.get("class") == Some("hit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_needs_no_escaping() {
        assert!(!STYLE.contains(['<', '>', '&', '"', '\'']));
    }
}

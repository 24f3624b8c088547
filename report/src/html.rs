//! Markup as data: a tree of elements and text, and the one place where text becomes HTML.
//!
//! The pre-rendered page writes the tree as text, the interactive page turns the same tree into its virtual DOM. There is
//! no node for ready-made markup, so nothing that comes out of a report can ever be anything but text.

use std::fmt;

/// A piece of a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Text, as it is meant to be read.
    Text(String),
    /// An element.
    Element(Element),
    /// Several pieces in a row.
    List(Vec<Node>),
}

/// An element of HTML or SVG. Tag and attribute names are constants of this program, never data.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// The tag, in lower case.
    pub tag: &'static str,
    /// Attributes in the order in which they were given.
    pub attributes: Vec<(&'static str, String)>,
    /// What is inside.
    pub children: Vec<Node>,
}

/// Begins an element.
pub fn el(tag: &'static str) -> Element {
    Element { tag, attributes: Vec::new(), children: Vec::new() }
}

/// Several pieces in a row.
pub fn list(nodes: impl IntoIterator<Item = impl Into<Node>>) -> Node {
    Node::List(nodes.into_iter().map(Into::into).collect())
}

/// Nothing.
pub fn nothing() -> Node {
    Node::List(Vec::new())
}

impl Element {
    /// Sets an attribute.
    pub fn attr(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// Sets an attribute where there is a value for it.
    pub fn maybe(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.attr(name, value),
            None => self,
        }
    }

    /// Sets an attribute that counts by being there.
    pub fn flag(self, name: &'static str, on: bool) -> Self {
        if on { self.attr(name, "") } else { self }
    }

    /// Sets the class.
    pub fn class(self, class: impl Into<String>) -> Self {
        self.attr("class", class)
    }

    /// Adds a child.
    pub fn with(mut self, child: impl Into<Node>) -> Self {
        self.children.push(child.into());
        self
    }

    /// Adds children.
    pub fn all(mut self, children: impl IntoIterator<Item = impl Into<Node>>) -> Self {
        self.children.extend(children.into_iter().map(Into::into));
        self
    }

    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
    }
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<T: Into<Node>> From<Option<T>> for Node {
    fn from(node: Option<T>) -> Self {
        node.map_or_else(nothing, Into::into)
    }
}

impl From<Vec<Node>> for Node {
    fn from(nodes: Vec<Node>) -> Self {
        Self::List(nodes)
    }
}

impl Node {
    /// Whether it shows nothing at all.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Element(_) => false,
            Self::List(nodes) => nodes.iter().all(Self::is_empty),
        }
    }

    /// The text of it without any markup, as a screen reader would find it.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Element(element) => element.children.iter().map(Self::text).collect(),
            Self::List(nodes) => nodes.iter().map(Self::text).collect(),
        }
    }
}

/// Elements of HTML that have no content and no end tag.
const VOID: &[&str] = &["br", "col", "hr", "img", "input", "link", "meta", "wbr"];

impl fmt::Display for Node {
    /// The tree as HTML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => escape(f, text),
            Self::List(nodes) => nodes.iter().try_for_each(|node| node.fmt(f)),
            Self::Element(element) => {
                write!(f, "<{}", element.tag)?;
                for (name, value) in &element.attributes {
                    write!(f, " {name}=\"")?;
                    escape(f, value)?;
                    f.write_str("\"")?;
                }
                f.write_str(">")?;
                if VOID.contains(&element.tag) {
                    return Ok(());
                }
                element.children.iter().try_for_each(|node| node.fmt(f))?;
                write!(f, "</{}>", element.tag)
            }
        }
    }
}

/// Writes text such that HTML reads it back as text, both between tags and inside a quoted attribute.
fn escape(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    let mut done = 0;
    for (at, c) in text.char_indices() {
        let entity = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&#39;",
            // HTML knows no NUL, and a carriage return would become a line feed.
            '\0' => "\u{fffd}",
            '\r' => "&#13;",
            _ => continue,
        };
        out.write_str(&text[done..at])?;
        out.write_str(entity)?;
        done = at + c.len_utf8();
    }
    out.write_str(&text[done..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let hostile = "</script><img src=x onerror=alert(1)> & \"'\u{2028}";
        let node: Node = el("p").attr("title", hostile).with(hostile).into();
        let html = node.to_string();
        let inner = "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; &amp; &quot;&#39;\u{2028}";
        assert_eq!(html, format!("<p title=\"{inner}\">{inner}</p>"));
        assert_eq!(node.text(), hostile);
    }

    #[test]
    fn void_elements_have_no_end() {
        assert_eq!(Node::from(el("p").with(el("br")).with("x")).to_string(), "<p><br>x</p>");
    }
}

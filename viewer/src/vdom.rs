//! The report's markup as Yew's virtual DOM.

use loadgate_report::html::{Element, Node};
use yew::virtual_dom::{AttrValue, VList, VNode, VTag, VText};

/// Turns a tree into virtual nodes. Text becomes text nodes and attribute values; nothing is parsed as markup.
pub(crate) fn vnode(node: Node) -> VNode {
    match node {
        Node::Text(text) => VText::new(text).into(),
        Node::Element(element) => vtag(element).into(),
        Node::List(nodes) => VList::with_children(nodes.into_iter().map(vnode).collect(), None).into(),
    }
}

fn vtag(element: Element) -> VTag {
    let mut tag = VTag::new(AttrValue::Static(element.tag));
    for (name, value) in element.attributes {
        // An element's id names it among its siblings too, so that filtering moves elements and does not rewrite them.
        if name == "id" {
            tag.key = Some(value.as_str().into());
        }
        tag.add_attribute(name, value);
    }
    tag.add_children(element.children.into_iter().map(vnode));
    tag
}

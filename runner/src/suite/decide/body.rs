//! Bodies of requests.

use http::Method;

use super::Decider;
use super::known::Known;
use crate::suite::diagnostics::Diagnostic;
use crate::suite::file::{At, FilePartFile, Fixed, OneOrMany, PartFile, RequestFile};
use crate::suite::json;
use crate::suite::node::{Content, Node};
use crate::suite::plan::{Body, Part, PartContent};
use crate::suite::text::{Text, TextBuilder};

impl Decider<'_> {
    /// The body; `None` where something is wrong with it, which was recorded.
    pub(super) fn body(&mut self, file: &RequestFile, method: &Method, known: &Known) -> Option<Body> {
        let given: Vec<&str> = [
            ("json", file.json.is_absent()),
            ("form", file.form.is_absent()),
            ("multipart", file.multipart.is_absent()),
            ("body", file.body.is_absent()),
        ]
        .into_iter()
        .filter_map(|(name, absent)| (!absent).then_some(name))
        .collect();
        if let [first, second, ..] = given[..] {
            let message = format!("a request has one body; this one has `{first}` and `{second}`");
            self.error(Diagnostic::new(file.span, message));
            return None;
        }
        if let [kind] = given[..]
            && matches!(*method, Method::GET | Method::HEAD)
        {
            let message = format!("a {method} has no body, but `{kind}` is given");
            self.error(Diagnostic::new(file.span, message).help("write `post:`, or `query:` for parameters"));
            return None;
        }
        if let Some(raw) = file.json.get() {
            return self.json_body(&raw.0, known).map(Body::Json);
        }
        if let Some(form) = file.form.get() {
            let mut fields = Vec::new();
            for (name, OneOrMany(values)) in form.iter() {
                for value in values {
                    fields.push((name.value.clone(), self.text(value, known)?));
                }
            }
            return Some(Body::Form(fields));
        }
        if let Some(parts) = file.multipart.get() {
            let parts: Vec<_> = parts.iter().collect();
            let parts = parts.into_iter().map(|(name, part)| {
                Some(Part { name: name.value.clone(), content: self.part(part, known)? })
            });
            // Every part is looked at, so that the mistakes of all are told.
            let decided: Vec<Option<Part>> = parts.collect();
            return decided.into_iter().collect::<Option<Vec<_>>>().map(Body::Multipart);
        }
        match file.body.get() {
            Some(body) => self.text(body, known).map(Body::Text),
            None => file.body.is_absent().then_some(Body::Empty),
        }
    }

    fn part(&mut self, part: &PartFile, known: &Known) -> Option<PartContent> {
        match part {
            PartFile::Text(text) => self.text(text, known).map(PartContent::Text),
            PartFile::File(file) => self.file_part(file),
        }
    }

    fn file_part(&mut self, file: &FilePartFile) -> Option<PartContent> {
        let (bytes, own_name) = match (file.file.get(), file.size.get()) {
            (Some(path), None) => self.file_of(path)?,
            (None, Some(size)) => (filler(size.value.0), "file.bin".to_owned()),
            _ => {
                if !file.file.is_invalid() && !file.size.is_invalid() {
                    self.error(Diagnostic::new(file.span, "a file part needs either `file` or `size`"));
                }
                return None;
            }
        };
        let name = file.name.get().map_or(own_name, |name| name.value.0.clone());
        let content_type =
            file.r#type.get().map_or_else(|| content_type(&name).to_owned(), |given| given.value.0.clone());
        Some(PartContent::File { name, content_type, bytes: bytes.into() })
    }

    /// The content of a file and its name.
    pub(super) fn file_of(&mut self, path: &At<Fixed>) -> Option<(Vec<u8>, String)> {
        let full = self.sources.base(path.span).join(&path.value.0);
        match fs_err::read(&full) {
            Ok(bytes) => Some((bytes, full.file_name().unwrap_or("file").to_owned())),
            Err(_) => {
                let message = format!("cannot read `{}`", path.value.0);
                self.error(Diagnostic::new(path.span, message).help(format!("it was looked for at {full}")));
                None
            }
        }
    }

    /// A JSON document as one text; its strings may be templates.
    pub(super) fn json_body(&mut self, node: &Node, known: &Known) -> Option<Text> {
        let mut builder = TextBuilder::default();
        let mut right = true;
        self.json_value(node, known, &mut builder, &mut right);
        let text = builder.finish(source_of(node));
        right.then(|| text.with_constants(&self.vars_scope, "vars"))
    }

    fn json_value(&mut self, node: &Node, known: &Known, builder: &mut TextBuilder, right: &mut bool) {
        match &node.content {
            Content::Text(text) => {
                let at = At { value: text.clone(), span: node.span };
                let mut one = TextBuilder::default();
                match one.json_string(text) {
                    Ok(()) => {
                        let one = one.finish(String::new());
                        self.check_names(&at, one.names(), known);
                        builder.text(&one);
                    }
                    Err(error) => {
                        *right = self.template_error::<()>(&at, &error, "template").is_some();
                    }
                }
            }
            Content::List(items) => {
                builder.literal("[");
                for (index, item) in items.iter().enumerate() {
                    builder.literal(if index == 0 { "" } else { "," });
                    self.json_value(item, known, builder, right);
                }
                builder.literal("]");
            }
            Content::Map(pairs) => {
                builder.literal("{");
                for (index, (key, value)) in pairs.iter().enumerate() {
                    let mut text = String::from(if index == 0 { "" } else { "," });
                    json::write_string(&key.name, &mut text);
                    text.push(':');
                    builder.literal(&text);
                    self.json_value(value, known, builder, right);
                }
                builder.literal("}");
            }
            Content::Null | Content::Bool(_) | Content::Integer(_) | Content::Number(_) => {
                builder.literal(&source_of(node));
            }
        }
    }
}

/// The document as JSON, its templates as they are written.
fn source_of(node: &Node) -> String {
    let mut out = String::new();
    // A YAML tree has nothing in it that JSON has not, but for infinity, which is written as text there.
    if json::write(&super::data::value_of(node), &mut out).is_err() {
        out.push_str("null");
    }
    out
}

/// Bytes that do not compress and are the same in every run (a xorshift generator; Marsaglia, 2003).
pub(super) fn filler(size: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(size.next_multiple_of(8));
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// Content types of the files that are uploaded most.
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("txt" | "log" | "md") => "text/plain",
        Some("json") => "application/json",
        Some("csv") => "text/csv",
        Some("pdf") => "application/pdf",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("html") => "text/html",
        Some("xml") => "application/xml",
        Some("zip") => "application/zip",
        Some("wav") => "audio/wav",
        Some("mp3") => "audio/mpeg",
        _ => "application/octet-stream",
    }
}

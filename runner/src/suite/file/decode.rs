//! From the YAML tree to typed values. Every mistake is recorded and decoding goes on, so that all of them are told at once.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::suite::diagnostics::{Diagnostic, did_you_mean, instead, list};
use crate::suite::node::{Content, Key, Node};
use crate::suite::scope::Scope;
use crate::suite::source::Span;

/// What decoding needs to know, and what it found wrong.
#[derive(Debug)]
pub(in crate::suite) struct Decoder {
    pub(in crate::suite) errors: Vec<Diagnostic>,
    /// `vars`, for numbers and times written as `"{{ vars.users }}"`.
    pub(in crate::suite) vars: Scope,
}

impl Decoder {
    pub(in crate::suite) fn error(&mut self, diagnostic: Diagnostic) {
        self.errors.push(diagnostic);
    }

    /// Records that a value is of the wrong kind.
    pub(super) fn mismatch(&mut self, node: &Node, expected: &str) {
        self.error(Diagnostic::new(node.span, format!("expected {expected}, found {}", node.kind())));
    }
}

/// A type that a YAML value can be decoded into.
pub(in crate::suite) trait Decode: Sized {
    /// The value, or `None` where it is wrong and that was recorded.
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self>;
}

/// A mapping with known keys.
pub(in crate::suite) trait Mapping {
    /// Where it stands.
    fn span(&self) -> Span;

    /// The keys that it has, right or wrong.
    fn given(&self) -> Vec<&'static str>;
}

/// The value of a key that may be missing or wrong. What is wrong was recorded already; whoever reads it then says nothing.
#[derive(Clone, Debug)]
pub(in crate::suite) enum Maybe<T> {
    Absent,
    Invalid,
    Given(T),
}

impl<T> Maybe<T> {
    pub(in crate::suite) fn get(&self) -> Option<&T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Absent | Self::Invalid => None,
        }
    }

    pub(in crate::suite) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub(in crate::suite) fn is_invalid(&self) -> bool {
        matches!(self, Self::Invalid)
    }
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::suite) struct At<T> {
    pub(in crate::suite) value: T,
    pub(in crate::suite) span: Span,
}

/// Named entries in their order. An entry whose value is wrong keeps its name, so that references to it are not wrong too.
#[derive(Clone, Debug)]
pub(in crate::suite) struct Table<T> {
    pub(in crate::suite) entries: Vec<(At<String>, Option<T>)>,
}

impl<T> Table<T> {
    /// The entries that are right.
    pub(in crate::suite) fn iter(&self) -> impl Iterator<Item = (&At<String>, &T)> {
        self.entries.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)))
    }
}

impl<T: Decode> Decode for Table<T> {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let Content::Map(pairs) = &node.content else {
            decoder.mismatch(node, "a mapping of names to values");
            return None;
        };
        let entry = |(key, node): &(Key, Node)| {
            (At { value: key.name.clone(), span: key.span }, T::decode(node, decoder))
        };
        Some(Self { entries: pairs.iter().map(entry).collect() })
    }
}

impl<T: JsonSchema> JsonSchema for Table<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Table_of_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}

/// A list.
impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let Content::List(items) = &node.content else {
            decoder.mismatch(node, "a list");
            return None;
        };
        Some(items.iter().filter_map(|item| T::decode(item, decoder)).collect())
    }
}

/// One value or a list of them.
#[derive(Clone, Debug)]
pub(in crate::suite) struct OneOrMany<T>(pub(in crate::suite) Vec<T>);

impl<T: Decode> Decode for OneOrMany<T> {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        match node.content {
            Content::List(_) => Vec::decode(node, decoder).map(Self),
            _ => T::decode(node, decoder).map(|one| Self(vec![one])),
        }
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("One_or_many_of_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// Anything, kept as it is.
#[derive(Clone, Debug)]
pub(in crate::suite) struct Raw(pub(in crate::suite) Node);

impl Decode for Raw {
    fn decode(node: &Node, _: &mut Decoder) -> Option<Self> {
        Some(Self(node.clone()))
    }
}

impl JsonSchema for Raw {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Anything".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

/// The pairs of a mapping of which the keys are known; unknown ones are recorded.
pub(super) fn known_pairs<'n>(
    node: &'n Node,
    what: &str,
    keys: &[&'static str],
    decoder: &mut Decoder,
) -> Option<&'n [(Key, Node)]> {
    let Content::Map(pairs) = &node.content else {
        decoder.mismatch(node, &format!("{what} (a mapping)"));
        return None;
    };
    for (key, _) in pairs.iter().filter(|(key, _)| !keys.contains(&key.name.as_str())) {
        let help = match did_you_mean(&key.name, keys.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it can have {}", list(keys.iter().copied())),
        };
        decoder.error(Diagnostic::new(key.span, format!("{what} has no key `{}`", key.name)).help(help));
    }
    Some(pairs)
}

pub(super) fn optional<T: Decode>(pairs: &[(Key, Node)], name: &str, decoder: &mut Decoder) -> Maybe<T> {
    match pairs.iter().find(|(key, _)| key.name == name) {
        None => Maybe::Absent,
        Some((_, node)) => T::decode(node, decoder).map_or(Maybe::Invalid, Maybe::Given),
    }
}

pub(super) fn required<T: Decode>(
    pairs: &[(Key, Node)],
    name: &str,
    what: &str,
    span: Span,
    decoder: &mut Decoder,
) -> Maybe<T> {
    let found = optional(pairs, name, decoder);
    if found.is_absent() {
        decoder.error(Diagnostic::new(span, format!("{what} needs `{name}`")));
        return Maybe::Invalid;
    }
    found
}

/// Defines a mapping with known keys: the type, how it is decoded, and its JSON Schema, from one list. The comments become
/// the descriptions in the schema and in the reference.
macro_rules! mapping {
    (
        $(#[doc = $doc:literal])*
        struct $name:ident as $what:literal {
            $(
                $(#[doc = $field_doc:literal])*
                $mode:ident $field:ident : $type:ty
            ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        pub(in crate::suite) struct $name {
            /// Where it stands.
            pub(in crate::suite) span: $crate::suite::source::Span,
            $( $(#[doc = $field_doc])* pub(in crate::suite) $field: $crate::suite::file::decode::Maybe<$type>, )*
        }

        impl $name {
            /// The keys that it may have.
            const KEYS: &[&'static str] = &[$( $crate::suite::file::decode::key_name(stringify!($field)) ),*];
        }

        impl $crate::suite::file::decode::Mapping for $name {
            fn span(&self) -> $crate::suite::source::Span {
                self.span
            }

            fn given(&self) -> Vec<&'static str> {
                let all = [$( (stringify!($field), self.$field.is_absent()) ),*];
                let given = all.into_iter().filter(|(_, absent)| !absent);
                given.map(|(name, _)| $crate::suite::file::decode::key_name(name)).collect()
            }
        }

        impl $crate::suite::file::decode::Decode for $name {
            fn decode(
                node: &$crate::suite::node::Node,
                decoder: &mut $crate::suite::file::decode::Decoder,
            ) -> Option<Self> {
                let pairs = $crate::suite::file::decode::known_pairs(node, $what, Self::KEYS, decoder)?;
                Some(Self {
                    span: node.span,
                    $( $field: mapping!(@field $mode, pairs, $field, $what, node, decoder), )*
                })
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).trim_end_matches("File").into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let fields = vec![$((
                    $crate::suite::file::decode::key_name(stringify!($field)),
                    stringify!($mode) == "required",
                    concat!("", $($field_doc, "\n"),*),
                    generator.subschema_for::<$type>(),
                )),*];
                $crate::suite::file::decode::mapping_schema(concat!("", $($doc, "\n"),*), fields)
            }
        }
    };
    (@field required, $pairs:ident, $field:ident, $what:literal, $node:ident, $decoder:ident) => {
        $crate::suite::file::decode::required(
            $pairs,
            $crate::suite::file::decode::key_name(stringify!($field)),
            $what,
            $node.span,
            $decoder,
        )
    };
    (@field optional, $pairs:ident, $field:ident, $what:literal, $node:ident, $decoder:ident) => {
        $crate::suite::file::decode::optional(
            $pairs,
            $crate::suite::file::decode::key_name(stringify!($field)),
            $decoder,
        )
    };
}
pub(super) use mapping;

/// A key as it is written: some are keywords of Rust.
pub(super) const fn key_name(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

type FieldSchema = (&'static str, bool, &'static str, Schema);

pub(super) fn mapping_schema(doc: &str, fields: Vec<FieldSchema>) -> Schema {
    let required: Vec<&str> =
        fields.iter().filter(|(_, required, ..)| *required).map(|(name, ..)| *name).collect();
    let properties: serde_json::Map<String, serde_json::Value> = fields
        .into_iter()
        .map(|(name, _, doc, mut schema)| {
            schema.insert("description".to_owned(), tidy(doc).into());
            (name.to_owned(), schema.to_value())
        })
        .collect();
    let mut schema = json_schema!({
        "type": "object",
        "description": tidy(doc),
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema
}

pub(super) fn choice_schema(doc: &str, words: &[(&str, &str)]) -> Schema {
    let words: Vec<_> = words
        .iter()
        .map(|(word, doc)| serde_json::json!({ "const": word, "description": tidy(doc) }))
        .collect();
    json_schema!({ "description": tidy(doc), "oneOf": words })
}

/// A doc comment as one paragraph.
fn tidy(doc: &str) -> String {
    doc.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Defines a choice between words: the type, how it is decoded, and its JSON Schema, from one list.
macro_rules! choice {
    (
        $(#[doc = $doc:literal])*
        enum $name:ident { $( $(#[doc = $variant_doc:literal])* $variant:ident = $word:literal ),* $(,)? }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::suite) enum $name { $( $(#[doc = $variant_doc])* $variant, )* }

        impl $crate::suite::file::decode::Decode for $name {
            fn decode(
                node: &$crate::suite::node::Node,
                decoder: &mut $crate::suite::file::decode::Decoder,
            ) -> Option<Self> {
                match $crate::suite::file::decode::word(node, &[$($word),*], decoder)? {
                    $( $word => Some(Self::$variant), )*
                    _ => None,
                }
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).trim_end_matches("File").into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let words = [$( ($word, concat!("", $($variant_doc, "\n"),*)) ),*];
                $crate::suite::file::decode::choice_schema(concat!("", $($doc, "\n"),*), &words)
            }
        }
    };
}
pub(super) use choice;

/// One of the words that may be written.
pub(super) fn word<'n>(node: &'n Node, words: &[&'static str], decoder: &mut Decoder) -> Option<&'n str> {
    let Content::Text(text) = &node.content else {
        decoder.mismatch(node, &list(words.iter().copied()));
        return None;
    };
    if words.contains(&text.as_str()) {
        return Some(text);
    }
    let help = instead(text, words.iter().copied());
    decoder
        .error(Diagnostic::new(node.span, format!("`{text}` is none of the words that fit here")).help(help));
    None
}

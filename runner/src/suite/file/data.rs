//! Variables and data sets, as typed.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{At, Decode, Decoder, Maybe, Raw, choice, mapping};
use super::scalar::Fixed;
use crate::suite::node::{Content, Node};

mapping! {
    /// A data set: rows of values. Each iteration takes the next row; templates reach it under the data set's name.
    struct DataFile as "a data set" {
        /// CSV file with a header line, relative to the suite. All values are texts.
        optional csv: At<Fixed>,
        /// JSON file that holds a list.
        optional json: At<Fixed>,
        /// File with one JSON value a line.
        optional jsonl: At<Fixed>,
        /// The rows themselves.
        optional rows: Vec<Raw>,
        /// Order in which rows are given out (default `in_order`).
        optional order: Order,
        /// `per_user`: each user keeps one row of its own instead of taking the next in every iteration.
        optional unique: Unique,
    }
}

choice! {
    /// Order in which rows are given out.
    enum Order {
        /// As in the file.
        InOrder = "in_order",
        /// Shuffled with the run's seed.
        Shuffle = "shuffle",
    }
}

choice! {
    /// What a row belongs to.
    enum Unique {
        /// One user, for the whole scenario.
        PerUser = "per_user",
    }
}

/// A variable: a value, or `{ value: …, secret: true }`.
#[derive(Clone, Debug)]
pub(in crate::suite) struct VariableFile {
    pub(in crate::suite) value: Node,
    pub(in crate::suite) secret: bool,
}

mapping! {
    /// A variable with more than its value.
    struct DescribedVariableFile as "a variable" {
        /// Its value.
        required value: Raw,
        /// No output may contain it (default false).
        optional secret: At<bool>,
    }
}

impl Decode for VariableFile {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let (value, secret) = match &node.content {
            Content::Map(_) => {
                let described = DescribedVariableFile::decode(node, decoder)?;
                let secret = described.secret.get().is_some_and(|flag| flag.value);
                let Maybe::Given(Raw(value)) = described.value else { return None };
                (value, secret)
            }
            _ => (node.clone(), false),
        };
        match value.content {
            Content::Bool(_) | Content::Integer(_) | Content::Number(_) | Content::Text(_) => {
                Some(Self { value, secret })
            }
            Content::Null | Content::List(_) | Content::Map(_) => {
                decoder.mismatch(&value, "a text, a number, true or false");
                None
            }
        }
    }
}

impl JsonSchema for VariableFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Variable".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = generator.subschema_for::<At<String>>();
        let described = generator.subschema_for::<DescribedVariableFile>();
        json_schema!({ "anyOf": [text, described] })
    }
}

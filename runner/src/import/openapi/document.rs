//! A description as a tree in which references lead somewhere.

use serde_json::Value;

/// Longer chains of references are a circle.
const LONGEST_CHAIN: usize = 20;

/// A whole description.
#[derive(Debug)]
pub(super) struct Document {
    root: Value,
}

impl Document {
    pub(super) fn new(root: Value) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Value {
        &self.root
    }

    /// What a `$ref` leads to; anything else is what it is.
    ///
    /// # Errors
    /// It leads out of the file, nowhere, or in a circle.
    pub(super) fn resolve<'a>(&'a self, mut value: &'a Value) -> Result<&'a Value, String> {
        for _ in 0..LONGEST_CHAIN {
            let Some(reference) = value["$ref"].as_str() else { return Ok(value) };
            let Some(pointer) = reference.strip_prefix('#') else {
                return Err(format!("`{reference}` is in another file; bundle the description into one"));
            };
            let pointer = super::super::url::decode(&pointer.replace('+', "%2B"));
            value = self.root.pointer(&pointer).ok_or_else(|| format!("`{reference}` leads nowhere"))?;
        }
        Err("its references lead in a circle".to_owned())
    }
}

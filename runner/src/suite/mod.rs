//! Suites: from a YAML file to a [`Plan`](plan::Plan).
//!
//! ```text
//! text ─node→ tree with places ─prepare→ ${ENV}, short/full ─file→ SuiteFile (as typed) ─decide→ Plan (as decided)
//! ```
//!
//! Each stage records what is wrong and goes on, so that all mistakes are told at once ([`Diagnostics`]).

pub mod data;
mod decide;
mod diagnostics;
pub mod expression;
mod file;
mod include;
mod jinja;
mod json;
mod load;
mod manual;
mod node;
pub mod plan;
mod prepare;
mod schema;
pub mod scope;
mod source;
pub mod text;

pub use self::diagnostics::Diagnostics;
pub use self::load::{LoadOptions, load, load_text};
pub use self::manual::manual;
pub use self::schema::schema;

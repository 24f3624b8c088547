//! Suites: from a YAML file to a [`Plan`](plan::Plan).

pub mod data;
pub mod expression;
mod jinja;
mod json;
pub mod plan;
pub mod scope;
pub mod text;

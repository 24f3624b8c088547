//! `cargo xtask tidy`: the house rules that no compiler checks, above all what is deliberately absent.
//!
//! docs/architecture.md says them in prose. Each rule is a pure function of the tree and has a test that a breach of it is
//! found. Adding one is one file plus one line in [`RULES`].

mod copies;
mod decisions;
mod dependencies;
mod features;
mod layers;
mod length;
mod licences;
mod links;
mod loopback;
mod machine;
mod manifests;
mod pins;
mod readme;
mod requirements;
mod rust;
mod serde_shapes;
mod tree;

use anyhow::bail;

use self::tree::Tree;

/// One house rule.
struct Rule {
    name: &'static str,
    check: fn(&Tree) -> Vec<Finding>,
}

/// Every rule, in the order of docs/architecture.md.
const RULES: &[Rule] = &[
    Rule { name: "layers", check: layers::check },
    Rule { name: "dependencies", check: dependencies::check },
    Rule { name: "features", check: features::check },
    Rule { name: "serde-shapes", check: serde_shapes::check },
    Rule { name: "loopback", check: loopback::check },
    Rule { name: "length", check: length::check },
    Rule { name: "machine", check: machine::check },
    Rule { name: "manifests", check: manifests::check },
    Rule { name: "licences", check: licences::check },
    Rule { name: "pins", check: pins::check },
    Rule { name: "links", check: links::check },
    Rule { name: "decisions", check: decisions::check },
    Rule { name: "readme", check: readme::check },
    Rule { name: "requirements", check: requirements::check },
    Rule { name: "copies", check: copies::check },
];

/// A breach of a rule.
#[derive(Debug, PartialEq)]
struct Finding {
    path: String,
    /// From 1; 0 where it is about the file as a whole.
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

/// Check the tree as it is on disk.
///
/// # Errors
/// git or cargo cannot be asked, or a rule is broken.
pub(crate) fn run() -> anyhow::Result<()> {
    let tree = Tree::of_workspace()?;
    let mut count = 0;
    for rule in RULES {
        for Finding { path, line, message } in (rule.check)(&tree) {
            println!("{path}:{line}: {message} [{}]", rule.name);
            count += 1;
        }
    }
    if count > 0 {
        bail!("{count} breaches of house rules; docs/architecture.md says why they stand");
    }
    println!("tidy: {} rules hold over {} files", RULES.len(), tree.files().len());
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_workspace_is_tidy() {
        super::run().expect("the findings are printed above");
    }
}

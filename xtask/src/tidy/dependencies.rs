//! The report's dependencies: none of them, however far down, brings I/O, a clock or async.

use super::{Finding, tree::Tree};

const PURE: &str = "loadgate-report";

/// Crates that do what a pure crate must not do; one in the graph is one that could be called.
const IMPURE: &[&str] = &[
    "tokio",
    "mio",
    "async-std",
    "smol",
    "futures-executor",
    "hyper",
    "reqwest",
    "axum",
    "socket2",
    "chrono",
    "jiff",
    "time",
    "fs-err",
    "tempfile",
    "rand",
    "getrandom",
    "sysinfo",
    "libc",
    "clap",
    "tracing",
    "log",
];

/// What the sources can call: the packages that are direct dependencies.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.dependencies_of(PURE)
        .into_iter()
        .filter(|name| IMPURE.contains(&name.as_str()))
        .map(|name| {
            Finding::new(
                "report/Cargo.toml",
                0,
                format!("`{name}` comes in with a dependency: the report is pure"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tree(kind: Option<&str>) -> Tree {
        Tree::with_metadata(json!({
            "packages": [
                { "name": PURE, "id": "a" }, { "name": "middle", "id": "b" }, { "name": "tokio", "id": "c" },
            ],
            "resolve": { "nodes": [
                { "id": "a", "deps": [{ "pkg": "b", "dep_kinds": [{ "kind": null }] }] },
                { "id": "b", "deps": [{ "pkg": "c", "dep_kinds": [{ "kind": kind }] }] },
                { "id": "c", "deps": [] },
            ] },
        }))
    }

    #[test]
    fn an_impure_dependency_is_found_through_others() {
        let found = check(&tree(None));
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("`tokio`"));
    }

    #[test]
    fn what_only_tests_need_is_free() {
        assert_eq!(check(&tree(Some("dev"))), []);
    }

    #[test]
    fn the_graph_is_read() {
        let names = Tree::of_workspace().expect("the workspace can be read").dependencies_of(PURE);
        assert!(names.contains(&"serde_json".to_owned()), "{names:?}");
    }
}

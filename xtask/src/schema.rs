//! `cargo xtask schema`: docs/schema/ as the program itself prints it.

use anyhow::bail;

use crate::shell;

/// What `loadgate schema …` can print; each has one file.
const KINDS: &[&str] = &["suite", "report"];

/// Write the schemas, or with `check` compare them with what is committed.
///
/// # Errors
/// The program does not build, or a schema is stale.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let mut stale = Vec::new();
    for kind in KINDS {
        let text = shell::read(shell::cargo().args([
            "run",
            "--quiet",
            "--package",
            "loadgate",
            "--",
            "schema",
            kind,
        ]))?;
        let file = shell::root().join("docs/schema").join(format!("{kind}.schema.json"));
        if fs_err::read_to_string(&file).is_ok_and(|committed| committed == text) {
            println!("schema: docs/schema/{kind}.schema.json is fresh");
        } else if check {
            stale.push(format!("docs/schema/{kind}.schema.json"));
        } else {
            fs_err::create_dir_all(file.parent().expect("the file lies in docs/schema"))?;
            fs_err::write(&file, text)?;
            println!("schema: wrote docs/schema/{kind}.schema.json");
        }
    }
    if !stale.is_empty() {
        bail!("stale: {}; run `cargo xtask schema` and commit what it writes", stale.join(", "));
    }
    Ok(())
}

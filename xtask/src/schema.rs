//! `cargo xtask schema`: docs/schema/ as the program itself prints it, and the reference in docs/suite.md made from it.

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
    match reference(check) {
        Ok(()) => println!("schema: the reference in docs/suite.md is fresh"),
        Err(_) if check => stale.push("docs/suite.md".to_owned()),
        Err(error) => return Err(error),
    }
    if !stale.is_empty() {
        bail!("stale: {}; run `cargo xtask schema` and commit what it writes", stale.join(", "));
    }
    Ok(())
}

/// The reference is written by the test that keeps it fresh, since only the library knows it.
fn reference(check: bool) -> anyhow::Result<()> {
    let mut command = shell::cargo();
    let test = ["test", "--quiet", "--package", "loadgate", "--test", "suite_docs", "the_reference_is_fresh"];
    command.args(test);
    if !check {
        command.env("LOADGATE_BLESS", "1");
    }
    shell::read(&mut command).map(drop)
}

//! `cargo xtask viewer`: builds the interactive page into `runner/assets/viewer.html`.
//!
//! The page is one file. Its Wasm is packed (LZMA, base 85) and unpacked by a script; scripts and styles are inline
//! and named by their hash in the content security policy, so that nothing else runs and nothing is requested.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lzma_rust2::{LzmaOptions, LzmaWriter};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::shell;

const PAGE: &str = "runner/assets/viewer.html";
const TARGET: &str = "wasm32-unknown-unknown";

/// What the page is allowed to weigh without data.
const LIMIT: usize = 450_000;

/// What decides the page's content. Directories count with all their files.
const INPUTS: &[&str] = &[
    "rust-toolchain.toml",
    "report/Cargo.toml",
    "report/src",
    "viewer/Cargo.toml",
    "viewer/assets",
    "viewer/src",
    "xtask/src/viewer.rs",
];

/// Builds the page, or with `check` tells whether the committed one is up to date.
///
/// # Errors
/// Where a tool fails, the page is too big, or with `check` where it is stale or not what its sources build.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let root = shell::root();
    let inputs = inputs_hash(&root)?;
    let committed = fs_err::read_to_string(root.join(PAGE)).unwrap_or_default();
    if check {
        // The cheap question first: it needs no Wasm target, and answers on every system.
        ensure!(
            committed.contains(&format!(r#"name="loadgate-viewer" content="{inputs}""#)),
            "{PAGE} is not built from the present sources; run `cargo xtask viewer` and commit it"
        );
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            return Ok(());
        }
    }
    let (script, wasm) = bind(&build(&root)?)?;
    let page = assemble(&root, &inputs, &script, &wasm)?;
    if check {
        ensure!(
            page == committed,
            "{PAGE} is not what its sources build; run `cargo xtask viewer` and commit it"
        );
        return Ok(());
    }
    ensure!(page.len() <= LIMIT, "the page weighs {} bytes, more than the {LIMIT} that it may", page.len());
    fs_err::create_dir_all(root.join("runner/assets"))?;
    fs_err::write(root.join(PAGE), &page)?;
    println!(
        "{PAGE}: {} kB, of which Wasm {} kB ({} kB unpacked)",
        page.len() / 1000,
        packed(&wasm)?.len() / 1000,
        wasm.len() / 1000
    );
    Ok(())
}

/// SHA-256 over what decides the page: paths and contents of its sources, the crates that it is made of, its profile.
fn inputs_hash(root: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    for input in INPUTS {
        collect(&root.join(input), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let name = file.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        // Git may have changed the line ends on the way.
        let content = String::from_utf8_lossy(&fs_err::read(&file)?).replace("\r\n", "\n");
        hash.update(format!("{name}\n{}\n", content.len()));
        hash.update(content);
    }
    hash.update(crates()?);
    hash.update(profiles(&fs_err::read_to_string(root.join("Cargo.toml"))?));
    Ok(hex(&hash.finalize()))
}

/// The crates that the page is made of, with versions and features; a lock file changes for other reasons too.
fn crates() -> anyhow::Result<String> {
    let tree = shell::cargo()
        .args([
            "tree",
            "--locked",
            "--package",
            "loadgate-viewer",
            "--target",
            TARGET,
            "--edges",
            "normal,build",
        ])
        .args(["--prefix", "none", "--format", "{p}|{f}"])
        .output()
        .context("failed to run cargo tree")?;
    ensure!(tree.status.success(), "cargo tree failed: {}", String::from_utf8_lossy(&tree.stderr).trim());
    let text = String::from_utf8_lossy(&tree.stdout).into_owned();
    let version = |line: &str| {
        let (package, features) = line.split_once('|')?;
        // What follows name and version is the directory of a workspace member, or a mark.
        let package: Vec<&str> = package.split_whitespace().take(2).collect();
        Some(format!("{}|{}", package.join(" "), features.trim_end_matches(" (*)")))
    };
    let mut lines: Vec<String> = text.lines().filter_map(version).collect();
    lines.sort();
    lines.dedup();
    Ok(lines.join("\n"))
}

/// The profiles that the page is built with, as they stand in the manifest.
fn profiles(manifest: &str) -> String {
    let mut wanted = false;
    let mut text = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            wanted = matches!(line.trim(), "[profile.release]" | "[profile.viewer]");
        }
        if wanted {
            text.push_str(line.trim());
            text.push('\n');
        }
    }
    text
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs_err::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Compiles the viewer. Paths of this machine are kept out of it, so that every machine builds the same.
fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let home = home.context("cannot tell where cargo keeps its sources; set CARGO_HOME")?;
    let sysroot = shell::read(shell::command("rustc").args(["--print", "sysroot"]))?;
    let flags = [
        // Where the component rust-src is installed, paths of the standard library would lead there.
        format!("--remap-path-prefix={}/lib/rustlib/src/rust=/rust", sysroot.trim()),
        format!("--remap-path-prefix={}=/loadgate", root.display()),
        format!("--remap-path-prefix={}=/cargo", home.display()),
    ];
    let status = shell::cargo()
        .args([
            "build",
            "--locked",
            "--package",
            "loadgate-viewer",
            "--lib",
            "--target",
            TARGET,
            "--profile",
            "viewer",
        ])
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .status()
        .context("failed to run cargo")?;
    if !status.success() {
        bail!("the viewer does not build; is the target installed? `rustup target add {TARGET}`");
    }
    Ok(shell::target().join(TARGET).join("viewer/loadgate_viewer.wasm"))
}

/// Runs wasm-bindgen: gives its script and the Wasm that belongs to it.
fn bind(wasm: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let mut output = Bindgen::new()
        .input_path(wasm)
        .no_modules(true)?
        .omit_default_module_path(true)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()?;
    let bytes = output.wasm_mut().emit_wasm();
    Ok((output.js().to_owned(), bytes))
}

/// The Wasm as `viewer/assets/unpack.js` reads it: a raw LZMA stream in base 85.
fn packed(wasm: &[u8]) -> anyhow::Result<String> {
    let options = LzmaOptions {
        dict_size: 1 << 22,
        lc: 3,
        lp: 0,
        pb: 0,
        nice_len: LzmaOptions::NICE_LEN_MAX,
        depth_limit: 512,
        ..LzmaOptions::with_preset(9)
    };
    let mut writer = LzmaWriter::new_no_header(Vec::new(), &options, false)?;
    writer.write_all(wasm)?;
    Ok(base85(&writer.finish()?))
}

/// Four bytes in five characters, where base64 needs five and a third. The digits are the characters from `(` to `|`, with `}` for
/// `<`, which could begin markup; none has a meaning in the text of a script element. The last group is filled up with zeros.
fn base85(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() / 4 * 5 + 5);
    for group in bytes.chunks(4) {
        let mut four = [0; 4];
        four[..group.len()].copy_from_slice(group);
        let value = u32::from_be_bytes(four);
        for place in [85_u32.pow(4), 85_u32.pow(3), 85_u32.pow(2), 85, 1] {
            let digit = (value / place % 85) as u8;
            text.push(char::from(if digit == b'<' - b'(' { b'}' } else { b'(' + digit }));
        }
    }
    text
}

fn assemble(root: &Path, inputs: &str, script: &str, wasm: &[u8]) -> anyhow::Result<String> {
    let asset = |name: &str| fs_err::read_to_string(root.join("viewer/assets").join(name));
    let css = squeezed(&asset("page.css")?);
    let early = without_comments(&asset("early.js")?);
    let script = without_comments(&format!("{script}\n{}\n{}", asset("unpack.js")?, asset("boot.js")?));
    ensure!(!script.contains("</script"), "the script would end its own element");
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let csp = format!(
        "default-src 'none'; script-src {} {} 'wasm-unsafe-eval'; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(&early),
        hash(&script),
        hash(&css)
    );
    let mut page = asset("page.html")?;
    let parts = [
        ("csp", csp.as_str()),
        ("inputs", inputs),
        ("css", &css),
        ("early", &early),
        ("size", &wasm.len().to_string()),
        ("wasm", &packed(wasm)?),
        ("script", &script),
    ];
    for (name, content) in parts {
        let slot = format!("{{{{{name}}}}}");
        ensure!(page.matches(&slot).count() == 1, "viewer/assets/page.html has no single {slot}");
        page = page.replace(&slot, content);
    }
    Ok(page)
}

/// A script without comments of their own lines and without indentation. Neither wasm-bindgen's script nor ours has
/// texts over several lines.
fn without_comments(script: &str) -> String {
    let is_comment =
        |line: &str| ["//", "/**", "* ", "*/"].iter().any(|mark| line.starts_with(mark)) || line == "*";
    let kept = script.lines().map(str::trim).filter(|line| !line.is_empty() && !is_comment(line));
    kept.collect::<Vec<_>>().join("\n")
}

/// CSS without indentation.
fn squeezed(css: &str) -> String {
    css.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_as_text_by_table() {
        for (bytes, text) in [
            (&[][..], ""),
            (&[0, 0, 0, 0], "((((("),
            (&[0, 0, 0, 84], "((((|"),
            (&[0, 0, 0, 20], "((((}"),
            (&[0, 0, 1, 0], "(((+)"),
            (&[255, 255, 255, 255], "z?^4("),
            (&[255], "yyC+("),
        ] {
            assert_eq!(base85(bytes), text, "{bytes:?}");
        }
    }
}

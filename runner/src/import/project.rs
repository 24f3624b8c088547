//! What a folder tells of the service in it: how it may be started.

use camino::Utf8Path;
use serde_json::Value;

/// A way to start the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Command that builds it.
    pub build: Option<String>,
    /// Command that starts it; may hold `{{ port }}`.
    pub command: String,
    /// Whether the port is told by the environment variable `PORT`.
    pub port_by_environment: bool,
    /// The file that tells it.
    pub found_in: String,
    /// Whether it is known to listen where it is told to.
    pub is_certain: bool,
    /// What is not known, where it is not certain.
    pub doubt: String,
}

/// How the service in a folder may be started; `None` where nothing tells it.
///
/// It is certain only where one thing alone tells it, and where the port that it will listen on is seen.
pub fn guess(folder: &Utf8Path) -> Option<Start> {
    let found: Vec<Start> = [node(folder), python(folder), cargo(folder)].into_iter().flatten().collect();
    let several = found.len() > 1;
    let mut start = found.into_iter().next()?;
    if several {
        start.is_certain = false;
        "there are other services in this folder".clone_into(&mut start.doubt);
    }
    Some(start)
}

const PORT_UNKNOWN: &str = "whether the service listens on PORT is not known";

fn read(folder: &Utf8Path, name: &str) -> Option<String> {
    // What cannot be read tells nothing.
    std::fs::read_to_string(folder.join(name)).ok()
}

/// The `start` script of package.json.
fn node(folder: &Utf8Path) -> Option<Start> {
    let package: Value = serde_json::from_str(&read(folder, "package.json")?).ok()?;
    let script = package["scripts"]["start"].as_str()?;
    let mut words = script.split_whitespace();
    let reads_port = match (words.next(), words.next()) {
        (Some("next"), Some("start")) => true,
        (Some("node"), Some(file)) => {
            read(folder, file).is_some_and(|source| source.contains("process.env.PORT"))
        }
        _ => false,
    };
    let is_certain = reads_port || script.contains("$PORT") || script.contains("${PORT");
    Some(Start {
        build: None,
        command: "npm start".to_owned(),
        port_by_environment: true,
        found_in: "the script `start` of package.json".to_owned(),
        is_certain,
        doubt: PORT_UNKNOWN.to_owned(),
    })
}

/// An ASGI application that uvicorn can run.
fn python(folder: &Utf8Path) -> Option<Start> {
    let manifests = ["pyproject.toml", "requirements.txt"];
    let manifest = manifests
        .into_iter()
        .find(|name| read(folder, name).is_some_and(|text| text.to_lowercase().contains("uvicorn")))?;
    let modules = ["main.py", "app.py", "api.py", "server.py", "app/main.py", "src/main.py", "app/app.py"];
    let applications: Vec<(&str, String)> =
        modules.into_iter().filter_map(|file| Some((file, application(&read(folder, file)?)?))).collect();
    let [(file, name)] = &applications[..] else { return None };
    let module = file.trim_end_matches(".py").replace('/', ".");
    Some(Start {
        build: None,
        command: format!("uvicorn {module}:{name} --port {{{{ port }}}}"),
        port_by_environment: false,
        found_in: format!("{manifest} and {file}"),
        is_certain: true,
        doubt: String::new(),
    })
}

/// The name that the file gives to its application: `app = FastAPI(…)`.
fn application(source: &str) -> Option<String> {
    source.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let name = name.split(':').next()?.trim();
        let is_name = !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !line.starts_with(char::is_whitespace);
        let value = value.trim_start();
        (is_name && ["FastAPI(", "Starlette(", "Litestar("].iter().any(|known| value.starts_with(known)))
            .then(|| name.to_owned())
    })
}

/// The only binary of a Cargo package.
fn cargo(folder: &Utf8Path) -> Option<Start> {
    let manifest = read(folder, "Cargo.toml")?;
    let main = read(folder, "src/main.rs")?;
    if manifest.lines().any(|line| line.trim() == "[[bin]]") || folder.join("src/bin").is_dir() {
        return None;
    }
    let servers = ["axum", "actix-web", "rocket", "warp", "poem", "tide", "salvo", "hyper"];
    let is_server = manifest.lines().any(|line| {
        let name = line.split(['=', '.']).next().unwrap_or_default().trim().trim_matches('"');
        servers.contains(&name)
    });
    if !is_server {
        return None;
    }
    let is_certain = main.contains("\"PORT\"");
    Some(Start {
        build: Some("cargo build --release".to_owned()),
        command: "cargo run --release".to_owned(),
        port_by_environment: true,
        found_in: "Cargo.toml and src/main.rs".to_owned(),
        is_certain,
        doubt: PORT_UNKNOWN.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(files: &[(&str, &str)]) -> Option<(String, bool)> {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        for (name, text) in files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        guess(folder).map(|start| (start.command, start.is_certain))
    }

    #[test]
    fn only_what_is_seen_is_certain() {
        let package = ("package.json", r#"{"scripts":{"start":"node server.js"}}"#);
        let npm = |certain| Some(("npm start".to_owned(), certain));
        assert_eq!(guessed(&[package]), npm(false));
        assert_eq!(guessed(&[package, ("server.js", "listen(process.env.PORT)")]), npm(true));
        assert_eq!(guessed(&[("package.json", "{\"scripts\":{}}")]), None);
        assert_eq!(guessed(&[("package.json", "broken")]), None);
        let requirements = ("requirements.txt", "fastapi\nuvicorn[standard]\n");
        let app = "from fastapi import FastAPI\napi: FastAPI = FastAPI()\n";
        let uvicorn = |module| Some((format!("uvicorn {module} --port {{{{ port }}}}"), true));
        assert_eq!(guessed(&[requirements, ("app/main.py", app)]), uvicorn("app.main:api"));
        assert_eq!(guessed(&[requirements, ("app/main.py", app), ("main.py", app)]), None);
        let cargo = ("Cargo.toml", "[package]\nname = \"x\"\n[dependencies]\naxum = \"0.8\"\n");
        let run = |certain| Some(("cargo run --release".to_owned(), certain));
        assert_eq!(guessed(&[cargo, ("src/main.rs", "env::var(\"PORT\")")]), run(true));
        assert_eq!(guessed(&[cargo, ("src/main.rs", "fn main() {}")]), run(false));
        assert_eq!(guessed(&[cargo]), None);
        assert_eq!(guessed(&[("Cargo.toml", "[package]"), ("src/main.rs", "")]), None);
        assert_eq!(
            guessed(&[package, ("server.js", "process.env.PORT"), cargo, ("src/main.rs", "")]),
            npm(false)
        );
        assert_eq!(guessed(&[]), None);
    }
}

//! Chromium, driven over its own protocol through two pipes: no driver, no port, no network.
//!
//! <https://chromedevtools.github.io/devtools-protocol/>; messages are JSON, each ended by a NUL.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long the browser may take for anything. A hang is a failure; a slow machine is none.
const PATIENCE: Duration = Duration::from_secs(240);

/// A browser of one's own, with a profile that is thrown away.
pub(crate) struct Browser {
    child: Child,
    pipe: ChildStdin,
    messages: Receiver<Value>,
    events: Vec<Value>,
    next_id: u64,
    _profile: tempfile::TempDir,
}

/// One page in it.
pub(crate) struct Tab {
    browser: Browser,
    session: String,
}

/// How a page is to be opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) dark: bool,
    pub(crate) scripts: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 1280, height: 900, dark: false, scripts: true }
    }
}

fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("LOADGATE_CHROMIUM") {
        return path.into();
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths)
        .flat_map(|dir| names.map(|name| dir.join(name)))
        .find(|path| path.is_file())
        .expect("no Chromium found; `cargo xtask setup` installs it")
}

impl Browser {
    fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        // Chromium reads commands from descriptor 3 and answers on 4; the shell puts our pipes there.
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$@" 3<&0 4>&1 >/dev/null 2>&1 </dev/null"#, "sh"])
            .arg(program())
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pipe = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let (send, messages) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while answers.read_until(0, &mut message).is_ok_and(|n| n > 0) {
                message.pop();
                if serde_json::from_slice(&message).is_ok_and(|value: Value| send.send(value).is_err()) {
                    break;
                }
                message.clear();
            }
        });
        Self { child, pipe, messages, events: Vec::new(), next_id: 0, _profile: profile }
    }

    fn call(&mut self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        self.pipe.write_all(format!("{message}\0").as_bytes()).unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let message = self.receive(deadline).unwrap_or_else(|| panic!("no answer to {method}"));
            if message["id"] == id {
                assert!(message.get("error").is_none(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn receive(&mut self, deadline: Instant) -> Option<Value> {
        match self.messages.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("Chromium ended"),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its own children end with it.
        drop(self.pipe.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0"));
        let deadline = Instant::now() + Duration::from_secs(5);
        while self.child.try_wait().is_ok_and(|status| status.is_none()) {
            if Instant::now() > deadline {
                drop(self.child.kill());
                drop(self.child.wait());
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Tab {
    /// Opens a file and waits until it has loaded.
    pub(crate) fn open(file: &Path, look: Look) -> Self {
        Self::open_at(file, "", look)
    }

    /// Opens a file at a place in it.
    pub(crate) fn open_at(file: &Path, hash: &str, look: Look) -> Self {
        Self::open_with(file, hash, look, None)
    }

    /// The same with a script that runs before the page's own.
    pub(crate) fn open_with(file: &Path, hash: &str, look: Look, script: Option<&str>) -> Self {
        let mut browser = Browser::start();
        let target = browser.call(None, "Target.createTarget", json!({ "url": "about:blank" }));
        let attached = browser.call(
            None,
            "Target.attachToTarget",
            json!({ "targetId": target["targetId"], "flatten": true }),
        );
        let mut tab = Self { browser, session: attached["sessionId"].as_str().unwrap().to_owned() };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        // In time of the thread: what others do on the machine is none of the page's.
        tab.call("Performance.enable", json!({ "timeDomain": "threadTicks" }));
        if let Some(source) = script {
            tab.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source }));
        }
        tab.size(look.width, look.height);
        let scheme = if look.dark { "dark" } else { "light" };
        tab.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }),
        );
        tab.call("Emulation.setScriptExecutionDisabled", json!({ "value": !look.scripts }));
        tab.call("Page.navigate", json!({ "url": format!("file://{}{hash}", file.display()) }));
        tab.wait_for_event("Page.loadEventFired");
        tab
    }

    /// Calls a method of the protocol.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.browser.call(Some(&self.session.clone()), method, params)
    }

    fn wait_for_event(&mut self, method: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.browser.events.iter().any(|event| event["method"] == method) {
            let message = self.browser.receive(deadline).unwrap_or_else(|| panic!("no {method}"));
            self.browser.events.push(message);
        }
    }

    /// Evaluates an expression; promises are awaited.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let result = self.call("Runtime.evaluate", params);
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&mut self, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.eval(expression) != true {
            assert!(Instant::now() < deadline, "never true: {expression}\n{:?}", self.troubles());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the interactive page has taken over.
    pub(crate) fn interactive(&mut self) {
        self.until(
            "!!document.querySelector('#loadgate-app main') && !document.querySelector('#loadgate-static')",
        );
    }

    /// Goes on inside of the page's only frame, which runs in a process of its own.
    pub(crate) fn enter_frame(&mut self) {
        let params = json!({ "autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true });
        self.call("Target.setAutoAttach", params);
        self.wait_for_event("Target.attachedToTarget");
        let attached = self.browser.events.iter().rfind(|e| e["method"] == "Target.attachedToTarget");
        self.session = attached.unwrap()["params"]["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Chooses files in an input.
    pub(crate) fn choose_files(&mut self, input: &str, files: &[&Path]) {
        let document = self.call("DOM.getDocument", json!({}));
        let id = document["root"]["nodeId"].clone();
        let node = self.call("DOM.querySelector", json!({ "nodeId": id, "selector": input }));
        self.call("DOM.setFileInputFiles", json!({ "files": files, "nodeId": node["nodeId"] }));
    }

    /// Presses the left button at one place, moves, and lets it go at another.
    pub(crate) fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        let between = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        for (kind, (x, y)) in [
            ("mouseMoved", from),
            ("mousePressed", from),
            ("mouseMoved", between),
            ("mouseMoved", to),
            ("mouseReleased", to),
        ] {
            let held = if kind == "mouseReleased" || kind == "mousePressed" { "left" } else { "none" };
            let params = json!({ "type": kind, "x": x, "y": y, "button": held, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", params);
        }
    }

    /// Presses a key.
    pub(crate) fn key(&mut self, key: &str) {
        let text = if key.chars().count() == 1 { key } else { "" };
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyDown", "key": key, "text": text }));
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key }));
    }

    fn size(&mut self, width: u32, height: u32) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
    }

    /// What a page must not do: errors and warnings on the console, and requests to anywhere.
    pub(crate) fn troubles(&self) -> Vec<String> {
        let trouble = |event: &Value| {
            let params = &event["params"];
            match event["method"].as_str()? {
                "Runtime.exceptionThrown" => Some(format!("exception: {}", params["exceptionDetails"])),
                "Runtime.consoleAPICalled" if params["type"] == "error" || params["type"] == "warning" => {
                    Some(format!("console: {}", params["args"]))
                }
                "Log.entryAdded"
                    if params["entry"]["level"] != "verbose" && params["entry"]["level"] != "info" =>
                {
                    Some(format!("log: {} {}", params["entry"]["text"], params["entry"]["url"]))
                }
                "Network.requestWillBeSent" => {
                    let url = params["request"]["url"].as_str()?;
                    let own = params["type"] == "Document" && url.starts_with("file:");
                    (!own && !url.starts_with("data:")).then(|| format!("request: {url}"))
                }
                _ => None,
            }
        };
        self.browser.events.iter().filter_map(trouble).collect()
    }

    /// Keeps a picture of the whole page below the target folder.
    pub(crate) fn screenshot(&mut self, name: &str) {
        use base64::Engine as _;
        let metrics = self.call("Page.getLayoutMetrics", json!({}));
        let size = &metrics["cssContentSize"];
        let clip = json!({
            "x": 0, "y": 0, "width": size["width"], "scale": 1,
            "height": size["height"].as_f64().unwrap().min(12_000.0),
        });
        let shot = self.call(
            "Page.captureScreenshot",
            json!({ "format": "png", "captureBeyondViewport": true, "clip": clip }),
        );
        keep(
            name,
            "png",
            &base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap(),
        );
    }

    /// Prints the page as a PDF; gives its bytes and keeps it below the target folder.
    pub(crate) fn pdf(&mut self, name: &str) -> Vec<u8> {
        use base64::Engine as _;
        let pdf = self.call("Page.printToPDF", json!({ "printBackground": true }));
        let bytes = base64::engine::general_purpose::STANDARD.decode(pdf["data"].as_str().unwrap()).unwrap();
        keep(name, "pdf", &bytes);
        bytes
    }
}

impl Tab {
    /// Keeps a file below the target folder, for people to look at.
    pub(crate) fn keep(&self, name: &str, ending: &str, bytes: &[u8]) {
        keep(name, ending, bytes);
    }

    /// The same for what came as base64.
    pub(crate) fn keep_base64(&self, name: &str, ending: &str, text: &str) {
        use base64::Engine as _;
        keep(name, ending, &base64::engine::general_purpose::STANDARD.decode(text).unwrap());
    }
}

fn keep(name: &str, ending: &str, bytes: &[u8]) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(format!("{name}.{ending}")), bytes).unwrap();
}

//! The service's output: all of it in a file, the last lines at hand for messages.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex};

use camino::Utf8Path;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Lines that messages show.
const LINES: usize = 12;
/// Most bytes of the file; a service that logs every request must not fill the disk.
const FILE_BYTES: usize = 20_000_000;
/// Most bytes of one shown line.
const LINE_BYTES: usize = 500;

/// The last lines of a service's output. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct LogTail(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    lines: VecDeque<String>,
    file: Option<fs_err::File>,
    written: usize,
}

impl LogTail {
    /// Begins the file anew. A file that cannot be written only loses the file, not the run.
    pub fn create(path: &Utf8Path, append: bool) -> Self {
        let mut options = fs_err::OpenOptions::new();
        options.create(true).write(true).append(append).truncate(!append);
        Self(Arc::new(Mutex::new(Inner {
            lines: VecDeque::new(),
            file: options.open(path).ok(),
            written: 0,
        })))
    }

    /// Copies everything that comes until the stream ends.
    pub fn follow(&self, stream: impl AsyncRead + Unpin + Send + 'static) -> tokio::task::JoinHandle<()> {
        let tail = self.clone();
        tokio::spawn(async move {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line).await, Ok(n) if n > 0) {
                tail.push(&line);
                line.clear();
            }
        })
    }

    fn push(&self, line: &[u8]) {
        let Ok(mut inner) = self.0.lock() else { return };
        if inner.written < FILE_BYTES {
            inner.written += line.len();
            if let Some(file) = &mut inner.file {
                // The log is a convenience: a full disk must not end the run.
                let _ = file.write_all(line);
            }
        }
        let shown = &line[..line.len().min(LINE_BYTES)];
        if inner.lines.len() == LINES {
            inner.lines.pop_front();
        }
        inner.lines.push_back(String::from_utf8_lossy(shown).trim_end().to_owned());
    }

    /// The last lines, each indented.
    pub fn last_lines(&self) -> String {
        let Ok(inner) = self.0.lock() else { return String::new() };
        inner.lines.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
    }
}

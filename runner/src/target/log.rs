//! The service's output: all of it in a file, the last lines at hand for messages.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex};

use camino::Utf8Path;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::output::Secrets;

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
    secrets: Secrets,
}

impl LogTail {
    /// Begins the file anew. A file that cannot be written only loses the file, not the run. Secrets are masked line by line
    /// before anything is kept: services like to print their settings, and CI uploads the file.
    pub fn create(path: &Utf8Path, append: bool, secrets: Secrets) -> Self {
        let mut options = fs_err::OpenOptions::new();
        options.create(true).write(true).append(append).truncate(!append);
        Self(Arc::new(Mutex::new(Inner {
            lines: VecDeque::new(),
            file: options.open(path).ok(),
            written: 0,
            secrets,
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
        // Where nothing is masked the bytes are kept as they are, whether or not they are text.
        let text = String::from_utf8_lossy(line);
        let masked = match inner.secrets.mask(&text) {
            Cow::Owned(masked) => Some(masked),
            Cow::Borrowed(_) => None,
        };
        let line = masked.as_ref().map_or(line, |masked| masked.as_bytes());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_kept_of_an_output_holds_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("target.log");
        let log = LogTail::create(
            Utf8Path::from_path(&path).unwrap(),
            false,
            Secrets::new(["postgres://app:hush@db/app"]),
        );
        // One secret lies across the end of what a message shows of a line.
        let long = format!("{}postgres://app:hush@db/app", "x".repeat(LINE_BYTES - 8));
        let said =
            format!("DATABASE_URL=postgres://app:hush@db/app\n\u{fc}\n{long}\nat postgres://app:hush@db/app");
        let mut bytes = said.into_bytes();
        bytes.extend_from_slice(b"\n\xff\xfe stays\n");
        log.follow(std::io::Cursor::new(bytes)).await.unwrap();
        let kept = fs_err::read(&path).unwrap();
        let expected = format!("DATABASE_URL=***\n\u{fc}\n{}***\nat ***\n", "x".repeat(LINE_BYTES - 8));
        assert_eq!(kept, [expected.as_bytes(), b"\xff\xfe stays\n"].concat());
        let shown = log.last_lines();
        assert!(shown.contains("at ***") && !shown.contains("postgres"), "{shown}");
    }
}

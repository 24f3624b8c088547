//! The service's output: all of it in a file, the last lines at hand for messages.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex};

use camino::Utf8Path;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

use crate::output::Secrets;

/// Lines that messages show.
const LINES: usize = 12;
/// Most bytes of the file; a service that logs every request must not fill the disk.
const FILE_BYTES: usize = 20_000_000;
/// Most bytes that are read of one line; a service that never ends a line must not fill memory.
const LONGEST: usize = 64 * 1024;
/// So much of a line's beginning is left out with its rest: a secret may begin there that was not read to its end.
const UNSURE: usize = 8 * 1024;
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
            // Whether the beginning of the line has been taken already.
            let mut is_rest = false;
            while matches!((&mut reader).take(LONGEST as u64).read_until(b'\n', &mut line).await, Ok(n) if n > 0)
            {
                let is_cut = line.len() == LONGEST && !line.ends_with(b"\n");
                if !is_rest {
                    tail.push(&line, is_cut);
                }
                is_rest = is_cut;
                line.clear();
            }
        })
    }

    /// Takes a line, or the beginning of one that is too long.
    fn push(&self, line: &[u8], is_cut: bool) {
        let Ok(mut inner) = self.0.lock() else { return };
        // Where nothing is masked the bytes are kept as they are, whether or not they are text.
        let text = String::from_utf8_lossy(line);
        let masked = match inner.secrets.mask(&text) {
            Cow::Owned(masked) => Some(masked),
            Cow::Borrowed(_) => None,
        };
        let line = masked.as_ref().map_or(line, |masked| masked.as_bytes());
        let beginning;
        let line = if is_cut {
            beginning = [&line[..line.len().saturating_sub(UNSURE)], "…\n".as_bytes()].concat();
            &beginning
        } else {
            line
        };
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

    #[tokio::test]
    async fn a_line_that_never_ends_is_cut_while_it_goes_on() {
        use tokio::io::AsyncWriteExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("target.log");
        let log = LogTail::create(&path, false, Secrets::new(["hush-hush-hush"]));
        let (mut service, stream) = tokio::io::duplex(8 * 1024);
        let follower = log.follow(stream);
        // One secret lies where the line is cut.
        let long = format!("hush-hush-hush{}hush-hush-hush", "x".repeat(LONGEST - 20));
        service.write_all(format!("begin\n{long}").as_bytes()).await.unwrap();
        service.write_all(&vec![b'x'; 2 * LONGEST]).await.unwrap();
        let beginning = format!("begin\n***{}…\n", "x".repeat(LONGEST - 20 + 6 - UNSURE));
        let written = || fs_err::read_to_string(&path).unwrap();
        let begun = std::time::Instant::now();
        while written().len() < beginning.len() && begun.elapsed() < std::time::Duration::from_secs(10) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert!(written() == beginning, "{} bytes", written().len());
        service.write_all(b"\nend\n").await.unwrap();
        drop(service);
        follower.await.unwrap();
        assert!(written() == format!("{beginning}end\n"));
        let shown = log.last_lines();
        let shown: Vec<_> = shown.lines().map(|line| line.trim().len()).collect();
        assert_eq!(shown, [5, LINE_BYTES, 3]);
    }
}

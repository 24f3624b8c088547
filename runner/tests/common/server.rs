//! A server of a few lines that does what a test says, so that the tests see what a client of ours does to a stranger.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the server does with a request.
pub(crate) enum Reply {
    /// Answers with this status and body.
    Answer(u16, Vec<u8>),
    /// Drops all connections and listens no longer.
    Die,
    /// The same, and listens again at the same address after a second.
    Restart,
}

/// HTTP/1.1 with keep-alive on a free port of the loopback interface; stops when dropped.
pub(crate) struct Server {
    address: std::net::SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    is_dead: AtomicBool,
    comes_back: AtomicBool,
    requests: AtomicU64,
    connections: Mutex<Vec<TcpStream>>,
}

impl Shared {
    fn die(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
        for connection in self.connections.lock().unwrap().drain(..) {
            // It may be closed already, which is what is wanted.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Server {
    /// Starts a server; `reply` gets the number of the request, from 1, and its first line.
    pub(crate) fn start(reply: impl Fn(u64, &str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let reply = Arc::new(reply);
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            listen(listener, &own, &reply);
            if own.comes_back.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_secs(1));
                own.is_dead.store(false, Ordering::SeqCst);
                listen(TcpListener::bind(address).unwrap(), &own, &reply);
            }
        });
        Self { address, shared }
    }

    /// A server that answers everything with `ok`.
    pub(crate) fn healthy() -> Self {
        Self::start(|_, _| Reply::Answer(200, b"ok".to_vec()))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until so many requests have come.
    pub(crate) fn wait_for(&self, requests: u64) {
        let start = Instant::now();
        while self.shared.requests.load(Ordering::SeqCst) < requests {
            assert!(start.elapsed() < Duration::from_secs(60), "the server saw no {requests} requests");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.die();
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// Until it is dead; then nobody listens.
fn listen<R: Fn(u64, &str) -> Reply + Send + Sync + 'static>(
    listener: TcpListener,
    own: &Arc<Shared>,
    reply: &Arc<R>,
) {
    for connection in listener.incoming() {
        if own.is_dead.load(Ordering::SeqCst) {
            break;
        }
        let Ok(connection) = connection else { continue };
        own.connections.lock().unwrap().push(connection.try_clone().unwrap());
        let (own, reply) = (Arc::clone(own), Arc::clone(reply));
        std::thread::spawn(move || serve(connection, &own, &*reply));
    }
}

fn serve(connection: TcpStream, shared: &Shared, reply: &dyn Fn(u64, &str) -> Reply) {
    let mut writer = connection.try_clone().unwrap();
    let mut reader = BufReader::new(connection);
    while let Some(first_line) = request(&mut reader) {
        let number = shared.requests.fetch_add(1, Ordering::SeqCst) + 1;
        match reply(number, &first_line) {
            Reply::Answer(status, body) => {
                let head = format!("HTTP/1.1 {status} Told\r\ncontent-length: {}\r\n\r\n", body.len());
                if writer.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                    return;
                }
            }
            Reply::Die => return shared.die(),
            Reply::Restart => {
                shared.comes_back.store(true, Ordering::SeqCst);
                shared.die();
                // Wakes the listener, so that it closes.
                let _ = TcpStream::connect(writer.local_addr().unwrap());
                return;
            }
        }
    }
}

/// Reads one request and gives its first line.
fn request(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut first_line = String::new();
    if reader.read_line(&mut first_line).ok()? == 0 {
        return None;
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(first_line)
}

//! Servers for tests: one that says exactly these bytes, one that records what it hears.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a server does with one request.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// Says this and goes on with the connection.
    Say(Vec<u8>),
    /// Says this in pieces, with a pause before each of them.
    Drip(Vec<(u64, Vec<u8>)>),
    /// Says this, then closes.
    SayAndClose(Vec<u8>),
    /// Says this, then resets the connection.
    SayAndReset(Vec<u8>),
    /// Says nothing at all, for as long as the client stays.
    Silence,
}

/// A request as it was heard.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    pub(super) line: String,
    pub(super) head: String,
    pub(super) body: String,
    /// Number of the connection.
    pub(super) connection: usize,
}

/// A server on loopback; it ends with the test process.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) base: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

pub(super) fn ok(body: &str) -> Vec<u8> {
    status(200, body)
}

pub(super) fn status(status: u16, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

impl Server {
    /// Starts a server that answers by `reply`.
    pub(super) fn start(reply: impl Fn(&Heard) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let server = Self { base, heard: heard.clone() };
        let reply = Arc::new(reply);
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (reply, heard) = (reply.clone(), heard.clone());
                let stream = stream.unwrap();
                std::thread::spawn(move || serve(stream, connection, &*reply, &heard));
            }
        });
        server
    }

    /// Starts a server that always says this.
    pub(super) fn saying(bytes: Vec<u8>) -> Self {
        Self::start(move |_| Reply::Say(bytes.clone()))
    }

    /// All requests so far, in the order in which they were heard.
    pub(super) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    connection: usize,
    reply: &(impl Fn(&Heard) -> Reply + ?Sized),
    heard: &Mutex<Vec<Heard>>,
) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    while let Some(mut request) = read_request(&mut stream, &mut buffer) {
        request.connection = connection;
        heard.lock().unwrap().push(request.clone());
        match reply(&request) {
            Reply::Say(bytes) => {
                if stream.write_all(&bytes).is_err() {
                    return;
                }
            }
            Reply::Drip(pieces) => {
                for (pause, bytes) in pieces {
                    std::thread::sleep(Duration::from_millis(pause));
                    if stream.write_all(&bytes).is_err() {
                        return;
                    }
                }
            }
            Reply::SayAndClose(bytes) => {
                let _ = stream.write_all(&bytes);
                return;
            }
            Reply::SayAndReset(bytes) => {
                let _ = stream.write_all(&bytes);
                // What was said must be there before the reset overtakes it.
                std::thread::sleep(Duration::from_millis(30));
                rustix_reset(&stream);
                return;
            }
            Reply::Silence => {
                let _ = stream.read(&mut [0; 64]);
                return;
            }
        }
    }
}

/// Makes the close that follows a reset.
fn rustix_reset(stream: &TcpStream) {
    tokio::net::TcpSocket::from_std_stream(stream.try_clone().unwrap()).set_zero_linger().unwrap();
}

fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Heard> {
    loop {
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8(buffer[..end].to_vec()).unwrap();
            let length = head
                .to_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ").map(|n| n.parse::<usize>().unwrap()));
            let whole = end + 4 + length.unwrap_or(0);
            if buffer.len() >= whole {
                let body = String::from_utf8_lossy(&buffer[end + 4..whole]).into_owned();
                buffer.drain(..whole);
                let line = head.lines().next().unwrap_or_default().to_owned();
                return Some(Heard { line, head, body, connection: 0 });
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(n) => buffer.extend_from_slice(&piece[..n]),
        }
    }
}

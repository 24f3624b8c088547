//! The server that knows the truth: a single thread that spins, so that it answers within microseconds of when it means to.
//!
//! ```text
//! a request arrives ─▶ it is read ─▶ how long to hold it? ─▶ queue of instants ─▶ write ─▶ how long it was held (recorded)
//! ```
//!
//! A request is held from its arrival, as the kernel stamps it, and not from its being read: where something else has the
//! server's processor for a millisecond, its clients wait for that millisecond, and a server that did not know of it would blame them.
//!
//! It has processors of its own, so to spin costs nobody anything; a server that slept would wake up late by more than the
//! errors that it is to uncover.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, ErrorKind, IoSliceMut, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{Backlog, ControlMessageOwned, MsgFlags, listen, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

use super::ledger::Ledger;
use super::route::{Mixture, Plan, Route};
use super::wire;

/// Nanoseconds of the system's monotonic clock, which all processes share.
pub(crate) fn now_ns() -> u64 {
    clock_ns(ClockId::CLOCK_MONOTONIC)
}

fn clock_ns(clock: ClockId) -> u64 {
    // These clocks cannot fail on Linux; a zero would show as a figure of decades.
    clock_gettime(clock).map_or(0, nanoseconds)
}

fn nanoseconds(time: TimeSpec) -> u64 {
    time.tv_sec().cast_unsigned() * 1_000_000_000 + time.tv_nsec().cast_unsigned()
}

/// The listener's mark among the sockets.
const LISTENER: u64 = u64::MAX;
/// Events taken at once.
const EVENTS: usize = 256;

/// A client.
struct Client {
    socket: TcpStream,
    input: Vec<u8>,
    /// When the request under way arrived.
    arrived_ns: u64,
}

/// Something to be written.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at_ns: u64,
    client: usize,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// The whole answer.
    Answer,
    /// A token of a stream: its number, how many there are, nanoseconds between them, when the last one was written.
    Token { number: u32, of: u32, gap_ns: u64, last_ns: u64 },
}

/// A stop of everything.
#[derive(Clone, Copy, Default)]
struct Freeze {
    /// From the next request of the load on.
    after_ns: u64,
    for_ns: u64,
    /// Set once that request has come.
    at_ns: Option<u64>,
}

/// The server's state.
pub(super) struct Server {
    listener: TcpListener,
    epoll: Epoll,
    clients: Vec<Option<Client>>,
    free: Vec<usize>,
    due: BinaryHeap<Reverse<Due>>,
    ledger: Ledger,
    freeze: Option<Freeze>,
    /// Decides which requests of a mixture are slow.
    mixture: Mixture,
    answers: u64,
}

impl Server {
    pub(super) fn new(listener: TcpListener) -> anyhow::Result<Self> {
        listener.set_nonblocking(true)?;
        // Who opens hundreds of connections in a freeze must not be turned away, which would cost a second each.
        listen(&listener, Backlog::MAXALLOWABLE)?;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
        Ok(Self {
            listener,
            epoll,
            clients: Vec::new(),
            free: Vec::new(),
            due: BinaryHeap::new(),
            ledger: Ledger::default(),
            freeze: None,
            mixture: Mixture::default(),
            answers: 0,
        })
    }

    /// Serves until the process is ended.
    pub(super) fn run(mut self) -> anyhow::Result<()> {
        let mut events = [EpollEvent::empty(); EVENTS];
        loop {
            let idle = self.clients.len() == self.free.len();
            let timeout = if idle { EpollTimeout::NONE } else { EpollTimeout::ZERO };
            let ready = match self.epoll.wait(&mut events, timeout) {
                Ok(ready) => ready,
                Err(nix::errno::Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            };
            for event in &events[..ready] {
                if event.data() == LISTENER {
                    self.accept()?;
                } else {
                    self.read(event.data() as usize);
                    self.fire();
                }
            }
            self.fire();
            self.stand_still();
        }
    }

    fn accept(&mut self) -> anyhow::Result<()> {
        loop {
            let socket = match self.listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                // The client has given up meanwhile.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error.into()),
            };
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            setsockopt(&socket, ReceiveTimestampns, &true)?;
            let place = self.free.pop().unwrap_or(self.clients.len());
            self.epoll.add(&socket, EpollEvent::new(EpollFlags::EPOLLIN, place as u64))?;
            let client = Some(Client { socket, input: Vec::new(), arrived_ns: 0 });
            if place == self.clients.len() {
                self.clients.push(client);
            } else {
                self.clients[place] = client;
            }
        }
    }

    fn close(&mut self, place: usize) {
        // Closing takes it out of the epoll set. What was due for it must not reach the next client of this place.
        if self.clients[place].take().is_some() {
            self.due.retain(|due| due.0.client != place);
            self.free.push(place);
        }
    }

    fn read(&mut self, place: usize) {
        let Some(client) = &mut self.clients[place] else { return };
        let mut buffer = [0; 16 * 1024];
        let arrived_ns = match receive(&client.socket, &mut buffer) {
            Ok((0, _)) => return self.close(place),
            Ok((n, arrived_ns)) => {
                client.input.extend_from_slice(&buffer[..n]);
                arrived_ns
            }
            Err(nix::errno::Errno::EAGAIN) => return,
            Err(_) => return self.close(place),
        };
        let read_ns = now_ns();
        let Some(request) = wire::parse(&client.input) else { return };
        client.arrived_ns = arrived_ns;
        let plan = super::route::plan(&request, &mut self.mixture);
        let (answer, length) = match plan {
            Plan::Load { hold_ns, route } => {
                let length = request.length;
                let answer = match route {
                    Route::Small => None,
                    Route::Chat => Some(wire::chat(&request, self.answers)),
                };
                self.ledger.received(read_ns);
                self.answers += 1;
                if let Some(freeze) = &mut self.freeze {
                    freeze.at_ns.get_or_insert(read_ns + freeze.after_ns);
                }
                if hold_ns > 0 {
                    self.due.push(Reverse(Due {
                        at_ns: read_ns + hold_ns,
                        client: place,
                        what: What::Answer,
                    }));
                    client.input.drain(..length);
                    return;
                }
                (answer, length)
            }
            Plan::Stream { first_ns, gap_ns, tokens } => {
                self.ledger.received(read_ns);
                let what = What::Token { number: 0, of: tokens, gap_ns, last_ns: 0 };
                self.due.push(Reverse(Due { at_ns: read_ns + first_ns, client: place, what }));
                let length = request.length;
                client.input.drain(..length);
                return self.write(place, wire::STREAM_HEAD);
            }
            Plan::Freeze { after_ns, for_ns } => {
                self.freeze = Some(Freeze { after_ns, for_ns, at_ns: None });
                (None, request.length)
            }
            Plan::Take => {
                let told = std::mem::take(&mut self.ledger).told();
                (Some(wire::json(&told)), request.length)
            }
            Plan::Unknown => (Some(wire::NOT_FOUND.to_vec()), request.length),
        };
        let recorded = matches!(plan, Plan::Load { .. });
        client.input.drain(..length);
        self.write(place, answer.as_deref().unwrap_or(wire::SMALL));
        if recorded {
            self.ledger.held(now_ns().saturating_sub(arrived_ns));
        }
    }

    /// Writes all that is due.
    fn fire(&mut self) {
        while let Some(next) = self.due.peek() {
            let now = now_ns();
            if next.0.at_ns > now {
                return;
            }
            let Some(Reverse(due)) = self.due.pop() else { return };
            match due.what {
                What::Answer => {
                    let arrived_ns = self.clients[due.client].as_ref().map_or(0, |client| client.arrived_ns);
                    self.write(due.client, wire::SMALL);
                    // To write takes a while, within which the client may read already; half of it is the error.
                    self.ledger.held(now.saturating_sub(arrived_ns));
                }
                What::Token { number, of, gap_ns, last_ns } if number < of => {
                    let arrived_ns = self.clients[due.client].as_ref().map_or(0, |client| client.arrived_ns);
                    if number == 0 {
                        self.ledger.first_token(now.saturating_sub(arrived_ns));
                    } else {
                        self.ledger.gap(now.saturating_sub(last_ns));
                    }
                    self.write(due.client, &wire::token(number));
                    let what = What::Token { number: number + 1, of, gap_ns, last_ns: now };
                    // By the plan, not by when this one was written: errors must not add up.
                    let at_ns = if number + 1 < of { due.at_ns + gap_ns } else { due.at_ns };
                    self.due.push(Reverse(Due { at_ns, client: due.client, what }));
                }
                What::Token { .. } => self.write(due.client, wire::STREAM_END),
            }
        }
    }

    fn write(&mut self, place: usize, bytes: &[u8]) {
        let Some(client) = &mut self.clients[place] else { return };
        // Answers are far smaller than a socket's buffer, so one that does not take all of it is broken.
        if write_all(&mut client.socket, bytes).is_err() {
            self.close(place);
        }
    }

    /// Freezes if it is time to.
    fn stand_still(&mut self) {
        let Some(Freeze { at_ns: Some(at_ns), for_ns, .. }) = self.freeze else { return };
        let begun = now_ns();
        if begun < at_ns {
            return;
        }
        while now_ns() < begun + for_ns {
            std::hint::spin_loop();
        }
        self.freeze = None;
        self.ledger.froze(now_ns() - begun);
    }
}

/// Reads what is there; how much it was, and when the last of it arrived, on the clock of [`now_ns`].
fn receive(socket: &TcpStream, buffer: &mut [u8]) -> nix::Result<(usize, u64)> {
    let mut space = nix::cmsg_space!(TimeSpec);
    let mut parts = [IoSliceMut::new(buffer)];
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::empty())?;
    // Stamps are of the clock that can be set; as an age it does not matter which clock it was.
    let (now, today) = (now_ns(), clock_ns(ClockId::CLOCK_REALTIME));
    let age = message.cmsgs()?.find_map(|part| match part {
        ControlMessageOwned::ScmTimestampns(time) => Some(today.saturating_sub(nanoseconds(time))),
        _ => None,
    });
    Ok((message.bytes, now - age.unwrap_or(0)))
}

fn write_all(socket: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    match socket.write(bytes)? {
        n if n == bytes.len() => Ok(()),
        _ => Err(ErrorKind::WriteZero.into()),
    }
}

//! The engine against small servers on loopback.

mod cross_talk;
mod gathering;
mod honesty;
mod http2;
mod loads;
mod look;
mod outcomes;
mod plans;
mod redirects;
mod server;
mod streams;
mod websocket;

//! The engine against small servers on loopback.

mod loads;
mod outcomes;
mod plans;
mod server;
mod streams;

//! TLS 1.3 (RFC 8446), small enough to read.
//!
//! *For learning. Nobody has audited this.*
//!
//! - `client`, `server`: the handshake, each side from top to bottom in the order of figure 1 of the RFC; `flight`: what
//!   both do alike.
//! - [`schedule`]: the key schedule, in the order in which section 7.1 draws it.
//! - [`TlsStream`]: what the handshake makes: read, write, close.
//! - [`ClientConfig`], [`ServerConfig`]: whom to trust, who one is, what to offer. No check can be switched off.
//! - `records`, `incoming`: records and messages on a stream; [`told`]: what an observer sees of them.
//! - [`TlsError`]: what went wrong, and what the peer is told.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod client;
mod config;
mod error;
mod flight;
mod incoming;
mod records;
pub mod schedule;
mod server;
mod stream;
pub mod told;

pub use client::connect;
pub use config::{Agreed, ClientConfig, Credentials, KeyLog, ServerConfig};
pub use error::TlsError;
pub use server::accept;
pub use stream::{Role, TlsStream};
pub use told::{Observer, Told};

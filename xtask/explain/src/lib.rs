//! Any TLS 1.3 session out of a packet capture, byte by byte: `cargo xtask explain`.
//!
//! A program of its own, which `cargo xtask` builds when it is needed.
//!
//! - [`capture`]: a file's packets, put in order, as the bytes of each connection.
//! - [`keylog`]: the secrets that a program has written down.
//! - [`record`]: a session that is recorded while it happens.
//! - [`session`]: what these bytes say and what the secrets open, as the events of a transcript.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod capture;
pub mod keylog;
mod options;
pub mod record;
pub mod session;

pub use options::Options;

//! Any TLS 1.3 session out of a packet capture, byte by byte: `cargo xtask explain`.
//!
//! A program of its own, which `cargo xtask` builds when it is needed.
//!
//! - [`capture`]: a file's packets, put in order, as the bytes of each connection.
//! - [`keylog`]: the secrets that a program has written down; `files`: both, as they are named on the command line.
//! - `list`: the connections of a capture at a first look; `start`: the protocol that a direction begins with.
//! - [`record`]: a session that is recorded while it happens; `source`: this, or a file.
//! - [`session`]: what these bytes say and what the secrets open, as the events of a transcript.
//! - `told`: where these go; `notes`: what else there is to say.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod capture;
mod files;
pub mod keylog;
mod list;
mod notes;
mod options;
pub mod record;
pub mod session;
mod source;
mod start;
mod told;

pub use options::Options;

//! Any TLS 1.3 session out of a packet capture, byte by byte: `cargo xtask explain`.
//!
//! A program of its own, which `cargo xtask` builds when it is needed.
//!
//! The crate `sessions` reads captures and key logs, and makes events of them. Here is what is around it:
//!
//! - `files`: the capture and the key log, as they are named on the command line.
//! - `list`: the connections of a capture at a first look; `start`: the protocol that a direction begins with.
//! - `record`: a session that is recorded while it happens; `source`: this, or a file.
//! - `told`: the views of these; `notes`: what else there is to say.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod files;
mod list;
mod notes;
mod options;
mod record;
mod source;
mod start;
mod told;

pub use options::Options;

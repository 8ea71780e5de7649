//! TLS 1.3 sessions of any two programs, as someone on the path has them, with or without their keys.
//!
//! - [`capture`]: the packets of a file, put in order, as the bytes of each connection.
//! - [`keylog`]: the secrets that a program has written down.
//! - [`session`]: what these bytes say and what the secrets open, as the events of a transcript.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod capture;
pub mod keylog;
pub mod session;

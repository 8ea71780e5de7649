//! Records on a byte stream, and where each field of a record lies. No cryptography, no sockets.
//!
//! TCP hands over a stream of bytes and keeps no message boundaries. A *record* puts them back:
//!
//! ```text
//! +-----------------+------------------+
//! | length          | payload          |
//! | 4 B, big-endian | `length` bytes   |
//! +-----------------+------------------+
//! ```
//!
//! `length` counts the payload only. It is neither secret nor authenticated at any stage.
//!
//! Read in this order:
//!
//! - [`writer`]: payloads become records, several of them in one write.
//! - [`reader`]: a stream becomes records again, each handed out where it lies in the buffer.
//! - [`cutter`]: the same for someone who only watches, and takes the bytes as they pass by.
//! - [`stage`]: the five stages: names, ports, and the fields of each stage's payload.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod cutter;
mod direction;
pub mod reader;
pub mod stage;
pub mod writer;

pub use cutter::Cutter;
pub use direction::Direction;
pub use reader::{FrameError, Limits, RecordReader};
pub use stage::{Field, Stage};
pub use writer::RecordWriter;

/// Length in bytes of the `length` field in front of every payload.
pub const LENGTH_LEN: usize = 4;

/// The longest plaintext in one record, in bytes: 2^14, the same as in TLS 1.3 (RFC 8446, section 5.1).
pub const MAX_PLAINTEXT_LEN: usize = 16_384;

/// After this many records in a row that carry no plaintext, the next one is refused: they cost the
/// receiver work and bring it nothing.
pub const MAX_EMPTY_RECORDS: u32 = 32;

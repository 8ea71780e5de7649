//! Records on a byte stream. No cryptography, no sockets, and no stage is named.
//!
//! TCP hands over a stream of bytes and keeps no message boundaries. A *record* puts them back: a header
//! that tells how long the payload behind it is.
//!
//! Read in this order:
//!
//! - [`header`]: how a header tells a payload's length.
//! - [`writer`]: payloads become records, several of them in one write.
//! - [`reader`]: a stream becomes records again, each handed out where it lies in the buffer.
//! - [`cutter`]: the same for someone who only watches, and takes the bytes as they pass by.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod cutter;
mod direction;
pub mod header;
pub mod reader;
pub mod writer;

pub use cutter::Cutter;
pub use direction::Direction;
pub use header::Header;
pub use reader::{FrameError, Limits, Record, RecordReader};
pub use writer::RecordWriter;

/// The longest plaintext in one record, in bytes: 2^14, the same as in TLS 1.3 (RFC 8446, section 5.1).
pub const MAX_PLAINTEXT_LEN: usize = 16_384;

/// After this many records in a row that carry no plaintext, the next one is refused: they cost the
/// receiver work and bring it nothing.
pub const MAX_EMPTY_RECORDS: u32 = 32;

use std::sync::Arc;

use crate::ChannelError;

/// A record and its plaintext, as an observer of a channel sees them. Indices count the records
/// of one direction from 0.
#[derive(Debug)]
pub enum Observed<'a> {
    /// A plaintext was sealed and is about to be written.
    Sent {
        /// Index of the record.
        index: u64,
        /// Its plaintext.
        plaintext: &'a [u8],
        /// The sealed payload, without its header.
        payload: &'a [u8],
    },
    /// A record arrived and passed every check.
    Received {
        /// Index of the record.
        index: u64,
        /// Its plaintext.
        plaintext: &'a [u8],
        /// The payload as it arrived.
        payload: &'a [u8],
    },
    /// A record, or what stood in its place, was refused.
    Rejected {
        /// Index of the record that was due.
        index: u64,
        /// The reason.
        error: &'a ChannelError,
        /// The sequence number that was due, where the stage has one.
        expected_seq: Option<u64>,
        /// The payload as it arrived, if it arrived whole.
        payload: Option<&'a [u8]>,
    },
}

/// Called with each record, so that no code prints from inside the cryptography. The call happens in
/// the thread that sends or receives, which waits for it.
pub type Observer = Arc<dyn Fn(&Observed<'_>) + Send + Sync>;

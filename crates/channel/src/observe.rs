use std::sync::Arc;

use crate::ChannelError;

/// What an observer of a channel is shown: each record with what it carries. Indices count the records
/// of one direction from 0.
#[derive(Debug)]
pub enum Seen<'a> {
    /// A plaintext was sealed and is about to be written.
    Sent {
        /// Which record.
        index: u64,
        /// What it carries.
        plaintext: &'a [u8],
        /// What the stage made of it, without the length in front.
        payload: &'a [u8],
    },
    /// A record arrived and passed every check.
    Received {
        /// Which record.
        index: u64,
        /// What it carried.
        plaintext: &'a [u8],
        /// The payload as it arrived.
        payload: &'a [u8],
    },
    /// What arrived was refused.
    Rejected {
        /// Which record was due.
        index: u64,
        /// Why it was refused.
        error: &'a ChannelError,
        /// The sequence number that was due, where the stage has one.
        expected_seq: Option<u64>,
        /// The payload as it arrived, if it arrived whole.
        payload: Option<&'a [u8]>,
    },
}

/// Called with each record, so that no code prints from inside the cryptography. The call happens in
/// the thread that sends or receives, which waits for it.
pub type Observer = Arc<dyn Fn(&Seen<'_>) + Send + Sync>;

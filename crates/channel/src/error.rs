use std::io;

use crypto::{OpenError, SealError};
use framing::FrameError;
use thiserror::Error;

/// A reason that a plaintext could not be sent or received. Records are counted per direction, from 0.
#[derive(Debug, Error)]
pub enum ChannelError {
    /// The plaintext is longer than one record can carry. Nothing was sent, and the channel is
    /// unchanged.
    #[error("a plaintext of {len} bytes is more than the {max} that one record carries")]
    PlaintextTooLong {
        /// Plaintext length in bytes.
        len: usize,
        /// The longest one record carries.
        max: usize,
    },
    /// The plaintext could not be sealed. Nothing was sent.
    #[error("record {index} was not sealed: {error}")]
    Seal {
        /// Index of the record that this side was about to send.
        index: u64,
        /// The reason.
        error: SealError,
    },
    /// The bytes that arrived are not a record.
    #[error("record {index} refused: {error}")]
    Frame {
        /// Index of the record that this side was about to receive.
        index: u64,
        /// The reason.
        error: FrameError,
    },
    /// The record that arrived did not pass the stage's checks.
    #[error("record {index} refused: {error}")]
    Open {
        /// Index of the record that this side was about to receive.
        index: u64,
        /// The check that failed.
        error: OpenError,
    },
    /// The stream failed or timed out.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// An earlier call failed, and that was final.
    #[error("the channel is closed: an earlier failure was final")]
    Closed,
}

impl ChannelError {
    /// The name of the check that refused the peer's bytes, such as `bad_tag`, or `None` if the
    /// peer's bytes were not at fault.
    pub fn rejection(&self) -> Option<&'static str> {
        match self {
            Self::Frame { error, .. } => match error {
                FrameError::Truncated { .. } => Some("truncated"),
                FrameError::TooLong { .. } => Some("too_long"),
                FrameError::TooShort { .. } => Some("too_short"),
                FrameError::TooManyEmptyRecords => Some("too_many_empty_records"),
                FrameError::Io(_) => None,
            },
            Self::Open { error, .. } => Some(match error {
                OpenError::TooShort { .. } => "too_short",
                OpenError::BadTag => "bad_tag",
                OpenError::OutOfOrder { .. } => "out_of_order",
                OpenError::SequenceExhausted => "sequence_exhausted",
            }),
            Self::PlaintextTooLong { .. } | Self::Seal { .. } | Self::Io(_) | Self::Closed => None,
        }
    }
}

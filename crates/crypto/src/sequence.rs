use byteorder::{BigEndian, ByteOrder};

use crate::{OpenError, SEQ_LEN};

/// Counts the records of one direction, from 0 to `u64::MAX - 1`.
///
/// Used in three steps: look at the number, do the work, then advance. Work that fails leaves the
/// counter where it was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sequence {
    next: u64,
}

impl Sequence {
    /// The number of the next record, or `None` when all are used up.
    pub(crate) fn next(self) -> Option<u64> {
        (self.next < u64::MAX).then_some(self.next)
    }

    // ANCHOR: check
    /// Returns whether `got` is the number of the next record.
    pub(crate) fn check(self, got: u64) -> Result<(), OpenError> {
        let expected = self.next().ok_or(OpenError::SequenceExhausted)?;
        if got == expected { Ok(()) } else { Err(OpenError::OutOfOrder { expected, got }) }
    }
    // ANCHOR_END: check

    /// Moves on to the next record.
    pub(crate) fn advance(&mut self) {
        self.next = self.next.saturating_add(1);
    }

    #[cfg(test)]
    pub(crate) fn starting_at(next: u64) -> Self {
        Self { next }
    }
}

/// Returns a sequence number as it stands in a payload.
pub(crate) fn encode(seq: u64) -> [u8; SEQ_LEN] {
    let mut bytes = [0; SEQ_LEN];
    BigEndian::write_u64(&mut bytes, seq);
    bytes
}

/// Returns the sequence number that stands in a payload.
pub(crate) fn decode(bytes: [u8; SEQ_LEN]) -> u64 {
    BigEndian::read_u64(&bytes)
}

use thiserror::Error;

/// One direction of a connection, as its receiver sees it: owns the key and, where the stage has one,
/// the memory of what comes next.
pub trait Open {
    /// Bytes of a payload beside the ciphertext: the length of the shortest payload.
    fn overhead(&self) -> usize;

    /// Verifies `payload`, then decrypts it where it lies and returns the plaintext in it. `header` is what
    /// stood in front of it on the wire.
    ///
    /// # Errors
    /// [`OpenError`]. In that case `payload` holds nothing decrypted, and the sequence number
    /// expected next is unchanged.
    fn open<'p>(&mut self, header: &[u8], payload: &'p mut [u8])
    -> Result<&'p mut [u8], OpenError>;

    /// The sequence number the next record must carry, where the stage has one.
    fn expected_seq(&self) -> Option<u64> {
        None
    }
}

/// An opener of any stage, chosen at run time.
impl<O: Open + ?Sized> Open for Box<O> {
    fn overhead(&self) -> usize {
        (**self).overhead()
    }

    fn open<'p>(
        &mut self,
        header: &[u8],
        payload: &'p mut [u8],
    ) -> Result<&'p mut [u8], OpenError> {
        (**self).open(header, payload)
    }

    fn expected_seq(&self) -> Option<u64> {
        (**self).expected_seq()
    }
}

/// A reason that a payload was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OpenError {
    /// Fewer bytes than the fields of this stage take.
    #[error("a payload of {len} bytes: the fields of this stage alone take {min}")]
    TooShort {
        /// Payload length in bytes.
        len: usize,
        /// Bytes the fields take.
        min: usize,
    },
    /// The tag does not belong to these bytes under this key. Nothing was decrypted.
    #[error(
        "its tag does not verify: the bytes were changed on the way, or sealed under another key or at another \
         stage; nothing was decrypted"
    )]
    BadTag,
    /// The tag verifies, but another record was due.
    #[error(
        "it carries seq {got}, expected {expected}: its tag is valid, so it is a genuine record in \
         the wrong place, {}",
        if got < expected { "a replay or a reordering" } else { "or others before it are missing" }
    )]
    OutOfOrder {
        /// The number that was due.
        expected: u64,
        /// The number in the record.
        got: u64,
    },
    /// All sequence numbers have been received; whatever comes now would repeat one.
    #[error(
        "all sequence numbers of this connection were received: no further record can be genuine"
    )]
    SequenceExhausted,
}

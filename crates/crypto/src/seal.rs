use thiserror::Error;

/// One direction of a connection, as its sender sees it: owns the key, the nonces and, where the stage
/// has one, the counter.
pub trait Seal {
    /// Bytes of a payload beside the ciphertext. So a payload's length, and with it its header, is
    /// known before the payload is sealed.
    fn overhead(&self) -> usize;

    /// Appends the payload that carries `plaintext` to `payload`, after whatever is there already.
    /// `header` is what will stand in front of it on the wire.
    ///
    /// # Errors
    /// [`SealError`]. In that case nothing was appended, and no nonce or sequence number was used
    /// up.
    fn seal(
        &mut self,
        header: &[u8],
        plaintext: &[u8],
        payload: &mut Vec<u8>,
    ) -> Result<(), SealError>;
}

/// A sealer of any stage, chosen at run time.
impl<S: Seal + ?Sized> Seal for Box<S> {
    fn overhead(&self) -> usize {
        (**self).overhead()
    }

    fn seal(
        &mut self,
        header: &[u8],
        plaintext: &[u8],
        payload: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        (**self).seal(header, plaintext, payload)
    }
}

/// A reason that a plaintext could not be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// All sequence numbers are used up. One more would repeat, and a repeated number is a replay.
    #[error(
        "all sequence numbers of this connection are used up: one more would repeat an old one"
    )]
    SequenceExhausted,
    /// This side has sealed as many records under this key as it may
    /// ([`MAX_RECORDS`](crate::aead::MAX_RECORDS)). Among more, two random nonces might be equal.
    #[error(
        "this side has sealed 2^31 records under this key: with as many from the other side, two of their random \
         nonces might be equal, so no more are safe (NIST SP 800-38D, section 8.3); make a new key"
    )]
    KeyExhausted,
    /// The operating system gave no random bytes, and without them a nonce might repeat.
    #[error("no random bytes from the operating system ({0}): a nonce without them might repeat")]
    NoRandomness(#[from] getrandom::Error),
    /// More bytes than AES-GCM encrypts under one nonce (2^36 - 32; NIST SP 800-38D, section 5.2.1.1).
    #[error("{len} bytes are more than AES-GCM encrypts under one nonce")]
    TooLong {
        /// Plaintext length in bytes.
        len: usize,
    },
}

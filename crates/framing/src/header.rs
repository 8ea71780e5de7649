//! The header in front of a payload, which tells how long the payload is.

use std::ops::Deref;

use byteorder::{BigEndian, ByteOrder};

/// The shape of a header: bytes with another use, then the payload's length, big-endian.
///
/// ```text
/// +----------------+-----------------+------------------+
/// | prefix         | length          | payload          |
/// | `prefix_len` B | `length_len` B  | `length` bytes   |
/// +----------------+-----------------+------------------+
/// ```
///
/// The length counts the payload only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes in front of the length.
    pub prefix_len: usize,
    /// Bytes of the length, at most 4.
    pub length_len: usize,
}

/// A header as it stands in front of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderBytes {
    bytes: [u8; Header::MAX_LEN],
    len: usize,
}

impl Header {
    /// The longest header in bytes.
    pub const MAX_LEN: usize = 8;

    /// No header at all: raw bytes.
    pub const NONE: Self = Self { prefix_len: 0, length_len: 0 };

    /// The 4 bytes of length of parts 1 to 4.
    pub const LENGTH: Self = Self { prefix_len: 0, length_len: 4 };

    /// Its length in bytes.
    pub const fn len(self) -> usize {
        self.prefix_len + self.length_len
    }

    /// Returns whether there is no header.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Makes the header of a payload of `payload_len` bytes, its prefix zero.
    pub fn encode(self, payload_len: usize) -> HeaderBytes {
        let mut header = HeaderBytes { bytes: [0; Self::MAX_LEN], len: self.len() };
        if let Some(length) = header.bytes.get_mut(self.prefix_len..self.len())
            && !length.is_empty()
        {
            BigEndian::write_uint(length, payload_len as u64, self.length_len);
        }
        header
    }

    /// Reads the payload's length from the start of `bytes`. `None` until the header is whole.
    pub fn payload_len(self, bytes: &[u8]) -> Option<usize> {
        let length = bytes.get(self.prefix_len..self.len()).filter(|length| !length.is_empty())?;
        Some(usize::try_from(BigEndian::read_uint(length, self.length_len)).unwrap_or(usize::MAX))
    }
}

impl Deref for HeaderBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

//! A length and what it counts (RFC 8446, section 3.4).

use byteorder::{BigEndian, ByteOrder};

use crate::decoder::{DecodeError, Decoder};

impl<'m> Decoder<'m> {
    /// Reads one byte as a number. What it says is found by `says`.
    pub fn u8(
        &mut self,
        name: &'static str,
        what: &'static str,
        says: impl FnOnce(u8) -> String,
    ) -> Result<u8, DecodeError> {
        let byte = self.told(1, name, what, |bytes| says(first(bytes)))?;
        Ok(first(byte))
    }

    /// Reads 4 bytes as a big-endian number.
    pub fn u32(&mut self, name: &'static str, what: &'static str) -> Result<u32, DecodeError> {
        let bytes = self.told(4, name, what, |bytes| BigEndian::read_u32(bytes).to_string())?;
        Ok(BigEndian::read_u32(bytes))
    }

    /// Reads a length of `len_len` bytes, 1 to 3, and then as many bytes by `content`, for which the message ends
    /// there. It has to read them all.
    pub fn vector<V>(
        &mut self,
        len_len: usize,
        name: &'static str,
        what: &'static str,
        content: impl FnOnce(&mut Self) -> Result<V, DecodeError>,
    ) -> Result<V, DecodeError> {
        let number = |bytes: &[u8]| BigEndian::read_uint(bytes, len_len);
        self.span(|decoder| {
            let len = decoder.told(len_len, "length", "How many bytes follow.", |bytes| {
                number(bytes).to_string()
            })?;
            let len = usize::try_from(number(len)).unwrap_or(usize::MAX);
            let value = decoder.within(len, name, |decoder| {
                let value = content(decoder)?;
                if decoder.is_done() { Ok(value) } else { Err(DecodeError::Surplus { what: name }) }
            })?;
            Ok((value, name, what))
        })
    }

    /// Reads a [`vector`](Self::vector) of bytes.
    pub fn opaque(
        &mut self,
        len_len: usize,
        name: &'static str,
        what: &'static str,
    ) -> Result<&'m [u8], DecodeError> {
        self.vector(len_len, name, what, |decoder| decoder.bytes(decoder.rest().len(), name, what))
    }

    /// Reads an [`opaque`](Self::opaque) that may not be empty.
    pub fn some_opaque(
        &mut self,
        len_len: usize,
        name: &'static str,
        what: &'static str,
    ) -> Result<&'m [u8], DecodeError> {
        let bytes = self.opaque(len_len, name, what)?;
        if bytes.is_empty() { Err(DecodeError::Missing { field: name }) } else { Ok(bytes) }
    }

    /// Reads a [`list`](Self::list) that may not be empty.
    pub fn some_list<V>(
        &mut self,
        len_len: usize,
        name: &'static str,
        what: &'static str,
        element: impl FnMut(&mut Self) -> Result<V, DecodeError>,
    ) -> Result<Vec<V>, DecodeError> {
        let elements = self.list(len_len, name, what, element)?;
        if elements.is_empty() { Err(DecodeError::Missing { field: name }) } else { Ok(elements) }
    }

    /// Reads a [`vector`](Self::vector) of elements, each by `element`.
    pub fn list<V>(
        &mut self,
        len_len: usize,
        name: &'static str,
        what: &'static str,
        mut element: impl FnMut(&mut Self) -> Result<V, DecodeError>,
    ) -> Result<Vec<V>, DecodeError> {
        self.vector(len_len, name, what, |decoder| {
            let mut elements = Vec::new();
            while !decoder.is_done() {
                elements.push(element(decoder)?);
            }
            Ok(elements)
        })
    }
}

fn first(bytes: &[u8]) -> u8 {
    bytes.first().copied().unwrap_or_default()
}

/// Appends a length of `len_len` bytes, and what `content` appends. A content that is too long for its length is cut
/// off; none of ours is.
pub fn vector(len_len: usize, out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    let mut inside = Vec::new();
    content(&mut inside);
    let most = (1_usize << (8 * len_len)) - 1;
    inside.truncate(most);
    let len = u32::try_from(inside.len()).unwrap_or(u32::MAX).to_be_bytes();
    out.extend_from_slice(len.get(4 - len_len..).unwrap_or_default());
    out.extend_from_slice(&inside);
}

/// Appends numbers of 2 bytes as a vector.
pub fn numbers(len_len: usize, out: &mut Vec<u8>, numbers: &[u16]) {
    vector(len_len, out, |out| {
        for number in numbers {
            out.extend_from_slice(&number.to_be_bytes());
        }
    });
}

//! The form of every message of parts 3 and 4: fields until its end.
//!
//! ```text
//!   2       2        length
//! +-----+--------+---------+
//! | tag | length | value   |  and so on      tag and length big-endian
//! +-----+--------+---------+
//! ```
//!
//! A receiver skips fields whose tag it does not know. That leaves room for later versions, and for anyone on the
//! path: nothing tells who put a field there.

use byteorder::{BigEndian, WriteBytesExt};

use crate::decoder::{DecodeError, Decoder, Explained};
use crate::x509::Certificate;

/// The kind of a field.
#[derive(Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its number on the wire.
    pub number: u16,
    /// Name of the value, such as `X25519 key`.
    pub name: &'static str,
    /// Meaning of the value.
    pub what: &'static str,
}

/// Length of a tag and a length in bytes.
pub const FIELD_HEADER_LEN: usize = 4;

/// The prime of classic Diffie-Hellman.
pub const DH_PRIME: Tag = Tag {
    number: 0x0001,
    name: "prime p",
    what: "The prime that both sides calculate with. The client sends it, and a careful server compares it with \
           the one it knows: in a group of the client's choice the secret may be easy to find.",
};

/// The generator of classic Diffie-Hellman.
pub const DH_GENERATOR: Tag = Tag {
    number: 0x0002,
    name: "generator g",
    what: "The number whose powers are the public values.",
};

/// A public value of classic Diffie-Hellman.
pub const DH_PUBLIC_VALUE: Tag = Tag {
    number: 0x0003,
    name: "public value",
    what: "g to the power of the sender's secret exponent, mod p, without zero bytes in front: one in 256 is shorter. \
           Everyone may see it: nobody knows how to find the exponent.",
};

/// A public key of X25519.
pub const X25519_KEY: Tag = Tag {
    number: 0x0010,
    name: "X25519 key",
    what: "The sender's public key for this connection: its private key times the base point of the curve. \
           Everyone may see it: nobody knows how to find the private key.",
};

/// An X.509 certificate.
pub const CERTIFICATE: Tag = Tag {
    number: 0x0020,
    name: "certificate",
    what: "An X.509 certificate in DER: its issuer states, and signs, that this public key belongs to this name.",
};

/// A signature over both public keys.
pub const CERTIFICATE_VERIFY: Tag = Tag {
    number: 0x0021,
    name: "CertificateVerify",
    what: "The server's signature over both X25519 keys of this connection.",
};

/// The tags that are known, by number.
pub const TAGS: &[&Tag] =
    &[&DH_PRIME, &DH_GENERATOR, &DH_PUBLIC_VALUE, &X25519_KEY, &CERTIFICATE, &CERTIFICATE_VERIFY];

/// A field of unknown kind.
const UNKNOWN: Tag = Tag {
    number: 0,
    name: "unknown field",
    what: "A field whose tag no part of this project knows. Its receiver skips it, and nothing tells who put it \
           there.",
};

impl Tag {
    /// Finds the tag of this number.
    pub fn find(number: u16) -> Option<&'static Tag> {
        TAGS.iter().copied().find(|tag| tag.number == number)
    }

    /// Appends a field of this kind. A value is cut off at 65,535 bytes, which none of ours reaches.
    pub fn append(&self, value: &[u8], message: &mut Vec<u8>) {
        let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
        let len = u16::try_from(value.len()).unwrap_or(u16::MAX);
        _ = message.write_u16::<BigEndian>(self.number);
        _ = message.write_u16::<BigEndian>(len);
        message.extend_from_slice(value);
    }
}

/// A field: the number of its tag, and its value.
type Field<'m> = (u16, &'m [u8]);

/// The fields of a message, in order.
#[derive(Debug, PartialEq, Eq)]
pub struct Fields<'m>(Vec<Field<'m>>);

impl<'m> Fields<'m> {
    /// Reads a message to its end.
    ///
    /// # Errors
    /// [`DecodeError::Cut`] if it ends inside a field.
    pub fn decode(message: &'m [u8]) -> Result<Self, DecodeError> {
        Self::read(&mut Decoder::new(message), |decoder, len, tag| {
            decoder.bytes(len, tag.name, tag.what)
        })
    }

    /// Reads each value by `value`.
    fn read(decoder: &mut Decoder<'m>, value: ReadValue<'m>) -> Result<Self, DecodeError> {
        let mut fields = Vec::new();
        while !decoder.is_done() {
            fields.push(decoder.span(|decoder| field(decoder, value))?);
        }
        Ok(Self(fields))
    }

    /// Returns the values of the fields of this kind, in order: as many as there are.
    pub fn all(&self, tag: &Tag) -> impl Iterator<Item = &'m [u8]> {
        self.0.iter().filter(move |(number, _)| *number == tag.number).map(|(_, value)| *value)
    }

    /// Makes sure that every field of the kind `first` stands in front of every one of the kind `last`.
    ///
    /// # Errors
    /// [`DecodeError::OutOfOrder`].
    pub fn in_order(&self, first: &Tag, last: &Tag) -> Result<(), DecodeError> {
        let mut behind = self.0.iter().skip_while(|(number, _)| *number != last.number);
        if behind.any(|(number, _)| *number == first.number) {
            return Err(DecodeError::OutOfOrder { field: last.name });
        }
        Ok(())
    }

    /// Returns the values of the fields of these kinds. Other fields are skipped.
    ///
    /// # Errors
    /// [`DecodeError::Missing`], [`DecodeError::Repeated`], or [`DecodeError::OutOfOrder`] if they are not there
    /// once each and in this order, as every honest sender puts them.
    pub fn values<const N: usize>(&self, tags: [&Tag; N]) -> Result<[&'m [u8]; N], DecodeError> {
        let mut values = [None; N];
        let mut last = 0;
        for (number, value) in &self.0 {
            let Some(at) = tags.iter().position(|tag| tag.number == *number) else { continue };
            let (Some(tag), Some(place)) = (tags.get(at), values.get_mut(at)) else { continue };
            if place.replace(*value).is_some() {
                return Err(DecodeError::Repeated { field: tag.name });
            }
            if at < last {
                let field = tags.get(last).map_or(tag.name, |tag| tag.name);
                return Err(DecodeError::OutOfOrder { field });
            }
            last = at;
        }
        let mut found = [&[][..]; N];
        for ((found, value), tag) in found.iter_mut().zip(values).zip(tags) {
            *found = value.ok_or(DecodeError::Missing { field: tag.name })?;
        }
        Ok(found)
    }
}

/// Tells what a message of parts 3 and 4 says, span by span, as far as it can be read. What could not be read is
/// one last span.
pub fn explain(message: &[u8]) -> Explained {
    let mut decoder = Decoder::new(message);
    while decoder.has_room() && !decoder.is_done() {
        if decoder.span(|decoder| field(decoder, explained_value)).is_err() {
            decoder
                .give_up("no field", "Bytes that are no field: the message ends before they do.");
        }
    }
    decoder.give_up("more fields", "More than is told here.");
    decoder.explained()
}

/// Reads the value of a field and tells what is in it, if it is a certificate that can be read.
fn explained_value<'m>(
    decoder: &mut Decoder<'m>,
    len: usize,
    tag: &'static Tag,
) -> Result<&'m [u8], DecodeError> {
    let value = decoder.rest().get(..len);
    match value {
        Some(value) if *tag == CERTIFICATE && Certificate::decode(value).is_ok() => {
            decoder.within(len, tag.name, Certificate::read)?;
            Ok(value)
        }
        _ => decoder.bytes(len, tag.name, tag.what),
    }
}

/// Reads the value of a field, whose length is known.
type ReadValue<'m> = fn(&mut Decoder<'m>, usize, &'static Tag) -> Result<&'m [u8], DecodeError>;

/// Reads one field.
fn field<'m>(
    decoder: &mut Decoder<'m>,
    value: ReadValue<'m>,
) -> Result<(Field<'m>, &'static str, &'static str), DecodeError> {
    let name_of = |number| Tag::find(number).map_or(UNKNOWN.name, |tag| tag.name);
    let number =
        decoder.u16("tag", "The kind of the field.", |number| name_of(number).to_owned())?;
    let len = decoder.u16("length", "How many bytes of value follow.", |len| len.to_string())?;
    let tag = Tag::find(number).unwrap_or(&UNKNOWN);
    let value = value(decoder, len.into(), tag)?;
    Ok(((number, value), tag.name, tag.what))
}

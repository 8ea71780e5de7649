//! DER (ITU-T X.690), the encoding of certificates: elements of a tag, a length and a content, one inside the other.

use der::{Decode as _, Header, SliceReader, Tag, TagNumber};

use crate::decoder::{DecodeError, Decoder, ELEMENT_HEADER};

/// The deepest that an element of unknown kind is looked into.
const MAX_DEPTH: usize = 8;

/// The tag of an element that the standard numbers by itself, `[0]` and on.
pub(crate) fn numbered(number: u32, constructed: bool) -> Tag {
    Tag::ContextSpecific { constructed, number: TagNumber(number) }
}

impl<'m> Decoder<'m> {
    /// Returns the tag of the next element, if one can be read.
    pub(crate) fn next_tag(&self) -> Option<Tag> {
        self.header().map(|(tag, _, _)| tag)
    }

    /// Tag, length of the header and of the content.
    fn header(&self) -> Option<(Tag, usize, usize)> {
        let mut reader = SliceReader::new(self.rest()).ok()?;
        let header = Header::decode(&mut reader).ok()?;
        let header_len = usize::try_from(der::Reader::position(&reader)).ok()?;
        Some((header.tag(), header_len, usize::try_from(header.length()).ok()?))
    }

    /// Reads an element of the kind `tag`: its content by `content`, which finds a value and what it says.
    pub(crate) fn element<V>(
        &mut self,
        tag: Tag,
        name: &'static str,
        what: &'static str,
        content: impl FnOnce(&mut Self) -> Result<(V, String), DecodeError>,
    ) -> Result<V, DecodeError> {
        let no_such = DecodeError::NoSuch { what: name };
        let (found, header_len, len) = self.header().ok_or(no_such)?;
        if found != tag {
            return Err(no_such);
        }
        self.saying(|decoder| {
            decoder.told(
                header_len,
                ELEMENT_HEADER,
                "The kind of what follows, and its length in bytes.",
                |_| format!("{found}, {len}"),
            )?;
            let (value, says) = decoder.within(len, name, content)?;
            Ok((value, name, what, says))
        })
    }

    /// Reads an element of the kind `tag` whose content is not made of others. What it says is found by `says`.
    pub(crate) fn primitive(
        &mut self,
        tag: Tag,
        name: &'static str,
        what: &'static str,
        says: impl FnOnce(&'m [u8]) -> String,
    ) -> Result<&'m [u8], DecodeError> {
        self.element(tag, name, what, |decoder| {
            let len = decoder.rest().len();
            let content = decoder.told(len, name, what, says)?;
            Ok((content, String::new()))
        })
    }

    /// Reads every element that is left, of whatever kind.
    pub(crate) fn anything(
        &mut self,
        name: &'static str,
        what: &'static str,
    ) -> Result<(), DecodeError> {
        self.anything_at(0, name, what)
    }

    fn anything_at(
        &mut self,
        depth: usize,
        name: &'static str,
        what: &'static str,
    ) -> Result<(), DecodeError> {
        while !self.is_done() {
            let tag = self.next_tag().ok_or(DecodeError::NoSuch { what: name })?;
            if tag.is_constructed() && depth < MAX_DEPTH {
                self.element(tag, name, what, |decoder| {
                    decoder.anything_at(depth + 1, name, what)?;
                    Ok(((), String::new()))
                })?;
            } else {
                self.primitive(tag, name, what, |content| value(tag, content))?;
            }
        }
        Ok(())
    }
}

/// What a content says, where a person can read it.
fn value(tag: Tag, content: &[u8]) -> String {
    match tag {
        Tag::ObjectIdentifier => oid(content),
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => text(content),
        _ => String::new(),
    }
}

/// The longest text that is told, in bytes.
const MAX_TEXT_LEN: usize = 64;

/// Bytes as text, as much as is told of one: what cannot be printed is replaced.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut text = String::new();
    for char in String::from_utf8_lossy(bytes).chars() {
        let char = if char.is_control() { char::REPLACEMENT_CHARACTER } else { char };
        if text.len() + char.len_utf8() > MAX_TEXT_LEN {
            break;
        }
        text.push(char);
    }
    text
}

/// An object identifier: its name if it is known here, or its numbers.
pub(crate) fn oid(content: &[u8]) -> String {
    let Ok(oid) = der::asn1::ObjectIdentifier::from_bytes(content) else {
        return String::new();
    };
    let numbers = oid.to_string();
    let known = OIDS.iter().find(|(known, _)| *known == numbers);
    known.map_or(numbers, |(_, name)| (*name).to_owned())
}

/// The object identifiers that a certificate of today is likely to hold, and their names.
const OIDS: &[(&str, &str)] = &[
    ("2.5.4.3", "commonName"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "countryName"),
    ("2.5.4.7", "localityName"),
    ("2.5.4.8", "stateOrProvinceName"),
    ("2.5.4.10", "organizationName"),
    ("2.5.4.11", "organizationalUnitName"),
    ("2.5.29.14", "subjectKeyIdentifier"),
    ("2.5.29.15", "keyUsage"),
    ("2.5.29.17", "subjectAltName"),
    ("2.5.29.19", "basicConstraints"),
    ("2.5.29.30", "nameConstraints"),
    ("2.5.29.31", "cRLDistributionPoints"),
    ("2.5.29.32", "certificatePolicies"),
    ("2.5.29.35", "authorityKeyIdentifier"),
    ("2.5.29.37", "extKeyUsage"),
    ("2.5.29.37.0", "anyExtendedKeyUsage"),
    ("1.3.6.1.5.5.7.1.1", "authorityInfoAccess"),
    ("1.3.6.1.5.5.7.3.1", "serverAuth"),
    ("1.3.6.1.5.5.7.3.2", "clientAuth"),
    ("1.3.6.1.4.1.11129.2.4.2", "signedCertificateTimestamps"),
    ("1.2.840.113549.1.1.1", "rsaEncryption"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.8", "mgf1"),
    ("1.2.840.113549.1.1.10", "rsassaPss"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("2.16.840.1.101.3.4.2.1", "sha256"),
    ("2.16.840.1.101.3.4.2.2", "sha384"),
    ("2.16.840.1.101.3.4.2.3", "sha512"),
    ("1.2.840.10045.2.1", "ecPublicKey"),
    ("1.2.840.10045.3.1.7", "P-256"),
    ("1.3.132.0.34", "P-384"),
    ("1.3.132.0.35", "P-521"),
    ("1.2.840.10045.4.3.2", "ecdsaWithSHA256"),
    ("1.2.840.10045.4.3.3", "ecdsaWithSHA384"),
    ("1.2.840.10045.4.3.4", "ecdsaWithSHA512"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
];

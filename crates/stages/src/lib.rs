//! The catalogue: what a record of each stage is made of, as anyone on the path can know it.
//!
//! A stage is data. Every field has a role and a meaning, and says whether the tag covers it.
//! Everything that shows, cuts or attacks a record reads that, and nothing matches on a field's
//! name. The cryptography states the same lengths for itself, and a test in the `channel` crate
//! checks that the two agree.
//!
//! One file per stage, in the articles' order: `plain`, `ctr`, `hmac`, `hmac_seq`, `aead`, `dh`, `x25519`, `hkdf`,
//! `cert`, `tls13`.
//! [`field`] says what there is to say about a field, [`part`] finds it in a record; [`handshake`] says what crosses
//! before the first record of data.

mod aead;
mod cert;
mod ctr;
mod dh;
pub mod field;
pub mod handshake;
mod hkdf;
mod hmac;
mod hmac_seq;
pub mod part;
mod plain;
#[cfg(test)]
mod tests;
mod tls13;
mod x25519;

use std::fmt;

use framing::{Header, Limits};
use messages::fields::CERTIFICATE;

pub use aead::PART2_AEAD;
pub use cert::PART4_CERT;
pub use ctr::PART1_CTR;
pub use dh::PART3_DH;
pub use field::{Field, Role};
pub use handshake::{Message, MessageField};
pub use hkdf::PART3_HKDF;
pub use hmac::PART2_HMAC;
pub use hmac_seq::PART2_HMAC_SEQ;
pub use part::{Part, Place};
pub use plain::PART1_PLAIN;
pub use tls13::PART5_TLS13;
pub use x25519::PART3_X25519;

/// All stages, in the articles' order.
pub const STAGES: &[&Stage] = &[
    &PART1_PLAIN,
    &PART1_CTR,
    &PART2_HMAC,
    &PART2_HMAC_SEQ,
    &PART2_AEAD,
    &PART3_DH,
    &PART3_X25519,
    &PART3_HKDF,
    &PART4_CERT,
    &PART5_TLS13,
];

/// One stage of the articles.
#[derive(PartialEq, Eq)]
pub struct Stage {
    /// The name on the command line and in events, such as `part2-hmac-seq`.
    pub name: &'static str,
    /// The protection of a record, in the field's terms.
    pub title: &'static str,
    /// The TCP port the articles use for it.
    pub port: u16,
    /// The messages that cross before the first record of data, in order, each in a record of its own.
    pub handshake: &'static [Message],
    /// The fields of a record of data, in order, its header among them. Exactly one has no fixed length. At a
    /// stage that ends with its handshake: those of the record of a message.
    pub fields: &'static [Field],
    /// The keys of its records, and where they come from.
    pub keys: &'static str,
    /// Its addition to the stage before it.
    pub adds: &'static str,
    /// The attacks that no longer succeed.
    pub stops: &'static str,
    /// The attacks that still succeed.
    pub lets_through: &'static str,
}

/// The name alone identifies a stage.
impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Stage {
    /// Finds the stage of this name.
    pub fn find(name: &str) -> Option<&'static Stage> {
        STAGES.iter().copied().find(|stage| stage.name == name)
    }

    /// Its place in the articles' order, from 0.
    pub fn position(&self) -> Option<usize> {
        STAGES.iter().position(|stage| *stage == self)
    }

    /// Names its program of this role: `part2-hmac-seq` has `hmac_seq_client`.
    pub fn program(&self, role: &str) -> String {
        format!("{}_{role}", self.module())
    }

    /// Names its module in `crypto`: `hmac_seq` of `part2-hmac-seq`.
    pub fn module(&self) -> String {
        self.short_name().replace('-', "_")
    }

    /// The name of its package: `part2` of `part2-hmac-seq`.
    pub fn package(&self) -> &'static str {
        self.name.split_once('-').map_or(self.name, |(package, _)| package)
    }

    /// The name without its part: `hmac-seq` of `part2-hmac-seq`.
    pub fn short_name(&self) -> &'static str {
        self.name.split_once('-').map_or(self.name, |(_, name)| name)
    }

    /// Its field of this role, if it has one.
    pub fn field(&self, role: Role) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.role == role)
    }

    /// Returns whether it has a field of this role.
    pub fn has(&self, role: Role) -> bool {
        self.field(role).is_some()
    }

    /// Returns whether requests and answers travel. A stage that has none ends with its handshake.
    pub fn has_data(&self) -> bool {
        !self.has(Role::Message)
    }

    /// Returns whether the server says who it is, by certificates.
    pub fn has_certificates(&self) -> bool {
        let mut fields = self.handshake.iter().flat_map(|message| message.fields);
        fields.any(|field| field.tag == &CERTIFICATE)
    }

    /// Returns whether a record says what kind it is, as at TLS.
    pub fn has_types(&self) -> bool {
        self.has(Role::ContentType)
    }

    /// Returns whether a record verifies in its own place alone: it has a number, which the tag covers or the nonce is
    /// made of.
    pub fn has_order(&self) -> bool {
        self.has(Role::Seq) || self.has_types()
    }

    /// Returns whether bytes travel in records. The plain stage has raw bytes and no header.
    pub fn has_records(&self) -> bool {
        self.has(Role::Length)
    }

    /// Returns the shape of its header: the fields up to the one that tells the payload's length.
    pub fn header(&self) -> Header {
        let mut before = 0;
        for field in self.fields {
            let len = field.len.unwrap_or(0);
            if field.role == Role::Length {
                return Header { prefix_len: before, length_len: len };
            }
            before += len;
        }
        Header::NONE
    }

    /// Bytes of a payload beside the text.
    pub fn overhead(&self) -> usize {
        self.record_overhead() - self.header().len()
    }

    /// Bytes of a record beside the text: those of its header, and of its payload.
    pub fn record_overhead(&self) -> usize {
        self.fields.iter().filter_map(|field| field.len).sum()
    }

    /// The payload lengths a receiver at this stage accepts.
    pub fn limits(&self) -> Limits {
        if self.has_types() {
            return Limits { min: 0, max: tls13::MAX_PAYLOAD_LEN };
        }
        Limits::with_overhead(self.overhead())
    }

    /// Names the fields that the tag covers, in order.
    pub fn covered(&self) -> Vec<&'static str> {
        self.fields.iter().filter(|field| field.is_covered).map(|field| field.name).collect()
    }

    /// Puts the header in front of a payload: the record as it stands on the wire. Of a payload out of a stranger's file
    /// that is longer than a header can say, the header says as much as it can.
    pub fn record(&self, payload: &[u8]) -> Vec<u8> {
        let most = if self.has_types() { usize::from(u16::MAX) } else { u32::MAX as usize };
        let mut record = [&self.header().encode(payload.len().min(most)), payload].concat();
        if self.has_types() {
            let prefix = [tls13::APPLICATION_DATA, 3, 3];
            record.iter_mut().zip(prefix).for_each(|(byte, value)| *byte = value);
        }
        record
    }
}

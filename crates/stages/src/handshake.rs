//! What crosses before the first record of data.

use framing::cutter::Cut;
use framing::{Cutter, Direction, Limits};
use messages::Message as _;
use messages::cert::ServerAuth;
use messages::fields::{
    CERTIFICATE, CERTIFICATE_VERIFY, DH_GENERATOR, DH_PRIME, DH_PUBLIC_VALUE, Tag, X25519_KEY,
};

use crate::field::{EVERYONE, Field, LENGTH_LEN, Role, UNPROTECTED_LENGTH};
use crate::{Part, Stage, tls13};

/// A message of a handshake, in a record of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its name, such as `ClientHello`.
    pub name: &'static str,
    /// Which way it goes.
    pub direction: Direction,
    /// The fields that an honest side puts into it, in order.
    pub fields: &'static [MessageField],
    /// Whether its record is encrypted.
    pub is_sealed: bool,
}

/// A field of a message: a tag, a length and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageField {
    /// The kind of the value.
    pub tag: &'static Tag,
    /// The length of the value in bytes; for a number of varying size, the longest; for a certificate, that of the
    /// articles' own.
    pub len: usize,
}

/// The longest message in bytes.
pub const MAX_MESSAGE_LEN: usize = ServerAuth::MAX_LEN;

const NOT_PROTECTED: &str =
    "Nothing. There is no key yet, and no tag of a later record covers what was said here.";

/// The fields of a record that carries a message.
pub const FIELDS: &[Field] = &[
    UNPROTECTED_LENGTH,
    Field {
        name: "message",
        len: None,
        role: Role::Message,
        is_covered: false,
        what: "A message of the handshake: fields, each with a tag, a length and a value.",
        readers: EVERYONE,
        protection: NOT_PROTECTED,
    },
];

const PUBLIC_VALUE: MessageField = MessageField { tag: &DH_PUBLIC_VALUE, len: 256 };

/// The messages of classic Diffie-Hellman: the client brings the group along.
pub(crate) const DH_HELLOS: &[Message] = &[
    Message {
        name: "ClientHello",
        direction: Direction::ToServer,
        fields: &[
            MessageField { tag: &DH_PRIME, len: 256 },
            MessageField { tag: &DH_GENERATOR, len: 1 },
            PUBLIC_VALUE,
        ],
        is_sealed: false,
    },
    Message {
        name: "ServerHello",
        direction: Direction::ToClient,
        fields: &[PUBLIC_VALUE],
        is_sealed: false,
    },
];

const KEY: &[MessageField] = &[MessageField { tag: &X25519_KEY, len: 32 }];

/// The messages of X25519: one key each way.
pub(crate) const X25519_HELLOS: &[Message] = &[
    Message { name: "ClientHello", direction: Direction::ToServer, fields: KEY, is_sealed: false },
    Message { name: "ServerHello", direction: Direction::ToClient, fields: KEY, is_sealed: false },
];

/// The messages of X25519, and the server's certificates with its signature.
pub(crate) const CERT_MESSAGES: &[Message] = &[
    Message { name: "ClientHello", direction: Direction::ToServer, fields: KEY, is_sealed: false },
    Message { name: "ServerHello", direction: Direction::ToClient, fields: KEY, is_sealed: false },
    Message {
        name: "ServerAuth",
        direction: Direction::ToClient,
        fields: &[
            MessageField { tag: &CERTIFICATE, len: 995 },
            MessageField { tag: &CERTIFICATE, len: 954 },
            MessageField { tag: &CERTIFICATE_VERIFY, len: 256 },
        ],
        is_sealed: false,
    },
];

impl MessageField {
    /// Returns whether the value may be longer than `len` says: a certificate, or a signature by a longer key.
    pub fn varies(&self) -> bool {
        [&CERTIFICATE, &CERTIFICATE_VERIFY].contains(&self.tag)
    }
}

impl Message {
    /// Returns whether it may be longer than its fields say, or they say nothing.
    pub fn varies(&self) -> bool {
        self.fields.is_empty() || self.fields.iter().any(MessageField::varies)
    }

    /// Makes a message of this form whose values are zero bytes, each as long as it can be.
    pub fn blank(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        for MessageField { tag, len } in self.fields {
            tag.append(&vec![0; *len], &mut payload);
        }
        payload
    }

    /// Bytes of it on the wire, its record's header included, if every value is as long as it can be. Those of TLS have no
    /// values of a known length: of them it says nothing.
    pub fn max_record_len(&self) -> usize {
        LENGTH_LEN + self.blank().len()
    }
}

impl Stage {
    /// Finds the message of the handshake that is the record `index` of its direction.
    pub fn message(&self, direction: Direction, index: u64) -> Option<&'static Message> {
        let index = usize::try_from(index).ok()?;
        self.handshake.iter().filter(|message| message.direction == direction).nth(index)
    }

    /// What protects a message of the handshake at this stage.
    pub fn protection_of_messages(&self) -> &'static str {
        if self.has_types() {
            tls13::PROTECTION_OF_MESSAGES
        } else if self.has_certificates() {
            "No secrecy. The server's signature covers both X25519 keys, and an issuer's each certificate: any change \
             of theirs is refused. Nothing covers the rest."
        } else {
            NOT_PROTECTED
        }
    }

    /// What protects this message of the handshake, or what stands among them: at TLS a ChangeCipherSpec or an alert,
    /// which nothing is made of.
    pub fn protection_of(&self, message: &[u8]) -> &'static str {
        if self.has_types() && tls13::content_type(message) != tls13::HANDSHAKE {
            "Nothing: no key is made of it."
        } else {
            self.protection_of_messages()
        }
    }

    /// Counts the messages of the handshake that go this way.
    pub fn messages(&self, direction: Direction) -> u64 {
        self.handshake.iter().filter(|message| message.direction == direction).map(|_| 1).sum()
    }

    /// Makes a cutter for one direction of a connection.
    pub fn cutter(&self, direction: Direction) -> Cutter {
        let cutter = Cutter::new(self.header(), self.limits());
        if self.has_types() {
            return cutter;
        }
        cutter.after(self.messages(direction), Limits { min: 0, max: MAX_MESSAGE_LEN })
    }

    /// Cuts the record `index` of its direction into its fields, as [`split`](Self::split) does a record of data.
    pub fn split_at<'r>(
        &self,
        direction: Direction,
        index: u64,
        record: &'r [u8],
    ) -> Option<Vec<Part<'r>>> {
        let is_message = if self.has_types() {
            record.first() != Some(&tls13::APPLICATION_DATA)
        } else {
            self.message(direction, index).is_some()
        };
        if is_message { self.split_message(record) } else { self.split(record) }
    }

    /// Cuts the record of a message that is not encrypted into its fields.
    pub fn split_message<'r>(&self, record: &'r [u8]) -> Option<Vec<Part<'r>>> {
        crate::part::split(self.fields_of_messages(), 0, record)
    }

    /// The fields of a record that carries a message that is not encrypted.
    pub fn fields_of_messages(&self) -> &'static [Field] {
        if self.has_types() { tls13::OPEN_FIELDS } else { FIELDS }
    }

    /// Puts the header in front of a message that is not encrypted.
    pub fn record_of_message(&self, message: &[u8]) -> Vec<u8> {
        let mut record = self.record(message);
        if let (true, Some(kind)) = (self.has_types(), record.first_mut()) {
            *kind = tls13::content_type(message);
        }
        record
    }

    /// Cuts what passed by into its fields. Bytes that are no record are one part where there are no records.
    pub fn split_cut<'r>(&self, direction: Direction, cut: &'r Cut) -> Option<Vec<Part<'r>>> {
        match cut {
            Cut::Record { index, bytes } => self.split_at(direction, *index, bytes),
            Cut::Loose(bytes) => self.split(bytes),
        }
    }
}

//! Part 5: TLS 1.3.

use framing::Direction::{ToClient, ToServer};

use crate::field::{EVERYONE, Field, Role, WITH_KEY};
use crate::handshake::Message;
use crate::{MessageField, Stage};
use messages::fields::CERTIFICATE;

/// Part 5: TLS 1.3 itself (RFC 8446).
pub const PART5_TLS13: Stage = Stage {
    name: "part5-tls13",
    title: "TLS 1.3",
    port: 8443,
    handshake: &[
        open("ClientHello", ToServer),
        open("ServerHello", ToClient),
        open("ChangeCipherSpec", ToClient),
        sealed("EncryptedExtensions", &[]),
        sealed("Certificate", &[MessageField { tag: &CERTIFICATE, len: 600 }]),
        sealed("CertificateVerify", &[]),
        sealed("Finished", &[]),
        open("ChangeCipherSpec", ToServer),
        Message { direction: ToServer, ..sealed("Finished", &[]) },
    ],
    fields: &[
        TYPE,
        VERSION,
        LENGTH,
        Field {
            name: "ciphertext",
            len: None,
            role: Role::Ciphertext,
            is_covered: true,
            what: "The plaintext, encrypted with the suite that the two agreed on: as long as the plaintext. Zero bytes \
                   may pad it.",
            readers: WITH_KEY,
            protection: "Encryption keeps it from being read, and the tag covers it, so any change is refused.",
        },
        Field {
            name: "inner type",
            len: Some(1),
            role: Role::InnerType,
            is_covered: true,
            what: "What the record truly carries, encrypted like the rest: 22 a message of the handshake, 21 an alert, \
                   23 data.",
            readers: WITH_KEY,
            protection: "As that of the ciphertext.",
        },
        Field {
            name: "tag",
            len: Some(16),
            role: Role::Tag,
            is_covered: false,
            what: "The tag over the header and the ciphertext. Its nonce is a secret iv xor the number of the record, \
                   which both sides count and neither sends.",
            readers: "Everyone on the path. Only someone with the key can make it, or check it.",
            protection: "Itself: a changed tag does not verify. Nor does that of a record in another place: it was made \
                         with another nonce.",
        },
    ],
    keys: "four: one for each direction of the handshake, and one for each of the data, made of a new secret and of all \
           that was said; and the server's identity key, for years",
    adds: "a handshake under one signature and two tags, choices of suite and group, and an end that is said",
    stops: "also changes to any message of the handshake, another certificate for the server's key, and a cut between \
            records",
    lets_through: "delay; how long records are, and the server's name, for anyone to see; whoever steals the identity key",
};

/// A message in a record of its own that nothing encrypts.
const fn open(name: &'static str, direction: framing::Direction) -> Message {
    Message { name, direction, fields: &[], is_sealed: false }
}

/// A message of the server in a record of its own that is encrypted.
const fn sealed(name: &'static str, fields: &'static [MessageField]) -> Message {
    Message { name, direction: ToClient, fields, is_sealed: true }
}

/// The number of a record that is encrypted.
pub(crate) const APPLICATION_DATA: u8 = 23;
/// The number of a record that carries a message of the handshake.
pub(crate) const HANDSHAKE: u8 = 22;

/// The longest payload of a record in bytes (RFC 8446, section 5.2).
pub(crate) const MAX_PAYLOAD_LEN: usize = (1 << 14) + 256;

/// The zero bytes behind the inner type. Who cannot open the record does not see where they begin.
pub(crate) const PADDING: Field = Field {
    name: "padding",
    len: None,
    role: Role::Ciphertext,
    is_covered: true,
    what: "Zero bytes, encrypted like the rest: they hide how long the text is.",
    readers: WITH_KEY,
    protection: "As that of the ciphertext.",
};

/// All that is encrypted in a record, for whoever cannot open it.
pub(crate) const CLOSED: Field = Field {
    name: "ciphertext",
    len: None,
    role: Role::Ciphertext,
    is_covered: true,
    what: "Content, behind it its true type, and perhaps zero bytes of padding, all encrypted: where the one ends and \
           the other begins, only the key tells.",
    readers: "Whoever has the key.",
    protection: "Encryption keeps it from being read, and the tag covers it, so any change is refused.",
};

const TYPE: Field = Field {
    name: "type",
    len: Some(1),
    role: Role::ContentType,
    is_covered: true,
    what: "What the record carries: 22 a message of the handshake, 20 ChangeCipherSpec, 21 an alert; 23 what is \
           encrypted, whose true type stands inside.",
    readers: EVERYONE,
    protection: "It is associated data: not encrypted, but the tag covers it, so any change is refused.",
};

const VERSION: Field = Field {
    name: "version",
    len: Some(2),
    role: Role::Version,
    is_covered: true,
    what: "Always that of TLS 1.2 (03 03; in a first ClientHello also 03 01): devices on the path know it, and let it \
           pass. The version that is spoken stands in the hellos.",
    readers: EVERYONE,
    protection: "As that of the type.",
};

const LENGTH: Field = Field {
    name: "length",
    len: Some(2),
    role: Role::Length,
    is_covered: true,
    what: "How many bytes of payload follow, as a big-endian number.",
    readers: EVERYONE,
    protection: "As that of the type.",
};

/// The fields of a record that is not encrypted.
pub(crate) const OPEN_FIELDS: &[Field] = &[
    Field { is_covered: false, protection: NO_TAG, ..TYPE },
    Field { is_covered: false, protection: NO_TAG, ..VERSION },
    Field { is_covered: false, protection: NO_TAG, ..LENGTH },
    Field {
        name: "message",
        len: None,
        role: Role::Message,
        is_covered: false,
        what: "A message of the handshake, a ChangeCipherSpec or an alert.",
        readers: EVERYONE,
        protection: PROTECTION_OF_MESSAGES,
    },
];

const NO_TAG: &str = "Nothing: there is no key yet.";

/// What protects a message that is not encrypted.
pub(crate) const PROTECTION_OF_MESSAGES: &str = "No secrecy: there is no key yet. But the keys are made of all that was \
    said, the server signs it, and both sides send a tag over it: any change ends the handshake.";

/// The number in front of the record of this message.
pub(crate) fn content_type(message: &[u8]) -> u8 {
    match message {
        [1] => 20,
        [_, _] => 21,
        _ => HANDSHAKE,
    }
}

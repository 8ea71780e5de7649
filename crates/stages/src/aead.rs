//! Part 2, stage 3: authenticated encryption with associated data.

use crate::Stage;
use crate::field::{Field, NOT_SECRET, Role, SEQ, UNCOVERED_LENGTH, WITH_KEY};

/// Part 2, stage 3: authenticated encryption with associated data.
pub const PART2_AEAD: Stage = Stage {
    name: "part2-aead",
    title: "AES-256-GCM with the sequence number as associated data",
    port: 9002,
    handshake: &[],
    fields: &[
        UNCOVERED_LENGTH,
        Field {
            protection: "It is associated data: not encrypted, but the tag covers it, so any change is \
                         refused. The receiver compares it with the number it expects, so a replay, a \
                         reordering or a gap within the connection shows.",
            ..SEQ
        },
        Field {
            name: "nonce",
            len: Some(12),
            role: Role::Nonce,
            is_covered: true,
            what: "A number used once: random bytes, fresh for every record. AES-GCM encrypts and \
                   authenticates with it; used twice under one key, it gives away the key of the \
                   authentication.",
            readers: NOT_SECRET,
            protection: "It is not among the associated data, but the tag is computed with it: any change \
                         makes the tag fail.",
        },
        Field {
            name: "ciphertext",
            len: None,
            role: Role::Ciphertext,
            is_covered: true,
            what: "The plaintext, encrypted with AES-256-GCM: as long as the plaintext.",
            readers: WITH_KEY,
            protection: "One primitive and one key do both: encryption keeps it from being read, and the tag \
                         covers it, so any change is refused.",
        },
        Field {
            name: "tag",
            len: Some(16),
            role: Role::Tag,
            is_covered: false,
            what: "The tag of AES-256-GCM over seq and ciphertext, computed with the nonce, under the same \
                   key as the encryption. The receiver checks it before any plaintext comes out.",
            readers: "Everyone on the path. Only someone with the key can make it, or check it.",
            protection: "Itself: a changed tag does not verify. A copied record's tag verifies; its number \
                         gives it away.",
        },
    ],
    adds: "the same protection from one primitive and one key, in 20 fewer bytes",
    stops: "the same as hmac-seq",
    lets_through: "reflection, replay in a new connection, a cut between records",
};

//! Part 2, stage 1: encrypt-then-MAC.

use crate::Stage;
use crate::field::{CTR_CIPHERTEXT, CTR_NONCE, Field, HMAC_TAG, UNCOVERED_LENGTH};

/// Part 2, stage 1: encrypt-then-MAC.
pub const PART2_HMAC: Stage = Stage {
    name: "part2-hmac",
    title: "AES-256-CTR, then HMAC-SHA256",
    port: 9001,
    handshake: &[],
    fields: &[
        UNCOVERED_LENGTH,
        CTR_NONCE,
        Field {
            protection: "Encryption keeps it from being read. The tag covers it: any change is refused. A \
                         copy of the whole record is still genuine, and taken again.",
            ..CTR_CIPHERTEXT
        },
        Field {
            what: "HMAC-SHA256 over nonce and ciphertext, under a second key. The receiver computes it again \
                   and compares in constant time, before anything is decrypted.",
            protection: "Itself: a changed tag does not verify. It says nothing of order: the same record \
                         verifies as often as it comes.",
            ..HMAC_TAG
        },
    ],
    keys: "two, printed in the source: one to encrypt, one for tags, each for both directions",
    adds: "a tag over nonce and ciphertext, under a second key",
    stops: "changing or forging a record, cutting inside one",
    lets_through: "replay, reordering, dropping, reflection, a cut between records, a record of hmac-seq",
};

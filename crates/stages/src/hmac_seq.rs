//! Part 2, stage 2: encrypt-then-MAC with a sequence number.

use crate::Stage;
use crate::field::{CTR_CIPHERTEXT, CTR_NONCE, Field, HMAC_TAG, SEQ, UNCOVERED_LENGTH};

/// Part 2, stage 2: encrypt-then-MAC with a sequence number.
pub const PART2_HMAC_SEQ: Stage = Stage {
    name: "part2-hmac-seq",
    title: "AES-256-CTR, then HMAC-SHA256 with a sequence number",
    port: 9003,
    handshake: &[],
    fields: &[
        UNCOVERED_LENGTH,
        SEQ,
        CTR_NONCE,
        CTR_CIPHERTEXT,
        Field {
            what: "HMAC-SHA256 over seq, nonce and ciphertext, under a second key. The receiver computes it \
                   again and compares in constant time, before anything is decrypted.",
            ..HMAC_TAG
        },
    ],
    keys: "two, printed in the source: one to encrypt, one for tags, each for both directions",
    adds: "a sequence number under the tag, and each side's memory of what comes next",
    stops: "also replay, reordering and dropping within a connection",
    lets_through: "reflection, replay in a new connection, a cut between records",
};

//! Part 1, steps 2 to 4: records, encrypted with AES-256-CTR.

use crate::Stage;
use crate::field::{CTR_CIPHERTEXT, CTR_NONCE, Field, UNPROTECTED_LENGTH};

/// Part 1, steps 2 to 4: records, encrypted with AES-256-CTR.
pub const PART1_CTR: Stage = Stage {
    name: "part1-ctr",
    title: "AES-256-CTR",
    port: 8081,
    handshake: &[],
    fields: &[
        UNPROTECTED_LENGTH,
        Field {
            is_covered: false,
            protection: "Nothing. A changed nonce turns the whole plaintext into nonsense, and the receiver \
                         takes it without an error.",
            ..CTR_NONCE
        },
        Field {
            is_covered: false,
            protection: "Encryption keeps it from being read. Nothing keeps it from being changed: a flipped \
                         bit flips the same bit of the plaintext, and nobody is told.",
            ..CTR_CIPHERTEXT
        },
    ],
    adds: "records, and encryption under a shared key",
    stops: "eavesdropping",
    lets_through: "changing any bit, forging from a known plaintext, cutting, replay, reordering, dropping, reflection",
};

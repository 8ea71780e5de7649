//! Part 3, stage 3: X25519, and keys for a record.

use crate::Stage;
use crate::aead::PART2_AEAD;
use crate::handshake::X25519_HELLOS;

/// Part 3, stage 3: X25519, and the keys that HKDF makes of the secret, for the record of `part2-aead`.
pub const PART3_HKDF: Stage = Stage {
    name: "part3-hkdf",
    title: "X25519, HKDF, and AES-256-GCM under a key for each direction",
    port: 10003,
    handshake: X25519_HELLOS,
    fields: PART2_AEAD.fields,
    keys: "two, one for each direction, made of the secret: new ones for every connection",
    adds: "two keys from the secret, one for each direction, and part 2's record under them",
    stops: "also reflection, replay in a new connection, and a recording opened with a key that is stolen later",
    lets_through: "someone in the middle, who agrees on a secret with each side; any change to the messages that leaves the secret as it is; a cut between records",
};

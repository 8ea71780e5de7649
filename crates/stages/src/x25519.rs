//! Part 3, stage 2: X25519.

use crate::Stage;
use crate::handshake::{FIELDS, X25519_HELLOS};

/// Part 3, stage 2: X25519.
pub const PART3_X25519: Stage = Stage {
    name: "part3-x25519",
    title: "X25519, and no data yet",
    port: 10002,
    handshake: X25519_HELLOS,
    fields: FIELDS,
    keys: "none: the secret is the end of it",
    adds: "the same agreement in 32 bytes a side, on a curve that nobody chooses",
    stops: "the same, and there is no group to choose or to compare",
    lets_through: "someone in the middle, who agrees on a secret with each side; any change to the messages \
                   that leaves the secret as it is",
};

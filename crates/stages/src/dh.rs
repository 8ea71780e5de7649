//! Part 3, stage 1: classic Diffie-Hellman.

use crate::Stage;
use crate::handshake::{DH_HELLOS, FIELDS};

/// Part 3, stage 1: classic Diffie-Hellman.
pub const PART3_DH: Stage = Stage {
    name: "part3-dh",
    title: "Diffie-Hellman in a 2,048-bit group, and no data yet",
    port: 8080,
    handshake: DH_HELLOS,
    fields: FIELDS,
    keys: "none: the secret is the end of it",
    adds: "a secret that both sides hold and that never crossed the wire",
    stops: "the key in the source: each connection has a secret of its own",
    lets_through: "someone in the middle, who agrees on a secret with each side; any change to the messages \
                   that leaves the secret as it is",
};

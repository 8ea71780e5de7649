//! Part 1, step 1: raw bytes on TCP.

use crate::Stage;
use crate::field::{EVERYONE, Field, Role};

/// Part 1, step 1: raw bytes on TCP.
pub const PART1_PLAIN: Stage = Stage {
    name: "part1-plain",
    title: "raw bytes on TCP",
    port: 8081,
    handshake: &[],
    fields: &[Field {
        name: "plaintext",
        len: None,
        role: Role::Plaintext,
        is_covered: false,
        what: "The message itself, as it was written. No record is around it: the text has to say where it \
               ends.",
        readers: EVERYONE,
        protection: "Nothing. Any byte can be read, changed, added or left out, and nobody is told.",
    }],
    keys: "none",
    adds: "a request and a response",
    stops: "nothing",
    lets_through: "reading, changing and forging everything",
};

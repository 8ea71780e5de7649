//! Exercise 8: derive the keys of a connection from its secret.
//!
//! **You have** the secret that X25519 left with both sides of a connection of `part3-hkdf`, and HMAC-SHA256:
//!
//! ```text
//! hmac(key, message)      32 bytes
//! ```
//!
//! HKDF (RFC 5869) needs nothing else. It has two steps, and `·` puts bytes behind each other:
//!
//! ```text
//! extract:  even = HMAC(salt, secret)         the salt is the key; there is none here, which means 32 zero bytes
//! expand:   key  = HMAC(even, label · 01)     the label says what the key is for; 01 is one byte
//! ```
//!
//! **You want** a key for each direction, those that the client makes too. The labels are the texts
//! `part3 client write key` and `part3 server write key`.
//!
//! **Write** the function `derive`. The secret is another one each time.
//!
//! **The checker**, `cargo xtask exercise 8`, makes a server of this, and has the real `hkdf_client` agree on a secret
//! with it, send a request and read the answer.

use std::process::ExitCode;

use harness::key_schedule::{Keys, hmac};

/// Returns the keys of the connection whose sides share this secret.
fn derive(secret: &[u8; 32]) -> Keys {
    // Your turn. These are no keys that the client has.
    Keys { client_write: *secret, server_write: hmac(b"", secret) }
}

fn main() -> ExitCode {
    harness::key_schedule::run(derive)
}

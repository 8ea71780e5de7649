//! Exercise 11: bind the certificate too.
//!
//! **You have** the handshake of `part4-cert`. The server signs both X25519 keys, and nothing else; the keys of the
//! connection are made of the secret, and of nothing else. You decide what else goes where, for client and server alike:
//!
//! ```text
//! signed(said)         what the server signs with its identity key, and the client verifies
//! in_the_keys(said)    what goes into the keys of the connection, besides the secret
//!
//! said.client_hello    ClientHello as this side sent it or received it: the key, and fields that are not known yet
//! said.server_hello    ServerHello, the same
//! said.certificates    ServerAuth as far as the signature: the certificates
//! said.client_key      the X25519 key in ClientHello
//! said.server_key      the X25519 key in ServerHello
//! ```
//!
//! **You want** both sides to have heard the same, or to notice. Whoever is on the path knows your two functions, and
//! has a certificate and a key as well: those of `eve.example`.
//!
//! **Write** the two functions.
//!
//! **The checker**, `cargo xtask exercise 11`, makes a client and a server of this, lets them talk, and attacks them in
//! four ways: `certificate-swap`, `unknown-key-share`, a field that is added, and one that is moved.

use std::process::ExitCode;

use harness::bound::{Design, Said};

/// Returns what the server signs, and the client verifies.
fn signed(said: &Said) -> Vec<u8> {
    // Your turn. These are the 64 bytes of part 4.
    [said.client_key, said.server_key].concat()
}

/// Returns what goes into the keys of the connection, besides the secret.
fn in_the_keys(said: &Said) -> Vec<u8> {
    // Your turn. At part 4 that is nothing.
    let _ = said;
    Vec::new()
}

fn main() -> ExitCode {
    harness::bound::run(Design { signed, in_the_keys })
}

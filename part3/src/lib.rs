//! The third article: two strangers agree on a key in the open.
//!
//! | program | what it shows |
//! |---|---|
//! | `dh_by_hand` | the agreement with numbers that one can check by head |
//! | `dh_server`, `dh_client` | a secret that never crossed the wire, by classic Diffie-Hellman |
//! | `x25519_server`, `x25519_client` | the same in 32 bytes a side |
//! | `hkdf_server`, `hkdf_client` | the secret becomes a key for each direction, and part 2's record runs under them |
//!
//! `dh_server`, `x25519_server` and their clients end after the handshake, as the article's do. The programs are in
//! `src/bin/`.

//! The second article: integrity by HMAC, order by sequence numbers, and both by AES-GCM.
//!
//! | program | what it shows |
//! |---|---|
//! | `hmac_server`, `hmac_client` | a changed record is refused |
//! | `hmac_seq_server`, `hmac_seq_client` | so is a genuine one in the wrong place |
//! | `aead_server`, `aead_client` | the same from one primitive |
//! | `tampering_demo` | every bit of a record is protected |
//! | `pipelined_client` | for the lab: a client that sends everything before it reads an answer |
//! | `nonce_reuse_victim` | for the lab: what a nonce used twice looks like; built with the feature `nonce-reuse` only |
//!
//! The programs are in `src/bin/`. The clients and servers differ only in the stage they name, and
//! share the crates `crypto`, `channel` and `program`.

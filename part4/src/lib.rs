//! The fourth article: a name on the key.
//!
//! | program | what it shows |
//! |---|---|
//! | `cert_server`, `cert_client` | the server signs the keys of the connection, and certificates say who it is |
//!
//! The programs are in `src/bin/`. They need certificates, which `cargo xtask certificates` makes.

//! The first article: a plain exchange, and one that hides its bytes without protecting them.
//!
//! | program | what it shows |
//! |---|---|
//! | `plain_server`, `plain_client` | a request and a response that anyone on the path can read |
//! | `ctr_server`, `ctr_client` | the same in encrypted records: nobody without the key can read them |
//! | `ctr_malleability_demo` | and anyone can change what they cannot read |
//!
//! The programs are in `src/bin/`. This library holds what the plain stage needs in place of records.

pub mod plain;

//! What the client and the server of `part5-tls13` have beside TLS itself, which is in the `tls` crate.
//!
//! - [`options`]: whom to trust, who one is, what to offer, from the command line.
//! - [`handshake`]: a connection on which TLS is spoken, and reported.
//! - [`http`]: where a request ends, and where an answer does.
//! - [`page`]: what a browser is shown of the connection that it has made.

pub mod handshake;
pub mod http;
pub mod options;
pub mod page;

//! Handshakes in memory: those of the articles' programs, and whatever a peer may send in place of one.

#[macro_use]
mod stream;
mod conversations;
mod fed;
mod hostile;
mod made_again;
mod secrecy;
mod server_auth;
mod side;
mod vectors;

//! Sessions explained: those of RFC 8448, our own, and damaged ones.

mod pairs;
mod rfc8448;
mod told;

//! Sessions explained: those of RFC 8448, our own, and damaged ones.

mod damaged;
mod pairs;
mod rfc8448;
mod script;
mod scripts;
mod told;

//! A certificate authority for learning: it signs whatever it is asked to.
//!
//! - [`options`]: the command line.
//! - [`issue`]: one certificate, good or bad.
//! - [`make`]: the certificates that the stages, the lab and a reader try with, as files.
//! - [`checks`]: what a client checks, each in a sentence.
//! - [`chain`]: what each check finds on each certificate of a chain; [`show`]: that, for a reader.
//! - [`bad`]: chains with one thing wrong each; [`matrix`]: what a client says to them.

pub mod bad;
pub mod chain;
pub mod checks;
pub mod issue;
pub mod make;
pub mod matrix;
pub mod options;
pub mod show;

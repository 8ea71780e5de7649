//! A certificate authority for learning: it signs whatever it is asked to.
//!
//! - [`options`]: the command line.
//! - [`issue`]: one certificate, good or bad.
//! - [`make`]: the certificates that the stages, the lab and a reader try with, as files.

pub mod issue;
pub mod make;
pub mod options;

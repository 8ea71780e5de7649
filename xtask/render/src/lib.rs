//! A run's events as files: a page for a browser, a packet capture for Wireshark.
//!
//! What a record is made of comes from the catalogue of stages, and the bytes from the run.
//!
//! - [`page`]: client and server side by side, every record between them field by field.
//! - [`capture`]: the packets that would have passed on the path, each with a comment.
//! - [`dissector`]: what Wireshark's dissector has to know of the stages.

pub mod capture;
pub mod dissector;
pub mod page;

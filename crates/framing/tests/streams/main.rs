//! Records over hostile streams: headers, announced lengths, ends, chunking, short writes, failures, memory.

#[macro_use]
mod script;
mod chunking;
mod ends;
mod headers;
mod lengths;
mod memory;
mod writing;

//! Records over hostile streams: announced lengths, ends, chunking, short writes, failures, memory.

#[macro_use]
mod script;
mod chunking;
mod ends;
mod lengths;
mod memory;
mod writing;

//! Two parties over streams in memory: what they exchange, what closes the channel, what an observer is
//! shown, how keys change, and what someone on the path gets through.

#[macro_use]
mod wire;
mod allocations;
mod closed;
#[path = "../../../properties/tests/records/common.rs"]
mod common;
mod exchange;
mod headers;
mod layouts;
mod observed;
mod on_the_path;
mod rekeying;
mod schedules;

//! Two parties over streams in memory: what they exchange, what closes the channel, what an observer is
//! shown, and what someone on the path gets through.

#[macro_use]
#[path = "../../../crypto/tests/records/stages.rs"]
mod stages;
#[macro_use]
mod wire;
mod allocations;
mod closed;
mod exchange;
mod layouts;
mod observed;
mod on_the_path;
mod schedules;
mod stream;

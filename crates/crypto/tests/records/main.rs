//! Records at every stage: what opens, what is refused, and what someone without the key gets through.
//! The last is asserted as firmly as what a stage stops.

#[macro_use]
mod stages;
mod after_failure;
mod changed;
mod foreign;
mod keys;
mod misplaced;
mod round_trip;

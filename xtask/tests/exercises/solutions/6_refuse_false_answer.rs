//! Exercise 6, solved: refuse the false answer of exercise 5, and say what that costs.
//!
//! A tag tells our own records from any other. Sent back, our record n can only pass as the peer's
//! record n, so its tag is kept until that has come: 16 bytes for each record in flight, as many as
//! the peer lets us send unanswered, and a search among them for each that arrives. The two
//! directions now share a memory, and threads that send and receive would share a lock.
//!
//! It is not worth it: a key of its own for each direction refuses the same, and costs 32 bytes once.

use std::process::ExitCode;

use harness::reflection::{Cost, Guard, Memory};

/// Length of a tag in bytes.
const TAG_LEN: usize = 16;

/// What you keep.
const COST: Cost = Cost::PerRecordInFlight(TAG_LEN);

/// Called when this payload is about to be sent.
fn before_sending(memory: &mut Memory, payload: &[u8]) {
    memory.push_back(tag(payload));
}

/// Called when this payload arrived, with a right tag and the seq that was due. Returns whether it
/// is one of ours.
fn after_receiving(memory: &mut Memory, payload: &[u8]) -> bool {
    let own = memory.contains(&tag(payload));
    memory.pop_front();
    own
}

fn tag(payload: &[u8]) -> Vec<u8> {
    payload[payload.len() - TAG_LEN..].to_vec()
}

fn main() -> ExitCode {
    harness::reflection::run(Guard {
        remember: before_sending,
        is_own: after_receiving,
        cost: COST,
    })
}

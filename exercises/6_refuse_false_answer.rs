//! Exercise 6: refuse the false answer of exercise 5, and say what that costs.
//!
//! **You have** a client of `part2-aead` that shows you every payload: each one it sends, and each
//! one it received that passed all checks, before it is accepted as an answer. You may keep bytes
//! in between.
//!
//! ```text
//!   8     12      N            16
//! +-----+-------+------------+-----+
//! | seq | nonce | ciphertext | tag |
//! +-----+-------+------------+-----+
//! ```
//!
//! The bytes on the wire must stay as they are: today's servers have to understand them.
//!
//! **You want** the client to refuse a record of its own that somebody sends back, now or later,
//! and to accept every answer of the server's. You also state, in `COST`, how many bytes that
//! takes, and for how many records.
//!
//! **Write** `COST`, `remember` and `is_own`. The requests, and how many there are, differ each
//! time.
//!
//! **The checker**, `cargo xtask exercise 6`, turns this into a client, lets it talk to the real
//! `aead_server`, reflects its records at it, and compares `COST` with what you keep at any time.

use std::process::ExitCode;

use harness::reflection::{Cost, Guard, Memory};

/// What you keep: `Cost::Nothing`, or a number of bytes for each record sent,
/// `Cost::PerRecordSent(bytes)`, or only as long as a record is not answered,
/// `Cost::PerRecordInFlight(bytes)`.
const COST: Cost = Cost::Nothing;

/// Called when this payload is about to be sent. `Memory` is a queue of byte strings.
fn remember(memory: &mut Memory, payload: &[u8]) {
    // Your turn. This keeps nothing.
    let _ = (memory, payload);
}

/// Called when this payload arrived, with a right tag and the seq that was due. Returns whether it
/// is one of ours.
fn is_own(memory: &mut Memory, payload: &[u8]) -> bool {
    // Your turn. This trusts everyone.
    let _ = (memory, payload);
    false
}

fn main() -> ExitCode {
    harness::reflection::run(Guard { remember, is_own, cost: COST })
}

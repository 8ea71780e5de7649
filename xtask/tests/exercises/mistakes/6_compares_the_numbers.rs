//! Exercise 6 with a mistake that the checker must catch: both sides use the same numbers.

use std::process::ExitCode;

use harness::reflection::{Cost, Guard, Memory};

const SEQ_LEN: usize = 8;

const COST: Cost = Cost::PerRecordSent(SEQ_LEN);

fn before_sending(memory: &mut Memory, payload: &[u8]) {
    memory.push_back(payload[..SEQ_LEN].to_vec());
}

fn after_receiving(memory: &mut Memory, payload: &[u8]) -> bool {
    memory.iter().any(|seq| seq == &payload[..SEQ_LEN])
}

fn main() -> ExitCode {
    harness::reflection::run(Guard {
        remember: before_sending,
        is_own: after_receiving,
        cost: COST,
    })
}

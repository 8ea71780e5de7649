//! Exercise 6 with a mistake that the checker must catch: it looks at the oldest record, and never at another.

use std::process::ExitCode;

use harness::reflection::{Cost, Guard, Memory};

const TAG_LEN: usize = 16;

const COST: Cost = Cost::PerRecordSent(TAG_LEN);

fn before_sending(memory: &mut Memory, payload: &[u8]) {
    memory.push_back(tag(payload));
}

fn after_receiving(memory: &mut Memory, payload: &[u8]) -> bool {
    memory.front() == Some(&tag(payload))
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

//! Exercise 6 with a mistake that the checker must catch: it keeps bytes of every record, but says
//! it keeps them only of those in flight.

use std::process::ExitCode;

use harness::reflection::{Cost, Guard, Memory};

const TAG_LEN: usize = 16;

const COST: Cost = Cost::PerRecordInFlight(TAG_LEN);

fn before_sending(memory: &mut Memory, payload: &[u8]) {
    memory.push_back(tag(payload));
}

fn after_receiving(memory: &mut Memory, payload: &[u8]) -> bool {
    memory.contains(&tag(payload))
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

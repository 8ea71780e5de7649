//! Exercise 15 with a mistake that the checker must catch: what the client sees in an answer is left to the tag.

use std::process::ExitCode;

use harness::changed_hello::{Change, Check, Side};

/// Returns who notices this change first, and by which check.
fn first_to_notice(change: Change) -> Option<(Side, Check)> {
    match change {
        Change::Version => Some((Side::Server, Check::Version)),
        Change::Schemes => Some((Side::Server, Check::Choice)),
        Change::SessionId
        | Change::KeyShares
        | Change::Random
        | Change::ServerName
        | Change::BestSuite
        | Change::OtherKey => Some((Side::Client, Check::RecordTag)),
        // The hash is over messages.
        Change::Cut => None,
    }
}

fn main() -> ExitCode {
    harness::changed_hello::run(first_to_notice)
}

//! Exercise 15 with a mistake that the checker must catch: the server is to notice what is in the hash.

use std::process::ExitCode;

use harness::changed_hello::{Change, Check, Side};

/// Returns who notices this change first, and by which check.
fn first_to_notice(change: Change) -> Option<(Side, Check)> {
    match change {
        Change::Version => Some((Side::Server, Check::Version)),
        Change::Schemes => Some((Side::Server, Check::Choice)),
        // The session id comes back, and a key is asked for that was sent.
        Change::SessionId | Change::KeyShares => Some((Side::Client, Check::Value)),
        Change::Random | Change::ServerName | Change::BestSuite | Change::OtherKey => {
            Some((Side::Server, Check::RecordTag))
        }
        // The hash is over messages.
        Change::Cut => None,
    }
}

fn main() -> ExitCode {
    harness::changed_hello::run(first_to_notice)
}

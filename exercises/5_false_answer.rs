//! Exercise 5: answer a client in the server's name.
//!
//! **You have** a place between a client and a server of `part2-aead`. Every record you take has a tag
//! that you cannot make, and a sequence number that you cannot change:
//!
//! ```text
//! session.requests.take()?          takes the client's next record off the wire
//! session.requests.send(&record)?   sends the server a record
//! session.answers.take()?           takes the server's next record off the wire
//! session.answers.send(&record)?    sends the client a record
//! ```
//!
//! `take` fails when there are no more records.
//!
//! **You want** the client to accept an answer to each of its requests, and none of those answers
//! to be one that the server sent.
//!
//! **Write** the function `attack`. The client sends several requests at once, and they differ each
//! time.
//!
//! **The checker**, `cargo xtask exercise 5`, puts you between the real client and the real `aead_server`, and
//! asks the client what it received.

use std::io;
use std::process::ExitCode;

use attacker::Session;
use stages::PART2_AEAD;

/// Does what it likes with the records that come along.
fn attack(session: &mut Session) -> io::Result<()> {
    // Your turn. This passes everything on honestly.
    while let Ok(request) = session.requests.take() {
        session.requests.send(&request)?;

        let answer = session.answers.take()?;
        session.answers.send(&answer)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    harness::on_path::run(&PART2_AEAD, attack)
}

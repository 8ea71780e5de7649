//! Exercise 5, solved: reflect a request at aead.
//!
//! Both directions have one key, and both count from 0. Nothing in a record says who made it, so that the
//! client's record 0 is as good an answer as the server's. The server need not even be asked.

use std::io;
use std::process::ExitCode;

use attacker::Session;
use stages::PART2_AEAD;

/// Does what it likes with the records that come along.
fn attack(session: &mut Session) -> io::Result<()> {
    for _ in 0..2 {
        let request = session.requests.take()?;
        session.answers.send(&request)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    harness::on_path::run(&PART2_AEAD, attack)
}

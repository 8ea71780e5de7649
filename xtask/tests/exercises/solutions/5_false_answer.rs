//! Exercise 5, solved: answer a client in the server's name.
//!
//! Both directions have one key, and both count from 0. Nothing in a record says who made it, so that the
//! client's record 0 is as good an answer as the server's. The server need not even be asked.

use std::io;
use std::process::ExitCode;

use attacker::Session;
use stages::PART2_AEAD;

/// Does what it likes with the records that come along.
fn answer_the_client(session: &mut Session) -> io::Result<()> {
    while let Ok(request) = session.requests.take() {
        session.answers.send(&request)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    harness::on_path::run(&PART2_AEAD, answer_the_client)
}

//! Exercise 5 with a mistake that the checker must catch: the number in a record counts all the same.

use std::io;
use std::process::ExitCode;

use attacker::Session;
use stages::PART2_AEAD;

fn answer_the_client(session: &mut Session) -> io::Result<()> {
    let request = session.requests.take()?;
    session.answers.send(&request)?;
    session.answers.send(&request)
}

fn main() -> ExitCode {
    harness::on_path::run(&PART2_AEAD, answer_the_client)
}

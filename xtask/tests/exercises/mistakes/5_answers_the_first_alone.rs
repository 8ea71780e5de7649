//! Exercise 5 with a mistake that the checker must catch: the server answers what comes later.

use std::io;
use std::process::ExitCode;

use attacker::Session;
use stages::PART2_AEAD;

fn answer_the_client(session: &mut Session) -> io::Result<()> {
    let request = session.requests.take()?;
    session.requests.send(&request)?;
    let _kept_back = session.answers.take()?;
    session.answers.send(&request)
}

fn main() -> ExitCode {
    harness::on_path::run(&PART2_AEAD, answer_the_client)
}

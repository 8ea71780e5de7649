//! Exercise 5 with a mistake that the checker must explain: what it prints stands where its events go.

use std::io;
use std::process::ExitCode;

use attacker::Session;
use stages::PART2_AEAD;

fn answer_the_client(session: &mut Session) -> io::Result<()> {
    let request = session.requests.take()?;
    println!("a record of {} bytes", request.bytes().len());
    session.answers.send(&request)
}

fn main() -> ExitCode {
    harness::on_path::run(&PART2_AEAD, answer_the_client)
}

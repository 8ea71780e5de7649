//! Exercise 2 with a mistake that the checker must catch: it sends one record again and again.

use std::process::ExitCode;

use stages::PART1_CTR;

fn main() -> ExitCode {
    harness::on_path::run(&PART1_CTR, |session| {
        let request = session.requests.take()?;
        loop {
            session.requests.send(&request)?;
        }
    })
}

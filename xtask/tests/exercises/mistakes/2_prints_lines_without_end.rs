//! Exercise 2 with a mistake that the checker must catch: it prints line after line.

use std::process::ExitCode;

use stages::PART1_CTR;

fn on_the_way(record: &mut [u8], _request: &str, _amount: &str) {
    let mut at = 0;
    while record[at] != 0xff || at < record.len() {
        eprintln!("byte {at} is not it");
        at = (at + 1) % record.len();
    }
}

fn main() -> ExitCode {
    harness::on_path::change_first_request(&PART1_CTR, on_the_way)
}

//! Exercise 2 with a mistake that the checker must catch: it panics in the middle of a line.

use std::process::ExitCode;

use stages::PART1_CTR;

fn on_the_way(record: &mut [u8], _request: &str, _amount: &str) {
    eprint!("the last byte is ");
    eprintln!("{}", record[record.len()]);
}

fn main() -> ExitCode {
    harness::on_path::change_first_request(&PART1_CTR, on_the_way)
}

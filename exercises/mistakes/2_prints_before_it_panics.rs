//! Exercise 2 with a mistake that the checker must catch: it panics in the middle of a line.

use std::process::ExitCode;

use stages::PART1_CTR;

fn change(record: &mut [u8]) {
    eprint!("the last byte is ");
    eprintln!("{}", record[record.len()]);
}

fn main() -> ExitCode {
    harness::on_path::change_first_request(&PART1_CTR, change)
}

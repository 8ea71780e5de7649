//! Exercise 2 with a mistake that the checker must catch: it looks past the end of the record.

use std::process::ExitCode;

use stages::PART1_CTR;

fn on_the_way(record: &mut [u8], _request: &str, _amount: &str) {
    eprintln!("a record of {} bytes", record.len());
    record[100] ^= b'1' ^ b'9';
}

fn main() -> ExitCode {
    harness::on_path::change_first_request(&PART1_CTR, on_the_way)
}

//! Exercise 2 with a mistake that the checker must catch: the bit of the articles' request, in every request.

use std::process::ExitCode;

use stages::PART1_CTR;

fn on_the_way(record: &mut [u8], _request: &str, _amount: &str) {
    record[48] ^= 8;
}

fn main() -> ExitCode {
    harness::on_path::change_first_request(&PART1_CTR, on_the_way)
}

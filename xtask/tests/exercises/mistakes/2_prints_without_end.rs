//! Exercise 2 with a mistake that the checker must catch: it prints without end, and never a newline.

use std::process::ExitCode;

use stages::PART1_CTR;

fn on_the_way(_record: &mut [u8], _request: &str, _amount: &str) {
    let text = "x".repeat(65536);
    loop {
        eprint!("{text}");
    }
}

fn main() -> ExitCode {
    harness::on_path::change_first_request(&PART1_CTR, on_the_way)
}

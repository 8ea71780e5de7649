//! `cargo xtask`: runs the matched programs of a stage and shows what they report.

use std::process::ExitCode;

use xtask::commands::Options;

fn main() -> ExitCode {
    xtask::main(Options::run)
}

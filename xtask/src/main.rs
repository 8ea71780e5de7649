//! `cargo xtask`: runs the matched programs of a stage and shows what they report.

use std::process::ExitCode;

use xtask::commands::Options;
use xtask::launch::guard;

fn main() -> ExitCode {
    guard::main().unwrap_or_else(|| xtask::main(Options::run))
}

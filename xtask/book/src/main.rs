//! `cargo xtask book`: makes the book, or checks it.

use std::process::ExitCode;

use book::options::Options;

fn main() -> ExitCode {
    xtask::main(|options: Options| options.run())
}

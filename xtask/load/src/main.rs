//! `cargo xtask bench` and `cargo xtask soak`.

use std::process::ExitCode;

use load::Options;

fn main() -> ExitCode {
    xtask::main(|options: Options| options.run())
}

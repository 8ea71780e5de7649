//! `cargo xtask explain`.

use std::process::ExitCode;

use explain::Options;

fn main() -> ExitCode {
    xtask::main(|options: Options| options.run())
}

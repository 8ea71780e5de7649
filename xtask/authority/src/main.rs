//! `cargo xtask certificates`: makes certificates to try with, explains any, and shows which bad ones are refused.

use std::process::ExitCode;

use authority::options::Options;

fn main() -> ExitCode {
    xtask::main(|options: Options| options.run())
}

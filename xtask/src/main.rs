//! `cargo xtask`: runs the matched programs of a stage and shows what they report.

use std::process::ExitCode;

use clap::Parser;
use xtask::commands::Options;

fn main() -> ExitCode {
    let (done, code_of_failure) = Options::parse().run();
    done.unwrap_or_else(|error| {
        anstream::eprintln!("xtask: {error:#}");
        ExitCode::from(code_of_failure)
    })
}

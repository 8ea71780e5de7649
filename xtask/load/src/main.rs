//! `cargo xtask bench` and `cargo xtask soak`.

use std::process::ExitCode;

use clap::Parser;
use load::Options;

fn main() -> ExitCode {
    Options::parse().run().unwrap_or_else(|error| {
        anstream::eprintln!("xtask: {error:#}");
        ExitCode::from(3)
    })
}

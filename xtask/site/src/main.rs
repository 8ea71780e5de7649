//! `cargo xtask site`: builds the site.

use std::process::ExitCode;

use clap::Parser;
use site::build::Options;

fn main() -> ExitCode {
    Options::parse().run().unwrap_or_else(|error| {
        anstream::eprintln!("xtask: {error:#}");
        ExitCode::from(3)
    })
}

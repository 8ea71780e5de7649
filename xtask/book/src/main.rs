//! `cargo xtask book`: makes the book, or checks it.

use std::process::ExitCode;

use book::options::Options;
use clap::Parser;

fn main() -> ExitCode {
    Options::parse().run().unwrap_or_else(|error| {
        anstream::eprintln!("xtask: {error:#}");
        ExitCode::from(3)
    })
}

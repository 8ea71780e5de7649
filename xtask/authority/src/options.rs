//! The command line of `cargo xtask certificates`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::make;

/// Make certificates to try with, explain any, and see which bad ones a client refuses
#[derive(Parser)]
#[command(bin_name = "cargo xtask certificates", args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    make: MakeOptions,
}

#[derive(Subcommand)]
enum Command {
    /// Make a root, an intermediate and a server's certificate, with the server's key
    Make(MakeOptions),
}

/// Options of `cargo xtask certificates make`.
#[derive(Args, Debug)]
pub struct MakeOptions {
    /// The name of the server; repeat it for a certificate with several
    #[arg(long = "name", value_name = "NAME", default_value = "localhost")]
    pub names: Vec<String>,

    /// How many days the server's certificate is valid
    #[arg(long, value_name = "N", default_value = "730", value_parser = xtask::count::<u16>)]
    pub days: u16,

    /// The folder for the files [default: certificates/ in the target folder, where the programs look for them]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,

    /// Make nothing if good ones are there
    #[arg(long, hide = true)]
    pub if_needed: bool,
}

impl Options {
    /// Does what was asked for. Returns the exit code.
    ///
    /// # Errors
    /// When it cannot be done.
    pub fn run(self) -> Result<ExitCode> {
        match self.command {
            None => make::command(&self.make),
            Some(Command::Make(options)) => make::command(&options),
        }
    }
}

impl MakeOptions {
    /// How long the server's certificate is valid.
    pub fn validity(&self) -> Duration {
        Duration::from_secs(u64::from(self.days) * 24 * 60 * 60)
    }
}

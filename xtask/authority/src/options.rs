//! The command line of `cargo xtask certificates`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use certificates::ServerName;
use clap::{Args, Parser, Subcommand};
use xtask::WrongArgument;

use crate::make::{self, DAY, DAYS_OF_INTERMEDIATE};
use crate::matrix::{self, MatrixOptions};
use crate::show::{self, ShowOptions};

/// What to begin with.
const EXAMPLES: &str = "\
For example:
  cargo xtask certificates --name bank.example --days 30
  cargo xtask certificates show
  cargo xtask certificates matrix";

/// Make certificates to try with, explain any, and see which bad ones a client refuses
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask certificates",
    args_conflicts_with_subcommands = true,
    after_help = EXAMPLES
)]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    make: MakeOptions,
}

#[derive(Subcommand)]
enum Command {
    /// Make a root, an intermediate and a server's certificate, with the server's key: as without a command
    Make(MakeOptions),
    /// Explain a chain, any chain: who says what about whom, what a client checks, and where a bad one fails
    Show(ShowOptions),
    /// Show chains with one thing wrong each to the client of part4-cert, and which check refuses them
    Matrix(MatrixOptions),
}

/// Options of `cargo xtask certificates make`.
#[derive(Args, Debug)]
pub struct MakeOptions {
    /// The name of the server, or its IP address; `*.bank.example` for any first label. Repeat it for a certificate
    /// with several
    #[arg(long = "name", value_name = "NAME", default_value = make::LOCALHOST, value_parser = name)]
    pub names: Vec<String>,

    /// How many days the server's certificate is valid. Those for TLS 1.3 are for 397 at most, as browsers want it
    #[arg(long, value_name = "N", default_value_t = make::DAYS, value_parser = days)]
    pub days: u32,

    /// The folder for the files [default: target/certificates, where the programs look for them, and without the
    /// name localhost a folder in it that is called by the first name]
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
            Some(Command::Show(options)) => show::command(&options),
            Some(Command::Matrix(options)) => matrix::command(&options),
        }
    }
}

impl MakeOptions {
    /// How long the server's certificate is valid.
    pub fn validity(&self) -> Duration {
        self.days * DAY
    }
}

/// Reads a name for a certificate, and writes it in one way.
fn name(text: &str) -> Result<String, WrongArgument> {
    let wrong = |why: &str| WrongArgument(format!("--name {text}: {why}"));
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    if !text.is_ascii() {
        return Err(wrong(
            "a name with other letters than a to z has a form in ASCII for certificates, such as xn--bcher-kva.example",
        ));
    }
    let behind_star = text.strip_prefix("*.");
    let name = behind_star.unwrap_or(text);
    if ServerName::try_from(name).is_err() || name.ends_with('.') {
        return Err(wrong("expected the name of a server, such as bank.example, or an IP address"));
    }
    if behind_star.is_some_and(|name| !name.contains('.')) {
        return Err(wrong("a client wants two labels behind a star, such as *.bank.example"));
    }
    Ok(text.to_ascii_lowercase())
}

/// Reads a number of days.
fn days(text: &str) -> Result<u32, String> {
    let days = text.parse().ok().filter(|days| (1..=DAYS_OF_INTERMEDIATE).contains(days));
    days.ok_or_else(|| {
        format!(
            "expected a whole number, from 1 to {DAYS_OF_INTERMEDIATE}: no longer than the certificate of its issuer"
        )
    })
}

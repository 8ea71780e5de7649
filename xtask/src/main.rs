//! `cargo xtask`: runs the matched programs of a stage and shows what they say.

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use framing::Stage;
use framing::stage::STAGES;
use transcript::Format;
use xtask::{list, run};

/// Rebuilding TLS, stage by stage
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server and the client of a stage, and show both sides as one transcript
    Run {
        /// The stage's name, or `all` for the five in the articles' order
        #[arg(value_parser = PossibleValuesParser::new(stage_names()))]
        stage: String,

        /// How many requests the client sends [default: 2; the plain stage has one]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        requests: Option<u64>,

        /// Write the events of both sides as JSON, one object a line
        #[arg(long)]
        json: bool,

        /// Run optimised builds
        #[arg(long)]
        release: bool,
    },
    /// Name the stages, with what each adds, stops and lets through
    List,
}

fn stage_names() -> impl Iterator<Item = &'static str> {
    STAGES.into_iter().map(|stage| stage.name).chain(["all"])
}

fn main() -> ExitCode {
    let done = match Options::parse().command {
        Command::Run { stage, requests, json, release } => {
            let format = if json { Format::Json } else { Format::Text };
            match Stage::find(&stage) {
                Some(stage) if !stage.has_records && requests.is_some_and(|n| n > 1) => {
                    let why = "the plain stage has no records, so a connection carries one request";
                    Options::command().error(ErrorKind::ArgumentConflict, why).exit()
                }
                Some(stage) => run::stages(&[stage], requests, format, release),
                None => run::stages(&STAGES, requests, format, release),
            }
        }
        Command::List => list::print().map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        anstream::eprintln!("xtask: {error:#}");
        ExitCode::from(3)
    })
}

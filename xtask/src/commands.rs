//! The command line of `cargo xtask`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use framing::MAX_PLAINTEXT_LEN;
use stages::Stage;

use crate::exercises::{self, ExerciseOptions};
use crate::lab::{self, AttackOptions, MatrixOptions};
use crate::launch::run::{self, RunOptions};
use crate::launch::tunnel::{self, TunnelOptions};
use crate::views::diff::{self, DiffOptions};
use crate::views::layout::{self, LayoutOptions};
use crate::views::list::{self, ListOptions};
use crate::views::{ViewOptions, show};
use crate::{passed_on, print, stage_names};

/// Rebuilding TLS, stage by stage
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server and the client of a stage, and show both sides and the wire as one transcript
    Run {
        /// The stage, such as `part2-aead` or in short `aead`; `all` for every one, in the articles' order
        #[arg(value_name = "STAGE", value_parser = stage_names::any_or_all())]
        stages: &'static [&'static Stage],

        #[command(flatten)]
        options: RunOptions,
    },
    /// Show a run that was saved with `run --save`
    Show {
        /// The saved run
        #[arg(value_name = "FILE.jsonl")]
        run: PathBuf,

        #[command(flatten)]
        options: ViewOptions,
    },
    /// Try an attack on a stage's programs and show the result; without a name, list the attacks
    Attack(AttackOptions),
    /// Try every attack at every stage, and show the results as a table
    Matrix {
        #[command(flatten)]
        options: MatrixOptions,
    },
    /// Check your solution of an exercise in `exercises/`; without a number, show which are solved
    Exercise(ExerciseOptions),
    /// Measure what the stages cost, beside plain TCP and a plain relay
    Bench(PassedOn),
    /// Load a server with good clients, and with faulty ones if asked to, and measure how it holds up
    Soak(PassedOn),
    /// Start both ends of a tunnel around a service on this machine, and show what passes through
    Tunnel(TunnelOptions),
    /// List the stages, with what each adds, stops and lets through
    List(ListOptions),
    /// Show where each field of a record lies, and what protects it
    Layout(LayoutOptions),
    /// Show what changes from one stage to another: the record, the code, and what the attacks can do
    Diff(DiffOptions),
    /// Make the book: run its commands, fill in its tables, draw its pictures, build its pages
    Book(PassedOn),
    /// Build the site: the book, a page for each stage's run, and the attack table that leads to them
    Site(PassedOn),
}

/// Arguments of a program of its own, which knows what they mean.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
struct PassedOn {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    args: Vec<OsString>,
}

impl Options {
    /// Does what was asked for. Returns the exit code.
    ///
    /// # Errors
    /// When it cannot be done.
    pub fn run(self) -> Result<ExitCode> {
        let load = |command: &str, passed: PassedOn| {
            let args: Vec<_> = [command.into()].into_iter().chain(passed.args).collect();
            passed_on("load", &args)
        };
        match self.command {
            Command::Show { run, options } => show::saved(&run, &options),
            Command::Run { stages, options } => run(stages, &options),
            Command::Attack(options) => lab::attack(&options),
            Command::Matrix { options } => lab::matrix(&options),
            Command::Exercise(options) => exercises::exercise(&options),
            Command::Bench(passed) => load("bench", passed),
            Command::Soak(passed) => load("soak", passed),
            Command::Tunnel(options) => tunnel::tunnel(&options),
            Command::List(options) => print(&list::text(&options)),
            Command::Layout(options) => print(&layout::text(&options)),
            Command::Book(passed) => passed_on("book", &passed.args),
            Command::Site(passed) => passed_on("site", &passed.args),
            Command::Diff(options) => diff::text(&options).and_then(|text| print(&text)),
        }
    }
}

fn run(stages: &'static [&'static Stage], options: &RunOptions) -> Result<ExitCode> {
    let len = options.request.as_ref().map_or(0, String::len);
    if len > MAX_PLAINTEXT_LEN {
        let why = format!("--request has {len} bytes, and a record holds {MAX_PLAINTEXT_LEN}");
        Options::command().error(ErrorKind::ValueValidation, why).exit()
    }
    if let [stage] = stages
        && !stage.has_data()
        && (options.requests.is_some() || options.request.is_some())
    {
        let why = format!(
            "{} ends with its handshake: no request is sent, and none answered",
            stage.name
        );
        Options::command().error(ErrorKind::ArgumentConflict, why).exit()
    }
    match (stages, options.requests) {
        ([stage], Some(requests @ 2..)) if !stage.has_records() => {
            let why = format!(
                "--requests {requests}: {} has no records, so a connection carries one request",
                stage.name
            );
            Options::command().error(ErrorKind::ArgumentConflict, why).exit()
        }
        _ => run::stages(stages, options),
    }
}

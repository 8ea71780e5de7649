//! `cargo xtask`: runs the matched programs of a stage and shows what they say.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use framing::stage::STAGES;
use framing::{MAX_PLAINTEXT_LEN, Stage};
use xtask::bench::{self, BenchOptions};
use xtask::book::{self, BookOptions};
use xtask::diff::{self, DiffOptions};
use xtask::exercise::{self, ExerciseOptions};
use xtask::lab::{self, AttackOptions, MatrixOptions};
use xtask::layout::{self, LayoutOptions};
use xtask::list::{self, ListOptions};
use xtask::run::RunOptions;
use xtask::soak::{self, SoakOptions};
use xtask::tunnel::TunnelOptions;
use xtask::view::ViewOptions;
use xtask::{print, run, show, tunnel};

/// Rebuilding TLS, stage by stage
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server and the client of a stage, and show both sides and the wire as one transcript
    Run {
        /// The stage's name, or `all` for the five in the articles' order
        #[arg(value_parser = PossibleValuesParser::new(stage_names()))]
        stage: String,

        #[command(flatten)]
        options: RunOptions,
    },
    /// Show a run that was kept with `run --save`
    Show {
        /// The file it was kept in
        #[arg(value_name = "FILE.jsonl")]
        run: PathBuf,

        #[command(flatten)]
        options: ViewOptions,
    },
    /// Try an attack on a stage's programs and tell what came of it; without a name, list the attacks
    Attack(AttackOptions),
    /// Try every attack at every stage, and show what came of it as a table
    Matrix {
        #[command(flatten)]
        options: MatrixOptions,
    },
    /// Say whether what you wrote in `exercises/` works; without a number, list the exercises
    Exercise(ExerciseOptions),
    /// Measure what the stages cost, beside plain TCP and a plain relay
    Bench(BenchOptions),
    /// Load a server with good clients, and with every fault besides, and measure what it does
    Soak(SoakOptions),
    /// Start both ends of a tunnel around a service on this machine, and show what they carry
    Tunnel(TunnelOptions),
    /// Name the stages, with what each adds, stops and lets through
    List(ListOptions),
    /// Show where each field of a record lies, and what protects it
    Layout(LayoutOptions),
    /// Show what changes from one stage to another: the record, the code, and what the attacks can do
    Diff(DiffOptions),
    /// Make the book: run its commands, print its tables, draw its pictures, build its pages
    Book(BookOptions),
}

fn stage_names() -> impl Iterator<Item = &'static str> {
    STAGES.into_iter().map(|stage| stage.name).chain(["all"])
}

fn main() -> ExitCode {
    let (done, code_of_failure) = match Options::parse().command {
        Command::Run { stage, options } => (run(&stage, &options), 3),
        Command::Show { run, options } => (show::saved(&run, &options), 2),
        Command::Attack(options) => (lab::attack(&options), 3),
        Command::Matrix { options } => (lab::matrix(&options), 3),
        Command::Exercise(options) => (exercise::exercise(&options), 3),
        Command::Bench(options) => (bench::bench(&options), 3),
        Command::Soak(options) => (soak::soak(&options), 3),
        Command::Tunnel(options) => (tunnel::tunnel(&options), 3),
        Command::List(options) => (print(&list::text(&options)), 3),
        Command::Layout(options) => (print(&layout::text(&options)), 3),
        Command::Book(options) => (book::book(&options, &Options::command()), 3),
        Command::Diff(options) => (diff::text(&options).and_then(|text| print(&text)), 3),
    };
    done.unwrap_or_else(|error| {
        anstream::eprintln!("xtask: {error:#}");
        ExitCode::from(code_of_failure)
    })
}

fn run(stage: &str, options: &RunOptions) -> Result<ExitCode> {
    match Stage::find(stage) {
        _ if options.request.as_ref().is_some_and(|text| text.len() > MAX_PLAINTEXT_LEN) => {
            let why = format!("a request is longer than the {MAX_PLAINTEXT_LEN} bytes of a record");
            Options::command().error(ErrorKind::ValueValidation, why).exit()
        }
        Some(stage) if !stage.has_records && options.requests.is_some_and(|n| n > 1) => {
            let why = "the plain stage has no records, so a connection carries one request";
            Options::command().error(ErrorKind::ArgumentConflict, why).exit()
        }
        Some(stage) => run::stages(&[stage], options),
        None => run::stages(&STAGES, options),
    }
}

//! The command line of `cargo xtask`.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use framing::MAX_PLAINTEXT_LEN;
use stages::Stage;
use transcript::lines::{HEADING, width, wrapped_to};

use crate::exercises::{self, ExerciseOptions};
use crate::lab::{self, AttackOptions, MatrixOptions};
use crate::launch::run::{self, RunOptions};
use crate::launch::tunnel::{self, TunnelOptions};
use crate::views::diff::{self, DiffOptions};
use crate::views::layout::{self, LayoutOptions};
use crate::views::list::{self, ListOptions};
use crate::views::{ViewOptions, show};
use crate::{WrongArgument, passed_on, passed_on_with_release, print, stage_names};

/// Rebuilding TLS, stage by stage
#[derive(Parser)]
#[command(bin_name = "cargo xtask", help_template = help())]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server and the client of a stage, and show both sides and the wire
    Run {
        /// The stage, such as `part2-aead` or in short `aead`; `all` for every one, in the articles' order
        #[arg(value_name = "STAGE", value_parser = stage_names::any_or_all)]
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
    /// Explain a TLS 1.3 session out of a packet capture, byte by byte
    Explain(PassedOn),
    /// List the stages, with what each adds, stops and lets through
    List(ListOptions),
    /// Show where each field of a record or a message lies, and what protects it
    Layout(LayoutOptions),
    /// Show what changes from one stage to another: handshake, record, code, attacks
    Diff(DiffOptions),
    /// Start both ends of a tunnel around a service on this machine
    Tunnel(TunnelOptions),
    /// Make certificates to try with, explain any, and see which bad ones a client refuses
    Certificates(PassedOn),
    /// Try an attack on a stage's programs; without a name, list the attacks
    Attack(AttackOptions),
    /// Try every attack at every stage, and show the results as a table
    Matrix {
        #[command(flatten)]
        options: MatrixOptions,
    },
    /// Check your solution of an exercise; without a number, show which are solved
    Exercise(ExerciseOptions),
    /// Measure what the stages cost, beside plain TCP and a plain relay
    Bench(PassedOn),
    /// Load a server with good clients and with faulty ones, and measure how it holds up
    Soak(PassedOn),
    /// Make the book: run its commands, draw its pictures, build its pages
    Book(PassedOn),
    /// Build the site: the book, a page for each stage's run, and the attack table
    Site(PassedOn),
}

/// The commands in groups, each with an example.
const GROUPS: [(&str, &str, &[&str]); 4] = [
    (
        "Run and look",
        "run aead",
        &["run", "show", "explain", "list", "layout", "diff", "certificates", "tunnel"],
    ),
    ("Attack", "attack bit-flip ctr", &["attack", "matrix"]),
    ("Learn", "exercise 1", &["exercise"]),
    ("Make and measure", "bench record", &["book", "site", "bench", "soak"]),
];

/// Returns the help of `cargo xtask`: clap's own has no groups of commands.
fn help() -> String {
    const MARGIN: usize = 16;
    let all = Command::augment_subcommands(clap::Command::new("xtask"));
    let mut text = "{about}\n\n{usage-heading} {usage}\n".to_owned();
    for (group, example, names) in GROUPS {
        _ = writeln!(text, "\n{HEADING}{group}{HEADING:#}, such as: cargo xtask {example}");
        for name in names {
            let about = all.find_subcommand(name).and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let behind = " ".repeat(MARGIN);
            let first = format!("  {name:<14}");
            let wrapped = wrapped_to(width()).initial_indent(&first).subsequent_indent(&behind);
            text += &(textwrap::fill(&about, wrapped) + "\n");
        }
    }
    text + "\nEach command has more: cargo xtask COMMAND --help\n"
}

/// Arguments for another program, which interprets them.
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
            Command::Certificates(passed) => passed_on("authority", &passed.args),
            Command::Explain(passed) => passed_on_with_release("explain", &passed.args),
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
        bail!(WrongArgument(why));
    }
    if let [stage] = stages
        && !stage.has_data()
        && (options.requests.is_some() || options.request.is_some())
    {
        let why = format!(
            "{} ends with its handshake: no request is sent, and none answered",
            stage.name
        );
        bail!(WrongArgument(why));
    }
    match (stages, options.requests) {
        ([stage], Some(requests @ 2..)) if !stage.has_records() => {
            let why = format!(
                "--requests {requests}: {} has no records, so a connection carries one request",
                stage.name
            );
            bail!(WrongArgument(why));
        }
        _ => run::stages(stages, options),
    }
}

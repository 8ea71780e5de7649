//! `cargo xtask run`: the matched programs of a stage, as one transcript.

use std::path::{self, Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use stages::Stage;
use transcript::{Event, EventKind, Format, Way};

use super::clients::{CLIENTS, Client};
use super::guard::Guarded;
use super::{Pair, Programs, Wire};
use crate::lab::next_attack;
use crate::views::new_file::ensure_distinct;
use crate::views::{Progress, Step, ViewOptions, Views};
use crate::{WrongArgument, complain};

/// Requests that a client sends at a stage whose news is the record: two, so that counters are seen to move.
const REQUESTS: u64 = 2;

/// Columns left of the bar in a transcript.
const MARGIN: usize = "client ".len();

/// Options of `cargo xtask run`.
#[derive(Args, Debug, Default)]
pub struct RunOptions {
    /// Number of requests that the client sends [default: 2; 1 at the plain stage and after a handshake]
    #[arg(long, value_name = "N", value_parser = crate::count::<u64>)]
    pub requests: Option<u64>,

    /// The client's request, in place of the articles'
    #[arg(long, value_name = "TEXT")]
    pub request: Option<String>,

    /// Connect with a program of others, at the stage that is TLS: curl, openssl, gnutls, chromium or firefox
    #[arg(long, value_name = "PROGRAM", value_parser = client, conflicts_with_all = ["requests", "request"])]
    pub client: Option<&'static Client>,

    /// Write the secrets of the connection to this file, at the stage that is TLS: Wireshark opens a capture with it
    #[arg(long, value_name = "FILE")]
    pub keylog: Option<PathBuf>,

    /// Deliver the bytes in pieces of at most N, so that records span packets
    #[arg(long, value_name = "N", value_parser = crate::count::<u16>)]
    pub segment: Option<u16>,

    /// Stop before each message, and ask whether it will be accepted
    #[arg(long, conflicts_with = "json")]
    pub step: bool,

    /// Print events as JSON, one object per line: those of both sides, and of the wire between them
    #[arg(long)]
    pub json: bool,

    /// Save the run, so that `cargo xtask show` can show it again
    #[arg(long, value_name = "FILE.jsonl")]
    pub save: Option<PathBuf>,

    /// Run optimised builds
    #[arg(long)]
    pub release: bool,

    /// The views.
    #[command(flatten)]
    pub views: ViewOptions,
}

/// Runs each of `stages` and shows what happens. Returns the exit code of the first pair that failed.
///
/// # Errors
/// When the programs cannot be built, a pair does not finish, or a file cannot be written.
pub fn stages(stages: &[&'static Stage], options: &RunOptions) -> Result<ExitCode> {
    for (option, is_there) in
        [("--client", options.client.is_some()), ("--keylog", options.keylog.is_some())]
    {
        if let (Some(stage), true) = (stages.iter().find(|stage| !stage.has_types()), is_there) {
            bail!(WrongArgument(format!("{option}: {} is not TLS", stage.name)));
        }
    }
    let written: Vec<_> =
        options.save.as_deref().into_iter().chain(options.views.files()).collect();
    ensure_distinct(None, &written)?;
    let mut step = options.step.then(|| Step::at_terminal(MARGIN)).transpose()?;
    let keylog = options.keylog.as_deref().map(text).transpose()?;
    let client = options.client.map(|client| Ok::<_, anyhow::Error>((client, client.program()?)));
    let client = client.transpose()?;
    let programs = Programs::of_stages(stages, options.release)?;
    let foreign = client.map(|(client, program)| {
        let roots = programs.certificates()?.join("roots.pem");
        let folders = programs.certificates()?.with_file_name("clients");
        Ok::<_, anyhow::Error>(Guarded { client, program, roots, folders })
    });
    let foreign = foreign.transpose()?;
    let format = if options.json { Format::Json } else { Format::Text };
    let (save, keylog_path) = (options.save.as_deref(), options.keylog.as_deref());
    let mut views = Views::new(&options.views, format, save, keylog_path)?;
    let watched = options.views.show_the_wire() || options.save.is_some();
    let segment = options.segment.map(usize::from);
    let wire =
        if watched || segment.is_some() { Wire::Tapped { segment } } else { Wire::Unwatched };
    let request = options.request.as_deref();

    let mut code = 0;
    for stage in stages {
        let default = if stage.handshake.is_empty() { REQUESTS } else { 1 };
        let requests = match (stage.has_data(), stage.has_records()) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => options.requests.unwrap_or(default),
        };
        let count = requests.to_string();
        let mut args = if requests > 1 { vec!["--requests", &count] } else { vec![] };
        if stage.has_data() {
            args.extend(request.into_iter().flat_map(|request| ["--request", request]));
        }
        let messages = 2 * requests + stage.handshake.len() as u64;
        let mut progress = step.is_none().then(|| Progress::new(messages, "messages"));
        // One of the two writes what both know.
        let server_args: Vec<_> =
            keylog.iter().flat_map(|file| ["--keylog", file.as_str()]).collect();
        let pair = Pair { stage, server_args: &server_args, client_args: &args, wire };
        let tell = |event: &Event| {
            if let Some(step) = &mut step
                && step.stops_before(event)
            {
                views.settle();
                step.before(event);
            }
            views.tell(event);
            if let Some(step) = &mut step {
                step.after(event);
            }
            let is_sent = match &event.kind {
                EventKind::Sent(_) => true,
                EventKind::Handshake(message) => message.direction == Way::Sent,
                _ => false,
            };
            if let (Some(progress), true) = (&mut progress, is_sent) {
                progress.advance(1);
            }
        };
        let outcome = match &foreign {
            None => pair.run(&programs, tell)?,
            Some(client) => pair.run_against(&programs, client, tell)?,
        };
        drop(progress);
        for complaint in &outcome.complaints {
            complain(complaint);
        }
        if code == 0 {
            code = outcome.code();
        }
    }
    let next = if let [stage] = stages { next_attack(stage) } else { None };
    let next = next.map(|next| format!("\nnext: {next}")).unwrap_or_default();
    views.finish(&format!("--detail, --step, --page FILE.html{next}"))?;
    Ok(code.into())
}

/// Finds a program of others by its name.
fn client(name: &str) -> Result<&'static Client, String> {
    let found = CLIENTS.iter().find(|client| client.name == name);
    let names = CLIENTS.each_ref().map(|client| client.name).join(", ");
    found.ok_or_else(|| format!("expected one of {names}"))
}

/// The path of a file, which is passed on as text.
fn text(path: &Path) -> Result<String> {
    let path = path::absolute(path)?;
    let text = path.into_os_string().into_string();
    text.map_err(|_| WrongArgument("--keylog: the path is no text".to_owned()).into())
}

//! `cargo xtask run`: the matched programs of a stage, as one transcript.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use stages::Stage;
use transcript::{EventKind, Format};

use super::{Pair, Programs, Wire};
use crate::complain;
use crate::lab::next_attack;
use crate::views::new_file::ensure_distinct;
use crate::views::{Progress, Step, ViewOptions, Views};

/// Requests that a client sends at a stage with records: two, so that counters are seen to move.
const REQUESTS: u64 = 2;

/// Columns left of the bar in a transcript.
const MARGIN: usize = "client ".len();

/// Options of `cargo xtask run`.
#[derive(Args, Debug, Default)]
pub struct RunOptions {
    /// Number of requests that the client sends [default: 2; the plain stage has one]
    #[arg(long, value_name = "N", value_parser = crate::count::<u64>)]
    pub requests: Option<u64>,

    /// The client's request, in place of the articles'
    #[arg(long, value_name = "TEXT")]
    pub request: Option<String>,

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
    let written: Vec<_> =
        options.save.as_deref().into_iter().chain(options.views.files()).collect();
    ensure_distinct(None, &written)?;
    let mut step = options.step.then(|| Step::at_terminal(MARGIN)).transpose()?;
    let programs = Programs::of_stages(stages, options.release)?;
    let format = if options.json { Format::Json } else { Format::Text };
    let mut views = Views::new(&options.views, format, options.save.as_deref())?;
    let watched = options.views.show_the_wire() || options.save.is_some();
    let segment = options.segment.map(usize::from);
    let wire =
        if watched || segment.is_some() { Wire::Tapped { segment } } else { Wire::Unwatched };
    let requests = options.requests.unwrap_or(REQUESTS);
    let (count, request) = (requests.to_string(), options.request.as_deref());

    let mut code = 0;
    for stage in stages {
        let mut args = if stage.has_records() { vec!["--requests", &count] } else { vec![] };
        args.extend(request.into_iter().flat_map(|request| ["--request", request]));
        let messages = if stage.has_records() { 2 * requests } else { 2 };
        let mut progress = step.is_none().then(|| Progress::new(messages, "messages"));
        let pair = Pair { stage, server_args: &[], client_args: &args, wire };
        let outcome = pair.run(&programs, |event| {
            if let Some(step) = &mut step {
                step.before(event);
            }
            views.tell(event);
            if let Some(step) = &mut step {
                step.after(event);
            }
            if let (Some(progress), EventKind::Sent(_)) = (&mut progress, &event.kind) {
                progress.advance(1);
            }
        })?;
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

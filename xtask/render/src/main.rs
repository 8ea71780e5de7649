//! `render`: reads a run's events from standard input, one JSON object per line, and writes a view
//! of it to standard output.
//!
//! `cargo xtask run` and `cargo xtask show` start it for `--capture` and for `--page`, `cargo xtask
//! attack` for its own `--page`, and put what it writes into the file once it is complete. Its exit
//! code is 0 then, 2 at a line that is not an event, 3 if it cannot read or write.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Error, Result};
use clap::{ArgGroup, Parser};
use render::capture::Capture;
use render::dissector;
use render::page::{Page, attack};
use transcript::read::ReadError;
use transcript::{Event, EventReader, output};
use xtask::lab::story::Story;

/// Write a view of a run to standard output: its events come from standard input, one JSON object
/// per line
#[derive(Parser)]
#[command(group(ArgGroup::new("view").required(true)))]
#[allow(clippy::struct_excessive_bools, reason = "options of a command line")]
struct Options {
    /// The traffic as a packet capture for Wireshark
    #[arg(long, group = "view")]
    capture: bool,

    /// Put the secrets of the run's connections into the capture, out of this key log
    #[arg(long, value_name = "FILE", requires = "capture")]
    keylog: Option<PathBuf>,

    /// The run as one self-contained page for a browser
    #[arg(long, group = "view")]
    page: bool,

    /// An attack as one self-contained page for a browser: its stories come from standard input, as JSON
    #[arg(long, group = "view")]
    attack: bool,

    /// What Wireshark's dissector has to know of the stages: no events are read
    #[arg(long, group = "view")]
    dissector: bool,
}

fn main() -> ExitCode {
    let options = Options::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            error.exit();
        }
        output::help(&error.render().ansi().to_string())
    });
    match render(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if nobody_reads(&error) => ExitCode::SUCCESS,
        Err(error) => {
            _ = writeln!(io::stderr(), "render: {error:#}");
            let is_readable = matches!(error.downcast_ref(), None | Some(ReadError::Io { .. }));
            ExitCode::from(if is_readable { 3 } else { 2 })
        }
    }
}

/// Returns whether the other end of standard output was closed, which is not a failure.
fn nobody_reads(error: &Error) -> bool {
    let causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    { causes }.any(|error| error.kind() == ErrorKind::BrokenPipe)
}

fn render(options: &Options) -> Result<()> {
    if options.dissector {
        return Ok(output::print(&dissector::lua())?);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    if options.attack {
        let stories: Vec<Story> =
            serde_json::from_reader(io::stdin().lock()).context("these are not stories")?;
        return attack::write(&mut out, &stories).context("cannot write the page");
    }
    if options.capture {
        let no_capture = "cannot write the capture";
        let mut capture = Capture::new(out).context(no_capture)?;
        if let Some(path) = &options.keylog {
            capture = capture.with_key_log(path);
        }
        each_event(|event| capture.write(event).context(no_capture))?;
        capture.finish().context(no_capture)
    } else {
        let no_page = "cannot write the page";
        let mut page = Page::new(out);
        each_event(|event| page.write(event).context(no_page))?;
        page.finish().context(no_page)
    }
}

fn each_event(mut take: impl FnMut(&Event) -> Result<()>) -> Result<()> {
    let mut events = EventReader::new(io::stdin().lock());
    while let Some(event) = events.next_event()? {
        take(&event)?;
    }
    Ok(())
}

//! `render`: reads a run's events from standard input, one JSON object a line, and writes them as files.
//!
//! `cargo xtask run` and `cargo xtask show` start it where `--capture` or `--page` asks for it. It ends with
//! exit code 0 once the files are complete, 2 at a line that is no event, 3 if a file cannot be written.

use std::fs::File;
use std::io::{self, BufRead, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use render::capture::Capture;
use render::dissector;
use render::page::Page;
use transcript::Event;

/// Write a run as files: its events come from standard input, one JSON object a line
#[derive(Parser)]
struct Options {
    /// Write the traffic as a packet capture for Wireshark
    #[arg(long, value_name = "FILE.pcapng")]
    capture: Option<PathBuf>,

    /// Write the run as one self-contained page for a browser
    #[arg(long, value_name = "FILE.html")]
    page: Option<PathBuf>,

    /// Print what Wireshark's dissector has to know of the stages, and read no events
    #[arg(long, conflicts_with_all = ["capture", "page"])]
    dissector: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let done = if options.dissector { print_dissector() } else { render(&options) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("render: {error:#}");
            // Nothing but an event is read as JSON.
            ExitCode::from(if error.is::<serde_json::Error>() { 2 } else { 3 })
        }
    }
}

fn print_dissector() -> Result<()> {
    Ok(io::stdout().write_all(dissector::lua().as_bytes())?)
}

fn render(options: &Options) -> Result<()> {
    let capture = options.capture.as_deref().map(create).transpose()?;
    let page = options.page.as_deref().map(create).transpose()?;
    let no_capture = "cannot write the capture";
    let no_page = "cannot write the page";

    let mut capture = capture.map(Capture::new).transpose().context(no_capture)?;
    let mut page = page.map(BufWriter::new).map(Page::new);
    for (number, line) in (1..).zip(io::stdin().lock().split(b'\n')) {
        let line = line.context("cannot read standard input")?;
        let event: Event =
            serde_json::from_slice(&line).with_context(|| format!("line {number} is no event"))?;
        if let Some(capture) = &mut capture {
            capture.write(&event).context(no_capture)?;
        }
        if let Some(page) = &mut page {
            page.write(&event).context(no_page)?;
        }
    }
    if let Some(capture) = capture {
        capture.finish().context(no_capture)?;
    }
    if let Some(page) = page {
        page.finish().context(no_page)?;
    }
    Ok(())
}

fn create(path: &Path) -> Result<File> {
    File::create(path).with_context(|| format!("cannot write {}", path.display()))
}

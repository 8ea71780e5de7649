//! `cargo xtask show`: a run that was saved, in any of its views.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use transcript::{EventReader, Format};

use super::new_file::ensure_distinct;
use super::{Progress, ViewOptions, Views};
use crate::WrongArgument;

/// Shows the run saved in `path`.
///
/// # Errors
/// When the file cannot be read, a line of it is not an event, or a view cannot be written.
pub fn saved(path: &Path, options: &ViewOptions) -> Result<ExitCode> {
    let name = path.display();
    let file =
        File::open(path).map_err(|error| WrongArgument(format!("cannot read {name}: {error}")))?;
    ensure_distinct(Some(path), &options.files().collect::<Vec<_>>())?;
    let mut progress = Progress::new(file.metadata().map_or(0, |metadata| metadata.len()), "bytes");
    let mut views = Views::new(options, Format::Text, None, None)?;
    let mut events = EventReader::new(BufReader::new(file));
    let mut done = 0;
    let no_event = |error| WrongArgument(format!("{name}, {error}"));
    while let Some(event) = events.next_event().map_err(no_event)? {
        views.tell(&event);
        progress.advance(events.bytes_read() - done);
        done = events.bytes_read();
    }
    ensure!(done > 0, WrongArgument(format!("{name} holds no events")));
    drop(progress);
    views.finish("--detail, --page FILE.html")?;
    Ok(ExitCode::SUCCESS)
}

//! `cargo xtask show`: a run that was saved, in any of its views.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::error::Category;
use transcript::{Event, Format};

use super::{Progress, ViewOptions, Views};

/// Shows the run saved in `path`.
///
/// # Errors
/// When the file cannot be read, a line of it is no event, or a view cannot be written.
pub fn saved(path: &Path, options: &ViewOptions) -> Result<ExitCode> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    let mut progress = Progress::new(file.metadata().map_or(0, |metadata| metadata.len()), "bytes");
    let mut views = Views::new(options, Format::Text, None)?;
    let mut events = 0;
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let line = line.with_context(|| format!("cannot read {name}, line {number}"))?;
        let event: Event = serde_json::from_str(&line).map_err(|error| match error.classify() {
            Category::Eof => anyhow!("{name} breaks off in line {number}: it was not saved whole"),
            _ => anyhow!("{name}, line {number} is no event: {error}"),
        })?;
        views.tell(&event);
        progress.advance(line.len() as u64 + 1);
        events = number;
    }
    ensure!(events > 0, "{name} holds no events");
    drop(progress);
    views.finish()?;
    Ok(ExitCode::SUCCESS)
}

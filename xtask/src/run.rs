//! `cargo xtask run`: the matched programs of a stage, as one transcript.

use std::process::ExitCode;

use anyhow::Result;
use framing::Stage;
use transcript::{Format, Reporter, text};

use crate::pair;
use crate::programs::Programs;

/// Requests a client sends at a stage with records: two, so that counters are seen to move.
const REQUESTS: u64 = 2;

/// Runs each of `stages` and shows what its programs say. Returns the exit code of the first pair that
/// failed.
///
/// # Errors
/// When the programs cannot be built, or a pair does not get to its end.
pub fn stages(
    stages: &[&'static Stage],
    requests: Option<u64>,
    format: Format,
    release: bool,
) -> Result<ExitCode> {
    let programs = Programs::build(release)?;
    let reporter = Reporter::new(format);
    let mut code = 0;
    for (number, stage) in stages.iter().enumerate() {
        if number > 0 {
            reporter.heading("\n");
        }
        reporter.heading(&text::heading(stage));
        let requests = requests.unwrap_or(REQUESTS).to_string();
        let args: &[&str] = if stage.has_records { &["--requests", &requests] } else { &[] };
        let outcome = pair::run(&programs, stage, &[], args, |event| reporter.report(event))?;
        for complaint in &outcome.complaints {
            anstream::eprintln!("{complaint}");
        }
        if code == 0 {
            code = outcome.code();
        }
    }
    Ok(code.into())
}

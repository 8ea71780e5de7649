//! `cargo xtask list`: the stages, with what each adds, stops and lets through.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anstyle::Style;
use anyhow::Result;
use framing::stage::STAGES;
use transcript::lines::{WIDTH, wrapped_to};

const BOLD: Style = Style::new().bold();

/// Prints the list.
///
/// # Errors
/// When standard output fails; that nobody reads it to the end is no failure.
pub fn print() -> Result<ExitCode> {
    match write(&mut anstream::stdout()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn write(out: &mut impl Write) -> io::Result<()> {
    for stage in STAGES {
        writeln!(out, "{BOLD}{}{BOLD:#}: {} (port {})", stage.name, stage.title, stage.port)?;
        for (what, text) in
            [("adds", stage.adds), ("stops", stage.stops), ("lets through", stage.lets_through)]
        {
            let first = format!("  {what:<13} ");
            let options =
                wrapped_to(WIDTH).initial_indent(&first).subsequent_indent("                ");
            writeln!(out, "{}", textwrap::fill(text, options))?;
        }
    }
    Ok(())
}

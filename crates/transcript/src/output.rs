//! Standard output. A command that could not print all of its output has failed.

use std::io::{self, ErrorKind, Write};
use std::process;

/// The exit code of a program that could not print.
const UNPRINTED: i32 = 3;

/// Prints text, styled where a terminal wants it.
///
/// # Errors
/// As [`all`].
pub fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout();
    all(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Judges whether all was printed: a reader that has closed the pipe has read all it wanted.
///
/// # Errors
/// Any other error in `printed`, with what failed.
pub fn all(printed: io::Result<()>) -> io::Result<()> {
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let kind = error.kind();
            Err(io::Error::new(kind, format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints the help that was asked for, and ends the process: with 0, or with 3 if it could not be printed.
pub fn help(text: &str) -> ! {
    process::exit(match print(text) {
        Ok(()) => 0,
        Err(error) => {
            _ = writeln!(io::stderr(), "{error}");
            UNPRINTED
        }
    })
}

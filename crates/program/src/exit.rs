//! The end of a program: failures and exit codes.

use std::process::ExitCode;

/// The exit code when the peer's bytes were rejected.
const REJECTED: u8 = 1;
/// The exit code when the command line, or a file that it names, is of no use.
pub(crate) const USAGE: u8 = 2;
/// The exit code when the network failed, or the peer kept silent for too long.
pub(crate) const NETWORK: u8 = 3;

/// A connection, or a whole program, that failed.
#[derive(Debug)]
pub struct Failure {
    /// The reason.
    pub error: anyhow::Error,
    /// Whether it failed because the peer's bytes were refused.
    pub rejected: bool,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { error, rejected: false }
    }
}

/// The peer ended the connection where an answer was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the peer closed the connection where its answer was due; perhaps it refused the request, or it is at \
     another stage"
)]
pub struct NoAnswer;

/// Returns the exit code of a program that failed.
pub(crate) fn exit_code(rejected: bool) -> ExitCode {
    if rejected { REJECTED } else { NETWORK }.into()
}

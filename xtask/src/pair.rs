//! A client and a server of one stage, from the first event to both exit codes.

use std::process::ExitStatus;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Result, bail};
use framing::Stage;
use transcript::{Event, Merge, Role, What};

use crate::process::{Process, Said};
use crate::programs::Programs;

/// How long both may be silent before they count as hung. A program that waits for its peer gives up
/// sooner, by itself, and says so.
const SILENCE: Duration = Duration::from_secs(20);

/// How long one may be silent after the other has ended.
const SILENCE_ALONE: Duration = Duration::from_secs(7);

/// How a pair of programs ended.
#[derive(Debug)]
pub struct Outcome {
    /// The server's exit status.
    pub server: ExitStatus,
    /// The client's.
    pub client: ExitStatus,
    /// What either wrote to standard error.
    pub complaints: Vec<String>,
}

impl Outcome {
    /// The exit code of the pair: 0 if both went well; 1 if either refused a record; else whatever the
    /// one that failed ended with, or 3 if a signal ended it.
    pub fn code(&self) -> u8 {
        let codes = [self.server, self.client]
            .map(|status| status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(3));
        if codes.contains(&1) { 1 } else { codes.into_iter().max().unwrap_or(3) }
    }
}

/// Runs a server on a free port, then a client against it, and shows `tell` their events in causal
/// order. Both are gone when this returns, however it does.
///
/// # Errors
/// When either cannot be started, ends before it got anywhere, hangs, or says what cannot be understood.
pub fn run(
    programs: &Programs,
    stage: &'static Stage,
    server_args: &[&str],
    client_args: &[&str],
    mut tell: impl FnMut(&Event),
) -> Result<Outcome> {
    let (listener, said) = mpsc::channel();
    let program =
        |role, args: &[&str]| Process::start(programs.of(stage, role)?, args, role, &listener);
    let server = program(Role::Server, &[&["--addr", "127.0.0.1:0"], server_args].concat())?;
    let mut server = Some(server);
    let mut client = None;
    let mut statuses = [None, None];
    let mut merge = Merge::default();
    let mut complaints = Vec::new();
    loop {
        let ended = statuses.iter().any(Option::is_some);
        let patience = if ended { SILENCE_ALONE } else { SILENCE };
        let Ok((role, said)) = said.recv_timeout(patience) else {
            let heard = complaints.join("\n");
            bail!("neither side did anything for {} s: ended both\n{heard}", patience.as_secs());
        };
        match said {
            Said::Event(event) => {
                if let What::Listening { addr } = event.what {
                    let addr = addr.to_string();
                    let args = [&["--addr", &addr], client_args].concat();
                    client = Some(program(Role::Client, &args)?);
                }
                merge.push(event);
            }
            Said::Garbled(why) => bail!("the {role} wrote a line that is no event: {why}"),
            Said::Complaint(line) => complaints.push(line),
            Said::End => {
                merge.end(role);
                let side = if role == Role::Server { &mut server } else { &mut client };
                let status = side.take().map(Process::wait).transpose()?;
                statuses[role as usize] = status;
                if role == Role::Server && client.is_none() && statuses[0].is_none() {
                    bail!("the server ended before it was listening\n{}", complaints.join("\n"));
                }
            }
        }
        while let Some(event) = merge.next_event() {
            tell(&event);
        }
        if let [Some(client), Some(server)] = statuses {
            return Ok(Outcome { server, client, complaints });
        }
    }
}

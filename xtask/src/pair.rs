//! A client and a server of one stage, from the first event to both exit codes.

use std::net::SocketAddr;
use std::process::ExitStatus;
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use attacker::Tap;
use framing::Stage;
use transcript::{Event, Hex, Merge, Role, What};

use crate::process::{Process, Said};
use crate::programs::Programs;

/// How long everyone may be silent before they count as hung.
const SILENCE: Duration = Duration::from_secs(20);

/// How long one may be silent after the other has ended.
const SILENCE_ALONE: Duration = Duration::from_secs(7);

/// How long the programs wait for each other, in seconds: longer than any reader who stops the
/// transcript in a pager. That they hang is noticed here.
const TIMEOUT: &str = "3600";

/// Events that wait to be told, at most: whoever says more waits.
const BACKLOG: usize = 64;

/// What is run.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The stage.
    pub stage: &'static Stage,
    /// Options for the server, beside the address.
    pub server_args: &'a [&'a str],
    /// Options for the client, beside the address.
    pub client_args: &'a [&'a str],
    /// Who watches the wire.
    pub wire: Wire,
}

/// Who watches the wire between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Nobody: the client connects to the server.
    Unwatched,
    /// A tap. It passes bytes on in pieces of at most `segment` bytes, or as they come.
    Tapped {
        /// The longest piece.
        segment: Option<usize>,
    },
}

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

impl Pair<'_> {
    /// Runs the server on a free port, then the client against it, and shows `tell` what happens in
    /// causal order. Both are gone when this returns, however it does.
    ///
    /// # Errors
    /// When either cannot be started, ends before it got anywhere, hangs, or says what cannot be
    /// understood.
    pub fn run(&self, programs: &Programs, mut tell: impl FnMut(&Event)) -> Result<Outcome> {
        let (listener, said) = mpsc::sync_channel(BACKLOG);
        let start = |role, addr: &str, args: &[&str]| {
            let args = [&["--addr", addr, "--timeout", TIMEOUT], args].concat();
            Process::start(programs.of(self.stage, role)?, args, role, &listener)
        };
        let mut server = Some(start(Role::Server, "127.0.0.1:0", self.server_args)?);
        let mut client = None;
        let (mut server_status, mut client_status) = (None, None);
        let mut watching = self.wire != Wire::Unwatched;
        let mut merge = Merge::new(watching);
        let mut complaints = Vec::new();
        loop {
            let alone = server_status.is_some() || client_status.is_some();
            let patience = if alone { SILENCE_ALONE } else { SILENCE };
            let Ok((role, said)) = said.recv_timeout(patience) else {
                let heard = complaints.join("\n");
                bail!("nothing happened for {} s: ended both\n{heard}", patience.as_secs());
            };
            match said {
                Said::Event(event) => {
                    if let What::Listening { addr } = event.what {
                        let addr = self.watched_addr(addr, &listener)?.to_string();
                        client = Some(start(Role::Client, &addr, self.client_args)?);
                    }
                    merge.push(event);
                }
                Said::Garbled(why) => bail!("the {role} wrote a line that is no event: {why}"),
                Said::Complaint(line) => complaints.push(line),
                Said::End => {
                    merge.end(role);
                    match role {
                        Role::Server => server_status = wait(server.take())?,
                        Role::Client => client_status = wait(client.take())?,
                        Role::Wire => watching = false,
                    }
                    if role == Role::Server && client.is_none() && client_status.is_none() {
                        bail!(
                            "the server ended before it was listening\n{}",
                            complaints.join("\n")
                        );
                    }
                }
            }
            while let Some(event) = merge.next_event() {
                tell(&event);
            }
            if let (Some(server), Some(client), false) = (server_status, client_status, watching) {
                return Ok(Outcome { server, client, complaints });
            }
        }
    }

    /// Where the client must connect to: the server, or the tap before it.
    fn watched_addr(
        &self,
        server: SocketAddr,
        listener: &SyncSender<(Role, Said)>,
    ) -> Result<SocketAddr> {
        let Wire::Tapped { segment } = self.wire else { return Ok(server) };
        let tap = Tap::new(server, segment).context("cannot listen between the two")?;
        let addr = tap.addr()?;
        let (stage, listener) = (self.stage, listener.clone());
        thread::spawn(move || {
            let relayed = tap.relay(|seen| {
                let (direction, micros) = (seen.direction, micros(seen.at));
                let what = match seen.bytes {
                    Some(bytes) => What::Chunk { direction, micros, bytes: Hex::from(bytes) },
                    None => What::End { direction, micros },
                };
                let event = Event { role: Role::Wire, stage, what };
                _ = listener.send((Role::Wire, Said::Event(event)));
            });
            if let Err(error) = relayed {
                let complaint = format!("{} wire: {error}", stage.name);
                _ = listener.send((Role::Wire, Said::Complaint(complaint)));
            }
            _ = listener.send((Role::Wire, Said::End));
        });
        Ok(addr)
    }
}

fn wait(process: Option<Process>) -> Result<Option<ExitStatus>> {
    process.map(Process::wait).transpose()
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

//! A client and a server of one stage, from the first event to both exit codes.

use std::net::SocketAddr;
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use attacker::Tap;
use stages::Stage;
use transcript::{Event, EventKind, Hex, Merge, Role};

use super::driver::{Bounds, keep};
use super::guard::Guarded;
use super::process::Room;
use super::{Driver, Output, Programs, Report};

/// Longest silence before a program counts as hung.
const SILENCE: Duration = Duration::from_secs(20);

/// Time limit for one's silence after the other has ended.
const SILENCE_ALONE: Duration = Duration::from_secs(7);

/// Time limit of the programs for each other, in seconds: longer than any reader stops the
/// transcript in a pager. Programs that hang are noticed here.
const TIMEOUT: &str = "3600";

/// As many events as were asked for, at the speed of their reader.
const BOUNDS: Bounds =
    Bounds { time: Duration::MAX, room: Room { events: None, complaints: Some(1) } };

/// A client and a server to run.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The stage.
    pub stage: &'static Stage,
    /// Options for the server, beside the address.
    pub server_args: &'a [&'a str],
    /// Options for the client, beside the address.
    pub client_args: &'a [&'a str],
    /// The watcher of the wire.
    pub wire: Wire,
}

/// The watcher of the wire between the two.
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

/// The end of a pair of programs.
#[derive(Debug)]
pub struct Outcome {
    /// The server's exit status.
    pub server: ExitStatus,
    /// The client's.
    pub client: ExitStatus,
    /// Lines that either wrote to standard error: the first ones, and the last.
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
    /// Runs the server on a free port, then the client against it, and passes what happens to
    /// `tell` in causal order. Both programs are gone when this returns, in any case.
    ///
    /// # Errors
    /// When either cannot be started, ends before it got anywhere, hangs, or writes what cannot be
    /// understood.
    pub fn run(&self, programs: &Programs, tell: impl FnMut(&Event)) -> Result<Outcome> {
        self.run_with(programs, None, tell)
    }

    /// Runs the server, and a client that is none of ours: it reports nothing, and its complaints are its own.
    ///
    /// # Errors
    /// As [`run`](Self::run); when the client ends before it has connected.
    pub fn run_against(
        &self,
        programs: &Programs,
        client: &Guarded,
        tell: impl FnMut(&Event),
    ) -> Result<Outcome> {
        self.run_with(programs, Some(client), tell)
    }

    fn run_with(
        &self,
        programs: &Programs,
        foreign: Option<&Guarded>,
        mut tell: impl FnMut(&Event),
    ) -> Result<Outcome> {
        let mut driver = Driver::new(SILENCE).within(BOUNDS);
        let start = |driver: &mut Driver<Role>, role: Role, addr: &str, args: &[&str]| {
            let timeouts = ["--timeout", TIMEOUT, "--message-timeout", TIMEOUT];
            let args = [args, &["--addr", addr], &timeouts].concat();
            driver.start(role, programs.of(self.stage, role)?, args)
        };
        start(&mut driver, Role::Server, "127.0.0.1:0", self.server_args)?;
        let (mut server, mut client, mut is_listening) = (None, None, false);
        let is_watched = self.wire != Wire::Unwatched;
        let mut merge = match foreign {
            None => Merge::new(is_watched),
            Some(_) => Merge::with_silent_client(is_watched),
        };
        let mut is_connected = false;
        let mut complaints = Vec::new();
        while let Some((role, report)) = driver.next_report()? {
            match report {
                Report::Event(event) => {
                    if let EventKind::Listening { addr } = event.kind {
                        is_listening = true;
                        let addr = self.watched_addr(addr, &mut driver)?;
                        match foreign {
                            None => {
                                let addr = addr.to_string();
                                start(&mut driver, Role::Client, &addr, self.client_args)?;
                            }
                            Some(client) => driver.spawn(Role::Client, &mut client.at(addr)?)?,
                        }
                    }
                    is_connected |= matches!(event.kind, EventKind::Connected { .. });
                    merge.push(event);
                }
                Report::Complaint(line) => keep(&mut complaints, line),
                Report::Ended(status) => {
                    merge.end(role);
                    let is_lost = role == Role::Client && foreign.is_some() && !is_connected;
                    ensure!(!is_lost, "the client never connected\n{}", complaints.join("\n"));
                    match role {
                        Role::Server => server = status,
                        Role::Client => client = status,
                        Role::Wire | Role::KeyLog => {}
                    }
                    driver.set_silence(SILENCE_ALONE);
                }
            }
            while let Some(event) = merge.next_event() {
                tell(&event);
            }
        }
        let heard = || complaints.join("\n");
        ensure!(is_listening, "the server ended before it was listening\n{}", heard());
        let (server, client) = server.zip(client).context("a program ended without a status")?;
        Ok(Outcome { server, client, complaints })
    }

    /// Returns the address that the client must connect to: the server's, or that of the tap before
    /// it.
    fn watched_addr(&self, server: SocketAddr, driver: &mut Driver<Role>) -> Result<SocketAddr> {
        let Wire::Tapped { segment } = self.wire else { return Ok(server) };
        let tap = Tap::new(server, segment).context("cannot listen between the two")?;
        let addr = tap.addr()?;
        let (stage, sender) = (self.stage, driver.sender(Role::Wire));
        thread::spawn(move || {
            let relayed = tap.relay(|chunk| {
                let (direction, micros) = (chunk.direction, micros(chunk.at));
                let kind = match chunk.bytes {
                    Some(bytes) => EventKind::Chunk { direction, micros, bytes: Hex::from(bytes) },
                    None => EventKind::End { direction, micros },
                };
                let event = Event { role: Role::Wire, stage, kind };
                _ = sender.send((Role::Wire, Output::Event(event)));
            });
            if let Err(error) = relayed {
                let complaint = format!("{} wire: {error}", stage.name);
                _ = sender.send((Role::Wire, Output::Complaint(complaint)));
            }
            _ = sender.send((Role::Wire, Output::End));
        });
        Ok(addr)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

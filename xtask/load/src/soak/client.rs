//! Good clients: the stage's own, as a process, and one that sends again what was recorded first.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use stages::Stage;
use transcript::{Direction, EventKind, Role, Way};
use xtask::launch::{Driver, Programs, Report};

/// Requests of one run, on one connection.
pub const REQUESTS: usize = 50;

/// How long a client may be silent: longer than any deadline of its own.
const SILENCE: Duration = Duration::from_secs(60);

/// A good client, which can be run again and again.
pub struct Client<'p> {
    /// The path of the program.
    pub programs: &'p Programs,
    /// The stage.
    pub stage: &'static Stage,
    /// The server's address.
    pub addr: SocketAddr,
}

impl Client<'_> {
    /// Sends [`REQUESTS`], expects an answer to each, and returns what it sent first: a request, or the first message
    /// of a handshake.
    ///
    /// # Errors
    /// When the client cannot be started, complains, or fails.
    pub fn run(&self) -> Result<Vec<u8>> {
        let mut driver = Driver::new(SILENCE);
        let (addr, requests) = (self.addr.to_string(), REQUESTS.to_string());
        let args = ["--addr", &addr, "--requests", &requests];
        driver.start((), self.programs.of(self.stage, Role::Client)?, args)?;
        let mut first = None;
        while let Some(((), report)) = driver.next_report()? {
            match report {
                Report::Event(event) => {
                    let sent = match &event.kind {
                        EventKind::Handshake(it) if it.direction == Way::Sent => &it.message,
                        EventKind::Sent(record) => &record.record,
                        _ => continue,
                    };
                    first.get_or_insert_with(|| self.stage.record(sent));
                }
                Report::Complaint(line) => bail!(line),
                Report::Ended(status) => {
                    let status = status.context("a good client is not a process")?;
                    ensure!(status.success(), "a good client ended with {status}");
                }
            }
        }
        first.context("a good client sent nothing")
    }

    /// Connects, sends what was recorded, and measures how long the answer takes: to a request, or all that the
    /// server says in a handshake. No stage can tell such a client from the recorded one so far, and this one needs
    /// no process of its own.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn probe(&self, recorded: &[u8]) -> io::Result<Duration> {
        let began = Instant::now();
        let mut stream = TcpStream::connect(self.addr)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(recorded)?;
        let shape = self.stage.header();
        let mut header = vec![0; shape.len()];
        for _ in 0..self.stage.messages(Direction::ToClient).max(1) {
            stream.read_exact(&mut header)?;
            let len = shape.payload_len(&header).unwrap_or(0) as u64;
            io::copy(&mut (&stream).take(len), &mut io::sink())?;
        }
        Ok(began.elapsed())
    }
}

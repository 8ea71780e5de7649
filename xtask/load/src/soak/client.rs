//! Good clients: the stage's own, as a process, and one that sends a recorded request again.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use stages::Stage;
use transcript::{EventKind, Role};
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
    /// Sends [`REQUESTS`], expects an answer to each, and returns the first record.
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
                    if let (EventKind::Sent(record), None) = (event.kind, &first) {
                        first = Some(self.stage.record(&record.record));
                    }
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

    /// Connects, sends a recorded request, and measures how long the answer takes. No stage can
    /// tell such a client from the recorded one, and this one needs no process of its own.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn probe(&self, request: &[u8]) -> io::Result<Duration> {
        let began = Instant::now();
        let mut stream = TcpStream::connect(self.addr)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(request)?;
        stream.read_exact(&mut vec![0; self.stage.header().len()])?;
        Ok(began.elapsed())
    }
}

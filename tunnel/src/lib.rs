//! Records around any TCP service.
//!
//! ```text
//! curl ── TCP ──> client end ══ records ══> server end ── TCP ──> web server
//! ```
//!
//! A client that connects to the client end is connected to the service behind the server end. What
//! they send each other is cut into records at one end, and put together again at the other.
//!
//! - [`options`]: the command line.
//! - [`key_file`]: your own keys, in place of those that everyone has.
//! - [`relay`]: one connection, made of two sockets that live and die together.
//! - [`pump`]: one direction of it: bytes become records, or records bytes.
//! - [`counters`]: what it has carried, and the line that shows it.

pub mod counters;
pub mod key_file;
pub mod options;
pub mod pump;
pub mod relay;

use std::io::{self, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Error, Result};
use channel::{ChannelError, Receiver, Sender};
use demo_keys::SealerAndOpener;
use indicatif::ProgressBar;
use program::serve::ServeOptions;
use program::{Failure, Reporter, stream};
use transcript::EventKind;

pub use crate::key_file::KeyFile;
pub use crate::options::{Options, Task};

use crate::counters::{Above, Counters, status_line};
use crate::options::Side;
use crate::pump::{Records, open, seal};
use crate::relay::{Relay, Socket};

/// One end of a tunnel.
pub struct Tunnel {
    options: Options,
    reporter: Reporter,
    /// Stays below everything else on the terminal. Hidden unless `--status` asks for it.
    line: ProgressBar,
    /// The number of connections.
    connections: Arc<AtomicUsize>,
}

impl Tunnel {
    /// Makes the end that `options` describe.
    pub fn new(options: Options) -> Self {
        let connections = Arc::<AtomicUsize>::default();
        let line = options.status.then(|| status_line(&connections));
        let reporter = options.common.reporter_to(
            options.side.role(),
            options.stage,
            Duration::ZERO,
            Above { line: line.clone(), out: anstream::stdout() },
            Above { line: line.clone(), out: io::stderr() },
        );
        let line = line.unwrap_or_else(ProgressBar::hidden);
        Self { options, reporter, line, connections }
    }

    /// Carries connections until told to stop, each with a sealer and an opener of its own.
    pub fn run(&self, new_pair: impl Fn() -> Result<SealerAndOpener> + Sync) -> ExitCode {
        if self.options.key_file.is_none() {
            self.reporter.say(
                "WARNING: no --key-file, so the keys are the demo's, which EVERYONE has: this \
                 protects nothing from anyone. `tunnel --new-key FILE` makes your own",
            );
        }
        let Options { listen, max_connections, .. } = &self.options;
        let options =
            ServeOptions { addr: listen, connections: u64::MAX, at_once: *max_connections };
        program::serve(&options, &self.reporter, |accepted, connections| {
            let pair = new_pair()?;
            let relay = Arc::new(Relay::new(self.options.limits()));
            let running = Arc::downgrade(&relay);
            connections.add(running);
            self.connections.fetch_add(1, Ordering::Relaxed);
            let counters = Counters::new(&self.line);
            let carried = match self.options.side {
                Side::Client => self.client_side(accepted, &relay, &counters, pair),
                Side::Server => self.server_side(accepted, &relay, &counters, pair),
            };
            self.connections.fetch_sub(1, Ordering::Relaxed);
            self.report_end(&carried, &counters);
            carried.map_err(|error| Failure { rejected: rejection(&error).is_some(), error })
        })
    }

    /// Serves a client that has connected: what it sends goes into records, to the server end.
    fn client_side(
        &self,
        accepted: TcpStream,
        relay: &Relay,
        counters: &Counters,
        (sealer, opener): SealerAndOpener,
    ) -> Result<()> {
        let client = relay.socket(accepted, "the client")?;
        let server_end = self.connect(relay, "the server end")?;
        self.reporter.report(EventKind::Connected { peer: server_end.peer_addr()? });
        let header = self.options.stage.header();
        let mut sender = Sender::new(&server_end, header, sealer);
        // The other end waits for a first record, but a client that lets the service speak first
        // has nothing to put into it.
        sender.send(&[])?;
        counters.sent(1, 0);
        let records = Records::new(&server_end, self.options.common.limits());
        let receiver = Receiver::new(&records, header, opener);
        relay.run(
            [&client, &server_end],
            || seal(&client, &server_end, sender, counters),
            || open(&records, receiver, &client, counters),
        )
    }

    /// Serves a client end that has connected: what its records hold goes to the service.
    fn server_side(
        &self,
        accepted: TcpStream,
        relay: &Relay,
        counters: &Counters,
        (sealer, opener): SealerAndOpener,
    ) -> Result<()> {
        let client_end = relay.socket(accepted, "the client end")?;
        self.reporter.report(EventKind::Connected { peer: client_end.peer_addr()? });
        let header = self.options.stage.header();
        let records = Records::due(&client_end, self.options.common.limits());
        let mut receiver = Receiver::new(&records, header, opener);
        // Someone without the key gets no further than this, and no connection to the service.
        let first = receiver.recv()?.context("the client end closed without a record")?;
        counters.received(1, first.len());
        let service = self.connect(relay, "the service")?;
        (&service).write_all(first)?;
        let sender = Sender::new(&client_end, header, sealer);
        relay.run(
            [&service, &client_end],
            || seal(&service, &client_end, sender, counters),
            || open(&records, receiver, &service, counters),
        )
    }

    fn connect<'r>(&self, relay: &'r Relay, peer: &'static str) -> Result<Socket<'r>> {
        let Options { connect, common, .. } = &self.options;
        let stream = stream::connect(connect, common.timeout)
            .with_context(|| format!("cannot connect to {peer}, {connect}"))?;
        relay.socket(stream, peer)
    }

    fn report_end(&self, carried: &Result<()>, counters: &Counters) {
        if let Err(error) = carried
            && let Some((index, name)) = rejection(error)
        {
            self.reporter.report(EventKind::Rejected {
                index,
                error: name.to_owned(),
                message: error.to_string(),
                step: None,
                expected_seq: None,
                record: None,
            });
        }
        let (records_sent, records_received) = counters.records();
        let clean = carried.is_ok();
        self.reporter.report(EventKind::Closed { clean, records_sent, records_received });
    }
}

/// Returns which record was refused by which check, if that is what failed.
fn rejection(error: &Error) -> Option<(u64, &'static str)> {
    let error = error.downcast_ref::<ChannelError>()?;
    match error {
        ChannelError::Frame { index, .. } | ChannelError::Open { index, .. } => {
            Some((*index, error.rejection()?))
        }
        _ => None,
    }
}

//! Records around any TCP service.
//!
//! ```text
//! curl ── TCP ──> client end ══ records ══> server end ── TCP ──> web server
//! ```
//!
//! Whoever connects to the client end is connected to the service behind the server end. What they send
//! each other is cut into records on one end, and put together again on the other.
//!
//! - [`options`]: what can be said on the command line.
//! - [`key_file`]: keys of one's own, in place of those that everyone has.
//! - [`relay`]: one connection: two sockets that live and die together.
//! - [`pump`]: one direction of it: bytes become records, or records bytes.
//! - [`tally`]: what it carried.

pub mod key_file;
pub mod options;
pub mod pump;
pub mod relay;
pub mod tally;

use std::io::Write;
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Error, Result};
use channel::{ChannelError, Receiver, Sender};
use crypto::{Open, Seal};
use program::serve::Intake;
use program::{Failure, Voice, stream};
use transcript::What;

pub use self::key_file::KeyFile;
pub use self::options::{Options, StageName, Task};

use self::options::Side;
use self::pump::{Records, open, seal};
use self::relay::{Relay, Socket};
use self::tally::{Tally, status_line};

/// One end of a tunnel.
#[derive(Debug)]
pub struct Tunnel {
    options: Options,
    voice: Voice,
    /// How many connections there are.
    open: AtomicUsize,
}

impl Tunnel {
    /// The end that `options` describe.
    pub fn new(options: Options) -> Self {
        let mut voice = options.common.voice(options.side.role(), options.stage.stage());
        if options.status {
            voice.line = status_line();
        }
        Self { options, voice, open: AtomicUsize::new(0) }
    }

    /// Carries connections until told to stop, each with a sealer and an opener of its own.
    pub fn run<S: Seal + Send, O: Open>(&self, new_pair: impl Fn() -> (S, O) + Sync) -> ExitCode {
        if self.options.key_file.is_none() {
            self.voice.say(
                "WARNING: no --key-file, so the keys are the demo's, which EVERYONE has: this \
                 protects nothing from anyone. `tunnel --new-key FILE` makes your own",
            );
        }
        let Options { listen, max_connections, .. } = &self.options;
        let intake = Intake { addr: listen, connections: u64::MAX, at_once: *max_connections };
        program::serve(&intake, &self.voice, |accepted, crowd| {
            let relay = Arc::new(Relay::new(self.options.deadlines()));
            let running = Arc::downgrade(&relay);
            crowd.add(running);
            self.show_open(self.open.fetch_add(1, Ordering::Relaxed) + 1);
            let tally = Tally::new(&self.voice.line);
            let carried = match self.options.side {
                Side::Client => self.client_side(accepted, &relay, &tally, new_pair()),
                Side::Server => self.server_side(accepted, &relay, &tally, new_pair()),
            };
            self.show_open(self.open.fetch_sub(1, Ordering::Relaxed) - 1);
            self.report_end(&carried, &tally);
            carried.map_err(|error| Failure { rejected: rejection(&error).is_some(), error })
        })
    }

    /// A client has connected: what it sends goes into records, to the server end.
    fn client_side<S: Seal + Send, O: Open>(
        &self,
        accepted: TcpStream,
        relay: &Relay,
        tally: &Tally,
        (sealer, opener): (S, O),
    ) -> Result<()> {
        let client = relay.socket(accepted, "the client")?;
        let server_end = self.connect(relay, "the server end")?;
        self.voice.report(What::Connected { peer: server_end.peer_addr()? });
        let mut sender = Sender::new(&server_end, sealer);
        // The other end waits for a first record, and a client that lets the service speak first has
        // nothing to put into it.
        sender.send(&[])?;
        tally.sent(1, 0);
        let records = Records::new(&server_end, false);
        let receiver = Receiver::new(&records, opener);
        carry(relay, tally, &client, &records, sender, receiver)
    }

    /// The client end has connected: what its records hold goes to the service.
    fn server_side<S: Seal + Send, O: Open>(
        &self,
        accepted: TcpStream,
        relay: &Relay,
        tally: &Tally,
        (sealer, opener): (S, O),
    ) -> Result<()> {
        let client_end = relay.socket(accepted, "the client end")?;
        self.voice.report(What::Connected { peer: client_end.peer_addr()? });
        let records = Records::new(&client_end, true);
        let mut receiver = Receiver::new(&records, opener);
        // Someone without the key gets no further than this, and no connection to the service.
        let first = receiver.recv()?.context("the client end closed without a record")?;
        tally.received(1, first.len());
        let service = self.connect(relay, "the service")?;
        (&service).write_all(first)?;
        let sender = Sender::new(&client_end, sealer);
        carry(relay, tally, &service, &records, sender, receiver)
    }

    fn connect<'r>(&self, relay: &'r Relay, peer: &'static str) -> Result<Socket<'r>> {
        let Options { connect, common, .. } = &self.options;
        let stream = stream::connect(connect, common.timeout)
            .with_context(|| format!("cannot connect to {peer}, {connect}"))?;
        relay.socket(stream, peer)
    }

    fn show_open(&self, open: usize) {
        self.voice.line.set_message(format!("{open} connections"));
    }

    fn report_end(&self, carried: &Result<()>, tally: &Tally) {
        if let Err(error) = carried
            && let Some((index, name)) = rejection(error)
        {
            self.voice.report(What::Rejected {
                index,
                error: name.to_owned(),
                message: error.to_string(),
                expected_seq: None,
                record: None,
            });
        }
        let (records_sent, records_received) = tally.records();
        self.voice.report(What::Closed { clean: carried.is_ok(), records_sent, records_received });
    }
}

/// Carries both directions to their ends.
fn carry<'r, S: Seal + Send, O: Open>(
    relay: &Relay,
    tally: &Tally,
    plain: &Socket<'r>,
    records: &Records<'r>,
    sender: Sender<&Socket<'r>, S>,
    receiver: Receiver<&Records<'r>, O>,
) -> Result<()> {
    let socket = records.socket();
    relay.run(|| seal(plain, socket, sender, tally), || open(records, receiver, plain, tally))
}

/// Which record was refused by which check, if that is what failed.
fn rejection(error: &Error) -> Option<(u64, &'static str)> {
    let error = error.downcast_ref::<ChannelError>()?;
    match error {
        ChannelError::Frame { index, .. } | ChannelError::Open { index, .. } => {
            Some((*index, error.rejection()?))
        }
        _ => None,
    }
}

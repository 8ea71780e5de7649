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
//! - [`counters`]: what it has carried, and the line that shows it; [`log`]: what it says on standard error.

pub mod counters;
pub mod key_file;
pub mod log;
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
use certificates::{Identity, Verifier};
use channel::{Channel, ChannelError};
use crypto::aead::{Opener, Sealer};
use crypto::x25519::PrivateKey;
use crypto::{Open, Seal, hkdf};
use handshake::{HandshakeError, cert, x25519};
use indicatif::ProgressBar;
use program::serve::ServeOptions;
use program::{Failure, Reporter, stream};
use transcript::EventKind;

pub use crate::key_file::{KeyFile, NewPair};
pub use crate::options::{Options, Task};

use crate::counters::{Above, Counters, status_line};
use crate::log::Log;
use crate::options::Side;
use crate::pump::{Records, open, seal};
use crate::relay::{Relay, Socket};

/// Where the keys of a connection come from.
pub enum Keys {
    /// From a file: the same ones for each connection.
    Own(NewPair),
    /// From the articles: the same ones for each connection, and for everyone.
    Everyones,
    /// Both ends agree on them, for each connection anew, and neither knows with whom.
    Agreed,
    /// The same, and this end says who it is.
    AgreedAs(Box<Identity>),
    /// The same, with nobody but whom this end wants.
    AgreedWith(Verifier),
}

/// A connection to the other end.
type Secured<'r> = Channel<&'r Records<'r>, Box<dyn Seal + Send>, Box<dyn Open + Send>>;

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
            Log::new(Above { line: line.clone(), out: io::stderr() }),
        );
        let line = line.unwrap_or_else(ProgressBar::hidden);
        Self { options, reporter, line, connections }
    }

    /// Carries connections until told to stop.
    pub fn run(&self, keys: &Keys) -> ExitCode {
        match keys {
            Keys::Agreed => self.reporter.say(
                "WARNING: both ends agree on fresh keys for each connection, and NOBODY knows with whom: someone \
                 on the path can agree with each of them, read everything and change it",
            ),
            Keys::AgreedAs(_) => self.reporter.say(
                "WARNING: this end proves who it is, and nobody has to prove that to it: ANYONE who can connect to \
                 it reaches the service",
            ),
            Keys::AgreedWith(Verifier { name, .. }) => self.reporter.say(&format!(
                "no data goes to the server end before it has proven that it is {}",
                name.to_str()
            )),
            Keys::Everyones => self.reporter.say(
                "WARNING: no --key-file, so the keys are the demo's, which EVERYONE has: this \
                 protects nothing from anyone. `tunnel --new-key FILE` makes your own",
            ),
            Keys::Own(_) => {}
        }
        let Options { listen, max_connections, .. } = &self.options;
        let options =
            ServeOptions { addr: listen, connections: u64::MAX, at_once: *max_connections };
        program::serve(&options, &self.reporter, |accepted, connections| {
            let relay = Arc::new(Relay::new(self.options.limits()));
            let running = Arc::downgrade(&relay);
            connections.add(running);
            self.connections.fetch_add(1, Ordering::Relaxed);
            let counters = Counters::new(&self.line);
            let carried = match self.options.side {
                Side::Client => self.client_side(accepted, &relay, &counters, keys),
                Side::Server => self.server_side(accepted, &relay, &counters, keys),
            };
            self.connections.fetch_sub(1, Ordering::Relaxed);
            self.report_end(&carried, &counters);
            carried.map_err(|error| Failure { rejected: Rejection::of(&error).is_some(), error })
        })
    }

    /// Serves a client that has connected: what it sends goes into records, to the server end.
    fn client_side(
        &self,
        accepted: TcpStream,
        relay: &Relay,
        counters: &Counters,
        keys: &Keys,
    ) -> Result<()> {
        let client = relay.socket(accepted, "the client")?;
        let server_end = self.connect(relay, "the server end")?;
        self.reporter.report(EventKind::Connected { peer: server_end.peer_addr()? });
        let records = Records::new(&server_end, self.options.common.limits());
        let (mut sender, receiver) = self.secured(&records, keys)?.split();
        // The other end waits for a first record, but a client that lets the service speak first
        // has nothing to put into it.
        sender.send(&[])?;
        counters.sent(1, 0);
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
        keys: &Keys,
    ) -> Result<()> {
        let client_end = relay.socket(accepted, "the client end")?;
        self.reporter.report(EventKind::Connected { peer: client_end.peer_addr()? });
        let records = Records::due(&client_end, self.options.common.limits());
        let (sender, mut receiver) = self.secured(&records, keys)?.split();
        // Someone without the key gets no further than this, and no connection to the service.
        let first = receiver.recv()?.context("the client end closed without a record")?;
        counters.received(1, first.len());
        let service = self.connect(relay, "the service")?;
        (&service).write_all(first)?;
        relay.run(
            [&service, &client_end],
            || seal(&service, &client_end, sender, counters),
            || open(&records, receiver, &service, counters),
        )
    }

    /// Protects a connection to the other end.
    fn secured<'r>(&self, records: &'r Records<'r>, keys: &Keys) -> Result<Secured<'r>> {
        let stage = self.options.stage;
        let (sealer, opener) = match keys {
            Keys::Own(new_pair) => new_pair(),
            Keys::Everyones => demo_keys::sealer_and_opener(stage)
                .with_context(|| format!("there are no demo keys for {}", stage.name))?,
            Keys::Agreed | Keys::AgreedAs(_) | Keys::AgreedWith(_) => {
                return self.agreed(records, keys);
            }
        };
        Ok(Channel::new(records, stage.header(), sealer, opener))
    }

    /// Agrees with the other end on keys for this connection.
    fn agreed<'r>(&self, records: &'r Records<'r>, keys: &Keys) -> Result<Secured<'r>> {
        let ours = PrivateKey::random().map_err(HandshakeError::Random)?;
        let mut wire = records.handshake();
        let side = self.options.side;
        let (secret, labels) = match (keys, side) {
            (Keys::AgreedAs(identity), _) => {
                (cert::server(&mut wire, ours, identity)?, &hkdf::PART4)
            }
            (Keys::AgreedWith(wanted), _) => (cert::client(&mut wire, ours, wanted)?, &hkdf::PART4),
            (_, Side::Client) => (x25519::client(&mut wire, ours)?, &hkdf::PART3),
            (_, Side::Server) => (x25519::server(&mut wire, ours)?, &hkdf::PART3),
        };
        let keys = wire.derive(&secret, labels);
        let (ours, theirs) = match side {
            Side::Client => (keys.client, keys.server),
            Side::Server => (keys.server, keys.client),
        };
        Ok(wire.secure(Box::new(Sealer::new(&ours)), Box::new(Opener::new(&theirs))))
    }

    fn connect<'r>(&self, relay: &'r Relay, peer: &'static str) -> Result<Socket<'r>> {
        let Options { connect, common, .. } = &self.options;
        let stream = stream::connect(connect, common.timeout)
            .with_context(|| format!("cannot connect to {peer}, {connect}"))?;
        relay.socket(stream, peer)
    }

    fn report_end(&self, carried: &Result<()>, counters: &Counters) {
        if let Err(error) = carried
            && let Some(Rejection { index, step, name }) = Rejection::of(error)
        {
            self.reporter.report(EventKind::Rejected {
                index,
                step: step.map(str::to_owned),
                error: name.to_owned(),
                message: error.to_string(),
                expected_seq: None,
                record: None,
            });
        }
        let (records_sent, records_received) = counters.records();
        let clean = carried.is_ok();
        self.reporter.report(EventKind::Closed { clean, records_sent, records_received });
    }
}

/// What the other end sent and a check refused.
struct Rejection {
    /// Which record, from 0.
    index: u64,
    /// The message of the handshake that it was, if it was one.
    step: Option<&'static str>,
    /// The check.
    name: &'static str,
}

impl Rejection {
    /// Finds out whether that is what failed.
    fn of(error: &Error) -> Option<Self> {
        if let Some(error) = error.downcast_ref::<HandshakeError>() {
            return Some(Self { index: 0, step: error.message(), name: error.rejection()? });
        }
        let error = error.downcast_ref::<ChannelError>()?;
        match error {
            ChannelError::Frame { index, .. } | ChannelError::Open { index, .. } => {
                Some(Self { index: *index, step: None, name: error.rejection()? })
            }
            _ => None,
        }
    }
}

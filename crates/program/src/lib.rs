//! What every client and server shares, so that each can show just what is its own: connect, channel,
//! send, receive.
//!
//! - [`client`], [`server`]: run one, from its options to its exit code.
//! - [`options`]: what can be said on the command line.
//! - [`connection`]: a stream that is watched and timed.
//! - [`serve`](mod@serve): many connections at a time.
//! - [`stream`]: a TCP stream on which every step has a deadline.

pub mod connection;
pub mod options;
pub mod serve;
pub mod stream;

use std::io::{self, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use anyhow::Context;
use framing::Stage;
use transcript::Role;

pub use connection::{Connection, Failure, Voice};
use options::{ClientOptions, ServerOptions};
use serve::{Crowd, Intake, Served};
use stream::TimedStream;

/// The request of the articles' exchange: 61 bytes.
pub const REQUEST: &str = "GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The answer, whatever was asked: 78 bytes. That it never depends on the plaintext is on purpose: an
/// answer that does is an oracle for whoever can change ciphertexts.
pub const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nhello, client";

/// How a program ends, beside `0`: the exchange went through.
mod exit {
    /// The peer's bytes were rejected.
    pub const REJECTED: u8 = 1;
    /// The network failed, or the peer kept silent for too long.
    pub const NETWORK: u8 = 3;
}

/// The peer ended the connection where an answer was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the peer closed the connection where its answer was due; perhaps it refused the request")]
pub struct NoAnswer;

/// Runs a client: connects, exchanges what `exchange` says, reports, and ends. `exchange` gets the
/// requests in batches; each batch is to be sent before the first of its answers is read.
pub fn client(
    stage: &'static Stage,
    exchange: impl FnOnce(&Arc<Connection>, &mut dyn Iterator<Item = Vec<&[u8]>>) -> anyhow::Result<()>,
) -> ExitCode {
    let options = ClientOptions::parse(stage);
    let voice = Arc::new(options.common.voice(Role::Client, stage));
    let connect = || {
        let addr = &options.addr;
        let stream = TimedStream::connect(addr, options.common.timeout)
            .with_context(|| format!("cannot connect to {addr}"))?;
        Connection::new(stream, voice.clone())
    };
    let outcome = connect().map_err(Failure::from).and_then(|connection| {
        let exchanged = exchange(&connection, &mut options.batches());
        connection.close(exchanged)
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { error, rejected }) => {
            voice.complain(&error);
            exit_code(rejected)
        }
    }
}

/// Runs a server: accepts as many connections as it was told to and serves each as `exchange` says. One
/// that fails is reported and closed, and the others go on.
pub fn server(
    stage: &'static Stage,
    exchange: impl Fn(&Arc<Connection>) -> anyhow::Result<()> + Sync,
) -> ExitCode {
    let options = ServerOptions::parse(stage);
    let voice = Arc::new(options.common.voice(Role::Server, stage));
    serve(&options.intake(), &voice, |stream, crowd| {
        let stream = TimedStream::new(stream, options.common.timeout, options.idle_timeout());
        let connection = Connection::new(stream, voice.clone())?;
        let running = Arc::downgrade(&connection);
        crowd.add(running);
        let served = exchange(&connection).and_then(|()| connection.was_used());
        connection.close(served)
    })
}

/// Takes in connections and serves each as `one` does, in a thread of its own. Reports where it listens,
/// complains of each that fails, and ends when all are served, or on SIGINT or SIGTERM: then those that
/// `one` has added to the crowd are told to stop.
pub fn serve(
    intake: &Intake<'_>,
    voice: &Voice,
    one: impl Fn(TcpStream, &Crowd) -> Result<(), Failure> + Sync,
) -> ExitCode {
    match serve::serve(intake, voice, one) {
        Ok(Served { stopped: true, connections, failed, .. }) => {
            voice.say(&format!(
                "stopped: served {connections} connections, {failed} of them failed"
            ));
            ExitCode::SUCCESS
        }
        Ok(Served { failed: 0, .. }) => ExitCode::SUCCESS,
        Ok(Served { rejected, .. }) => exit_code(rejected > 0),
        Err(error) => {
            voice.complain(&error);
            exit_code(false)
        }
    }
}

/// Runs a demo, which takes no options, and prints what it tells.
///
/// # Errors
/// Those of `tell`, and of standard output; that nobody reads it to the end is no failure.
pub fn demo(
    name: &'static str,
    about: &'static str,
    tell: impl FnOnce(&mut Vec<u8>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    clap::Command::new(name).about(about).get_matches();
    let mut told = Vec::new();
    let outcome = tell(&mut told);
    match io::stdout().write_all(&told) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => outcome,
    }
}

/// How a program ends that failed.
fn exit_code(rejected: bool) -> ExitCode {
    if rejected { exit::REJECTED } else { exit::NETWORK }.into()
}

/// Ends the process when standard input does: a launcher that holds the other end takes its programs
/// with it, however it dies.
fn exit_with_stdin() {
    thread::spawn(|| {
        _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(exit::NETWORK.into());
    });
}

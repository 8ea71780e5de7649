//! What every client and server shares, so that each can show just what is its own: connect, channel,
//! send, receive.
//!
//! - [`client`], [`server`]: run one, from its options to its exit code.
//! - `options`: what can be said on the command line.
//! - [`connection`]: a stream that is watched and timed.
//! - [`stream`]: a TCP stream on which every step has a deadline.

pub mod connection;
mod options;
pub mod stream;

use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::{io, thread};

use anyhow::Context;
use framing::Stage;
use transcript::{Role, What};

pub use connection::Connection;
use connection::{Failure, Voice};
use options::{ClientOptions, ServerOptions};
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
    let voice = options.common.voice(Role::Client, stage);
    let connect = || {
        let addr = &options.common.addr;
        let stream = TimedStream::connect(addr, options.common.timeout)
            .with_context(|| format!("cannot connect to {addr}"))?;
        Connection::new(stream, voice.clone())
    };
    let outcome = connect().map_err(Failure::from).and_then(|connection| {
        let exchanged = exchange(&connection, &mut options.batches());
        connection.close(exchanged)
    });
    exit_code(&voice, [outcome])
}

/// Runs a server: accepts as many connections as it was told to, one after the other, and serves each
/// as `serve` says. One that fails is reported and closed, and the next one accepted.
pub fn server(
    stage: &'static Stage,
    serve: impl Fn(&Arc<Connection>) -> anyhow::Result<()>,
) -> ExitCode {
    let options = ServerOptions::parse(stage);
    let voice = options.common.voice(Role::Server, stage);
    let listener = match listen(&options.common.addr, &voice) {
        Ok(listener) => listener,
        Err(error) => return exit_code(&voice, [Err(error.into())]),
    };
    let outcomes = options.connections().map(|_| {
        let (stream, _) = listener.accept().context("cannot accept a connection")?;
        let stream = TimedStream::new(stream, options.common.timeout);
        let connection = Connection::new(stream, voice.clone())?;
        let served = serve(&connection).and_then(|()| connection.was_used());
        connection.close(served)
    });
    exit_code(&voice, outcomes)
}

fn listen(addr: &str, voice: &Voice) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(addr).with_context(|| format!("cannot listen on {addr}"))?;
    voice.report(What::Listening { addr: listener.local_addr()? });
    Ok(listener)
}

/// Says of each failure what it was, as it happens, and in the end how the program ends.
fn exit_code(voice: &Voice, outcomes: impl IntoIterator<Item = Result<(), Failure>>) -> ExitCode {
    let mut code = 0;
    for Failure { error, rejected } in outcomes.into_iter().filter_map(Result::err) {
        voice.complain(&error);
        if rejected || code == 0 {
            code = if rejected { exit::REJECTED } else { exit::NETWORK };
        }
    }
    code.into()
}

/// Ends the process when standard input does: a launcher that holds the other end takes its programs
/// with it, however it dies.
fn exit_with_stdin() {
    thread::spawn(|| {
        _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(exit::NETWORK.into());
    });
}

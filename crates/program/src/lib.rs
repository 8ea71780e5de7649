//! The parts that all clients and servers share, so that each program shows only what is its own:
//! connect, channel, send, receive.
//!
//! - [`client`], [`server`]: run one, from its options to its exit code; [`verifying_client`], [`identified_server`]:
//!   the same where the server says who it is.
//! - [`options`]: the options on the command line; [`identity`]: those that name certificates.
//! - [`connection`]: a stream that is observed and timed.
//! - [`reporter`]: where a program reports what happens, through a [`queue`]; [`exit`]: how it ends.
//! - [`serve`](mod@serve): many connections at a time.
//! - [`stream`]: a TCP stream on which every message has its time limits; [`progress`]: how far a
//!   message is.

pub mod connection;
pub mod exit;
pub mod identity;
pub mod options;
pub mod progress;
pub mod queue;
pub mod reporter;
pub mod serve;
pub mod stream;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use anyhow::anyhow;
use certificates::{Identity, Verifier};
use stages::Stage;
use transcript::{Role, output};

pub use connection::Connection;
use exit::exit_code;
pub use exit::{Failure, NoAnswer};
use identity::{IdentityOptions, Load, VerifierOptions};
use options::{ClientOptions, ServerOptions};
use queue::PATIENCE;
pub use reporter::Reporter;
use serve::{Connections, ServeOptions, Served};
use stream::TimedStream;

/// The request of the articles' exchange: 61 bytes.
pub const REQUEST: &str = "GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The answer, whatever was asked: 78 bytes. It deliberately never depends on the plaintext: an
/// answer that did would be an oracle for anyone who can change ciphertexts.
pub const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nhello, client";

/// Runs a client: connects, sends the requests it was given as `exchange` says, reports, and ends.
pub fn client(
    stage: &'static Stage,
    exchange: impl FnOnce(&Arc<Connection>, &mut dyn Iterator<Item = &[u8]>) -> anyhow::Result<()>,
) -> ExitCode {
    client_with(stage, env::args_os(), exchange)
}

/// Runs a client that knows whom it wants: as [`client`], with roots and a name.
pub fn verifying_client(
    stage: &'static Stage,
    exchange: impl FnOnce(
        &Arc<Connection>,
        &mut dyn Iterator<Item = &[u8]>,
        &Verifier,
    ) -> anyhow::Result<()>,
) -> ExitCode {
    client_of::<VerifierOptions>(stage, env::args_os(), exchange)
}

/// Runs a client with other arguments than the process was given. The first is its name.
pub fn client_with(
    stage: &'static Stage,
    args: impl Iterator<Item = OsString>,
    exchange: impl FnOnce(&Arc<Connection>, &mut dyn Iterator<Item = &[u8]>) -> anyhow::Result<()>,
) -> ExitCode {
    client_of::<()>(stage, args, |connection, requests, ()| exchange(connection, requests))
}

/// Runs a client with options of its own: as [`client`], with what they name. The first argument is its name.
pub fn client_of<M: Load>(
    stage: &'static Stage,
    args: impl Iterator<Item = OsString>,
    exchange: impl FnOnce(
        &Arc<Connection>,
        &mut dyn Iterator<Item = &[u8]>,
        &M::Loaded,
    ) -> anyhow::Result<()>,
) -> ExitCode {
    let options = ClientOptions::<M>::parse(stage, args);
    let loaded = options.more.load();
    let loaded = loaded.unwrap_or_else(|why| options::bad_file(stage, Role::Client, &why));
    let reporter = if options.more.takes_stdout() {
        let (events, errors) = (anstream::stderr(), io::stderr());
        options.common.reporter_to(Role::Client, stage, PATIENCE, events, errors)
    } else {
        options.common.reporter(Role::Client, stage, PATIENCE)
    };
    let reporter = Arc::new(reporter);
    let connect = || {
        let addr = options.more.addr().unwrap_or(&options.addr);
        let stream = TimedStream::connect(addr, options.common.limits()).map_err(|error| {
            let is_refused = error.kind() == io::ErrorKind::ConnectionRefused;
            let hint = if is_refused { "; is the server running?" } else { "" };
            anyhow!("cannot connect to {addr}: {error}{hint}")
        })?;
        Connection::new(stream, reporter.clone())
    };
    let outcome = connect().map_err(Failure::from).and_then(|connection| {
        let exchanged = exchange(&connection, &mut options.requests(), &loaded);
        connection.close(exchanged)
    });
    let code = match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { error, rejected }) => {
            reporter.complain(&error);
            exit_code(rejected)
        }
    };
    reporter.finish(code)
}

/// Runs a server: accepts as many connections as it was told to and serves each as `exchange` says. One
/// that fails is reported and closed, and the others go on.
pub fn server(
    stage: &'static Stage,
    exchange: impl Fn(&Arc<Connection>) -> anyhow::Result<()> + Sync,
) -> ExitCode {
    server_of::<()>(stage, |connection, ()| exchange(connection))
}

/// Runs a server that says who it is: as [`server`], with certificates and a private key.
pub fn identified_server(
    stage: &'static Stage,
    exchange: impl Fn(&Arc<Connection>, &Identity) -> anyhow::Result<()> + Sync,
) -> ExitCode {
    server_of::<IdentityOptions>(stage, exchange)
}

/// Runs a server with options of its own: as [`server`], with what they name.
pub fn server_of<M: Load<Loaded: Sync>>(
    stage: &'static Stage,
    exchange: impl Fn(&Arc<Connection>, &M::Loaded) -> anyhow::Result<()> + Sync,
) -> ExitCode {
    let options = ServerOptions::<M>::parse(stage);
    let loaded = options.more.load();
    let loaded = loaded.unwrap_or_else(|why| options::bad_file(stage, Role::Server, &why));
    let reporter = Arc::new(options.common.reporter(Role::Server, stage, options.patience()));
    serve(&options.serving(), &reporter, |stream, connections| {
        let stream = TimedStream::new(stream, options.common.limits());
        let connection = Connection::new(stream, reporter.clone())?;
        let running = Arc::downgrade(&connection);
        connections.add(running);
        let served = exchange(&connection, &loaded).and_then(|()| connection.was_used());
        connection.close(served)
    })
}

/// Accepts connections and serves each as `one` does, in a thread of its own. Reports where it
/// listens, complains about each that fails, and ends when all are served, or on SIGINT or SIGTERM:
/// then those that `one` has added to the connections are told to stop.
pub fn serve(
    options: &ServeOptions<'_>,
    reporter: &Reporter,
    one: impl Fn(TcpStream, &Connections) -> Result<(), Failure> + Sync,
) -> ExitCode {
    let code = match serve::serve(options, reporter, one) {
        Ok(Served { stopped: true, connections, failed, .. }) => {
            reporter.say(&format!(
                "stopped: served {connections} connections, {failed} of them failed"
            ));
            ExitCode::SUCCESS
        }
        Ok(Served { failed: 0, .. }) => ExitCode::SUCCESS,
        Ok(Served { rejected, .. }) => exit_code(rejected > 0),
        Err(error) => {
            reporter.complain(&error);
            exit_code(false)
        }
    };
    reporter.finish(code)
}

/// Runs a demo, which takes no options, and prints its text. Exits with 3 if it cannot print all of
/// it.
pub fn demo(
    name: &'static str,
    about: &'static str,
    tell: impl FnOnce(&mut Vec<u8>) -> anyhow::Result<()>,
) -> ExitCode {
    let options = clap::Command::new(name).about(about).try_get_matches();
    options.unwrap_or_else(|error| options::exit(&error));
    let mut told = Vec::new();
    let outcome = tell(&mut told);
    let printed = output::print(&String::from_utf8_lossy(&told));
    match outcome.and_then(|()| Ok(printed?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            _ = writeln!(io::stderr(), "{name}: {error:#}");
            exit_code(false)
        }
    }
}

/// Ends the process when standard input does: a launcher that holds the other end takes its programs
/// with it, however it dies.
fn exit_with_stdin() {
    thread::spawn(|| {
        _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(exit::NETWORK.into());
    });
}

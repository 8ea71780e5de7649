//! One measurement, and its result as a line of JSON. `cargo xtask bench` runs many of them in turn.
//!
//! - [`protocol`]: what two ends of a connection speak: plain TCP, a stage, TLS by rustls.
//! - [`end`]: one of them.
//! - [`window`]: the time in which something is measured, and how much of it there was.
//! - [`one_way`], [`requests`], [`record`], [`handshakes`], [`signatures`], [`opening`], [`tunnel`]: what is
//!   measured; [`parties`]: whom it takes.
//! - [`chain`]: client, two processes and server; [`relay`]: one of these processes, without
//!   encryption.

mod chain;
mod end;
mod handshakes;
mod one_way;
mod opening;
mod parties;
#[cfg(feature = "peers")]
mod peers;
mod protocol;
mod record;
mod relay;
mod requests;
mod signatures;
#[cfg(feature = "peers")]
mod tls;
mod tunnel;
mod window;

use std::net::SocketAddr;
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};

use protocol::Protocol;
use signatures::Operation;
use stages::{STAGES, Stage};
use tunnel::Through;

/// One measurement over loopback, its result a line of JSON
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    what: What,

    /// For how long to measure, after warming up
    #[arg(long, global = true, value_name = "N", default_value = "150")]
    millis: u64,
}

#[derive(Subcommand)]
enum What {
    /// Bytes a second in one direction of one connection
    OneWay {
        protocol: Protocol,
        /// Bytes of each write of the application
        #[arg(long, value_name = "BYTES", default_value = "16384")]
        write: usize,
    },
    /// Requests of 61 bytes answered with 78 bytes, one after the other on each connection
    Requests {
        protocol: Protocol,
        #[arg(long, value_name = "N", default_value = "1")]
        connections: usize,
    },
    /// Records a second, sealed and opened in memory
    Record {
        protocol: Protocol,
        /// Bytes of plaintext in a record
        #[arg(long, value_name = "BYTES", default_value = "61")]
        len: usize,
    },
    /// The same in Python, with the libraries that the articles use
    #[cfg(feature = "peers")]
    Python {
        /// A stage with records, such as `hmac-seq`
        stage: String,
        /// Bytes of plaintext in a record
        #[arg(long, value_name = "BYTES", default_value = "61")]
        len: usize,
    },
    /// Handshakes a second, one after the other on a connection
    Handshakes {
        /// A stage with a handshake, such as `x25519`
        #[arg(value_parser = with_handshake)]
        stage: &'static Stage,
    },
    /// The same in Python, with the libraries that the articles use, and without a connection
    #[cfg(feature = "peers")]
    PythonHandshakes {
        /// A stage with a handshake
        #[arg(value_parser = with_handshake)]
        stage: &'static Stage,
    },
    /// Signatures of RSA of 2,048 bits a second, made or verified in memory
    Signatures { operation: Operation },
    /// The same in Python
    #[cfg(feature = "peers")]
    PythonSignatures { operation: Operation },
    /// The same by OpenSSL's own benchmark, for a second at least; it has no chains
    #[cfg(feature = "peers")]
    OpensslSignatures { operation: Operation },
    /// Bytes a second of opening records of 16 KiB in memory
    Opening { protocol: Protocol },
    /// Bytes a second in one direction through two processes: client -> hop -> hop -> server
    Tunnel {
        #[command(subcommand)]
        through: Through,
    },
    /// Be a hop: pass on what connections to LISTEN bring to CONNECT, and back
    Relay { listen: SocketAddr, connect: SocketAddr },
}

/// Time that a measurement may take in addition to its length.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let Options { what, millis } = Options::parse();
    let length = Duration::from_millis(millis);
    if !matches!(what, What::Relay { .. }) {
        thread::spawn(move || {
            thread::sleep(length + PATIENCE);
            eprintln!("bench: no result in time");
            process::exit(3);
        });
    }
    match run(what, length) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::from(3)
        }
    }
}

/// Takes the short name of a stage with a handshake; TLS's is not measured here.
fn with_handshake(name: &str) -> Result<&'static Stage, String> {
    let is_measured = |stage: &&Stage| !stage.handshake.is_empty() && !stage.has_types();
    let mut stages = STAGES.iter().copied().filter(is_measured);
    stages.find(|stage| stage.short_name() == name).ok_or("no stage with a handshake".to_owned())
}

fn run(what: What, length: Duration) -> Result<()> {
    let measured = match what {
        What::OneWay { protocol, write } => one_way::measure(protocol, write, length)?,
        What::Requests { protocol, connections } => {
            requests::measure(protocol, connections, length)?
        }
        What::Record { protocol, len } => record::measure(protocol, len, length)?,
        #[cfg(feature = "peers")]
        What::Python { stage, len } => return peers::python(&stage, len, length),
        What::Handshakes { stage } => handshakes::measure(stage, length)?,
        #[cfg(feature = "peers")]
        What::PythonHandshakes { stage } => {
            return peers::python_handshakes(stage.short_name(), length);
        }
        What::Signatures { operation } => operation.measure(length)?,
        #[cfg(feature = "peers")]
        What::PythonSignatures { operation } => {
            return peers::python_handshakes(&operation.name(), length);
        }
        #[cfg(feature = "peers")]
        What::OpensslSignatures { operation } => peers::openssl_signatures(operation, length)?,
        What::Opening { protocol } => opening::measure(protocol, length)?,
        What::Tunnel { through } => through.measure(length)?,
        What::Relay { listen, connect } => return relay::serve(listen, connect),
    };
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

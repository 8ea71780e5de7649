//! Bytes a second through a chain of two processes: client -> hop -> hop -> server.

use std::env;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Subcommand;

use crate::end::Plain;
use crate::one_way;
use crate::window::Measured;

/// What the client writes at a time, in bytes.
const WRITE_LEN: usize = 64 * 1024;
/// How long a hop may take to accept connections.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the hops are.
#[derive(Subcommand)]
pub enum Through {
    /// Two relays that do not encrypt
    Relay,
    /// Part 2's tunnel
    Ours {
        /// The program
        tunnel: PathBuf,
        /// hmac, hmac-seq or aead
        stage: String,
    },
    /// stunnel, TLS 1.3 with `TLS_AES_256_GCM_SHA384`
    #[cfg(feature = "peers")]
    Stunnel,
    /// spiped
    #[cfg(feature = "peers")]
    Spiped,
}

/// Where a chain listens: its first hop, its second, and the server behind it.
#[derive(Clone, Copy)]
pub struct Places {
    pub first: SocketAddr,
    pub second: SocketAddr,
    pub server: SocketAddr,
}

impl Through {
    /// Measures with a chain of these hops.
    pub fn measure(&self, length: Duration) -> Result<Measured> {
        match self {
            Self::Relay => {
                let bench = env::current_exe()?;
                let relay = |listen: SocketAddr, connect: SocketAddr| {
                    let mut hop = Command::new(&bench);
                    hop.args(["relay", &listen.to_string(), &connect.to_string()]);
                    hop
                };
                chain(length, |at| Ok([relay(at.first, at.second), relay(at.second, at.server)]))
            }
            Self::Ours { tunnel, stage } => {
                let side = |side, listen: SocketAddr, connect: SocketAddr| {
                    let mut hop = Command::new(tunnel);
                    hop.args(["--stage", stage, "--side", side]);
                    hop.args(["--listen", &listen.to_string(), "--connect", &connect.to_string()]);
                    hop
                };
                chain(length, |at| {
                    Ok([side("client", at.first, at.second), side("server", at.second, at.server)])
                })
            }
            #[cfg(feature = "peers")]
            Self::Stunnel => {
                let folder = tempfile::tempdir()?;
                chain(length, |at| crate::peers::stunnel(folder.path(), at))
            }
            #[cfg(feature = "peers")]
            Self::Spiped => {
                let folder = tempfile::tempdir()?;
                chain(length, |at| crate::peers::spiped(folder.path(), at))
            }
        }
    }
}

/// Starts what `hops` says, and measures from one end of the chain to the other.
fn chain(length: Duration, hops: impl FnOnce(Places) -> Result<[Command; 2]>) -> Result<Measured> {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let (first, second) = (free_port()?, free_port()?);
    let [to_first, to_second] = hops(Places { first, second, server: server.local_addr()? })?;
    let _second = Hop::start(to_second, second)?;
    let _first = Hop::start(to_first, first)?;

    let mut here = TcpStream::connect(first)?;
    here.set_nodelay(true)?;
    here.write_all(b"!")?;
    // The hops were tried for being there; those connections come through with nothing in them.
    let there = loop {
        let (mut there, _) = server.accept()?;
        if there.read(&mut [0])? == 1 {
            break there;
        }
    };
    one_way::between((Box::new(Plain::new(here)), Box::new(Plain::new(there))), WRITE_LEN, length)
}

/// An address nobody listens on. Somebody might until it is used; the programs compared here can't all
/// be told to choose one, and say which.
fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A program in the chain, killed when this is dropped.
struct Hop(Child);

impl Hop {
    /// Starts it and waits until it accepts connections at `listen`.
    fn start(mut program: Command, listen: SocketAddr) -> Result<Self> {
        program.stdin(Stdio::null()).stdout(Stdio::null());
        let name = program.get_program().display().to_string();
        let hop = program.spawn().with_context(|| format!("cannot start {name}"))?;
        let mut hop = Self(hop);
        let began = Instant::now();
        while TcpStream::connect(listen).is_err() {
            let ended = hop.0.try_wait()?;
            ensure!(ended.is_none(), "{name} ended at once");
            ensure!(began.elapsed() < PATIENCE, "{name} does not listen on {listen}");
            thread::sleep(Duration::from_millis(2));
        }
        Ok(hop)
    }
}

impl Drop for Hop {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

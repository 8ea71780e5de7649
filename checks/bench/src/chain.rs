//! Bytes per second through a chain of two processes: client -> hop -> hop -> server.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::end::Tcp;
use crate::one_way;
use crate::window::Measured;

/// What the client writes at a time, in bytes.
const WRITE_LEN: usize = 64 * 1024;
/// Time within which a hop must accept connections.
const PATIENCE: Duration = Duration::from_secs(10);

/// The addresses of a chain: its first hop, its second, and the server behind it.
#[derive(Clone, Copy)]
pub struct Places {
    pub first: SocketAddr,
    pub second: SocketAddr,
    pub server: SocketAddr,
}

/// Starts two hops at these addresses, and measures from one end of the chain to the other.
pub fn measure(
    length: Duration,
    hops: impl FnOnce(Places) -> Result<[Command; 2]>,
) -> Result<Measured> {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let (first, second) = (free_port()?, free_port()?);
    let [to_first, to_second] = hops(Places { first, second, server: server.local_addr()? })?;
    let _second = Hop::start(to_second, second)?;
    let _first = Hop::start(to_first, first)?;

    let mut here = TcpStream::connect(first)?;
    here.set_nodelay(true)?;
    here.write_all(b"!")?;
    // Connections were made to see whether the hops were up; they come through with nothing in
    // them.
    let there = loop {
        let (mut there, _) = server.accept()?;
        if there.read(&mut [0])? == 1 {
            break there;
        }
    };
    one_way::between((Box::new(Tcp::plain(here)), Box::new(Tcp::plain(there))), WRITE_LEN, length)
}

/// Returns an address nobody listens on. Somebody else might take it before it is used; but not all
/// of the programs compared here can be told to choose one and report it.
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

//! Sits between client and server, passes everything on and watches.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use framing::Direction;

/// Bytes read at once, at most.
pub const CHUNK_LEN: usize = 64 * 1024;

/// A relay on loopback. The client connects to it, and it to the server.
#[derive(Debug)]
pub struct Tap {
    listener: TcpListener,
    server: SocketAddr,
    chunk_len: usize,
}

/// Bytes that passed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'b> {
    /// The direction.
    pub direction: Direction,
    /// Time since the client connected.
    pub at: Duration,
    /// The bytes, as many as came at once, or `None` at the end of this direction.
    pub bytes: Option<&'b [u8]>,
}

impl Tap {
    /// Waits on a free port for someone who wants to connect to `server`. Bytes travel on in pieces
    /// of at most `segment` bytes, each in a write of its own, or as they come if there is no such
    /// limit.
    pub fn new(server: SocketAddr, segment: Option<usize>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        Ok(Self { listener, server, chunk_len: segment.unwrap_or(CHUNK_LEN).clamp(1, CHUNK_LEN) })
    }

    /// Returns the address that the client must connect to.
    pub fn addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Relays one connection from its first byte to the end of both directions, each byte unchanged
    /// and at once. Each piece is shown to `watch` before it goes on its way, so that an answer is
    /// never seen before its request. `watch` is called from two threads, one per direction.
    ///
    /// # Errors
    /// When it cannot connect. A later error ends the connection, as it would without a tap.
    pub fn relay(&self, watch: impl Fn(Chunk<'_>) + Sync) -> io::Result<()> {
        let (client, _) = self.listener.accept()?;
        let began = Instant::now();
        let server = TcpStream::connect(self.server)?;
        between(&client, &server, self.chunk_len, |direction, bytes| {
            watch(Chunk { direction, at: began.elapsed(), bytes });
        })
    }
}

/// Relays between two ends that are connected already, as [`Tap::relay`] does. `watch` takes the bytes of a direction, or
/// `None` at its end.
///
/// # Errors
/// When the connections cannot be prepared. A later error ends them, as it would without a tap.
pub fn between(
    client: &TcpStream,
    server: &TcpStream,
    chunk_len: usize,
    watch: impl Fn(Direction, Option<&[u8]>) + Sync,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let pass = |from: &TcpStream, to: &TcpStream, direction| {
        let passed = pass_on(from, to, chunk_len, |bytes| watch(direction, Some(bytes)));
        watch(direction, None);
        _ = to.shutdown(if passed.is_ok() { Shutdown::Write } else { Shutdown::Both });
    };
    thread::scope(|scope| {
        scope.spawn(|| pass(client, server, Direction::ToServer));
        pass(server, client, Direction::ToClient);
    });
    Ok(())
}

/// Copies bytes until their end, each read in a write of its own.
fn pass_on(
    mut from: &TcpStream,
    mut to: &TcpStream,
    chunk_len: usize,
    see: impl Fn(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; chunk_len];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => {
                see(&buffer[..n]);
                to.write_all(&buffer[..n])?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

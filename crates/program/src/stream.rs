//! A TCP stream on which every step has a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is read and thrown away at most before a connection is closed, in bytes and in time.
const DRAIN_LEN: u64 = 64 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// A stream whose reads and writes fail once the current step has taken longer than it may.
///
/// A time-out of the socket bounds a single call, so a peer that sends one byte now and then could hold
/// on for ever. Here the deadline is a point in time, and each call gets what is left of it.
#[derive(Debug)]
pub struct TimedStream {
    stream: TcpStream,
    timeout: Duration,
    deadline: Mutex<Instant>,
}

impl TimedStream {
    /// Times `stream`: a step may take `timeout`. The first one begins now.
    pub fn new(stream: TcpStream, timeout: Duration) -> Self {
        // A record goes out in one write, and nothing is gained by holding it back.
        _ = stream.set_nodelay(true);
        Self { stream, timeout, deadline: Mutex::new(Instant::now() + timeout) }
    }

    /// Connects to `addr`, in no longer than `timeout`.
    ///
    /// # Errors
    /// Those of name resolution and of connecting to the last of the addresses found.
    pub fn connect(addr: &str, timeout: Duration) -> io::Result<Self> {
        let mut failed = io::Error::from(ErrorKind::AddrNotAvailable);
        for addr in addr.to_socket_addrs()? {
            match TcpStream::connect_timeout(&addr, timeout) {
                Ok(stream) => return Ok(Self::new(stream, timeout)),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// A step is done: the next one begins now.
    pub fn restart(&self) {
        self.begin_step(self.timeout);
    }

    fn begin_step(&self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }

    /// The other end's address.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    /// Ends the connection so that what was written arrives: closing a socket with unread bytes in it
    /// would reset the connection and destroy them on their way.
    pub fn close(&self) {
        self.begin_step(DRAIN_TIME.min(self.timeout));
        if self.stream.shutdown(Shutdown::Write).is_ok() {
            _ = io::copy(&mut Read::take(self, DRAIN_LEN), &mut io::sink());
        }
    }

    fn time_left(&self) -> io::Result<Duration> {
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
    }

    /// A time-out says how long was waited, and for what.
    fn explain(&self, error: io::Error, what: &str) -> io::Error {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                let seconds = self.timeout.as_secs_f64();
                io::Error::new(ErrorKind::TimedOut, format!("{what} within {seconds} s"))
            }
            _ => error,
        }
    }
}

impl Read for &TimedStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.time_left()
            .and_then(|left| self.stream.set_read_timeout(Some(left)))
            .and_then(|()| (&self.stream).read(buffer))
            .map_err(|error| self.explain(error, "the peer sent nothing complete"))
    }
}

impl Write for &TimedStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.time_left()
            .and_then(|left| self.stream.set_write_timeout(Some(left)))
            .and_then(|()| (&self.stream).write(bytes))
            .map_err(|error| self.explain(error, "the peer did not take what was sent"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! A TCP stream on which every step has a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};

/// Limits on what is read and thrown away before a connection is closed, in bytes and in time.
const DRAIN_LEN: u64 = 64 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// Silence after which the system asks whether the peer is still there, and time between two questions.
const SILENT_TIME: Duration = Duration::from_secs(60);
const PROBE_TIME: Duration = Duration::from_secs(15);

/// A stream whose reads and writes fail once the current step has taken longer than it may.
///
/// A time-out of the socket bounds a single call, so a peer that sends one byte now and then could hold
/// on for ever. Here the deadline is a point in time, and each call gets what is left of it.
#[derive(Debug)]
pub struct TimedStream {
    stream: TcpStream,
    /// For a whole message, once its first byte is there; and for taking what is sent.
    timeout: Duration,
    /// For the first byte of the next message.
    idle_timeout: Duration,
    clock: Mutex<Clock>,
}

#[derive(Debug)]
struct Clock {
    /// When the message must be whole, or must have begun.
    read_by: Instant,
    /// Whether the message has not begun yet.
    idle: bool,
    /// When what is being written must be taken, if anything is.
    write_by: Option<Instant>,
    /// Whether no further message is wanted.
    stopped: bool,
}

impl TimedStream {
    /// Times `stream`. The first message must be whole within `timeout`; a later one must begin within
    /// `idle_timeout` and be whole within `timeout` from its first byte. What is sent must be taken
    /// within `timeout`.
    pub fn new(stream: TcpStream, timeout: Duration, idle_timeout: Duration) -> Self {
        // A record goes out in one write, and nothing is gained by holding it back.
        _ = stream.set_nodelay(true);
        let read_by = Instant::now() + timeout;
        let clock = Clock { read_by, idle: false, write_by: None, stopped: false };
        Self { stream, timeout, idle_timeout, clock: Mutex::new(clock) }
    }

    /// Connects to `addr`, in no longer than `timeout`, and times the stream: each message must be whole
    /// within `timeout` after the one before.
    ///
    /// # Errors
    /// Those of [`connect`].
    pub fn connect(addr: &str, timeout: Duration) -> io::Result<Self> {
        connect(addr, timeout).map(|stream| Self::new(stream, timeout, timeout))
    }

    /// A message is done: the next one may begin.
    pub fn restart(&self) {
        let mut clock = self.clock();
        clock.read_by = Instant::now() + self.idle_timeout;
        clock.idle = true;
        clock.write_by = None;
    }

    /// The message that has begun is the last: where the next one would begin, the stream ends.
    pub fn stop(&self) {
        let mut clock = self.clock();
        clock.stopped = true;
        if clock.idle {
            _ = self.stream.shutdown(Shutdown::Read);
        }
    }

    /// The other end's address.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    /// Ends the connection so that what was written arrives: closing a socket with unread bytes in it
    /// would reset the connection and destroy them on their way.
    pub fn close(&self) {
        if self.stream.shutdown(Shutdown::Write).is_ok() {
            let mut clock = self.clock();
            clock.read_by = Instant::now() + DRAIN_TIME.min(self.timeout);
            clock.idle = false;
            drop(clock);
            _ = io::copy(&mut Read::take(self, DRAIN_LEN), &mut io::sink());
        }
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the system to find out whether the peer of a silent connection is still there, which it is not told
/// when a machine loses its power: a minute after it was last heard from, and then every 15 seconds.
pub fn keep_alive(stream: &TcpStream) {
    let keep_alive = TcpKeepalive::new().with_time(SILENT_TIME);
    #[cfg(not(target_os = "openbsd"))]
    let keep_alive = keep_alive.with_interval(PROBE_TIME);
    // Where the system cannot, the program's own deadlines still apply.
    _ = SockRef::from(stream).set_tcp_keepalive(&keep_alive);
}

/// Connects to the first of the addresses of `addr` that answers within `timeout`.
pub fn connect(addr: &str, timeout: Duration) -> io::Result<TcpStream> {
    let mut failed = io::Error::from(ErrorKind::AddrNotAvailable);
    for addr in addr.to_socket_addrs()? {
        match TcpStream::connect_timeout(&addr, timeout) {
            Ok(stream) => {
                keep_alive(&stream);
                return Ok(stream);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn time_left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// Says of a time-out how long was waited, and for what.
fn explain(error: io::Error, what: &str, waited: Duration) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            let seconds = waited.as_secs_f64();
            io::Error::new(ErrorKind::TimedOut, format!("{what} within {seconds} s"))
        }
        _ => error,
    }
}

impl Read for &TimedStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (deadline, idle) = {
            let clock = self.clock();
            if clock.stopped && clock.idle {
                return Ok(0);
            }
            (clock.read_by, clock.idle)
        };
        let read = time_left(deadline)
            .and_then(|left| self.stream.set_read_timeout(Some(left)))
            .and_then(|()| (&self.stream).read(buffer));
        match read {
            Ok(n) => {
                if idle && n > 0 {
                    let mut clock = self.clock();
                    clock.idle = false;
                    clock.read_by = Instant::now() + self.timeout;
                }
                Ok(n)
            }
            Err(error) => {
                let waited = if idle { self.idle_timeout } else { self.timeout };
                Err(explain(error, "the peer sent nothing complete", waited))
            }
        }
    }
}

impl Write for &TimedStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let deadline = *self.clock().write_by.get_or_insert_with(|| Instant::now() + self.timeout);
        time_left(deadline)
            .and_then(|left| self.stream.set_write_timeout(Some(left)))
            .and_then(|()| (&self.stream).write(bytes))
            .map_err(|error| explain(error, "the peer did not take what was sent", self.timeout))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! A TCP stream on which every message has its time limits.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use framing::MAX_PLAINTEXT_LEN;
use socket2::{SockRef, TcpKeepalive};

use crate::progress::{Progress, TimeLimits, Way};

/// Limits on what is read and discarded before a connection is closed, in bytes and in time.
const DRAIN_LEN: u64 = 64 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// Silence after which the system asks whether the peer is still there, and time between two questions.
const SILENT_TIME: Duration = Duration::from_secs(60);
const PROBE_TIME: Duration = Duration::from_secs(15);

/// A stream whose reads and writes fail once the current message has taken longer than it may.
///
/// A time-out of the socket bounds a single call, so a peer that sends one byte now and then could hold
/// on for ever. Here each message has its [`Progress`].
#[derive(Debug)]
pub struct TimedStream {
    stream: TcpStream,
    limits: TimeLimits,
    clock: Mutex<Clock>,
}

#[derive(Debug)]
struct Clock {
    reading: Progress,
    /// True while a further message may begin but has not.
    idle: bool,
    /// The message that is being written, if any is.
    writing: Option<Progress>,
    /// Whether no further message is wanted.
    stopped: bool,
    /// What is being read, for whoever is told that it took too long.
    what: &'static str,
}

impl TimedStream {
    /// Times `stream`. The first message must begin before the silence is too long. A later one may
    /// take as long to begin as to arrive: it can be an answer, and its request may take that long
    /// to arrive.
    pub fn new(stream: TcpStream, limits: TimeLimits) -> Self {
        // A record goes out in one write, and nothing is gained by holding it back.
        _ = stream.set_nodelay(true);
        let reading = Progress::awaited(limits, limits.silence);
        let clock = Clock { reading, idle: false, writing: None, stopped: false, what: "message" };
        Self { stream, limits, clock: Mutex::new(clock) }
    }

    /// Connects to `addr` within the longest silence allowed, and times the stream.
    ///
    /// # Errors
    /// Those of [`connect`].
    pub fn connect(addr: &str, limits: TimeLimits) -> io::Result<Self> {
        connect(addr, limits.silence).map(|stream| Self::new(stream, limits))
    }

    /// A handshake begins: several messages, which have to be over within 5 s in all.
    pub fn begin_handshake(&self) {
        let mut clock = self.clock();
        clock.reading = Progress::of_handshake(self.limits);
        clock.what = "handshake";
    }

    /// The handshake is over: the first message may begin, before the silence is too long.
    pub fn end_handshake(&self) {
        self.await_message(self.limits.silence);
    }

    /// A message is done: the next one may begin.
    pub fn restart(&self) {
        self.await_message(self.limits.message);
    }

    fn await_message(&self, patience: Duration) {
        let mut clock = self.clock();
        clock.what = "message";
        clock.reading = Progress::awaited(self.limits, patience);
        clock.idle = true;
        clock.writing = None;
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
            let time = DRAIN_TIME.min(self.limits.silence);
            let limits = TimeLimits { silence: time, message: time };
            let mut clock = self.clock();
            (clock.reading, clock.idle) = (Progress::begun(limits, 0), false);
            drop(clock);
            _ = io::copy(&mut Read::take(self, DRAIN_LEN), &mut io::sink());
        }
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the system to check whether the peer of a silent connection is still there, first a minute
/// after it was last heard from, and then every 15 seconds: a machine that loses its power says
/// nothing.
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

impl Read for &TimedStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let wait = {
                let clock = self.clock();
                if clock.stopped && clock.idle {
                    return Ok(0);
                }
                clock.reading.wait()
            };
            self.stream.set_read_timeout(Some(wait))?;
            let read = unless_waiting((&self.stream).read(buffer))?;
            if read == Some(0) {
                return Ok(0);
            }
            let mut clock = self.clock();
            if let Some(len) = read {
                clock.idle = false;
                clock.reading.advance(len);
            }
            clock.reading.check(Way::In, "the peer", clock.what)?;
            if let Some(len) = read {
                return Ok(len);
            }
        }
    }
}

impl Write for &TimedStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let begin = || Progress::begun(self.limits, 0);
            let wait = self.clock().writing.get_or_insert_with(begin).wait();
            self.stream.set_write_timeout(Some(wait))?;
            let written = unless_waiting((&self.stream).write(bytes))?;
            let mut clock = self.clock();
            let writing = clock.writing.get_or_insert_with(begin);
            if let Some(len) = written {
                writing.advance(len);
            }
            writing.check(Way::Out, "the peer", "message")?;
            // Several messages can go out together: then each stretch as long as the longest
            // message has its own time.
            if writing.passed() >= MAX_PLAINTEXT_LEN {
                clock.writing = None;
            }
            if let Some(len) = written {
                return Ok(len);
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the result of a read or write, or `None` if it has only waited.
///
/// Any other time-out is the system's: it has given up on the peer.
pub fn unless_waiting(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        other => other.map(Some),
    }
}

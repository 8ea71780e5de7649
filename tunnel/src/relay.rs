//! One connection through the tunnel: two sockets that live and die together.
//!
//! An end that was meant travels through the tunnel as what it is, a half-close. Everything else must not
//! look like one: when a record is refused, a deadline passes or the process is killed, both sockets are
//! *reset* (RFC 9293, section 3.10.7.4), so that no reader takes what came so far for the whole.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, anyhow};
use program::serve::Stop;
use socket2::SockRef;

/// How often a read or write that waits checks whether it still may: nothing wakes a write, and no socket
/// knows what moves on the other one.
const TICK: Duration = Duration::from_secs(1);

/// Time limits of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For a record, from its first byte to its last; and for the first record to come at all.
    pub timeout: Duration,
    /// For the next byte to move, either way.
    pub idle_timeout: Duration,
}

/// The state that the two directions of a connection share.
#[derive(Debug)]
pub struct Relay {
    deadlines: Deadlines,
    began: Instant,
    /// When a byte last moved, in milliseconds since `began`.
    moved: AtomicU64,
    broken: AtomicBool,
    sockets: Mutex<Vec<Arc<TcpStream>>>,
    failure: Mutex<Option<Error>>,
}

/// One of the two sockets. Its reads and writes wait until they succeed, or the relay is broken off.
#[derive(Debug)]
pub struct Socket<'r> {
    stream: Arc<TcpStream>,
    relay: &'r Relay,
    /// Who is at the other end, for error messages.
    peer: &'static str,
}

impl Relay {
    /// Begins now, with no socket yet.
    pub fn new(deadlines: Deadlines) -> Self {
        Self {
            deadlines,
            began: Instant::now(),
            moved: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            sockets: Mutex::default(),
            failure: Mutex::default(),
        }
    }

    /// Takes in a socket, behind which is `peer`.
    pub fn socket(&self, stream: TcpStream, peer: &'static str) -> Result<Socket<'_>> {
        // Set before anything else can fail: from here on, whatever closes it resets it, be that an error,
        // a panic or the end of the process.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        let tick = Some(TICK.min(self.deadlines.timeout));
        stream.set_read_timeout(tick)?;
        stream.set_write_timeout(tick)?;
        stream.set_nodelay(true)?;
        let stream = Arc::new(stream);
        lock(&self.sockets).push(stream.clone());
        Ok(Socket { stream, relay: self, peer })
    }

    /// Runs both directions to their ends, one in a thread of its own. When either fails, so does the
    /// other, and the first failure is returned.
    pub fn run(
        &self,
        there: impl FnOnce() -> Result<()> + Send,
        back: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        thread::scope(|scope| {
            let spawned = thread::Builder::new().spawn_scoped(scope, || self.guard(there));
            if let Err(error) = spawned {
                // Then `back` ends at its first read.
                self.fail(anyhow!(error).context("cannot start a thread"));
            }
            self.guard(back);
        });
        if let Some(failure) = lock(&self.failure).take() {
            return Err(failure);
        }
        // Only now that both ends were meant may a close look like one. What was written last may still be
        // on its way, and a reset would throw it away.
        for socket in &*lock(&self.sockets) {
            SockRef::from(&**socket).set_linger(None)?;
        }
        Ok(())
    }

    /// Runs one direction, and breaks off the other when it fails. A panic is a failure too: else the other
    /// direction would go on waiting for a peer, and the scope for both.
    fn guard(&self, direction: impl FnOnce() -> Result<()>) {
        let ended = catch_unwind(AssertUnwindSafe(direction));
        if let Err(error) = ended.unwrap_or_else(|_| Err(anyhow!("a fault of this program"))) {
            self.fail(error);
        }
    }

    /// Breaks off, for this reason if there is none yet.
    fn fail(&self, error: Error) {
        // The reason is kept first: breaking off makes the other direction fail, which is a consequence.
        lock(&self.failure).get_or_insert(error);
        self.break_off();
    }

    /// Lets nothing more be read or written. No writing side is shut down, for a peer would take that for an
    /// end: the close that follows is a reset.
    fn break_off(&self) {
        // Set before the reads are woken: they return 0 bytes, and must not take that for the peer's end.
        self.broken.store(true, Ordering::SeqCst);
        for socket in &*lock(&self.sockets) {
            // The peer sees nothing of this. A write that waits finds out within a tick.
            _ = socket.shutdown(Shutdown::Read);
        }
    }

    fn check_broken(&self) -> io::Result<()> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(io::Error::new(ErrorKind::ConnectionAborted, "the tunnel was broken off"));
        }
        Ok(())
    }

    fn check_idle(&self) -> io::Result<()> {
        let moved = Duration::from_millis(self.moved.load(Ordering::Relaxed));
        let limit = self.deadlines.idle_timeout;
        if self.began.elapsed().saturating_sub(moved) >= limit {
            return Err(timed_out(format_args!("nothing moved either way"), limit));
        }
        Ok(())
    }

    fn note_move(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(now, Ordering::Relaxed);
    }
}

/// Breaks off at once: a tunnel cannot tell whether an exchange is under way that would be worth waiting for.
impl Stop for Relay {
    fn stop(&self) {
        self.fail(anyhow!("this end of the tunnel was told to stop"));
    }
}

impl Socket<'_> {
    /// Returns when a record that begins now must be whole.
    pub fn record_deadline(&self) -> Instant {
        Instant::now() + self.relay.deadlines.timeout
    }

    /// Returns the other end's address.
    pub fn peer_addr(&self) -> Result<SocketAddr> {
        self.stream.peer_addr().with_context(|| format!("{} was gone at once", self.peer))
    }

    /// Passes on that the other socket's peer has ended its direction: no more will be written.
    pub fn end(&self) -> Result<()> {
        self.relay.check_broken()?;
        self.stream.shutdown(Shutdown::Write).with_context(|| format!("to {}", self.peer))
    }

    /// Reads what is there, or else waits for it, until `deadline` if there is one. 0 is the end that the
    /// peer meant: a relay that is broken off is [`ErrorKind::ConnectionAborted`].
    pub fn read_by(&self, room: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        loop {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                let what = format_args!("{} sent no whole record", self.peer);
                return Err(timed_out(what, self.relay.deadlines.timeout));
            }
            if let Some(read) = self.tried((&*self.stream).read(room), "from")? {
                return Ok(read);
            }
        }
    }

    /// Returns the result of a read or a write, or `None` if it is to be tried again.
    fn tried(&self, result: io::Result<usize>, way: &str) -> io::Result<Option<usize>> {
        // Asked after the call, not before: the 0 bytes of a read may be our own doing.
        self.relay.check_broken()?;
        match result {
            Ok(len) => {
                self.relay.note_move();
                Ok(Some(len))
            }
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => Ok(None),
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    self.relay.check_idle().map(|()| None)
                }
                kind => Err(io::Error::new(kind, format!("{way} {}: {error}", self.peer))),
            },
        }
    }
}

impl Read for &Socket<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.read_by(room, None)
    }
}

impl Write for &Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            if let Some(written) = self.tried((&*self.stream).write(bytes), "to")? {
                return Ok(written);
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn timed_out(what: fmt::Arguments<'_>, limit: Duration) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, format!("{what} within {} s", limit.as_secs_f64()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

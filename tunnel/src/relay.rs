//! One connection through the tunnel: two sockets that live and die together.
//!
//! An end that was meant travels through the tunnel as what it is, a half-close. Nothing else may
//! look like one: when a record is refused, a deadline passes or the process is killed, both
//! sockets are *reset* (RFC 9293, section 3.10.7.4), so that no reader mistakes what has arrived so
//! far for the whole.
//!
//! A peer that is gone is neither. The other peer still gets what it sent before: when a web server
//! answers early and closes, every write to it fails while its answer waits to be read. After that
//! comes its end, meant or a reset.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, anyhow};
use program::progress::{TICK, TimeLimits};
use program::serve::Stop;
use program::stream::unless_waiting;
use socket2::SockRef;

/// Time for what was written last to arrive before the socket is closed: a reset throws away what
/// is still on its way.
const LINGER: Duration = Duration::from_secs(2);

/// Pause between two looks at what another thread does.
const PAUSE: Duration = Duration::from_millis(1);

/// Time limits of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a record.
    pub record: TimeLimits,
    /// For the next byte to move, either way.
    pub idle: Duration,
}

/// The state that the two directions of a connection share.
#[derive(Debug)]
pub struct Relay {
    limits: Limits,
    began: Instant,
    /// When a byte last moved, in milliseconds since `began`.
    moved: AtomicU64,
    broken: AtomicBool,
    /// When everything ends, once a peer is gone and what it sent is passed on.
    over: OnceLock<Instant>,
    sockets: Mutex<Vec<Arc<TcpStream>>>,
    failure: Mutex<Option<Error>>,
}

/// One of the two sockets. Its reads and writes wait until they succeed, or the relay is broken
/// off. One thread reads from it, another writes to it.
#[derive(Debug)]
pub struct Socket<'r> {
    stream: Arc<TcpStream>,
    relay: &'r Relay,
    /// The peer at the other end, for error messages.
    peer: &'static str,
    /// When a byte was last written, in milliseconds since the relay began.
    written: AtomicU64,
    /// The number of writes that began plus those that returned: odd during one.
    writes: AtomicU64,
    /// Whether the other peer's end was passed on to this one.
    ended: AtomicBool,
    unreadable: AtomicBool,
    unwritable: AtomicBool,
    /// Whether a write failed because the peer has reset the connection.
    reset: AtomicBool,
}

impl Relay {
    /// Begins now, with no socket yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            began: Instant::now(),
            moved: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            over: OnceLock::new(),
            sockets: Mutex::default(),
            failure: Mutex::default(),
        }
    }

    /// Takes in a socket, whose other end is `peer`.
    pub fn socket(&self, stream: TcpStream, peer: &'static str) -> Result<Socket<'_>> {
        // Set before anything else can fail: from here on, whatever closes it resets it, whether an
        // error, a panic or the end of the process.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        let tick = Some(TICK.min(self.limits.record.silence));
        stream.set_read_timeout(tick)?;
        stream.set_write_timeout(tick)?;
        stream.set_nodelay(true)?;
        let stream = Arc::new(stream);
        lock(&self.sockets).push(stream.clone());
        Ok(Socket {
            stream,
            relay: self,
            peer,
            written: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            unreadable: AtomicBool::new(false),
            unwritable: AtomicBool::new(false),
            reset: AtomicBool::new(false),
        })
    }

    /// Runs both directions to their ends, from `a` to `b` and back, one of them in a thread of its
    /// own. Returns why they were broken off, or else that a peer was gone.
    pub fn run(
        &self,
        [a, b]: [&Socket<'_>; 2],
        there: impl FnOnce() -> Result<()> + Send,
        back: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        thread::scope(|scope| {
            let spawned = thread::Builder::new().spawn_scoped(scope, || self.guard(a, b, there));
            if let Err(error) = spawned {
                // Then `back` ends at its first read.
                self.fail(anyhow!(error).context("cannot start a thread"));
            }
            self.guard(b, a, back);
        });
        // Both directions can be over while what was written last is on its way to a peer that is to be reset.
        while [a, b].iter().any(|socket| socket.is_to_be_reset()) && self.check_over().is_ok() {
            thread::sleep(PAUSE);
        }
        // Only an end that was meant may look like one when the socket closes. What was written
        // last may still be on its way, and a reset would throw it away.
        for socket in [a, b] {
            if socket.ended.load(Ordering::SeqCst) && !self.broken.load(Ordering::SeqCst) {
                SockRef::from(&*socket.stream).set_linger(None)?;
            }
        }
        lock(&self.failure).take().map_or(Ok(()), Err)
    }

    /// Runs one direction. When it fails because a peer is gone, the other direction goes on until
    /// it has passed on what that peer sent; any other failure breaks it off. A panic is a failure
    /// too: otherwise the other direction would go on waiting for a peer, and the scope for both.
    fn guard(&self, from: &Socket<'_>, to: &Socket<'_>, direction: impl FnOnce() -> Result<()>) {
        let ended = catch_unwind(AssertUnwindSafe(direction))
            .unwrap_or_else(|_| Err(anyhow!("a bug in this program")));
        let is_unwritable = to.unwritable.load(Ordering::SeqCst);
        if let Err(error) = ended {
            if !is_unwritable && !from.unreadable.load(Ordering::SeqCst) {
                return self.fail(error);
            }
            lock(&self.failure).get_or_insert(error);
        }
        let is_failed = lock(&self.failure).is_some();
        if is_unwritable {
            // What `to` sent may already have been passed on: then nothing else would end the
            // draining.
            if to.unreadable.load(Ordering::SeqCst) || from.ended.load(Ordering::SeqCst) {
                self.end_soon(from);
            }
            from.drain();
        } else if is_failed {
            self.end_soon(to);
        }
    }

    /// Ends everything once what was written last has had the time to arrive at the peer of `socket`.
    fn end_soon(&self, socket: &Socket<'_>) {
        let written = Duration::from_millis(socket.written.load(Ordering::SeqCst));
        _ = self.over.set(self.began + written + LINGER);
    }

    /// Breaks off, for this reason unless there is one already. That a peer is gone does not count
    /// as one.
    fn fail(&self, error: Error) {
        // The reason is kept first: breaking off makes the other direction fail, which is a consequence.
        let mut failure = lock(&self.failure);
        if failure.is_none() || self.check_over().is_ok() {
            *failure = Some(error);
        }
        drop(failure);
        self.break_off();
    }

    /// Lets nothing more be read or written. No writing side is shut down, because a peer would
    /// take that for an end: the close that follows is a reset.
    fn break_off(&self) {
        // Set before the reads are woken: they return 0 bytes, and must not take that for the peer's end.
        self.broken.store(true, Ordering::SeqCst);
        for socket in &*lock(&self.sockets) {
            // The peer sees nothing of this. A write that waits finds out within a tick.
            _ = socket.shutdown(Shutdown::Read);
        }
    }

    fn check_over(&self) -> io::Result<()> {
        let is_over = self.over.get().is_some_and(|over| *over <= Instant::now());
        if is_over || self.broken.load(Ordering::SeqCst) {
            return Err(io::Error::new(ErrorKind::ConnectionAborted, "the tunnel was broken off"));
        }
        Ok(())
    }

    fn check_idle(&self) -> io::Result<()> {
        let moved = Duration::from_millis(self.moved.load(Ordering::Relaxed));
        let limit = self.limits.idle;
        if self.began.elapsed().saturating_sub(moved) >= limit {
            let why = format!("nothing moved either way within {} s", limit.as_secs_f64());
            return Err(io::Error::new(ErrorKind::TimedOut, why));
        }
        Ok(())
    }

    /// Returns the milliseconds since the beginning.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Breaks off at once: a tunnel cannot tell whether an exchange is under way that would be worth waiting for.
impl Stop for Relay {
    fn stop(&self) {
        self.fail(anyhow!("this end of the tunnel was told to stop"));
    }
}

impl Socket<'_> {
    /// Returns the name of the peer, for error messages.
    pub fn peer(&self) -> &'static str {
        self.peer
    }

    /// Returns the other end's address.
    pub fn peer_addr(&self) -> Result<SocketAddr> {
        self.stream.peer_addr().with_context(|| format!("{} disconnected at once", self.peer))
    }

    /// Passes on that the other socket's peer has ended its direction: nothing more will be
    /// written.
    pub fn end(&self) -> Result<()> {
        self.relay.check_over()?;
        let ended = self.stream.shutdown(Shutdown::Write);
        self.unwritable.store(ended.is_err(), Ordering::SeqCst);
        self.ended.store(ended.is_ok(), Ordering::SeqCst);
        ended.with_context(|| format!("to {}", self.peer))
    }

    /// Reads what is there, or else waits for a tick, and returns `None` if nothing came. 0 is the end that the
    /// peer meant: a relay that is broken off is [`ErrorKind::ConnectionAborted`].
    pub fn try_read(&self, room: &mut [u8]) -> io::Result<Option<usize>> {
        let read = (&*self.stream).read(room);
        // Checked after the call, not before: the 0 bytes may be our own doing.
        self.relay.check_over()?;
        let read = match read {
            Ok(0) if self.was_reset() => Err(ErrorKind::ConnectionReset.into()),
            read => read,
        };
        self.tried(read, "from", &self.unreadable)
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<Option<usize>> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        let written = (&*self.stream).write(bytes);
        if written.as_ref().is_err_and(|error| is_reset(error.kind())) {
            self.reset.store(true, Ordering::SeqCst);
        }
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.relay.check_over()?;
        let written = self.tried(written, "to", &self.unwritable)?;
        if written.is_some() {
            self.written.store(self.relay.now(), Ordering::SeqCst);
        }
        Ok(written)
    }

    /// Returns whether a read of 0 bytes is not an end: a system reports only once that a
    /// connection was reset, to whichever call comes first. If that was a write, a read finds only
    /// that there is no more.
    fn was_reset(&self) -> bool {
        let writes = self.writes.load(Ordering::SeqCst);
        while writes % 2 == 1 && self.writes.load(Ordering::SeqCst) == writes {
            thread::sleep(PAUSE);
        }
        self.reset.load(Ordering::SeqCst)
    }

    /// Returns the result of a read or a write, or `None` if it is to be tried again. On failure,
    /// the peer `is_gone`.
    fn tried(
        &self,
        result: io::Result<usize>,
        way: &str,
        is_gone: &AtomicBool,
    ) -> io::Result<Option<usize>> {
        match unless_waiting(result) {
            Ok(Some(len)) => {
                self.relay.moved.store(self.relay.now(), Ordering::Relaxed);
                Ok(Some(len))
            }
            Ok(None) => self.relay.check_idle().map(|()| None),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(None),
            Err(error) => {
                is_gone.store(true, Ordering::SeqCst);
                Err(io::Error::new(error.kind(), format!("{way} {}: {error}", self.peer)))
            }
        }
    }

    /// Reads on and throws away: data that arrives at a closed socket, or lies in it unread, resets
    /// the connection, and the peer may not have read yet what it was sent.
    fn drain(mut self: &Self) {
        _ = io::copy(&mut self, &mut io::sink());
    }

    /// Returns whether the peer is there, and its connection did not end on purpose.
    fn is_to_be_reset(&self) -> bool {
        [&self.ended, &self.unreadable, &self.unwritable]
            .iter()
            .all(|over| !over.load(Ordering::SeqCst))
    }
}

/// Returns whether a write that failed like this shows that the peer broke off. If it had ended
/// before, that would be a broken pipe.
fn is_reset(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::BrokenPipe)
}

impl Read for &Socket<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(read) = self.try_read(room)? {
                return Ok(read);
            }
        }
    }
}

impl Write for &Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            if let Some(written) = self.try_write(bytes)? {
                return Ok(written);
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! One connection through the tunnel: two sockets that live and die together.
//!
//! An end that was meant travels through the tunnel as what it is, a half-close. Everything else must not
//! look like one: when a record is refused, a deadline passes or the process is killed, both sockets are
//! *reset* (RFC 9293, section 3.10.7.4), so that no reader takes what came so far for the whole.

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

/// How often a socket that waits looks at the clock, and at whether it is still to wait.
const TICK: Duration = Duration::from_secs(1);

/// How long what may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For a record, from its first byte to its last; and for the first record to come at all.
    pub timeout: Duration,
    /// For anything to move, either way.
    pub idle_timeout: Duration,
}

/// What the two directions of a connection know of each other.
#[derive(Debug)]
pub struct Relay {
    deadlines: Deadlines,
    began: Instant,
    /// When something moved last, in milliseconds since it began.
    moved: AtomicU64,
    broken: AtomicBool,
    sockets: Mutex<Vec<Arc<TcpStream>>>,
    failure: Mutex<Option<Error>>,
}

/// One of the two sockets. Its reads and writes go on for as long as the relay does.
#[derive(Debug)]
pub struct Socket<'r> {
    stream: Arc<TcpStream>,
    relay: &'r Relay,
    /// Who is at the other end of it.
    peer: &'static str,
}

impl Relay {
    /// A relay that begins now, with no socket yet.
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
    ///
    /// # Errors
    /// When the system does not take an option of it.
    pub fn socket(&self, stream: TcpStream, peer: &'static str) -> Result<Socket<'_>> {
        // From here on, whatever closes it resets it: an error, a panic, the end of the process.
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
    /// other, and what failed first is returned.
    ///
    /// # Errors
    /// That failure.
    pub fn run(
        &self,
        there: impl FnOnce() -> Result<()> + Send,
        back: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        thread::scope(|scope| {
            let spawned = thread::Builder::new().spawn_scoped(scope, || self.guard(there));
            if let Err(error) = spawned {
                self.fail(anyhow!(error).context("cannot start a thread"));
            }
            self.guard(back);
        });
        if let Some(failure) = lock(&self.failure).take() {
            return Err(failure);
        }
        // Both ends were meant, and what was written last may still be on its way.
        for socket in &*lock(&self.sockets) {
            SockRef::from(&**socket).set_linger(None)?;
        }
        Ok(())
    }

    /// Runs one direction, and breaks off the other when it fails.
    fn guard(&self, direction: impl FnOnce() -> Result<()>) {
        let ended = catch_unwind(AssertUnwindSafe(direction));
        if let Err(error) = ended.unwrap_or_else(|_| Err(anyhow!("a fault of this program"))) {
            self.fail(error);
        }
    }

    /// Breaks off, for this reason if there is none yet.
    fn fail(&self, error: Error) {
        lock(&self.failure).get_or_insert(error);
        self.break_off();
    }

    /// Lets nothing more be read or written. That closes no socket, for a close may look like an end.
    fn break_off(&self) {
        self.broken.store(true, Ordering::SeqCst);
        for socket in &*lock(&self.sockets) {
            // It wakes whoever reads, and the other side does not see it.
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
        let Deadlines { idle_timeout, .. } = self.deadlines;
        if self.began.elapsed().saturating_sub(moved) >= idle_timeout {
            let seconds = idle_timeout.as_secs_f64();
            let what = format!("nothing moved either way within {seconds} s");
            return Err(io::Error::new(ErrorKind::TimedOut, what));
        }
        Ok(())
    }

    fn moves(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(now, Ordering::Relaxed);
    }
}

/// Nobody can tell whether an exchange is under way in it, so none is waited for.
impl Stop for Relay {
    fn stop(&self) {
        self.fail(anyhow!("this end of the tunnel was told to stop"));
    }
}

impl Socket<'_> {
    /// How long what may take.
    pub fn deadlines(&self) -> Deadlines {
        self.relay.deadlines
    }

    /// The other end's address.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn peer_addr(&self) -> Result<SocketAddr> {
        self.stream.peer_addr().with_context(|| format!("{} was gone at once", self.peer))
    }

    /// Carries an end over: no more will be written.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn end(&self) -> Result<()> {
        self.relay.check_broken()?;
        self.stream.shutdown(Shutdown::Write).with_context(|| format!("to {}", self.peer))
    }

    /// Reads what is there, or else waits for it, until `deadline` if there is one. 0 is the end of the stream.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`], [`ErrorKind::ConnectionAborted`] when the relay is broken off, and those
    /// of the stream.
    pub fn read_by(&self, room: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        loop {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                let seconds = self.relay.deadlines.timeout.as_secs_f64();
                let what = format!("{} sent no whole record within {seconds} s", self.peer);
                return Err(io::Error::new(ErrorKind::TimedOut, what));
            }
            if let Some(read) = self.tried((&*self.stream).read(room), "from")? {
                return Ok(read);
            }
        }
    }

    /// What a read or a write came to, or `None` if it is to be tried again.
    fn tried(&self, done: io::Result<usize>, way: &str) -> io::Result<Option<usize>> {
        self.relay.check_broken()?;
        match done {
            Ok(len) => {
                self.relay.moves();
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

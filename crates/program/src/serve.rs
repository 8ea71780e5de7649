//! Serves connections, several at a time if asked to, and stops when told to.
//!
//! A thread a connection. What that can cost is bounded: at most so many at once, the rest wait in the
//! system's backlog; each has deadlines of its own; and whatever happens in one, even a panic, ends
//! that one alone.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use socket2::{Domain, Socket, Type};
use transcript::EventKind;

use crate::exit::Failure;
use crate::reporter::Report;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Pause before accepting again after a failure, for want of descriptors perhaps.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Time between two complaints that connections cannot be accepted.
const QUIET: Duration = Duration::from_secs(60);

/// Stack of a connection's thread in bytes of address space. Only what is used takes memory.
const STACK_LEN: usize = 256 * 1024;

/// The connections to serve.
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions<'a> {
    /// Address to listen on, as `HOST:PORT`.
    pub addr: &'a str,
    /// Number of connections to serve before ending.
    pub connections: u64,
    /// Number of connections served at the same time; further ones wait.
    pub at_once: u16,
}

/// A connection that can be told to end.
pub trait Stop: Send + Sync {
    /// The process was told to stop: the connection is to end, and soon.
    fn stop(&self);
}

/// Counts of the connections a server has served.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Served {
    pub(crate) connections: u64,
    pub(crate) failed: u64,
    /// Of those that failed: because the peer's bytes were refused.
    pub(crate) rejected: u64,
    /// Whether the process was told to stop.
    pub(crate) stopped: bool,
}

/// The open connections, and counts of the closed ones.
#[derive(Default)]
pub struct Connections {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    at_once: usize,
    running: Vec<Weak<dyn Stop>>,
    served: Served,
}

/// Serves as many connections as `options` say, each as `one` does, or until SIGINT or SIGTERM. Then no
/// further one is accepted, and those that `one` has added to the connections are told to stop.
pub(crate) fn serve(
    options: &ServeOptions<'_>,
    reporter: &impl Report,
    one: impl Fn(TcpStream, &Connections) -> Result<(), Failure> + Sync,
) -> anyhow::Result<Served> {
    let addr = options.addr;
    let listener = listen(addr).with_context(|| format!("cannot listen on {addr}"))?;
    let addr = listener.local_addr()?;
    let connections = Arc::new(Connections::default());
    stop_on_signal(connections.clone(), addr)?;
    reporter.report(EventKind::Listening { addr });
    thread::scope(|scope| {
        let (one, connections) = (&one, &*connections);
        let mut complained: Option<Instant> = None;
        for _ in 0..options.connections {
            if !connections.enter(options.at_once.into()) {
                break;
            }
            let stream = loop {
                match listener.accept() {
                    Ok((stream, _)) => break stream,
                    Err(error) => {
                        if complained.is_none_or(|when| when.elapsed() > QUIET) {
                            reporter
                                .complain(&anyhow!(error).context("cannot accept a connection"));
                            complained = Some(Instant::now());
                        }
                        thread::sleep(BACK_OFF);
                    }
                }
            };
            if connections.lock().served.stopped {
                break;
            }
            let serve_one = move || {
                let outcome = catch_unwind(AssertUnwindSafe(|| one(stream, connections)))
                    .unwrap_or_else(|_| Err(anyhow!("a fault of this program").into()));
                if let Err(failure) = &outcome {
                    reporter.complain(&failure.error);
                }
                connections.leave(&outcome);
            };
            let spawned =
                thread::Builder::new().stack_size(STACK_LEN).spawn_scoped(scope, serve_one);
            if let Err(error) = spawned {
                let outcome = Err(anyhow!(error).context("cannot start a thread").into());
                connections.leave(&outcome);
            }
        }
    });
    Ok(connections.lock().served)
}

/// As `TcpListener::bind` does, but for a longer backlog: the standard library's has 128 places, and
/// whoever finds it full tries again a second later.
fn listen(addr: &str) -> io::Result<TcpListener> {
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for addr in addr.to_socket_addrs()? {
        let listen = || {
            let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
            #[cfg(not(windows))]
            socket.set_reuse_address(true)?;
            socket.bind(&addr.into())?;
            socket.listen(BACKLOG)?;
            Ok(socket.into())
        };
        match listen() {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// On SIGINT or SIGTERM, tells the connections to stop and wakes the listener that waits at `addr`.
fn stop_on_signal(connections: Arc<Connections>, addr: SocketAddr) -> anyhow::Result<()> {
    let stop = move || {
        connections.stop();
        _ = TcpStream::connect(addr);
    };
    ctrlc::set_handler(stop).context("cannot listen for signals")
}

impl Connections {
    /// Waits for a place among so many `at_once`, and takes it. `false` when there will be none.
    fn enter(&self, at_once: usize) -> bool {
        let full = |state: &mut State| state.at_once >= at_once && !state.served.stopped;
        let state = self.changed.wait_while(self.lock(), full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.at_once += 1;
        !state.served.stopped
    }

    /// Sees to it that `connection` is told when the process is told to stop.
    pub fn add(&self, connection: Weak<dyn Stop>) {
        let mut state = self.lock();
        state.running.retain(|running| running.strong_count() > 0);
        if state.served.stopped {
            connection.upgrade().into_iter().for_each(|connection| connection.stop());
        }
        state.running.push(connection);
    }

    fn leave(&self, outcome: &Result<(), Failure>) {
        let mut state = self.lock();
        state.at_once -= 1;
        state.served.connections += 1;
        state.served.failed += u64::from(outcome.is_err());
        state.served.rejected += u64::from(outcome.as_ref().is_err_and(|failure| failure.rejected));
        self.changed.notify_all();
    }

    fn stop(&self) {
        let mut state = self.lock();
        state.served.stopped = true;
        state.running.iter().filter_map(Weak::upgrade).for_each(|connection| connection.stop());
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reporter::Reporter;
    use stages::PART2_AEAD;
    use std::io::Read;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use transcript::{EventWriter, Format, Role};

    #[test]
    fn a_connection_that_panics_ends_alone() {
        let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let options = ServeOptions { addr: &addr.to_string(), connections: 3, at_once: 1 };
        let events = EventWriter::new(Format::Json);
        let reporter = Reporter { role: Role::Server, stage: &PART2_AEAD, events };
        let served = thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..3 {
                    let mut stream = loop {
                        if let Ok(stream) = TcpStream::connect(addr) {
                            break stream;
                        }
                    };
                    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "every connection is closed");
                }
            });
            let count = AtomicUsize::new(0);
            serve(&options, &reporter, |_, _| {
                assert_ne!(count.fetch_add(1, Ordering::Relaxed), 1, "the second one panics");
                Ok(())
            })
        });
        let Served { connections, failed, rejected, stopped } = served.unwrap();
        assert_eq!((connections, failed, rejected, stopped), (3, 1, 0, false));
    }
}

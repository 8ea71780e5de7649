//! Serves connections, several at a time if asked to, and stops when told to.
//!
//! One thread per connection. The cost of that is bounded: only so many run at once, and the rest
//! wait in the system's backlog. Each has deadlines of its own, and whatever happens in one, even a
//! panic, ends that one alone.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use socket2::{Domain, Socket, Type};
use transcript::{EventKind, Format};

use crate::exit::Failure;
use crate::reporter::Reporter;
use crate::stream::keep_alive;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Pause after a failure, perhaps for want of descriptors or threads, which others may give back
/// meanwhile.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Time between two complaints about the same shortage.
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
    /// Ends the connection soon, since the process was told to stop.
    fn stop(&self);
}

/// Counts of the connections a server has served.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Served {
    pub(crate) connections: u64,
    pub(crate) failed: u64,
    /// Those of the failed ones in which the peer's bytes were refused.
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

/// An event that the server waits for.
enum Arrival {
    Connection(io::Result<TcpStream>),
    Stop,
}

/// Serves as many connections as `options` say, each as `one` does, or until SIGINT or SIGTERM. Then no
/// further one is accepted, and those that `one` has added to the connections are told to stop.
pub(crate) fn serve(
    options: &ServeOptions<'_>,
    reporter: &Reporter,
    one: impl Fn(TcpStream, &Connections) -> Result<(), Failure> + Sync,
) -> anyhow::Result<Served> {
    let addr = options.addr;
    let listeners = addr.to_socket_addrs().and_then(listen);
    let listeners = listeners.map_err(|error| {
        let is_taken = error.kind() == ErrorKind::AddrInUse;
        let hint = if is_taken {
            "; end the program that listens there, or choose another address"
        } else {
            ""
        };
        anyhow!("cannot listen on {addr}: {error}{hint}")
    })?;
    let connections = Arc::new(Connections::default());
    let (sender, arrivals) = mpsc::sync_channel(0);
    stop_on_signal(connections.clone(), sender.clone())?;
    let mut addrs = Vec::new();
    for listener in listeners {
        addrs.push(listener.local_addr()?);
        accept(listener, sender.clone()).context("cannot start a thread")?;
    }
    let mut complained: Option<Instant> = None;
    let mut complain = |error: io::Error, what: &'static str| {
        if complained.is_none_or(|when| when.elapsed() > QUIET) {
            reporter.complain(&anyhow!(error).context(what));
            complained = Some(Instant::now());
        }
    };
    thread::scope(|scope| {
        let (one, connections) = (&one, &*connections);
        for _ in 0..options.connections {
            // The thread is started before the connection is accepted, so that every one accepted
            // is served.
            let place = loop {
                if !connections.enter(options.at_once.into()) {
                    return;
                }
                let (place, stream) = mpsc::sync_channel(1);
                let serve_one = move || {
                    let Ok(stream) = stream.recv() else { return };
                    let outcome = catch_unwind(AssertUnwindSafe(|| one(stream, connections)))
                        .unwrap_or_else(|_| Err(anyhow!("a bug in this program").into()));
                    if let Err(failure) = &outcome {
                        reporter.complain(&failure.error);
                    }
                    connections.leave(&outcome);
                };
                let thread =
                    thread::Builder::new().stack_size(STACK_LEN).spawn_scoped(scope, serve_one);
                let Err(error) = thread else { break place };
                connections.give_back();
                complain(error, "cannot start a thread for the next connection, which has to wait");
                thread::sleep(BACK_OFF);
            };
            if !addrs.is_empty() {
                for addr in addrs.drain(..) {
                    reporter.report(EventKind::Listening { addr });
                }
                say_that_it_waits(reporter, options.connections);
            }
            let stream = loop {
                match arrivals.recv() {
                    Ok(Arrival::Connection(Ok(stream))) => break stream,
                    Ok(Arrival::Connection(Err(error))) => {
                        complain(error, "cannot accept a connection");
                    }
                    Ok(Arrival::Stop) | Err(_) => return,
                }
            };
            _ = place.send(stream);
        }
    });
    Ok(connections.lock().served)
}

/// Tells a person at a terminal what happens next.
fn say_that_it_waits(reporter: &Reporter, connections: u64) {
    if reporter.format == Format::Text {
        reporter.say(&match connections {
            u64::MAX => "waits for connections; Ctrl-C ends it".to_owned(),
            1 => "waits for a connection; Ctrl-C ends it".to_owned(),
            count => format!("waits for {count} connections; Ctrl-C ends it"),
        });
    }
}

/// Listens on every address of a name: a client of `localhost` may mean `127.0.0.1` or `::1`. One
/// that this machine cannot listen on is left out, unless it is the only one.
fn listen(addrs: impl Iterator<Item = SocketAddr>) -> io::Result<Vec<TcpListener>> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    let mut failed = io::Error::from(ErrorKind::AddrNotAvailable);
    for mut addr in addrs {
        if let Some(first) = listeners.first()
            && addr.port() == 0
        {
            addr.set_port(first.local_addr()?.port());
        }
        if listeners.iter().any(|listener| listener.local_addr().is_ok_and(|known| known == addr)) {
            continue;
        }
        match listen_at(addr) {
            Ok(listener) => listeners.push(listener),
            // Another program has it, and would get some of the connections that are meant for this
            // one.
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
            Err(error) => failed = error,
        }
    }
    if listeners.is_empty() { Err(failed) } else { Ok(listeners) }
}

/// Listens as `TcpListener::bind` does, but with a longer backlog: the standard library's has 128
/// places, and a client that finds it full tries again a second later.
fn listen_at(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Starts a thread that accepts connections until nobody wants them any more. Nothing has to wake it when the
/// process is told to stop: it ends with the process.
fn accept(listener: TcpListener, arrivals: SyncSender<Arrival>) -> io::Result<()> {
    let accept = move || loop {
        let accepted = listener.accept().map(|(stream, _)| stream);
        let failed = accepted.as_ref().map(keep_alive).is_err();
        if arrivals.send(Arrival::Connection(accepted)).is_err() {
            return;
        }
        if failed {
            thread::sleep(BACK_OFF);
        }
    };
    thread::Builder::new().stack_size(STACK_LEN).spawn(accept).map(drop)
}

/// On SIGINT or SIGTERM, tells the connections, and the thread that waits for the next one, to
/// stop.
fn stop_on_signal(
    connections: Arc<Connections>,
    arrivals: SyncSender<Arrival>,
) -> anyhow::Result<()> {
    let stop = move || {
        connections.stop();
        _ = arrivals.send(Arrival::Stop);
    };
    ctrlc::set_handler(stop).context("cannot listen for signals")
}

impl Connections {
    /// Waits for one of `at_once` places, and takes it. Returns `false` when there will be none.
    fn enter(&self, at_once: usize) -> bool {
        let full = |state: &mut State| state.at_once >= at_once && !state.served.stopped;
        let state = self.changed.wait_while(self.lock(), full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.at_once += 1;
        !state.served.stopped
    }

    /// Gives back a place that was not used.
    fn give_back(&self) {
        self.lock().at_once -= 1;
    }

    /// Registers `connection` to be told when the process is told to stop.
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
    use stages::PART2_AEAD;
    use std::io::Read;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use transcript::Role;

    #[test]
    fn a_connection_that_panics_ends_alone() {
        let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let options = ServeOptions { addr: &addr.to_string(), connections: 3, at_once: 1 };
        let reporter = Reporter::new(
            Role::Server,
            &PART2_AEAD,
            Format::Json,
            Duration::MAX,
            io::sink(),
            io::sink(),
        )
        .unwrap();
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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_with_several_addresses_is_listened_for_at_each_that_this_machine_has() {
        let listeners = |hosts: &[[u8; 4]], port| {
            listen(hosts.iter().map(|host| SocketAddr::from((*host, port))))
        };
        let addrs = |listeners: &[TcpListener]| {
            listeners.iter().map(|one| one.local_addr().unwrap()).collect::<Vec<_>>()
        };
        let (first, second, elsewhere) = ([127, 0, 0, 1], [127, 0, 0, 2], [192, 0, 2, 1]);
        let both = listeners(&[elsewhere, first, second, first], 0).unwrap();
        let port = both[0].local_addr().unwrap().port();
        assert_eq!(addrs(&both), [(first, port).into(), (second, port).into()]);

        let taken = listeners(&[[127, 0, 0, 3], second], port).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
        let none = listeners(&[elsewhere], 0).unwrap_err();
        assert_eq!(none.kind(), ErrorKind::AddrNotAvailable);
    }
}

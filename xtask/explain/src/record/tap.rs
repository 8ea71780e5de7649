//! The tap: a proxy on loopback, which passes everything on and records it.

use std::io::{self, Write};
use std::mem;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use attacker::tap::{CHUNK_LEN, between};
use framing::Direction;

use super::recording::Recording;
use super::request::{self, Refusal};

/// The most connections at the same time. Further ones wait.
const MAX_OPEN: usize = 256;

/// Time for connections to end behind the command.
const CLOSING: Duration = Duration::from_secs(2);

/// A tap that listens.
#[derive(Debug)]
pub struct Tap {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// A connection has ended.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    recording: Recording,
    open: usize,
    /// Whether the recording was taken away. What passes by after that is of no interest.
    is_over: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, take: impl FnOnce(&mut Recording)) {
        let state = &mut *self.lock();
        if !state.is_over {
            take(&mut state.recording);
        }
    }
}

impl Tap {
    /// Listens on a free port. What comes there is relayed for as long as this process lives.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let tap = Self { addr: listener.local_addr()?, shared: Arc::default() };
        let shared = Arc::clone(&tap.shared);
        thread::Builder::new().spawn(move || accept(&listener, &shared))?;
        Ok(tap)
    }

    /// Returns its address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Waits a little for what is still on its way, and returns what was recorded.
    pub fn finish(self) -> Recording {
        let waited = self
            .shared
            .ended
            .wait_timeout_while(self.shared.lock(), CLOSING, |state| state.open > 0);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_over = true;
        mem::take(&mut state.recording)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    loop {
        let full = shared.ended.wait_while(shared.lock(), |state| state.open >= MAX_OPEN);
        drop(full.unwrap_or_else(PoisonError::into_inner));
        let Ok((client, _)) = listener.accept() else {
            // Without descriptors nobody can be accepted until someone ends.
            let ended = shared.ended.wait_timeout(shared.lock(), CLOSING);
            drop(ended);
            continue;
        };
        shared.lock().open += 1;
        let open = Open(Arc::clone(shared));
        // If there is no thread for it, the connection is closed.
        _ = thread::Builder::new().spawn(move || serve(&client, &open.0));
    }
}

/// A connection that is counted until this is dropped.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.lock().open -= 1;
        self.0.ended.notify_all();
    }
}

/// Connects a client with whom it wants, and relays.
fn serve(client: &TcpStream, shared: &Shared) {
    let connected = request::read(client).and_then(|(to, rest)| Ok((request::connect(&to)?, rest)));
    match connected {
        Ok(((server, addr), rest)) => _ = relay(client, &server, addr, &rest, shared),
        Err(Refusal::Gone) => {}
        Err(why) => {
            shared.record(|recording| recording.refuse(why.to_string()));
            _ = refuse(client, &why);
        }
    }
}

fn relay(
    client: &TcpStream,
    mut server: &TcpStream,
    addr: SocketAddr,
    rest: &[u8],
    shared: &Shared,
) -> io::Result<()> {
    let from = client.peer_addr()?;
    let mut number = None;
    shared.record(|recording| number = recording.begin(from, addr));
    let watch = |direction, bytes: Option<&[u8]>| {
        if let Some(number) = number {
            shared.record(|recording| recording.take(number, direction, bytes));
        }
    };
    let mut answered = client;
    answered.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    if !rest.is_empty() {
        watch(Direction::ToServer, Some(rest));
        server.write_all(rest)?;
    }
    between(client, server, CHUNK_LEN, watch)
}

fn refuse(mut client: &TcpStream, why: &Refusal) -> io::Result<()> {
    let (status, text) = (why.status(), format!("{why}\n"));
    let len = text.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n"
    );
    client.write_all((head + &text).as_bytes())
}

//! A place on the path between clients and a server, from which messages are taken, changed, kept,
//! repeated, or passed on.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use framing::{Direction, LENGTH_LEN, RecordReader, Stage};

/// Bytes read at once at the plain stage, where a message is whatever comes.
const READ_LEN: usize = 4096;

/// Clients connect here instead of to the server.
#[derive(Debug)]
pub struct Path {
    listener: TcpListener,
    server: SocketAddr,
    stage: &'static Stage,
    notes: Arc<Mutex<Notes>>,
}

/// What an attacker did and learnt, in order.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// Each message that was taken off the wire or put on it.
    pub steps: Vec<Step>,
    /// What was read out of them.
    pub learnt: Vec<u8>,
    sessions: usize,
}

/// Something an attacker did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Took a message off the wire.
    Took(Passing),
    /// Put one on the wire.
    Sent {
        /// As it was put there.
        sent: Passing,
        /// As it was taken.
        taken: Passing,
    },
}

/// A message at a place on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passing {
    /// Which connection, from 0 in the order of their beginning.
    pub session: usize,
    /// Which way.
    pub direction: Direction,
    /// The bytes, the length in front.
    pub bytes: Vec<u8>,
}

/// One connection of a client, and the one to the server that was made for it.
#[derive(Debug)]
pub struct Session {
    /// From the client to the server.
    pub requests: Way,
    /// From the server to the client.
    pub answers: Way,
}

/// One direction of a session.
#[derive(Debug)]
pub struct Way {
    direction: Direction,
    session: usize,
    stage: &'static Stage,
    from: Option<RecordReader<TcpStream>>,
    /// The same stream as in `from`, to be read without looking for records.
    raw: Option<TcpStream>,
    to: Option<TcpStream>,
    notes: Arc<Mutex<Notes>>,
}

/// A message off the wire: a record, or at the plain stage what came at once.
#[derive(Clone, Debug)]
pub struct Message {
    stage: &'static Stage,
    taken: Passing,
    bytes: Vec<u8>,
}

impl Path {
    /// Waits on a free port for clients of `stage` who want to go to `server`.
    ///
    /// # Errors
    /// Those of listening.
    pub fn new(stage: &'static Stage, server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        Ok(Self { listener, server, stage, notes: Arc::default() })
    }

    /// Where clients must connect to.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The next client, and a connection to the server for it.
    ///
    /// # Errors
    /// Those of accepting and connecting.
    pub fn accept(&self) -> io::Result<Session> {
        let (client, _) = self.listener.accept()?;
        self.session(Some(&client))
    }

    /// A connection to the server that no client asked for.
    ///
    /// # Errors
    /// Those of connecting.
    pub fn connect(&self) -> io::Result<Session> {
        self.session(None)
    }

    /// Keeps something that was read off the wire.
    pub fn learn(&self, bytes: &[u8]) {
        lock(&self.notes).learnt.extend_from_slice(bytes);
    }

    /// What was done and learnt so far.
    pub fn notes(&self) -> Notes {
        lock(&self.notes).clone()
    }

    fn session(&self, client: Option<&TcpStream>) -> io::Result<Session> {
        let server = TcpStream::connect(self.server)?;
        for stream in client.into_iter().chain([&server]) {
            stream.set_nodelay(true)?;
        }
        let session = {
            let mut notes = lock(&self.notes);
            notes.sessions += 1;
            notes.sessions - 1
        };
        let way = |direction, from: Option<&TcpStream>, to: Option<&TcpStream>| {
            let twin = |stream: Option<&TcpStream>| stream.map(TcpStream::try_clone).transpose();
            let limits = self.stage.limits();
            io::Result::Ok(Way {
                direction,
                session,
                stage: self.stage,
                from: twin(from)?.map(|from| RecordReader::new(from, limits)),
                raw: twin(from)?,
                to: twin(to)?,
                notes: self.notes.clone(),
            })
        };
        Ok(Session {
            requests: way(Direction::ToServer, client, Some(&server))?,
            answers: way(Direction::ToClient, Some(&server), client)?,
        })
    }
}

impl Session {
    /// Passes on whatever still comes, both ways, until both have ended. Victims may break off at any
    /// time, so that an error here is an end like any other.
    pub fn relay(self) {
        let Self { requests, answers } = self;
        thread::scope(|scope| {
            scope.spawn(|| answers.pass_on());
            requests.pass_on();
        });
    }
}

impl Way {
    /// Takes the next message off the wire.
    ///
    /// # Errors
    /// Those of the stream; [`ErrorKind::UnexpectedEof`] when no message comes any more.
    pub fn take(&mut self) -> io::Result<Message> {
        self.next()?.ok_or(ErrorKind::UnexpectedEof.into())
    }

    /// Puts a message on the wire.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn send(&mut self, message: &Message) -> io::Result<()> {
        let sent = self.passing(&message.bytes);
        lock(&self.notes).steps.push(Step::Sent { sent, taken: message.taken.clone() });
        self.to.as_mut().map_or(Ok(()), |to| to.write_all(&message.bytes))
    }

    /// Ends this direction, as its sender would by closing.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn end(&mut self) -> io::Result<()> {
        self.to.as_ref().map_or(Ok(()), |to| to.shutdown(Shutdown::Write))
    }

    fn next(&mut self) -> io::Result<Option<Message>> {
        let bytes = match (&mut self.from, &mut self.raw) {
            (Some(from), _) if self.stage.has_records => {
                match from.read_record().map_err(io::Error::other)? {
                    Some(payload) => record(payload),
                    None => return Ok(None),
                }
            }
            (_, Some(raw)) => {
                let mut bytes = vec![0; READ_LEN];
                let got = raw.read(&mut bytes)?;
                bytes.truncate(got);
                bytes
            }
            _ => return Ok(None),
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        let taken = self.passing(&bytes);
        lock(&self.notes).steps.push(Step::Took(taken.clone()));
        Ok(Some(Message { stage: self.stage, taken, bytes }))
    }

    fn passing(&self, bytes: &[u8]) -> Passing {
        Passing { session: self.session, direction: self.direction, bytes: bytes.to_vec() }
    }

    fn pass_on(mut self) {
        while let Ok(Some(message)) = self.next() {
            if self.send(&message).is_err() {
                break;
            }
        }
        _ = self.end();
    }
}

impl Message {
    /// The whole message, the length in front.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The field that carries the text: the ciphertext, or at the plain stage the text itself.
    ///
    /// # Errors
    /// As [`field`](Self::field).
    pub fn body(&mut self) -> io::Result<&mut [u8]> {
        self.field(if self.stage.has_records { "ciphertext" } else { "plaintext" })
    }

    /// A field of the record, to be read or changed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when records of this stage have no such field.
    pub fn field(&mut self, name: &str) -> io::Result<&mut [u8]> {
        let start = if self.stage.has_records { LENGTH_LEN } else { 0 };
        let parts = self.bytes.get(start..).and_then(|payload| self.stage.split(payload));
        let part = parts.iter().flatten().find(|part| part.name == name);
        let range = part.map(|part| start + part.offset..start + part.offset + part.bytes.len());
        let field = range.and_then(|range| self.bytes.get_mut(range));
        field.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, format!("no field {name}")))
    }

    /// Keeps the first `len` bytes of the payload, and makes the length fit.
    pub fn cut_payload(&mut self, len: usize) {
        let payload = self.bytes.get(LENGTH_LEN..).unwrap_or_default();
        self.bytes = record(payload.get(..len).unwrap_or(payload));
    }

    /// Puts other bytes in place of all of them.
    pub fn replace(&mut self, bytes: &[u8]) {
        self.bytes = bytes.to_vec();
    }
}

/// A payload with its length in front.
fn record(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), payload].concat()
}

fn lock(notes: &Mutex<Notes>) -> MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

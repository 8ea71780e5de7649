//! A place on the path between clients and a server, from which messages are taken, changed, kept,
//! repeated, or passed on.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use framing::{Direction, RecordReader};
use stages::{Role, Stage};

/// Bytes read at once at the plain stage, where a message is whatever comes.
const READ_LEN: usize = 4096;

/// Clients connect here instead of to the server.
#[derive(Debug)]
pub struct Path {
    listener: TcpListener,
    server: SocketAddr,
    stage: &'static Stage,
    log: Arc<Mutex<AttackLog>>,
}

/// The attacker's steps and findings, in order.
#[derive(Clone, Debug, Default)]
pub struct AttackLog {
    /// Its steps, from the first message that it took.
    pub steps: Vec<Step>,
    sessions: usize,
}

/// Something an attacker did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Took a message off the wire.
    Took(Passing),
    /// Put a message on the wire.
    Sent {
        /// As it was put there.
        sent: Passing,
        /// As it was taken.
        taken: Passing,
    },
    /// Read this out of what it took.
    Learned(Vec<u8>),
    /// Held back what it took for so long.
    Held(Duration),
    /// Ended a direction of a connection, as its sender would by closing.
    Ended {
        /// Index of the connection.
        session: usize,
        /// The direction.
        direction: Direction,
    },
}

/// A message at a place on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passing {
    /// Index of the connection, from 0 in the order in which they began.
    pub session: usize,
    /// The direction.
    pub direction: Direction,
    /// The bytes, with the header in front.
    pub bytes: Vec<u8>,
}

/// One connection of a client, and the one to the server that was made for it.
#[derive(Debug)]
pub struct Session {
    /// From the client to the server.
    pub requests: Flow,
    /// From the server to the client.
    pub answers: Flow,
}

/// One direction of a session.
#[derive(Debug)]
pub struct Flow {
    direction: Direction,
    session: usize,
    stage: &'static Stage,
    from: Option<RecordReader<TcpStream>>,
    /// The same stream as in `from`, to be read without looking for records.
    raw: Option<TcpStream>,
    to: Option<TcpStream>,
    log: Arc<Mutex<AttackLog>>,
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
    pub fn new(stage: &'static Stage, server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        Ok(Self { listener, server, stage, log: Arc::default() })
    }

    /// Returns the address that clients must connect to.
    pub fn addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits for the next client, and makes a connection to the server for it.
    pub fn accept(&self) -> io::Result<Session> {
        let (client, _) = self.listener.accept()?;
        self.session(Some(&client))
    }

    /// Makes a connection to the server that no client asked for.
    pub fn connect(&self) -> io::Result<Session> {
        self.session(None)
    }

    /// Keeps something that was read off the wire.
    pub fn learn(&self, bytes: &[u8]) {
        lock(&self.log).steps.push(Step::Learned(bytes.to_vec()));
    }

    /// Holds back what was taken for so long.
    pub fn hold(&self, time: Duration) {
        lock(&self.log).steps.push(Step::Held(time));
        thread::sleep(time);
    }

    /// Returns the steps and findings so far.
    pub fn log(&self) -> AttackLog {
        lock(&self.log).clone()
    }

    fn session(&self, client: Option<&TcpStream>) -> io::Result<Session> {
        let server = TcpStream::connect(self.server)?;
        for stream in client.into_iter().chain([&server]) {
            stream.set_nodelay(true)?;
        }
        let session = {
            let mut log = lock(&self.log);
            log.sessions += 1;
            log.sessions - 1
        };
        let flow = |direction, from: Option<&TcpStream>, to: Option<&TcpStream>| {
            let twin = |stream: Option<&TcpStream>| stream.map(TcpStream::try_clone).transpose();
            let (header, limits) = (self.stage.header(), self.stage.limits());
            io::Result::Ok(Flow {
                direction,
                session,
                stage: self.stage,
                from: twin(from)?.map(|from| RecordReader::new(from, header, limits)),
                raw: twin(from)?,
                to: twin(to)?,
                log: self.log.clone(),
            })
        };
        let mut session = Session {
            requests: flow(Direction::ToServer, client, Some(&server))?,
            answers: flow(Direction::ToClient, Some(&server), client)?,
        };
        if client.is_some() {
            session.pass_on_handshake(self.stage)?;
        }
        Ok(session)
    }
}

impl AttackLog {
    /// Returns all that was read off the wire.
    pub fn learned(&self) -> Vec<u8> {
        let learned = self.steps.iter().filter_map(|step| match step {
            Step::Learned(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        learned.collect::<Vec<_>>().concat()
    }
}

impl Session {
    /// Passes on the messages of the handshake, so that what is taken next is a client's first request.
    fn pass_on_handshake(&mut self, stage: &Stage) -> io::Result<()> {
        for message in stage.handshake {
            let flow = match message.direction {
                Direction::ToServer => &mut self.requests,
                Direction::ToClient => &mut self.answers,
            };
            let message = flow.take()?;
            flow.send(&message)?;
        }
        Ok(())
    }

    /// Passes on whatever still comes, both ways, until both have ended. Victims may break off at
    /// any time, so an error here is an end like any other.
    pub fn relay(self) {
        let Self { requests, answers } = self;
        thread::scope(|scope| {
            scope.spawn(|| answers.pass_on());
            requests.pass_on();
        });
    }
}

impl Flow {
    /// Takes the next message off the wire.
    ///
    /// # Errors
    /// Those of the stream; [`ErrorKind::UnexpectedEof`] when there are no more messages.
    pub fn take(&mut self) -> io::Result<Message> {
        self.next()?.ok_or(ErrorKind::UnexpectedEof.into())
    }

    /// Puts a message on the wire.
    pub fn send(&mut self, message: &Message) -> io::Result<()> {
        let sent = self.passing(&message.bytes);
        lock(&self.log).steps.push(Step::Sent { sent, taken: message.taken.clone() });
        self.to.as_mut().map_or(Ok(()), |to| to.write_all(&message.bytes))
    }

    /// Ends this direction, as its sender would by closing.
    pub fn end(&mut self) -> io::Result<()> {
        let Self { session, direction, .. } = *self;
        lock(&self.log).steps.push(Step::Ended { session, direction });
        self.shut_down()
    }

    fn shut_down(&self) -> io::Result<()> {
        self.to.as_ref().map_or(Ok(()), |to| to.shutdown(Shutdown::Write))
    }

    fn next(&mut self) -> io::Result<Option<Message>> {
        let bytes = match (&mut self.from, &mut self.raw) {
            (Some(from), _) if self.stage.has_records() => {
                match from.read_record().map_err(io::Error::other)? {
                    Some(record) => [record.header, record.payload].concat(),
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
        lock(&self.log).steps.push(Step::Took(taken.clone()));
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
        _ = self.shut_down();
    }
}

impl Message {
    /// The whole message, the header in front.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns whether it has a field of this role.
    pub fn has(&self, role: Role) -> bool {
        self.stage.has(role)
    }

    /// The field that carries the text, encrypted or as it is.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when the message is not a record of this stage.
    pub fn text(&mut self) -> io::Result<&mut [u8]> {
        let role = if self.has(Role::Ciphertext) { Role::Ciphertext } else { Role::Plaintext };
        self.field(role)
    }

    /// A field of the record, to be read or changed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when records of this stage have no such field.
    pub fn field(&mut self, role: Role) -> io::Result<&mut [u8]> {
        let parts = self.stage.split(&self.bytes);
        let part = parts.iter().flatten().find(|part| part.field.role == role);
        let range = part.map(|part| part.offset..part.offset + part.bytes.len());
        let field = range.and_then(|range| self.bytes.get_mut(range));
        field.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, format!("no {role:?} in it")))
    }

    /// Keeps the fields in front of the text and the first `len` bytes of the text, and makes the header
    /// fit.
    pub fn cut_text(&mut self, len: usize) {
        let header_len = self.stage.header().len();
        let places = self.stage.places();
        let before: usize =
            places.filter(|place| !place.is_behind_text).filter_map(|place| place.field.len).sum();
        let payload =
            self.bytes.get(header_len..(before + len).min(self.bytes.len())).unwrap_or_default();
        self.bytes = self.stage.record(payload);
    }

    /// Puts other bytes in place of all of them.
    pub fn replace(&mut self, bytes: &[u8]) {
        self.bytes = bytes.to_vec();
    }
}

fn lock(log: &Mutex<AttackLog>) -> MutexGuard<'_, AttackLog> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

//! A place on the path between clients and a server, from which messages are taken, changed, kept,
//! repeated, or passed on.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use certificates::Identity;
use crypto::Open;
use crypto::secret::{Fingerprint, SharedSecret};
use framing::{Direction, Limits, RecordReader};
use messages::fields::CERTIFICATE;
use stages::handshake::MAX_MESSAGE_LEN;
use stages::{Role, Stage};

/// Bytes read at once at the plain stage, where a message is whatever comes.
const READ_LEN: usize = 4096;

/// Time that the attacker waits for its own program.
const PATIENCE: Duration = Duration::from_secs(5);

/// Payload lengths of a handshake's messages.
const MESSAGES: Limits = Limits { min: 0, max: MAX_MESSAGE_LEN };

/// Clients connect here instead of to the server.
#[derive(Debug)]
pub struct Path {
    listener: TcpListener,
    server: SocketAddr,
    /// The stage of the clients, and that of the server.
    stages: (&'static Stage, &'static Stage),
    credentials: Option<Credentials>,
    leaked: Option<Mutex<Receiver<LeakedKeys>>>,
    tool: Option<Tool>,
    log: Arc<Mutex<AttackLog>>,
}

/// The certificates and keys that the attacker has before it begins.
pub struct Credentials {
    /// A name of its own: an honest certificate, and the key.
    pub own: Identity,
    /// The server's chain, and another for the same name and key. Certificates are public.
    pub known: Vec<Vec<u8>>,
    /// The other chain.
    pub renewed: Vec<Vec<u8>>,
    /// The server's name, if its key was stolen.
    pub stolen: Option<Identity>,
}

/// A program of the attacker's that speaks TLS for it: this crate cannot. It has no more than anyone who runs such
/// programs.
#[derive(Debug)]
pub struct Tool {
    /// Its client connects here, in place of to a server.
    pub listener: TcpListener,
    /// Its server waits here for a client, if it has one.
    pub server: Option<SocketAddr>,
    /// Its reports, in order.
    pub reports: Mutex<Receiver<Report>>,
}

/// Something that a [`Tool`] found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// It shares a secret with someone.
    Secret(Fingerprint),
    /// It opened this text, or sealed it.
    Text(Vec<u8>),
}

/// A connection of the attacker's own to one end of its [`Tool`].
#[derive(Debug)]
pub struct OwnEnd {
    from: RecordReader<TcpStream>,
    to: TcpStream,
    log: Arc<Mutex<AttackLog>>,
}

/// The keys that were to be kept for long: somebody gave them away.
pub struct LeakedKeys {
    /// Openers with the keys that open records.
    pub openers: Vec<Box<dyn Open + Send>>,
    /// The server's identity, if it has one.
    pub identity: Option<Identity>,
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
    /// Put one on the wire that it made itself.
    Made {
        /// The message.
        sent: Passing,
        /// The one in whose place it goes.
        instead_of: Option<Passing>,
        /// Its plaintext, if it is sealed.
        text: Option<Vec<u8>>,
    },
    /// Let its own program have a message.
    Handed(Passing),
    /// Computed a secret.
    Computed {
        /// Whose, in words.
        secret: &'static str,
        /// From what.
        from: &'static str,
        /// The secret's fingerprint, as its holders show it.
        fingerprint: Fingerprint,
    },
    /// Got hold of keys after everything was over.
    GotKeys {
        /// True if the server's identity key is among them.
        identity: bool,
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
    /// Messages that were taken.
    taken: u64,
    log: Arc<Mutex<AttackLog>>,
}

/// A message off the wire: a record, or at the plain stage what came at once.
#[derive(Clone, Debug)]
pub struct Message {
    stage: &'static Stage,
    /// Which of its direction and connection, from 0.
    index: u64,
    taken: Passing,
    bytes: Vec<u8>,
}

impl Path {
    /// Waits on a free port for clients of `stage` who want to go to `server`.
    pub fn new(stage: &'static Stage, server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (stages, log) = ((stage, stage), Arc::default());
        Ok(Self { listener, server, stages, credentials: None, leaked: None, tool: None, log })
    }

    /// Leads them to a server of another stage.
    #[must_use]
    pub fn to_server_of(self, stage: &'static Stage) -> Self {
        Self { stages: (self.stages.0, stage), ..self }
    }

    /// Gives the attacker certificates and keys.
    #[must_use]
    pub fn with_credentials(self, credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), ..self }
    }

    /// Lets keys leak, whenever they come.
    #[must_use]
    pub fn with_leak(self, keys: Receiver<LeakedKeys>) -> Self {
        Self { leaked: Some(Mutex::new(keys)), ..self }
    }

    /// Gives the attacker a program that speaks TLS.
    #[must_use]
    pub fn with_tool(self, tool: Tool) -> Self {
        Self { tool: Some(tool), ..self }
    }

    /// Says where its server waits, which it does not know before it runs.
    #[must_use]
    pub fn with_own_server(self, addr: SocketAddr) -> Self {
        Self { tool: self.tool.map(|tool| Tool { server: Some(addr), ..tool }), ..self }
    }

    /// The stage of the server.
    pub fn server_stage(&self) -> &'static Stage {
        self.stages.1
    }

    /// Returns the address that clients must connect to.
    pub fn addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits for the next client, and makes a connection to the server for it. Their handshake has
    /// passed, so that what is taken next is the client's first request.
    pub fn accept(&self) -> io::Result<Session> {
        let mut session = self.intercept()?;
        session.pass_on_handshake()?;
        Ok(session)
    }

    /// Waits for the next client, and makes a connection to the server for it, before any message.
    pub fn intercept(&self) -> io::Result<Session> {
        let (client, _) = self.listener.accept()?;
        self.session(Some(&client), Some(&TcpStream::connect(self.server)?))
    }

    /// Waits for the next client, and leads it to no server.
    pub fn intercept_alone(&self) -> io::Result<Session> {
        let (client, _) = self.listener.accept()?;
        self.session(Some(&client), None)
    }

    /// Makes a connection to the server that no client asked for.
    pub fn connect(&self) -> io::Result<Session> {
        self.session(None, Some(&TcpStream::connect(self.server)?))
    }

    /// Returns the certificates and keys that the attacker has.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when it has none.
    pub fn credentials(&self) -> io::Result<&Credentials> {
        self.credentials.as_ref().ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Keeps something that was read off the wire.
    pub fn learn(&self, bytes: &[u8]) {
        lock(&self.log).steps.push(Step::Learned(bytes.to_vec()));
    }

    /// Takes the place of a server towards its own client.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when it has none.
    pub fn own_client(&self) -> io::Result<OwnEnd> {
        let (stream, _) = self.tool()?.listener.accept()?;
        self.own_end(stream, self.stages.1)
    }

    /// Takes the place of a client towards its own server.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when it has none.
    pub fn own_server(&self) -> io::Result<OwnEnd> {
        let server = self.tool()?.server.ok_or(ErrorKind::NotFound)?;
        self.own_end(TcpStream::connect(server)?, self.stages.0)
    }

    fn own_end(&self, stream: TcpStream, stage: &Stage) -> io::Result<OwnEnd> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let from = RecordReader::new(stream.try_clone()?, stage.header(), stage.limits());
        Ok(OwnEnd { from, to: stream, log: self.log.clone() })
    }

    /// Waits for what its program reports next.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`] when it reports nothing, and [`ErrorKind::UnexpectedEof`] when it has ended.
    pub fn report(&self) -> io::Result<Report> {
        let reports = self.tool()?.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => ErrorKind::TimedOut.into(),
            RecvTimeoutError::Disconnected => ErrorKind::UnexpectedEof.into(),
        })
    }

    fn tool(&self) -> io::Result<&Tool> {
        self.tool.as_ref().ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Keeps a secret that it computed.
    pub fn compute(&self, secret: &'static str, from: &'static str, computed: &SharedSecret) {
        self.share(secret, from, computed.fingerprint());
    }

    /// Keeps the fingerprint of a secret that it, or its program, has.
    pub fn share(&self, secret: &'static str, from: &'static str, fingerprint: Fingerprint) {
        lock(&self.log).steps.push(Step::Computed { secret, from, fingerprint });
    }

    /// Waits until keys leak.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when none ever will.
    pub fn leaked_keys(&self) -> io::Result<LeakedKeys> {
        let leaked = self.leaked.as_ref().ok_or(ErrorKind::NotFound)?;
        let keys = leaked.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let keys = keys.map_err(|_| ErrorKind::NotFound)?;
        lock(&self.log).steps.push(Step::GotKeys { identity: keys.identity.is_some() });
        Ok(keys)
    }

    /// Holds back for so long what was taken.
    pub fn hold(&self, time: Duration) {
        lock(&self.log).steps.push(Step::Held(time));
        thread::sleep(time);
    }

    /// Returns the steps and findings so far.
    pub fn log(&self) -> AttackLog {
        lock(&self.log).clone()
    }

    fn session(
        &self,
        client: Option<&TcpStream>,
        server: Option<&TcpStream>,
    ) -> io::Result<Session> {
        for stream in client.into_iter().chain(server) {
            stream.set_nodelay(true)?;
        }
        let session = {
            let mut log = lock(&self.log);
            log.sessions += 1;
            log.sessions - 1
        };
        let flow = |direction, stage: &'static Stage, from: Option<&_>, to: Option<&_>| {
            let twin = |stream: Option<&TcpStream>| stream.map(TcpStream::try_clone).transpose();
            let (header, limits) = (stage.header(), stage.limits());
            io::Result::Ok(Flow {
                direction,
                session,
                stage,
                from: twin(from)?.map(|from| RecordReader::new(from, header, limits)),
                raw: twin(from)?,
                to: twin(to)?,
                taken: 0,
                log: self.log.clone(),
            })
        };
        let (client_stage, server_stage) = self.stages;
        Ok(Session {
            requests: flow(Direction::ToServer, client_stage, client, server)?,
            answers: flow(Direction::ToClient, server_stage, server, client)?,
        })
    }
}

impl OwnEnd {
    /// Reads the next record that it makes.
    ///
    /// # Errors
    /// Errors of the stream; [`ErrorKind::UnexpectedEof`] when there are no more.
    pub fn take(&mut self) -> io::Result<Vec<u8>> {
        let record = self.from.read_record().map_err(io::Error::other)?;
        let record = record.ok_or(ErrorKind::UnexpectedEof)?;
        Ok([record.header, record.payload].concat())
    }

    /// Lets it have a message.
    pub fn give(&mut self, message: &Message) -> io::Result<()> {
        lock(&self.log).steps.push(Step::Handed(message.taken.clone()));
        self.to.write_all(message.bytes())
    }
}

/// Keys are not shown.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
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

    /// Returns the fingerprints of the secrets that were computed, in order.
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        let fingerprints = self.steps.iter().filter_map(|step| match step {
            Step::Computed { fingerprint, .. } => Some(*fingerprint),
            _ => None,
        });
        fingerprints.collect()
    }
}

impl Session {
    /// The stage of its client.
    pub fn client_stage(&self) -> &'static Stage {
        self.requests.stage
    }

    /// The stage of its server.
    pub fn server_stage(&self) -> &'static Stage {
        self.answers.stage
    }

    /// Passes on the messages of the handshake, each after `change`.
    ///
    /// # Errors
    /// As [`Flow::take`] and [`Flow::send`], or that of `change`.
    pub fn change_handshake(
        &mut self,
        mut change: impl FnMut(&mut Message) -> io::Result<()>,
    ) -> io::Result<()> {
        for message in self.client_stage().handshake {
            let flow = match message.direction {
                Direction::ToServer => &mut self.requests,
                Direction::ToClient => &mut self.answers,
            };
            let mut message = flow.take()?;
            change(&mut message)?;
            flow.send(&message)?;
        }
        Ok(())
    }

    fn pass_on_handshake(&mut self) -> io::Result<()> {
        self.change_handshake(|_| Ok(()))
    }

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

    /// Puts a record of its own on the wire, in place of another if there is one. What it says is known to the
    /// attacker alone if it is sealed.
    pub fn make(
        &mut self,
        payload: &[u8],
        instead_of: Option<&Message>,
        text: Option<&[u8]>,
    ) -> io::Result<()> {
        let bytes = self.stage.record(payload);
        self.make_record(&bytes, instead_of, text)
    }

    /// The same, with a record that is whole already.
    pub fn make_record(
        &mut self,
        bytes: &[u8],
        instead_of: Option<&Message>,
        text: Option<&[u8]>,
    ) -> io::Result<()> {
        lock(&self.log).steps.push(Step::Made {
            sent: self.passing(bytes),
            instead_of: instead_of.map(|message| message.taken.clone()),
            text: text.map(<[u8]>::to_vec),
        });
        self.to.as_mut().map_or(Ok(()), |to| to.write_all(bytes))
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
                let is_message = !self.stage.has_types()
                    && self.stage.message(self.direction, self.taken).is_some();
                from.set_limits(if is_message { MESSAGES } else { self.stage.limits() });
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
        let index = self.taken;
        self.taken += 1;
        Ok(Some(Message { stage: self.stage, index, taken, bytes }))
    }

    fn passing(&self, bytes: &[u8]) -> Passing {
        Passing { session: self.session, direction: self.direction, bytes: bytes.to_vec() }
    }

    /// Passes on what still comes, if there is somebody to pass it on to.
    fn pass_on(mut self) {
        while let Ok(Some(message)) = self.next() {
            if self.to.is_some() && self.send(&message).is_err() {
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
        let parts = self.stage.split_at(self.taken.direction, self.index, &self.bytes);
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

    /// Returns its payload: the bytes that its header announces.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(self.stage.header().len()..).unwrap_or_default()
    }

    /// Returns whether the server says in it who it is.
    pub fn has_certificates(&self) -> bool {
        let message = self.stage.message(self.direction(), self.index);
        let mut fields = message.into_iter().flat_map(|message| message.fields);
        fields.any(|field| field.tag == &CERTIFICATE)
    }

    /// Which way it goes.
    pub fn direction(&self) -> Direction {
        self.taken.direction
    }

    /// Returns whether it is the first of its direction: at every stage with a handshake, a Hello.
    pub fn is_hello(&self) -> bool {
        self.index == 0
    }

    /// Returns whether it is a record of TLS.
    pub fn has_types(&self) -> bool {
        self.stage.has_types()
    }

    /// Returns whether it is encrypted.
    pub fn is_sealed(&self) -> bool {
        !self.is_open() && self.has(Role::Ciphertext)
    }

    /// Returns whether it carries something of the handshake that is not encrypted.
    pub fn is_open(&self) -> bool {
        let parts = self.stage.split_at(self.direction(), self.index, &self.bytes);
        parts.iter().flatten().any(|part| part.field.role == Role::Message)
    }

    /// Puts another payload in place of its own, and makes the header fit.
    pub fn replace_payload(&mut self, payload: &[u8]) {
        self.put_into(self.stage, payload);
    }

    /// Puts other bytes in place of its payload, as many as there are, and leaves the header as it is.
    pub fn change_payload(&mut self, payload: &[u8]) {
        let header_len = self.stage.header().len();
        self.bytes.truncate(header_len);
        self.bytes.extend_from_slice(payload);
    }

    /// Puts it into a record as another stage has it.
    pub fn translate(&mut self, stage: &Stage) {
        let payload = self.payload().to_vec();
        self.put_into(stage, &payload);
    }

    fn put_into(&mut self, stage: &Stage, payload: &[u8]) {
        let is_open = self.is_open();
        self.bytes = if is_open { stage.record_of_message(payload) } else { stage.record(payload) };
    }

    /// Puts other bytes in place of all of them.
    pub fn replace(&mut self, bytes: &[u8]) {
        self.bytes = bytes.to_vec();
    }
}

fn lock(log: &Mutex<AttackLog>) -> MutexGuard<'_, AttackLog> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What happened on a connection so far, as far as later rows need it.

use messages::tls13::name;
use stages::Stage;
use transcript::certified::{self, Keys, sender};
use transcript::schedule::{self, is_over_what_was_said, is_said};
use transcript::{Direction, HandshakeMessage, Role, Way, visible};

use super::Name;
use super::agreement::Vouched;

/// Messages of a handshake that are remembered. No honest one has as many.
const SAID: usize = 32;

/// A connection.
#[derive(Default)]
pub struct Connection {
    client: Tally,
    server: Tally,
    /// The public keys that the client has sent and received.
    keys: Keys,
    /// The keys that messages travel under, where those have names.
    pub sealing: schedule::Keys,
    /// The messages that go into the hash of all that was said.
    said: Vec<String>,
    /// Whether its handshake has a picture.
    pub has_glance: bool,
}

/// What one side did, and what its peer knows of it.
#[derive(Default)]
pub struct Tally {
    pub messages_sent: u64,
    pub messages_received: u64,
    pub records_sent: u64,
    /// What it tells of itself.
    heard: Heard,
    /// Whether it has sent a message encrypted, and its peer has received one.
    has_sealed: bool,
    has_arrived_sealed: bool,
    /// What its first signature or tag is over.
    over: Vec<String>,
    /// Whom its certificates are for.
    named: Option<String>,
    /// Whether it has proved that they are its own.
    is_proven: bool,
    /// Its chain, until its signature comes.
    vouched: Option<Vouched>,
}

/// What a side tells of itself.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    #[default]
    Nothing,
    Something,
    /// That it is connected.
    Connected,
}

/// How something travels.
#[derive(Default)]
pub struct Course {
    /// The key of its record, if that has a name.
    pub key: Option<String>,
    /// The messages that its signature or its tag is over.
    pub over: Vec<String>,
}

/// Whom a receiver takes the sender of a message for.
pub enum Belief {
    Nobody,
    /// Whoever sent this names someone. It could be anyone.
    Claimed(String),
    Proven(String),
    /// It was proved by a message before.
    Known,
}

impl Tally {
    /// How many like this one were sent.
    pub fn sent(&self, name: &Name) -> u64 {
        if name.step.is_some() { self.messages_sent } else { self.records_sent }
    }
}

impl Connection {
    pub fn tally(&mut self, role: Role) -> &mut Tally {
        if role == Role::Client { &mut self.client } else { &mut self.server }
    }

    /// Takes note that a side tells of itself; first of all, that it `connects`.
    pub fn hear(&mut self, role: Role, connects: bool) {
        if role != Role::Wire {
            let heard = if connects { Heard::Connected } else { Heard::Something };
            let tally = self.tally(role);
            tally.heard = tally.heard.max(heard);
        }
    }

    pub fn has_heard(&self, role: Role) -> bool {
        let tally = if role == Role::Client { &self.client } else { &self.server };
        tally.heard != Heard::Nothing
    }

    /// Returns whether `role` is a program that tells nothing of itself.
    pub fn is_foreign(&self, role: Role) -> bool {
        let is_connected = self.client.heard.max(self.server.heard) == Heard::Connected;
        is_connected && !self.has_heard(role)
    }

    /// Returns whether a message is encrypted. Behind the first that is, all are but ChangeCipherSpec.
    pub fn sees_sealed(&mut self, stage: &Stage, from: Role, message: &HandshakeMessage) -> bool {
        let tally = self.tally(from);
        let has_sealed = match message.direction {
            Way::Sent => &mut tally.has_sealed,
            Way::Received => &mut tally.has_arrived_sealed,
        };
        *has_sealed |= message.record.is_some();
        *has_sealed && stage.has_types() && name(&message.message) != "ChangeCipherSpec"
    }

    /// Returns the way of a message.
    pub fn course(
        &mut self,
        stage: &Stage,
        from: Role,
        message: &HandshakeMessage,
        is_sealed: bool,
    ) -> Course {
        let (direction, step, bytes) = (to_peer(from), visible(&message.step), &*message.message);
        if from == Role::Client {
            self.keys.pass(direction, bytes);
        }
        if !stage.has_types() {
            return Course::default();
        }
        let mut over = Vec::new();
        if is_over_what_was_said(bytes) {
            over.clone_from(&self.said);
            let first = &mut self.tally(from).over;
            if first.is_empty() {
                first.clone_from(&over);
            }
        }
        if is_said(bytes) && self.said.len() < SAID {
            self.said.push(step.clone());
        }
        let key = if is_sealed { self.sealing.seal(direction, &step, bytes) } else { None };
        Course { key, over }
    }

    /// Returns the way of a record of data.
    pub fn course_of_record(&self, stage: &Stage, from: Role) -> Course {
        let key = self.sealing.current(to_peer(from)).filter(|_| stage.has_types());
        Course { key: key.map(str::to_owned), over: Vec::new() }
    }

    /// Returns whom the receiver of a message that it accepted takes its sender for.
    pub fn belief(&mut self, stage: &Stage, from: Role, message: &HandshakeMessage) -> Belief {
        let named = sender(&message.message).map(|names| visible(&names));
        if !stage.has_types() {
            return named.map_or(Belief::Nobody, Belief::Proven);
        }
        let tally = self.tally(from);
        match (named, &tally.named) {
            (Some(named), _) => {
                tally.named = Some(named.clone());
                Belief::Claimed(named)
            }
            (None, _) if tally.is_proven => Belief::Known,
            (None, Some(named)) if is_over_what_was_said(&message.message) => {
                tally.is_proven = true;
                Belief::Proven(named.clone())
            }
            _ => Belief::Nobody,
        }
    }

    /// Returns who vouches for the sender, once its receiver has seen all of it.
    pub fn vouched(
        &mut self,
        stage: &Stage,
        from: Role,
        message: &HandshakeMessage,
        belief: &Belief,
    ) -> Option<Vouched> {
        let (step, bytes) = (visible(&message.step), &*message.message);
        if !stage.has_types() {
            self.keys.pass(to_peer(from), bytes);
            let vouched = Vouched::new(from, &step, bytes, stage.header().len());
            let is_from_server = from == Role::Server;
            return vouched.filter(|_| is_from_server)?.signed_keys(bytes, &self.keys);
        }
        match belief {
            Belief::Claimed(_) => {
                let vouched = Vouched::new(from, &step, bytes, 0);
                self.tally(from).vouched = vouched;
                None
            }
            Belief::Proven(_) => {
                let tally = self.tally(from);
                Some(tally.vouched.take()?.signed_all(
                    &step,
                    certified::signature(bytes)?,
                    &tally.over,
                ))
            }
            Belief::Nobody | Belief::Known => None,
        }
    }
}

/// The way to the other side.
pub fn to_peer(from: Role) -> Direction {
    if from == Role::Client { Direction::ToServer } else { Direction::ToClient }
}

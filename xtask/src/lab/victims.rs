//! The victims of an attack: what they reported, and how they ended.

use std::io;

use attacker::{AttackLog, Fingerprint};
use messages::Message as _;
use messages::cert::ServerAuth;
use stages::STAGES;
use transcript::{Event, EventKind, HandshakeMessage, Record, Way};

use crate::launch::driver::keep;

/// Returns whether it is an alert, which says something about a connection.
pub(crate) fn is_alert(message: &HandshakeMessage) -> bool {
    message.message.len() == 2
}

/// The result of an attack, before anyone judges it.
#[derive(Debug)]
pub struct Played {
    /// The server.
    pub server: Victim,
    /// The clients, in the order in which they connected.
    pub clients: Vec<Victim>,
    /// The name that they want, if it is not the server's.
    pub wanted: Option<&'static str>,
    /// The attacker's steps and findings.
    pub log: AttackLog,
    /// The end of the attack: victims may break off.
    pub attacked: io::Result<()>,
    /// The attacker, where it is a program.
    pub attacker: Victim,
}

/// One program's part in it.
#[derive(Debug, Default)]
pub struct Victim {
    /// Its events.
    pub events: Vec<Event>,
    /// The first lines on standard error that it wrote as a program of its stage, and the last.
    pub complaints: Vec<String>,
    /// The same for all other lines: what a reader's code wrote there, or what the harness found.
    pub wrote: Vec<String>,
    /// Its exit code, if no signal ended it.
    pub code: Option<i32>,
}

impl Played {
    /// Returns whether everyone ended well, and the server received exactly what the clients sent.
    pub fn went_through_unchanged(&self) -> bool {
        let sent = self.clients.iter().flat_map(Victim::sent).map(|record| &record.record);
        let received = self.server.received();
        self.ended_well() && sent.eq(received.iter().map(|record| &record.record))
    }

    /// Returns whether every program ended with 0.
    pub fn ended_well(&self) -> bool {
        self.clients.iter().chain([&self.server]).all(|victim| victim.code == Some(0))
    }
}

impl Victim {
    /// Keeps a line that it wrote to standard error.
    pub(crate) fn complain(&mut self, line: String) {
        let is_report = STAGES.iter().any(|stage| line.starts_with(stage.name));
        keep(if is_report { &mut self.complaints } else { &mut self.wrote }, line);
    }

    /// The records it sent.
    pub fn sent(&self) -> Vec<&Record> {
        let records = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Sent(record) => Some(record),
            _ => None,
        });
        records.collect()
    }

    /// The records it received, and acted on.
    pub fn received(&self) -> Vec<&Record> {
        let records = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Received(record) => Some(record),
            _ => None,
        });
        records.collect()
    }

    /// The plaintexts it received.
    pub fn plaintexts(&self) -> Vec<&[u8]> {
        self.received().into_iter().map(|record| &*record.plaintext).collect()
    }

    /// Returns whether requests and answers travel at its stage.
    pub fn has_data(&self) -> bool {
        self.events.first().is_some_and(|event| event.stage.has_data())
    }

    /// The fingerprints of the secrets that it made.
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        let made = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Derived { fingerprint: Some(fingerprint), .. } => {
                Fingerprint::try_from(&**fingerprint).ok()
            }
            _ => None,
        });
        made.collect()
    }

    /// The messages of its handshakes that it sent, or those that it received and accepted.
    pub fn hellos(&self, way: Way) -> Vec<&[u8]> {
        let messages = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Handshake(it) if it.direction == way && !is_alert(it) => Some(&*it.message),
            _ => None,
        });
        messages.collect()
    }

    /// The certificates in the messages in which a server says who it is, of those that it sent or of those that it
    /// accepted.
    pub fn proofs(&self, way: Way) -> Vec<Vec<Vec<u8>>> {
        let auths = self.hellos(way).into_iter().filter_map(|it| ServerAuth::decode(it).ok());
        auths.map(|auth| auth.certificates).collect()
    }

    /// The first thing it refused: the check's name, and its own words.
    pub fn refusal(&self) -> Option<(&str, &str)> {
        self.events.iter().find_map(|event| match &event.kind {
            EventKind::Rejected { error, message, .. } => Some((error.as_str(), message.as_str())),
            _ => None,
        })
    }
}

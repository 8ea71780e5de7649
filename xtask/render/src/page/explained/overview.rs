//! A connection at a glance: who, what was agreed, and how long it took.

use transcript::certified;
use transcript::{Direction, EventKind, HandshakeMessage, Role, visible};

use super::super::glance::facts_in;

/// Stretches of time that are shown.
const STEPS: usize = 12;

/// A connection at a glance.
pub struct Overview {
    pub client: String,
    pub server: String,
    pub unix_micros: u64,
    pub name: Option<String>,
    /// Whom the certificates of a side are for.
    pub named: Vec<(Role, String)>,
    pub facts: Vec<(&'static str, String)>,
    pub steps: Vec<Step>,
    /// Records and bytes of data that were opened, by the client and by the server.
    pub data: [(u64, u64); 2],
    /// Bytes on the wire, by the client and by the server.
    pub wire: [u64; 2],
    /// How each side has ended.
    pub ends: Vec<(Role, String)>,
    pub last: u64,
    now: Option<&'static str>,
}

/// A stretch of time.
pub struct Step {
    pub what: &'static str,
    pub from: u64,
    pub to: u64,
}

impl Step {
    pub fn took(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }
}

impl Overview {
    pub fn new(captured: &EventKind) -> Self {
        let (client, server, unix_micros) = match captured {
            EventKind::Captured { client, server, unix_micros } => {
                (client.to_string(), server.to_string(), *unix_micros)
            }
            _ => Default::default(),
        };
        Self {
            client,
            server,
            unix_micros,
            name: None,
            named: Vec::new(),
            facts: Vec::new(),
            steps: Vec::new(),
            data: [(0, 0); 2],
            wire: [0; 2],
            ends: Vec::new(),
            last: 0,
            now: None,
        }
    }

    pub fn data(&mut self, role: Role, len: usize) {
        let (records, bytes) = &mut self.data[usize::from(role == Role::Server)];
        *records += 1;
        *bytes += len as u64;
        self.now = Some("data");
    }

    pub fn folded(&mut self, direction: Direction, records: u64, bytes: u64) {
        let data = &mut self.data[direction as usize];
        *data = (data.0 + records, data.1 + bytes);
    }

    pub fn message(&mut self, role: Role, message: &HandshakeMessage) {
        if role == Role::Server {
            for (what, says) in facts_in(&message.message) {
                self.facts.retain(|(known, _)| *known != what);
                self.facts.push((what, says));
            }
        }
        if let Some(names) = certified::sender(&message.message) {
            self.named.push((role, visible(&names)));
        }
        self.now = Some(match &*message.step {
            "ClientHello" => "the client asks",
            "ServerHello" => "the server answers",
            "Finished" if role == Role::Client => "the client finishes",
            step if step.starts_with("Alert") => {
                self.ends.push((role, visible(step)));
                "the end"
            }
            _ => return,
        });
    }

    pub fn passed(&mut self, from: Role, micros: u64, len: usize) {
        self.wire[usize::from(from == Role::Server)] += len as u64;
        self.last = self.last.max(micros);
        let Some(what) = self.now.take() else { return };
        let from = self.steps.last().map_or(0, |step| step.to);
        let has_room = self.steps.len() < STEPS;
        match self.steps.last_mut() {
            Some(step) if step.what == what => step.to = micros,
            _ if has_room => self.steps.push(Step { what, from, to: micros }),
            _ => {}
        }
    }

    pub fn ended(&mut self, from: Role, micros: u64) {
        self.last = self.last.max(micros);
        self.ends.push((from, "end of the stream".to_owned()));
    }

    /// It in a sentence.
    pub fn told(&self) -> String {
        format!("{} to {}, {}", self.client, self.server, time(self.last))
    }

    /// What is known of both sides, and what they agreed on.
    pub fn facts(&self) -> Vec<(String, String)> {
        let name = self.name.iter().map(|name| ("Name asked for".to_owned(), name.clone()));
        let named = self.named.iter();
        let named = named.map(|(role, names)| (format!("Certificate of the {role}"), names.clone()));
        let agreed = self.facts.iter().map(|(what, says)| ((*what).to_owned(), says.clone()));
        name.chain(named).chain(agreed).collect()
    }

    /// Where a time is between the beginning and the end, in hundredths.
    #[allow(clippy::cast_precision_loss, reason = "it is drawn")]
    pub fn place(&self, micros: u64) -> String {
        format!("{:.2}%", micros as f64 * 100.0 / self.last.max(1) as f64)
    }
}

/// A time, as a person says it.
#[allow(clippy::cast_precision_loss, reason = "it has three digits")]
pub fn time(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.2} s", micros as f64 / 1e6),
    }
}

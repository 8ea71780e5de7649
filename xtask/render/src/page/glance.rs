//! A handshake at a glance: what was agreed, and which message went which way under which key.

use askama::Template;
use messages::Span;
use transcript::schedule::Keys;
use transcript::{Direction, Role};

use super::connection::to_peer;

/// Messages that are listed. No honest handshake has as many.
const SHOWN: usize = 24;

/// What a server's messages tell of what was agreed: what it is, and the span that says it.
const FACTS: [(&str, &str); 5] = [
    ("Version", "supported_versions"),
    ("Cipher suite", "cipher_suite"),
    ("Key exchange", "key_share"),
    ("Protocol", "application_layer_protocol_negotiation"),
    ("Server signs with", "algorithm"),
];

/// The picture.
#[derive(Default, Template)]
#[template(path = "glance.html")]
pub struct Glance {
    facts: Vec<(&'static str, String)>,
    bands: Vec<Band>,
    /// The keys of what comes behind the handshake, if it was completed.
    data: Vec<(Role, String)>,
    /// Whether no more messages belong into it.
    pub is_over: bool,
}

/// Messages in a row under the same key.
struct Band {
    /// `None` if they are not encrypted.
    key: Option<String>,
    /// How many keys came before it.
    generation: usize,
    lines: Vec<Line>,
}

/// A message.
pub struct Line {
    /// The number of its row.
    pub id: u64,
    pub from: Role,
    pub step: String,
    /// Bytes of its record.
    pub len: usize,
}

impl Glance {
    /// Adds a message, under this key if it is encrypted.
    pub fn add(&mut self, line: Line, message: &[u8], key: Option<String>, keys: &Keys) {
        let from = line.from;
        if from == Role::Server {
            let spans = messages::explain(message).spans;
            for (what, name) in FACTS {
                if let Some(says) = says(&spans, name) {
                    self.facts.retain(|(known, _)| *known != what);
                    self.facts.push((what, says.to_owned()));
                }
            }
        }
        if self.bands.iter().map(|band| band.lines.len()).sum::<usize>() >= SHOWN {
            return;
        }
        if self.bands.last().is_none_or(|band| band.key != key) {
            let all = keys.of(to_peer(from)).iter();
            let generation = all.take_while(|it| key.as_ref().is_some_and(|key| it.name != *key));
            self.bands.push(Band { generation: generation.count(), key, lines: Vec::new() });
        }
        if let Some(band) = self.bands.last_mut() {
            band.lines.push(line);
        }
    }

    /// Ends it: what comes now is no more of the handshake.
    pub fn end(&mut self, keys: &Keys) {
        if self.is_over {
            return;
        }
        self.is_over = true;
        let data = |(role, direction)| Some((role, keys.current(direction)?.to_owned()));
        let sides = [(Role::Client, Direction::ToServer), (Role::Server, Direction::ToClient)];
        let is_done = sides.iter().all(|(_, direction)| {
            let before = keys.of(*direction).iter().take_while(|key| !key.messages.is_empty());
            before.count() > 0
        });
        if is_done {
            self.data = sides.into_iter().filter_map(data).collect();
        }
    }
}

impl Band {
    fn class(&self) -> &'static str {
        match (&self.key, self.generation) {
            (None, _) => "open",
            (_, 0) => "first",
            _ => "later",
        }
    }
}

/// What the span of this name says, however deep it is.
fn says<'s>(spans: &'s [Span], name: &str) -> Option<&'s str> {
    spans.iter().find_map(|span| {
        if span.name == name && !span.says.is_empty() {
            Some(&*span.says)
        } else {
            says(&span.inside, name)
        }
    })
}

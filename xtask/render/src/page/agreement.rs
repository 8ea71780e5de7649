//! What both sides hold after a handshake: secrets, side by side, and the keys that are made of them.

use std::collections::BTreeSet;

use askama::Template;
use transcript::certified::{Chain, Keys, Link, Place, chain, sender};
use transcript::lines::hex;
use transcript::schedule::{self, DERIVED, LEVELS, Level, Secret};
use transcript::{Direction, Hex, Role, visible};

use super::peer_of;

/// Secrets and keys of one side that are shown. No honest one has as many.
const SHOWN: usize = 16;

/// The secrets and keys of a connection.
#[derive(Default, Template)]
#[template(path = "agreement.html")]
pub struct Agreement {
    client: Vec<Derived>,
    server: Vec<Derived>,
    /// What a side has seen signed, if the other has said who it is.
    vouched: Vec<Vouched>,
    /// The keys that messages travel under, where those have names.
    pub sealing: schedule::Keys,
    /// Whether the connection is, and neither side will derive more.
    pub is_over: bool,
}

/// A secret or a key, of which no byte is known.
pub struct Derived {
    pub label: String,
    /// What it was made from.
    pub from: String,
    /// Which way it protects, if it is a key.
    pub direction: Option<Direction>,
    pub fingerprint: Option<Hex>,
}

/// Who signs what, from a root to what a side has said on this connection.
pub struct Vouched {
    /// Whose chain it is.
    of: Role,
    /// The name of the message that it stands in.
    step: String,
    root: String,
    links: Vec<Signed>,
    /// Where the signature is.
    signature: String,
    /// The keys that it is over, if it is over these alone.
    keys: Vec<(Role, String)>,
    /// The first and the last message that it is over, if it is over all that was said.
    over: Option<[String; 2]>,
    /// Whom the other side believes this one to be.
    believed: String,
}

/// A certificate of the chain.
struct Signed {
    subject: String,
    /// Where it is.
    bytes: String,
}

impl Vouched {
    /// Reads the chain out of a message, which stands behind a header in its record.
    pub fn new(of: Role, step: &str, message: &[u8], header_len: usize) -> Option<Self> {
        let Chain { root, links, signature } = chain(message)?;
        let links = links.into_iter().map(|Link { subject, place }| Signed {
            subject: visible(&subject),
            bytes: bytes(place, header_len),
        });
        Some(Self {
            of,
            step: step.to_owned(),
            root: visible(&root),
            links: links.collect(),
            signature: signature
                .map(|place| format!("{} of {step}", bytes(place, header_len)))
                .unwrap_or_default(),
            keys: Vec::new(),
            over: None,
            believed: visible(&sender(message)?),
        })
    }

    /// The same, where the signature is over two keys.
    pub fn signed_keys(mut self, message: &[u8], keys: &Keys) -> Option<Self> {
        let keys = keys.signed_in(message)?;
        self.keys = [Role::Client, Role::Server].into_iter().zip(keys.map(hex)).collect();
        Some(self)
    }

    /// The same, where the signature stands in a message `step` of its own and is over all these.
    pub fn signed_all(mut self, step: &str, place: Place, over: &[String]) -> Self {
        self.signature = format!("{} of {step}", bytes(place, 0));
        self.over = over.first().zip(over.last()).map(|(a, z)| [a.clone(), z.clone()]);
        self
    }

    fn believer(&self) -> Role {
        peer_of(self.of)
    }
}

fn bytes(place: Place, header_len: usize) -> String {
    format!("bytes {} to {}", place.offset + header_len, place.last() + header_len)
}

/// Keys that come about in the same way.
struct Derivation<'a> {
    how: &'a str,
    keys: Vec<Key<'a>>,
}

struct Key<'a> {
    label: &'a str,
    direction: Direction,
}

impl Agreement {
    pub fn add(&mut self, role: Role, derived: Derived) {
        let made = if role == Role::Client { &mut self.client } else { &mut self.server };
        if made.len() < SHOWN {
            made.push(derived);
        }
    }

    pub fn vouch(&mut self, vouched: Vouched) {
        if self.vouched.len() < SHOWN {
            self.vouched.push(vouched);
        }
    }

    pub fn is_empty(&self) -> bool {
        !self.has_secrets() && self.vouched.is_empty()
    }

    /// Whether a side has made something.
    fn has_secrets(&self) -> bool {
        !(self.client.is_empty() && self.server.is_empty())
    }

    /// Whether nothing tells the server who the client is.
    fn is_client_unknown(&self) -> bool {
        self.vouched.iter().all(|vouched| vouched.of == Role::Server)
    }

    /// The tree of its secrets, if they are those of TLS.
    fn tree(&self) -> &'static [Level] {
        let mut made = self.client.iter().chain(&self.server);
        let secrets = || LEVELS.iter().flat_map(|level| level.secrets);
        let is_of_tree = made.any(|derived| secrets().any(|it| it.name == derived.label));
        if is_of_tree { &LEVELS } else { &[] }
    }

    /// Whether a side has made the secret of this name.
    fn is_made(&self, name: &str) -> bool {
        self.client.iter().chain(&self.server).any(|derived| derived.label == name)
    }

    /// The class of a secret in the style sheet: who seals under it.
    fn class(secret: &Secret) -> String {
        secret.direction.map(|direction| Role::sender(direction).to_string()).unwrap_or_default()
    }

    /// The messages under the key of this name.
    fn protected(&self, secret: &Secret) -> String {
        let keys = secret.direction.map(|direction| self.sealing.of(direction)).unwrap_or_default();
        let key = keys.iter().find(|key| key.name == secret.name);
        key.map(|key| key.messages.join(", ")).unwrap_or_default()
    }

    /// Whether both sides have made what there is to make.
    pub fn is_complete(&self) -> bool {
        self.is_over || self.client.len() == self.server.len()
    }

    /// Both sides, each with its secrets.
    fn sides(&self) -> [(Role, Vec<&Derived>); 2] {
        [(Role::Client, secrets(&self.client)), (Role::Server, secrets(&self.server))]
    }

    /// Whether both hold the same secrets, as far as their fingerprints tell.
    fn is_same(&self) -> bool {
        let [(_, client), (_, server)] = self.sides();
        let prints = |secrets: &[&Derived]| -> Vec<_> {
            secrets.iter().map(|secret| secret.fingerprint.clone()).collect()
        };
        prints(&client) == prints(&server)
    }

    fn verdict(&self) -> &'static str {
        let [(_, client), (_, server)] = self.sides();
        match (client.is_empty(), server.is_empty()) {
            (false, true) => "Only the client holds a secret.",
            (true, false) => "Only the server holds a secret.",
            _ if self.is_same() => "Both sides hold the same secret.",
            _ => "The sides hold different secrets.",
        }
    }

    /// The names of all secrets.
    fn names(&self) -> String {
        let all = self.sides().into_iter().flat_map(|(_, secrets)| secrets);
        let names: BTreeSet<_> = all.map(|secret| &*secret.label).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// The keys of both sides, by how they come about.
    fn derivations(&self) -> Vec<Derivation<'_>> {
        let mut derivations: Vec<Derivation> = Vec::new();
        for Derived { label, from, direction, .. } in self.client.iter().chain(&self.server) {
            let Some(direction) = *direction else { continue };
            let key = Key { label, direction };
            match derivations.iter_mut().find(|derivation| derivation.how == from) {
                Some(known) if known.keys.iter().any(|it| it.label == label) => {}
                Some(known) => known.keys.push(key),
                None => derivations.push(Derivation { how: from, keys: vec![key] }),
            }
        }
        derivations
    }

    fn who_derives(&self) -> &'static str {
        let has_keys = |made: &[Derived]| made.iter().any(|it| it.direction.is_some());
        match (has_keys(&self.client), has_keys(&self.server)) {
            (true, false) => "Only the client derived them.",
            (false, true) => "Only the server derived them.",
            _ => "Each side derives them by itself.",
        }
    }
}

impl Key<'_> {
    fn sender(&self) -> Role {
        Role::sender(self.direction)
    }

    fn receiver(&self) -> Role {
        peer_of(self.sender())
    }
}

/// The secrets among what a side has made, as far as the sides can compare them.
fn secrets(made: &[Derived]) -> Vec<&Derived> {
    let is_compared =
        |derived: &&Derived| derived.direction.is_none() && derived.fingerprint.is_some();
    made.iter().filter(is_compared).collect()
}

fn digits(fingerprint: &Hex) -> String {
    let digits: Vec<_> = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}

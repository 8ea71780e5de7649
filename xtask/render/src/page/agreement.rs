//! What both sides hold after a handshake: secrets, side by side, and the keys that are made of them.

use std::collections::BTreeSet;

use askama::Template;
use transcript::certified::{Chain, Keys, Link, Place, chain, sender};
use transcript::lines::hex;
use transcript::{Direction, Hex, Role, visible};

/// Secrets and keys of one side that are shown. No honest one has as many.
const SHOWN: usize = 16;

/// The secrets and keys of a connection.
#[derive(Default, Template)]
#[template(path = "agreement.html")]
pub struct Agreement {
    client: Vec<Derived>,
    server: Vec<Derived>,
    /// What the client has seen signed, if the server has said who it is.
    pub vouched: Option<Vouched>,
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

/// Who signs what, from the client's root to the keys of the connection.
pub struct Vouched {
    /// The name of the message that it stands in.
    step: String,
    root: String,
    links: Vec<Signed>,
    /// The signature over the keys.
    signature: String,
    keys: Vec<(Role, String)>,
    /// Whom the client believes the server to be.
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
    pub fn new(step: &str, message: &[u8], header_len: usize, keys: &Keys) -> Option<Self> {
        let Chain { root, links, signature } = chain(message)?;
        let keys = keys.signed_in(message)?;
        let bytes = |place: Place| {
            format!("bytes {} to {}", place.offset + header_len, place.last() + header_len)
        };
        let links = links.into_iter().map(|Link { subject, place }| Signed {
            subject: visible(&subject),
            bytes: bytes(place),
        });
        Some(Self {
            step: step.to_owned(),
            root: visible(&root),
            links: links.collect(),
            signature: bytes(signature),
            keys: [Role::Client, Role::Server].into_iter().zip(keys.map(hex)).collect(),
            believed: visible(&sender(message)?),
        })
    }
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

    pub fn is_empty(&self) -> bool {
        self.client.is_empty() && self.server.is_empty() && self.vouched.is_none()
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
        if self.sender() == Role::Client { Role::Server } else { Role::Client }
    }
}

/// The secrets among what a side has made.
fn secrets(made: &[Derived]) -> Vec<&Derived> {
    made.iter().filter(|derived| derived.direction.is_none()).collect()
}

fn digits(fingerprint: &Hex) -> String {
    let digits: Vec<_> = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}

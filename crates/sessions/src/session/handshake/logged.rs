//! The secrets that a key log has of a session, and what is said where it has none.

use crypto::tls13::secret::Secret;
use crypto::tls13::suite::Suite;
use framing::Direction;
use messages::tls13::ServerHello;
use transcript::{EventKind, Role};

use super::super::check::not_made;
use super::super::hellos;
use super::super::keys::{Epoch, Key};
use super::{Both, Handshake};

impl Handshake<'_> {
    /// Adds the keys that a key log has, once it is known for which suite.
    pub(super) fn handshake_keys(
        &mut self,
        hello: &ServerHello,
        keys: &mut Both,
    ) -> Vec<EventKind> {
        let has_psk = hellos::has(&hello.extensions, messages::tls13::psk::PRE_SHARED_KEY);
        let of = match (hellos::has(&hello.extensions, 51), has_psk) {
            (true, true) => "the ECDHE secret and a key from before",
            (false, true) => "a key from before alone",
            _ => "the ECDHE secret",
        };
        let from = format!(
            "made of the Handshake Secret (of {of}), which no key log has, and the hash of ClientHello to ServerHello"
        );
        let mut events = Vec::new();
        if self.secrets.is_some() && !std::mem::replace(&mut self.has_keys, true) {
            for direction in [Direction::ToServer, Direction::ToClient] {
                let side = Role::sender(direction);
                let key = self.key(side, Epoch::Handshake);
                events.extend(derived(&key, direction, &from));
                let later = self.key(side, Epoch::Application(0));
                keys.of_mut(side).add(key);
                keys.of_mut(side).add(later);
            }
        }
        events
    }

    /// Makes the keys of both directions for whatever suite the server may have chosen, where its ServerHello is not in
    /// the capture: the tag of a record tells which it is.
    pub fn guess(&mut self, keys: &mut Both) -> Vec<EventKind> {
        if self.is_tls13.is_some() || self.has_keys || self.secrets.is_none() {
            return Vec::new();
        }
        self.has_keys = true;
        self.torn = Some("the ServerHello is not in the capture");
        for side in [Role::Client, Role::Server] {
            for epoch in [Epoch::Handshake, Epoch::Application(0)] {
                let key = self.key(side, epoch);
                keys.of_mut(side).add(key);
            }
        }
        let message = "it is not in the capture: which suite was chosen is found out by trying those that were offered";
        vec![not_made(Role::Server, "ServerHello", message)]
    }

    /// Returns a key of the key log, for the suite that was chosen, or for each that was offered.
    pub(super) fn key(&self, side: Role, epoch: Epoch) -> Key {
        let (name, label) = match epoch {
            Epoch::Early => ("early_traffic_secret", "EARLY_TRAFFIC_SECRET"),
            Epoch::Handshake => ("handshake_traffic_secret", "HANDSHAKE_TRAFFIC_SECRET"),
            Epoch::Application(_) => ("application_traffic_secret_0", "TRAFFIC_SECRET_0"),
        };
        let label = format!("{}_{label}", side.to_string().to_uppercase());
        let secrets = self.secrets(&label).collect();
        Key::new(format!("{side}_{name}"), label, epoch, secrets)
    }

    pub(super) fn secrets<'s>(&'s self, label: &str) -> impl Iterator<Item = Secret> + 's {
        let logged = self.secrets.and_then(|secrets| secrets.get(label));
        let offered = self.hellos.last().map_or(&[][..], |hello| &hello.cipher_suites);
        let may_be = move |suite: &Suite| match self.suite {
            Some(chosen) => suite.id() == chosen,
            None => offered.contains(&suite.id()),
        };
        let suites = Suite::ALL.into_iter().filter(may_be);
        suites.filter_map(move |suite| Secret::from_key_log(suite, logged?))
    }

    /// Tells the secrets of data, which stand behind the server's Finished.
    pub(super) fn application_keys(&self) -> Vec<EventKind> {
        let from = "made of the Master Secret, which no key log has, and the hash of ClientHello to the server's Finished";
        let both = [Direction::ToServer, Direction::ToClient];
        let tell = |direction| {
            derived(&self.key(Role::sender(direction), Epoch::Application(0)), direction, from)
        };
        both.into_iter().filter_map(tell).collect()
    }

    /// Says why there are no keys at all.
    pub fn why_no_keys(&self) -> String {
        let Some(hello) = self.hellos.last() else {
            return "the capture has no ClientHello of this connection, whose random finds its secrets in a key log: its \
                    records stay closed"
                .to_owned();
        };
        if self.known.keylog.is_empty() {
            return "there is no key log, neither given nor in the capture: what is shown is what anyone on the way sees, \
                    and that is all"
                .to_owned();
        }
        if self.secrets.is_none() {
            let random = hex::encode(hello.random);
            let hidden = if hellos::has(&hello.extensions, 65_037) {
                "; or the ClientHello that counts is the one hidden in encrypted_client_hello"
            } else {
                ""
            };
            return format!(
                "the key log has no line for this connection, whose client random is {random}: it was written by another \
                 run, or by the programs of other connections, and this program does not heed SSLKEYLOGFILE{hidden}"
            );
        }
        "there are no keys for it yet: what comes before it in the session is not in the capture"
            .to_owned()
    }

    /// Returns whether records are closed for a reason that was said with the suite.
    pub fn is_suite_unknown(&self) -> bool {
        self.suite.is_some_and(|suite| Suite::find(suite).is_none())
    }
}

/// Goes on to the next key of a direction.
pub(super) fn update(from: Role, keys: &mut Both) -> Vec<EventKind> {
    let Some((old, new)) = keys.of_mut(from).update() else { return Vec::new() };
    let direction = if from == Role::Client { Direction::ToServer } else { Direction::ToClient };
    vec![EventKind::Derived {
        label: new,
        from: format!("{old}, after a KeyUpdate"),
        direction: Some(direction),
        fingerprint: None,
    }]
}

pub(super) fn derived(key: &Key, direction: Direction, from: &str) -> Option<EventKind> {
    key.is_known().then(|| EventKind::Derived {
        label: key.name.clone(),
        from: format!("{} in the key log; {from}", key.label),
        direction: Some(direction),
        fingerprint: None,
    })
}

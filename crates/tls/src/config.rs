//! Whom to trust, who one is, what to offer.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use certificates::{Identity, Roots, ServerName};
use crypto::secret::SharedSecret;
use crypto::tls13::group::Group;
use crypto::tls13::scheme::{Scheme, SigningKey};
use crypto::tls13::suite::Suite;

use crate::records::Records;
use crate::schedule::Named;
use crate::told::{Observer, Told};

/// Where secrets are written to, for a person who wants to look into the connection: one line of the form
/// `LABEL client_random secret` (RFC 9850). Nothing else takes them out.
pub type KeyLog = Arc<Mutex<dyn Write + Send>>;

/// Who a side is: certificates, its own first, and the private key of that one.
pub type Credentials = Identity<SigningKey>;

/// What a client has beforehand.
#[derive(Clone)]
pub struct ClientConfig {
    /// Whom it trusts.
    pub roots: Roots,
    /// The suites that it offers, the preferred one first.
    pub suites: Vec<Suite>,
    /// The groups that it offers, the preferred one first. Keys are sent along for the first one, and for X25519.
    pub groups: Vec<Group>,
    /// The protocols that it offers; none to leave that open.
    pub protocols: Vec<Vec<u8>>,
    /// Who it is, should a server want to know.
    pub credentials: Option<Arc<Credentials>>,
    /// Sealed records carry zeros, so that the length of what they protect is a multiple of this (section 5.4): it then
    /// tells less. 1 for none.
    pub pad_to: usize,
    /// Where to write secrets, if anywhere.
    pub key_log: Option<KeyLog>,
    /// Who sees everything that happens, if anyone.
    pub observer: Option<Observer>,
}

/// What a server has beforehand.
#[derive(Clone)]
pub struct ServerConfig {
    /// Who it is.
    pub credentials: Arc<Credentials>,
    /// The suites that it takes, the preferred one first.
    pub suites: Vec<Suite>,
    /// The groups that it takes, the preferred one first.
    pub groups: Vec<Group>,
    /// The protocols that it speaks, the preferred one first; none to answer nothing.
    pub protocols: Vec<Vec<u8>>,
    /// Whose clients it lets in; none for everyone's.
    pub client_roots: Option<Roots>,
    /// Sealed records carry zeros, so that the length of what they protect is a multiple of this (section 5.4): it then
    /// tells less. 1 for none.
    pub pad_to: usize,
    /// Where to write secrets, if anywhere.
    pub key_log: Option<KeyLog>,
    /// Who sees everything that happens, if anyone.
    pub observer: Option<Observer>,
}

/// What the two sides agreed on.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// The suite.
    pub suite: Suite,
    /// The group.
    pub group: Group,
    /// The scheme that the server signed by.
    pub scheme: Scheme,
    /// The protocol, if they agreed on one.
    pub protocol: Option<Vec<u8>>,
    /// The name of the server, if the client said it.
    pub name: Option<ServerName<'static>>,
    /// Whether a HelloRetryRequest was needed.
    pub retried: bool,
    /// The certificates of the other side, in DER.
    pub certificates: Vec<Vec<u8>>,
}

impl ClientConfig {
    /// Everything that there is, trusting `roots`.
    pub fn new(roots: Roots) -> Self {
        Self {
            roots,
            suites: Suite::ALL.to_vec(),
            groups: Group::ALL.to_vec(),
            protocols: Vec::new(),
            credentials: None,
            pad_to: 1,
            key_log: None,
            observer: None,
        }
    }
}

impl ServerConfig {
    /// Everything that there is, for this server.
    pub fn new(credentials: impl Into<Arc<Credentials>>) -> Self {
        Self {
            credentials: credentials.into(),
            suites: Suite::ALL.to_vec(),
            groups: Group::ALL.to_vec(),
            protocols: Vec::new(),
            client_roots: None,
            pad_to: 1,
            key_log: None,
            observer: None,
        }
    }
}

/// Tells what secret the two sides agreed on, by its fingerprint.
pub(crate) fn tell_agreed<T: Read + Write + Clone>(
    records: &Records<T>,
    group: Group,
    secret: &SharedSecret,
) {
    let fingerprint = Some(secret.fingerprint());
    let from = messages::tls13::names::group(group.id());
    records.tell(&Told::Derived {
        secret: "shared secret",
        from: &from,
        direction: None,
        fingerprint,
    });
}

/// Tells that secrets were made, and writes them to the key log if there is one.
pub(crate) fn tell_secrets<'s, T: Read + Write + Clone>(
    records: &Records<T>,
    log: Option<&KeyLog>,
    client_random: &[u8],
    secrets: impl IntoIterator<Item = Named<'s>>,
) {
    for Named { secret: name, label, from, direction, bytes } in secrets {
        records.tell(&Told::Derived { secret: name, from, direction, fingerprint: None });
        let Some(log) = log else { continue };
        let [random, secret] = [client_random, bytes.for_key_log()].map(hex::encode);
        let line = format!("{label} {random} {secret}\n");
        if let Ok(mut log) = log.lock() {
            // Who reads it loses a line; the connection goes on.
            _ = log.write_all(line.as_bytes()).and_then(|()| log.flush());
        }
    }
}

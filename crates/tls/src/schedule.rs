//! The key schedule (RFC 8446, section 7.1), in the order in which the RFC draws it.
//!
//! ```text
//!              0
//!              |
//!    0 --> HKDF-Extract = Early Secret
//!              |
//!          "derived"
//!              |
//! (EC)DHE --> HKDF-Extract = Handshake Secret
//!              |--> "c hs traffic" | ClientHello .. ServerHello     = client_handshake_traffic_secret
//!              |--> "s hs traffic" | ClientHello .. ServerHello     = server_handshake_traffic_secret
//!          "derived"
//!              |
//!    0 --> HKDF-Extract = Master Secret
//!              |--> "c ap traffic" | ClientHello .. server Finished = client_application_traffic_secret_0
//!              |--> "s ap traffic" | ClientHello .. server Finished = server_application_traffic_secret_0
//!              |--> "exp master"   | ClientHello .. server Finished = exporter_master_secret
//! ```

use crypto::secret::SharedSecret;
use crypto::tls13::secret::Secret;
use crypto::tls13::suite::Suite;
use crypto::tls13::transcript::{Hash, Transcript};
use framing::Direction;

use crate::stream::Role;

/// The secrets of both directions.
pub struct Traffic {
    /// Of what the client sends.
    pub client: Secret,
    /// Of what the server sends.
    pub server: Secret,
}

/// The schedule between ServerHello and the server's Finished.
pub struct Handshake {
    secret: Secret,
    /// The secrets of the handshake.
    pub traffic: Traffic,
}

/// The schedule from the server's Finished on.
pub struct Application {
    /// The secrets of the application's data.
    pub traffic: Traffic,
    /// The secret that the two sides can make keys for other uses of.
    pub exporter: Secret,
}

/// A secret, with what there is to say about it.
pub struct Named<'s> {
    /// Its name in the RFC.
    pub secret: &'static str,
    /// Its name in a key log (RFC 9850).
    pub label: &'static str,
    /// What it was made from.
    pub from: &'static str,
    /// The direction that it protects.
    pub direction: Option<Direction>,
    /// The secret.
    pub bytes: &'s Secret,
}

impl Handshake {
    /// Names the secrets of the handshake.
    pub fn secrets(&self) -> [Named<'_>; 2] {
        let from =
            "Handshake Secret (of the shared secret), and the hash of ClientHello to ServerHello";
        [
            Named {
                secret: "client_handshake_traffic_secret",
                label: "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                from,
                direction: Some(Direction::ToServer),
                bytes: &self.traffic.client,
            },
            Named {
                secret: "server_handshake_traffic_secret",
                label: "SERVER_HANDSHAKE_TRAFFIC_SECRET",
                from,
                direction: Some(Direction::ToClient),
                bytes: &self.traffic.server,
            },
        ]
    }

    // ANCHOR: schedule
    /// Goes from nothing to the secrets of the handshake. `hash` is that of ClientHello to ServerHello.
    pub fn new(suite: Suite, agreed: &SharedSecret, hash: &Hash) -> Self {
        let early = Secret::extract(suite, None, None);
        let secret = Secret::extract(suite, Some(&early.derived()), Some(agreed));
        let traffic = Traffic {
            client: secret.derive("c hs traffic", hash),
            server: secret.derive("s hs traffic", hash),
        };
        Self { secret, traffic }
    }

    /// Goes on to the secrets of the application's data. `hash` is that of ClientHello to the server's Finished.
    pub fn application(&self, hash: &Hash) -> Application {
        let suite = self.secret.suite();
        let master = Secret::extract(suite, Some(&self.secret.derived()), None);
        Application {
            traffic: Traffic {
                client: master.derive("c ap traffic", hash),
                server: master.derive("s ap traffic", hash),
            },
            exporter: master.derive("exp master", hash),
        }
    }
    // ANCHOR_END: schedule
}

impl Application {
    /// Names the secrets of the application's data.
    pub fn secrets(&self) -> [Named<'_>; 3] {
        let from = "Master Secret (of the Handshake Secret), and the hash of ClientHello to the server's Finished";
        [
            Named {
                secret: "client_application_traffic_secret_0",
                label: "CLIENT_TRAFFIC_SECRET_0",
                from,
                direction: Some(Direction::ToServer),
                bytes: &self.traffic.client,
            },
            Named {
                secret: "server_application_traffic_secret_0",
                label: "SERVER_TRAFFIC_SECRET_0",
                from,
                direction: Some(Direction::ToClient),
                bytes: &self.traffic.server,
            },
            Named {
                secret: "exporter_master_secret",
                label: "EXPORTER_SECRET",
                from,
                direction: None,
                bytes: &self.exporter,
            },
        ]
    }
}

// ANCHOR: signed
/// What a CertificateVerify signs (section 4.4.3): 64 spaces, who signs, a zero byte, and the hash of all that was
/// said up to Certificate.
pub fn signed(who: Role, transcript: &Transcript) -> Vec<u8> {
    let who = if who == Role::Client { "client" } else { "server" };
    let context = format!("TLS 1.3, {who} CertificateVerify");
    [&[b' '; 64][..], context.as_bytes(), &[0], &transcript.hash()].concat()
}
// ANCHOR_END: signed

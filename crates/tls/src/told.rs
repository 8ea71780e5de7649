//! What happens in a connection, as an observer sees it. No byte of a secret is in it.

use std::sync::Arc;

use crypto::secret::Fingerprint;
use framing::Direction;

use crate::TlsError;

/// Something that happened.
#[derive(Debug)]
pub enum Told<'t> {
    /// A message of the handshake is about to be sent.
    Sent {
        /// Its name, such as `ClientHello`.
        message: &'static str,
        /// Its bytes, type and length in front.
        bytes: &'t [u8],
        /// The payload of its record, if it is sealed.
        payload: Option<&'t [u8]>,
    },
    /// A message arrived and passed every check.
    Received {
        /// Its name.
        message: &'static str,
        /// Its bytes.
        bytes: &'t [u8],
        /// The checks that it passed, in order.
        checked: &'t [&'static str],
        /// The payload of the record that it came in, if that was sealed and no other message began it.
        payload: Option<&'t [u8]>,
    },
    /// A message, or what stood in its place, was refused.
    Rejected {
        /// What was due.
        due: &'static str,
        /// The reason.
        error: &'t TlsError,
        /// Its bytes, if it arrived whole.
        bytes: Option<&'t [u8]>,
    },
    /// A secret was made.
    Derived {
        /// Its name in the RFC, such as `client_handshake_traffic_secret`.
        secret: &'static str,
        /// What it was made from.
        from: &'t str,
        /// The direction that it protects, if it protects one.
        direction: Option<Direction>,
        /// The fingerprint, if it is the secret that all others are made of.
        fingerprint: Option<Fingerprint>,
    },
    /// From the next record on, a direction is under new keys.
    Rekeyed {
        /// The direction.
        direction: Direction,
        /// How many keys of the application it has had before.
        generation: u64,
    },
    /// Data was sealed into a record and handed to the stream.
    DataSent {
        /// The data.
        plaintext: &'t [u8],
        /// The payload of its record.
        payload: &'t [u8],
    },
    /// Data arrived in a record that verified.
    DataReceived {
        /// The data.
        plaintext: &'t [u8],
        /// The payload of its record.
        payload: &'t [u8],
    },
    /// An alert was sent or has arrived.
    Alert {
        /// Whether this side sent it.
        is_sent: bool,
        /// Its level and its number.
        bytes: &'t [u8],
        /// The payload of its record, if it is sealed.
        payload: Option<&'t [u8]>,
    },
}

/// Called with everything that happens, in the thread of the connection, which waits for it.
pub type Observer = Arc<dyn Fn(&Told<'_>) + Send + Sync>;

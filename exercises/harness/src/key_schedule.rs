//! A server of hkdf whose keys an exercise derives.

use std::process::ExitCode;

use crypto::aead::{self, Opener, Sealer};
use crypto::keys::AesKey;
use crypto::{by_hand, x25519::PrivateKey};
use handshake::x25519;
use program::RESPONSE;
use stages::PART3_HKDF;

pub use crypto::by_hand::hmac;

/// Length of a secret, a key, and what `hmac` returns, in bytes.
pub const LEN: usize = 32;

/// The keys of a connection.
pub struct Keys {
    /// Seals what the client sends, and opens it at the server.
    pub client_write: [u8; LEN],
    /// Seals what the server sends, and opens it at the client.
    pub server_write: [u8; LEN],
}

/// Runs the server.
pub fn run(derive: fn(&[u8; LEN]) -> Keys) -> ExitCode {
    crate::begin(crate::LIMIT);
    program::server(&PART3_HKDF, |connection| {
        let mut wire = connection.handshake();
        let secret = x25519::server(&mut wire, PrivateKey::random()?)?;
        let Keys { client_write, server_write } = derive(by_hand::bytes_of(&secret).try_into()?);
        if client_write == server_write {
            crate::fault(
                "both keys are the same: a record that is sent back to its sender would open",
            );
        }
        let [client, server] =
            [client_write, server_write].map(|key| aead::Keys::new(AesKey::from(key)));
        let mut channel = connection.secured(wire, Sealer::new(&server), Opener::new(&client));

        while channel.recv()?.is_some() {
            channel.send(RESPONSE)?;
        }
        Ok(())
    })
}

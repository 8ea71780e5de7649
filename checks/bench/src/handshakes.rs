//! The cost of a handshake: both sides from their private keys to their secret, or to the keys of both directions
//! where the stage has any, one handshake after the other on one connection over loopback.

use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use crypto::hkdf::{PART3, PART4, WriteKeys};
use crypto::{dh, x25519};
use handshake::Wire;
use stages::Stage;

use crate::parties::Parties;
use crate::protocol::loopback;
use crate::window::{Measured, Window};

/// Measures handshakes of `stage`.
pub fn measure(stage: &'static Stage, length: Duration) -> Result<Measured> {
    let (here, there) = loopback()?;
    let parties = stage.has_certificates().then(Parties::new).transpose()?;
    let parties = parties.as_ref();
    let window = Window::default();
    thread::scope(|scope| {
        let server = scope.spawn(|| {
            // It ends at the end of the stream, where a ClientHello would be due.
            while agree(stage, parties, &there, false).is_ok() {}
        });
        let client = scope.spawn(|| -> Result<()> {
            let mut count = 0;
            while !window.is_over() {
                agree(stage, parties, &here, true)?;
                count += 1;
                window.set(count);
            }
            here.shutdown(std::net::Shutdown::Write).context("cannot end the connection")
        });
        let measured = window.watch(length);
        client.join().map_err(|_| anyhow!("the client failed"))??;
        server.join().map_err(|_| anyhow!("the server failed"))?;
        Ok(measured)
    })
}

/// One side of a handshake.
fn agree(
    stage: &Stage,
    parties: Option<&Parties>,
    stream: &TcpStream,
    is_client: bool,
) -> Result<()> {
    let mut wire = Wire::new(stream);
    let wire = &mut wire;
    let secret = match (stage.short_name(), parties, is_client) {
        ("dh", _, true) => handshake::dh::client(wire, dh::PrivateKey::random()?)?,
        ("dh", _, false) => handshake::dh::server(wire, dh::PrivateKey::random()?)?,
        ("x25519" | "hkdf", _, true) => {
            handshake::x25519::client(wire, x25519::PrivateKey::random()?)?
        }
        ("x25519" | "hkdf", _, false) => {
            handshake::x25519::server(wire, x25519::PrivateKey::random()?)?
        }
        ("cert", Some(Parties { client, .. }), true) => {
            handshake::cert::client(wire, x25519::PrivateKey::random()?, client)?
        }
        ("cert", Some(Parties { server, .. }), false) => {
            handshake::cert::server(wire, x25519::PrivateKey::random()?, server)?
        }
        _ => bail!("{stage:?} has no handshake that is measured"),
    };
    if stage.has_data() {
        WriteKeys::derive(&secret, if parties.is_some() { &PART4 } else { &PART3 });
    }
    Ok(())
}

//! Puts public values in the place of theirs with which the secret is known beforehand.
//!
//! **Needs** nothing but the place. 0 and 1 to any power are 0 and 1, and p - 1 to any power is 1 or p - 1; a point of
//! low order times any private key of X25519 is zero. **Would use** a side that calculates with whatever comes: as both
//! would then hold the same secret, comparing what they hold would show nothing. The articles' programs of classic
//! Diffie-Hellman are such sides.

use std::io;

use crypto::dh::prime;
use crypto::secret::SharedSecret;
use framing::Direction::{ToClient, ToServer};
use messages::Message as _;
use messages::dh::{ClientHello, ServerHello};
use messages::tls13::extension::Extension;
use messages::x25519::Hello;
use stages::{PART1_PLAIN, PART3_DH, PART3_X25519, PART5_TLS13, Stage};

use super::NO_HANDSHAKE;
use super::Outcome::Refused;
use crate::own_key::decode;
use crate::tls13::{change_client_hello, change_server_hello, shares};
use crate::{Attack, Message, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "weak-keys",
    tries: "put in a public value that forces the secret",
    property: "a secret that nobody can force",
    closed_by: "part3-dh, by a look at the value that arrives",
    outcomes: &[
        (&PART1_PLAIN, NO_HANDSHAKE),
        (&PART3_DH, Refused("bad_public_value")),
        (&PART3_X25519, Refused("low_order_key")),
        (&PART5_TLS13, Refused("illegal_parameter")),
    ],
    run,
};

/// A public value, and the secret that whoever calculates with it gets.
pub struct Weak {
    /// As it stands on the wire.
    pub value: Vec<u8>,
    /// The secret; of two that are possible, one.
    pub secret: Vec<u8>,
    /// Whose secret it is.
    pub whose: &'static str,
    /// The reason.
    pub from: &'static str,
}

/// The values that are tried, one a client: the last against the client, the others against the server.
pub const TRIED: usize = 4;

/// A point of order 8, by its u-coordinate. 0 is of order 2, and 1 of order 4.
const ORDER_8: [u8; 32] = [
    0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
    0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
];

/// Returns the values that are tried at a stage.
pub fn weak_values(stage: &Stage) -> [Weak; TRIED] {
    if stage == &PART3_DH {
        let mut minus_one = prime().to_vec();
        if let Some(last) = minus_one.last_mut() {
            *last -= 1;
        }
        let one = || Weak {
            value: vec![1],
            secret: vec![1],
            whose: "the secret of whoever takes 1 for a public value",
            from: "1 to any power is 1",
        };
        [
            Weak {
                value: vec![],
                secret: vec![],
                whose: "the secret of whoever takes 0 for a public value",
                from: "0 to any power is 0",
            },
            one(),
            Weak {
                value: minus_one,
                secret: vec![1],
                whose: "the secret of whoever takes p - 1 for a public value",
                from: "p - 1 to any even power is 1, and to any odd one p - 1",
            },
            one(),
        ]
    } else {
        let point = |value: [u8; 32]| Weak {
            value: value.to_vec(),
            secret: vec![0; 32],
            whose: "the secret of whoever takes a point of low order for a public key",
            from: "any private key times it is zero",
        };
        let u = |number| {
            let mut point = [0; 32];
            point[0] = number;
            point
        };
        [point(u(0)), point(u(1)), point(ORDER_8), point(u(0))]
    }
}

fn run(path: &Path) -> io::Result<()> {
    for (number, Weak { value, secret, whose, from }) in (1..).zip(weak_values(path.server_stage()))
    {
        let mut session = path.intercept()?;
        let towards = if number == TRIED { ToClient } else { ToServer };
        let change = |hello: &mut Message| {
            if hello.direction() != towards || hello.has_certificates() || !hello.is_hello() {
                return Ok(());
            }
            path.compute(whose, from, &SharedSecret::guessed(&secret));
            put(&value, hello)
        };
        // Whoever refuses the value ends the handshake early.
        _ = session.change_handshake(change);
        session.relay();
    }
    Ok(())
}

/// Puts a value in the place of the sender's.
fn put(value: &[u8], hello: &mut Message) -> io::Result<()> {
    if hello.has_types() {
        return put_in_tls(value, hello);
    }
    let changed = match value.try_into() {
        Ok(public_key) => Hello { public_key }.encode(),
        Err(_) if hello.direction() == ToServer => {
            ClientHello { public_value: value.to_vec(), ..decode(hello)? }.encode()
        }
        Err(_) => ServerHello { public_value: value.to_vec() }.encode(),
    };
    hello.replace_payload(&changed);
    Ok(())
}

/// Puts a value in the place of the sender's X25519 key, also where that stands behind one of ML-KEM.
fn put_in_tls(value: &[u8], hello: &mut Message) -> io::Result<()> {
    let put = |extensions: &mut [Extension]| {
        for share in shares(extensions) {
            let before = share.key_exchange.len().saturating_sub(value.len());
            share.key_exchange.truncate(before);
            share.key_exchange.extend_from_slice(value);
        }
    };
    match hello.direction() {
        ToServer => change_client_hello(hello, |hello| put(&mut hello.extensions)),
        ToClient => change_server_hello(hello, |hello| put(&mut hello.extensions)),
    }
}

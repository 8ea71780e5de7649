//! Sends the server a group in which the secret can be found by counting.
//!
//! **Needs** nothing but the place: the group travels in clear, and the client chooses it. **Would use** a server that
//! calculates in whatever group it is given, as the articles' does. With p = 23 there are 22 possible secrets.

use std::io;

use crypto::secret::SharedSecret;
use messages::Message as _;
use messages::dh::{ClientHello, ServerHello};
use stages::{PART1_PLAIN, PART3_DH, PART3_X25519, PART5_TLS13};

use super::NO_HANDSHAKE;
use super::Outcome::{NotApplicable, Refused};
use crate::own_key::decode;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "weak-group",
    tries: "put a prime of two digits in place of the large one",
    property: "a group that nobody on the path chooses",
    closed_by: "part3-dh, by comparing; part3-x25519, by sending none",
    outcomes: &[
        (&PART1_PLAIN, NO_HANDSHAKE),
        (&PART3_DH, Refused("wrong_group")),
        (&PART3_X25519, NotApplicable("the curve is fixed, and no group is sent")),
        (&PART5_TLS13, NotApplicable("groups have names, and no prime is sent")),
    ],
    run,
};

/// The prime, its generator, and a public value in that group: 5^6 mod 23 = 8.
const PRIME: u8 = 23;
const GENERATOR: u8 = 5;
const EXPONENT: u32 = 6;

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    let mut hello = session.requests.take()?;

    let weak = ClientHello {
        prime: vec![PRIME],
        generator: vec![GENERATOR],
        public_value: vec![power(GENERATOR)],
    };
    hello.replace_payload(&weak.encode());
    session.requests.send(&hello)?;

    // A server that refuses the group has no answer.
    if let Ok(answer) = session.answers.take() {
        if let [theirs] = decode::<ServerHello>(&answer)?.public_value[..] {
            let secret = SharedSecret::guessed(&[power(theirs)]);
            path.compute(
                "the server's secret",
                "its public value to the power of 6, mod 23",
                &secret,
            );
        }
        session.answers.send(&answer)?;
    }
    session.relay();
    Ok(())
}

/// A number to the power of the own exponent, mod p.
fn power(number: u8) -> u8 {
    (0..EXPONENT).fold(1, |power, _| {
        let product = u16::from(power) * u16::from(number) % u16::from(PRIME);
        u8::try_from(product).unwrap_or_default()
    })
}

//! Flips one bit in each message of the handshake, one message a client.
//!
//! **Needs** nothing but the place. **Would use** a message that nothing covers. The Hellos are in clear, and every key
//! depends on them; the others are under keys; and a ChangeCipherSpec, which means nothing, has to be what it is.

use std::io;

use stages::{PART1_PLAIN, PART3_DH, PART5_TLS13};

use super::NO_HANDSHAKE;
use super::Outcome::{NotApplicable, Refused};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "flipped-handshake",
    tries: "flip a bit in each message of the handshake",
    property: "integrity of the handshake",
    closed_by: "part5-tls13: keys, a signature and two tags that depend on all of it",
    outcomes: &[
        (&PART1_PLAIN, NO_HANDSHAKE),
        (&PART3_DH, NotApplicable("altered-handshake shows here what is noticed, and what not")),
        (&PART5_TLS13, Refused("bad_tag")),
    ],
    run,
};

/// Messages of a handshake of TLS, one a client.
pub const TRIED: usize = PART5_TLS13.handshake.len();

/// Offset of a byte of the random value in a Hello: type, length and version stand before it.
const RANDOM: usize = 6;

fn run(path: &Path) -> io::Result<()> {
    for number in 0..TRIED {
        let mut session = path.intercept()?;
        let mut at = 0;
        // Whoever refuses it ends the handshake early.
        _ = session.change_handshake(|message| {
            if at == number {
                let mut payload = message.payload().to_vec();
                let place = RANDOM.min(payload.len().saturating_sub(1));
                if let Some(byte) = payload.get_mut(place) {
                    *byte ^= 1;
                }
                message.change_payload(&payload);
            }
            at += 1;
            Ok(())
        });
        session.relay();
    }
    Ok(())
}

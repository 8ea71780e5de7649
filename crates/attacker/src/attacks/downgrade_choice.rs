//! Takes the best out of the client's offer, so that a server has to choose something less: suites in one connection,
//! groups in another, and in a third all keys, so that the server asks for one.
//!
//! **Needs** nothing but the place: the offer travels in clear. **Would use** that nothing later says what was offered. In
//! TLS the keys depend on a hash of it: the two sides have different ones, and neither can open what the other sends.

use std::io;

use messages::tls13::ClientHello;
use messages::tls13::extension::Extension;
use stages::{PART1_PLAIN, PART5_TLS13};

use super::Outcome::{NotApplicable, Refused};
use crate::tls13::{X25519, change_client_hello};
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "downgrade-choice",
    tries: "take the best suites and groups out of the offer",
    property: "a choice that both sides have seen",
    closed_by: "part5-tls13: keys that depend on a hash of the offer",
    outcomes: &[
        (&PART1_PLAIN, NotApplicable("nothing is chosen: a stage has one way to do it")),
        (&PART5_TLS13, Refused("bad_tag")),
    ],
    run,
};

/// The changes that are tried, one a client.
pub const TRIED: usize = 3;

const CHANGES: [fn(&mut ClientHello); TRIED] = [
    |hello| hello.cipher_suites.drain(..hello.cipher_suites.len().saturating_sub(1)).for_each(drop),
    |hello| {
        for extension in &mut hello.extensions {
            match extension {
                Extension::SupportedGroups(groups) => groups.retain(|group| *group == X25519),
                Extension::KeyShares(shares) => shares.retain(|share| share.group == X25519),
                _ => {}
            }
        }
    },
    |hello| {
        for extension in &mut hello.extensions {
            if let Extension::KeyShares(shares) = extension {
                shares.clear();
            }
        }
    },
];

fn run(path: &Path) -> io::Result<()> {
    for change in CHANGES {
        let mut session = path.intercept()?;
        let mut hello = session.requests.take()?;
        change_client_hello(&mut hello, change)?;
        session.requests.send(&hello)?;
        session.relay();
    }
    Ok(())
}

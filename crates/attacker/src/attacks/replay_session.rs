//! Records a request, and sends it again in a connection of its own.
//!
//! **Needs** nothing but the record. **Uses** that every connection has the same key and counts from the
//! same number: nothing in a record says which connection it belongs to. Where there is a handshake, the attacker goes
//! through one first, as anyone may.

use std::io;

use framing::Direction::{ToClient, ToServer};
use stages::{PART1_PLAIN, PART3_HKDF};

use super::Outcome::{Refused, Succeeds};
use crate::{Attack, OwnKey, Path, Session};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "replay-session",
    tries: "send a recorded request in a new connection",
    property: "freshness across connections",
    closed_by: "part3-hkdf: fresh keys for each connection",
    outcomes: &[(&PART1_PLAIN, Succeeds), (&PART3_HKDF, Refused("bad_tag"))],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let request = session.requests.take()?;
    session.requests.send(&request)?;
    session.relay();

    let mut own = path.connect()?;
    if path.server_stage().has_types() {
        meet_by_program(path, &mut own)?;
    } else {
        OwnKey::meet(&mut own)?;
    }
    own.requests.send(&request)?;
    own.relay();
    Ok(())
}

/// Goes through the handshake with a client of its own.
fn meet_by_program(path: &Path, server: &mut Session) -> io::Result<()> {
    let mut client = path.own_client()?;
    for message in server.client_stage().handshake {
        match message.direction {
            ToServer => server.requests.make_record(&client.take()?, None, None)?,
            ToClient => client.give(&server.answers.take()?)?,
        }
    }
    Ok(())
}

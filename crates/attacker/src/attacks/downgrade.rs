//! Leads a client to a server of a weaker stage: of `part2-hmac` to `part1-ctr`, whose records it makes by taking off
//! the tag, and of `part4-cert` to `part3-hkdf`.
//!
//! **Needs** the layout of a record. **Uses** that `part2-hmac` and `part1-ctr` encrypt under the same key, so that the
//! protection can be removed like a wrapper. **Would use** a client that does without a proof when none comes: the
//! Hellos of `part4-cert` are those of `part3-hkdf`, where the server says nothing of itself.

use std::io;

use stages::{PART1_CTR, PART1_PLAIN, PART2_HMAC, PART3_DH, PART4_CERT};

use super::Outcome::{NotApplicable, Refused, Succeeds};
use crate::{Attack, Path, Session};

/// A column of the table is the stage of the side that is to be fooled.
const OTHER_STAGE: super::Outcome =
    NotApplicable("it leads a client of hmac to part1-ctr, and one of part4-cert to hkdf");

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "downgrade",
    tries: "lead a client to a server of a weaker stage",
    property: "separation of protocols",
    closed_by: "part4-cert: a key of its own for each protocol, and no data before the proof",
    outcomes: &[
        (&PART1_PLAIN, OTHER_STAGE),
        (&PART1_CTR, Succeeds),
        (&PART2_HMAC, OTHER_STAGE),
        (&PART3_DH, OTHER_STAGE),
        (&PART4_CERT, Refused("no_server_auth")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    if session.server_stage().handshake.is_empty() {
        take_off_the_tag(&mut session)?;
    } else {
        leave_out_the_proof(&mut session)?;
    }
    session.relay();
    Ok(())
}

fn take_off_the_tag(session: &mut Session) -> io::Result<()> {
    let mut request = session.requests.take()?;

    let whole = request.text()?.len();
    request.cut_text(whole);

    session.requests.send(&request)
}

/// Ends it where the proof is due. To say nothing would come to the same: the client has a time limit.
fn leave_out_the_proof(session: &mut Session) -> io::Result<()> {
    let hello = session.requests.take()?;
    session.requests.send(&hello)?;
    let answer = session.answers.take()?;
    session.answers.send(&answer)?;
    session.answers.end()
}

//! Leads a client to a server of a weaker stage: of `part2-hmac` to `part1-ctr`, whose records it makes by taking off
//! the tag, and of `part4-cert` to `part3-hkdf`; and has a client of `part5-tls13` ask for TLS 1.2.
//!
//! **Needs** the layout of a record. **Uses** that `part2-hmac` and `part1-ctr` encrypt under the same key, so that the
//! protection can be removed like a wrapper. **Would use** a client that does without a proof when none comes: the
//! Hellos of `part4-cert` are those of `part3-hkdf`, where the server says nothing of itself. At TLS it would use a server that goes
//! back to what it spoke before: this one does not, and one that does has to say so in its random value, which is signed
//! (RFC 8446, section 4.1.3).

use std::io;

use messages::tls13::extension::Extension;
use stages::{PART1_CTR, PART1_PLAIN, PART2_HMAC, PART3_DH, PART4_CERT, PART5_TLS13};

use super::Outcome::{NotApplicable, Refused, Succeeds};
use crate::tls13::change_client_hello;
use crate::{Attack, Path, Session};

/// A column of the table is the stage of the side that is to be fooled.
const OTHER_STAGE: super::Outcome = NotApplicable(
    "it leads a client of hmac to part1-ctr, one of part4-cert to hkdf, and one of part5-tls13 to TLS 1.2",
);

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
        (&PART5_TLS13, Refused("protocol_version")),
    ],
    run,
};

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.intercept()?;
    if session.server_stage().has_types() {
        ask_for_less(&mut session)?;
    } else if session.server_stage().handshake.is_empty() {
        take_off_the_tag(&mut session)?;
    } else {
        leave_out_the_proof(&mut session)?;
    }
    session.relay();
    Ok(())
}

/// Leaves out the extension by which a client of TLS 1.3 differs from one of TLS 1.2.
fn ask_for_less(session: &mut Session) -> io::Result<()> {
    let mut hello = session.requests.take()?;
    change_client_hello(&mut hello, |hello| {
        hello.extensions.retain(|it| !matches!(it, Extension::SupportedVersions(_)));
    })?;
    session.requests.send(&hello)
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

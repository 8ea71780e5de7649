//! Tells by the length of a record which of two requests it is.
//!
//! **Needs** a list of what may be said, as anyone can make of a public site. **Uses** that a record is as long as its text,
//! and a fixed number of bytes. TLS 1.3 can pad records (RFC 8446, section 5.4), if somebody says how far: what is right
//! depends on what is sent.

use std::io;

use stages::{PART1_PLAIN, Stage};

use super::GUESS;
use super::Outcome::Succeeds;
use crate::{Attack, Path};

/// See the top of this file.
pub const ATTACK: Attack = Attack {
    name: "traffic-lengths",
    tries: "tell by its length which request it is",
    property: "hidden lengths",
    closed_by: "none, nor does TLS by itself: padding hides lengths, if somebody asks for it",
    outcomes: &[(&PART1_PLAIN, Succeeds)],
    run,
};

/// Another request that clients make.
pub const OTHER: &[u8; 62] =
    b"GET /transfer?to=carol&amount=20 HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn run(path: &Path) -> io::Result<()> {
    let mut session = path.accept()?;
    let request = session.requests.take()?;

    let len = request.bytes().len() - overhead(path.server_stage());
    if let Some(text) = [&GUESS[..], OTHER].into_iter().find(|text| text.len() == len) {
        path.learn(text.split(|byte| *byte == b'\r').next().unwrap_or_default());
    }

    session.requests.send(&request)?;
    session.relay();
    Ok(())
}

fn overhead(stage: &Stage) -> usize {
    if stage.has_records() { stage.record_overhead() } else { 0 }
}

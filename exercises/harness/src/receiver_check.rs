//! A server of hmac-seq whose every record is opened by an exercise.
//!
//! The exercise is given the three steps one by one, and they are noted as they are taken. Each is a call
//! into another stage: hmac verifies the same tag, since to it seq and nonce are just 24 bytes in front
//! of the ciphertext, and ctr decrypts under the same key.

use std::process::ExitCode;

pub use crypto::OpenError;
use crypto::{Open, SEQ_LEN, ctr, hmac, hmac_seq};
use program::RESPONSE;
use stages::PART2_HMAC_SEQ;

/// Opens a record that arrived, where the sequence number `expected` is due, and moves `expected` on.
pub type Check = fn(&mut Arrived, expected: &mut u64) -> Result<Vec<u8>, OpenError>;

/// A record of hmac-seq as it came off the wire. Nobody knows yet who made it.
pub struct Arrived<'p> {
    payload: &'p [u8],
    steps: Vec<Step>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The tag was verified, and was right or wrong.
    Verified(bool),
    ReadSeq,
    Decrypted,
}

impl Arrived<'_> {
    /// Whether its tag belongs to its seq, nonce and ciphertext.
    pub fn tag_is_right(&mut self) -> bool {
        let mut opener = hmac::Opener::new(&demo_keys::hmac());
        let is_right = opener.open(&[], &mut self.payload.to_vec()).is_ok();
        self.steps.push(Step::Verified(is_right));
        is_right
    }

    /// The sequence number it carries.
    pub fn seq(&mut self) -> u64 {
        self.steps.push(Step::ReadSeq);
        seq(self.payload)
    }

    /// Its plaintext.
    pub fn decrypt(&mut self) -> Vec<u8> {
        self.steps.push(Step::Decrypted);
        let sealed = SEQ_LEN..self.payload.len() - hmac_seq::TAG_LEN;
        let mut sealed = self.payload.get(sealed).unwrap_or_default().to_vec();
        let opened = ctr::Opener::new(&demo_keys::ctr()).open(&[], &mut sealed);
        opened.map(|plaintext| plaintext.to_vec()).unwrap_or_default()
    }
}

/// Runs the server.
pub fn run(check: Check) -> ExitCode {
    crate::begin(crate::LIMIT);
    program::server(&PART2_HMAC_SEQ, |connection| {
        let sealer = hmac_seq::Sealer::new(&demo_keys::hmac_seq());
        let mut channel = connection.channel(sealer, Opener { check, expected: 0 });

        while channel.recv()?.is_some() {
            channel.send(RESPONSE)?;
        }
        Ok(())
    })
}

struct Opener {
    check: Check,
    expected: u64,
}

impl Open for Opener {
    fn overhead(&self) -> usize {
        hmac_seq::OVERHEAD
    }

    fn open<'p>(
        &mut self,
        _header: &[u8],
        payload: &'p mut [u8],
    ) -> Result<&'p mut [u8], OpenError> {
        let (due, got) = (self.expected, seq(payload));
        let mut record = Arrived { payload, steps: Vec::new() };
        let opened = (self.check)(&mut record, &mut self.expected);
        if let Some(what) = wrong_order(&record.steps, opened.is_ok()) {
            crate::fault(what);
        }
        let expected = self.expected;
        match &opened {
            Ok(_) if got == due && expected != due + 1 => crate::fault(&format!(
                "record {due} was accepted, and left `expected` at {expected}: the next one \
                 carries {}",
                due + 1
            )),
            Err(_) if expected != due => crate::fault(&format!(
                "a refused record moved `expected` from {due} to {expected}: the genuine record {due} \
                 is not due any more"
            )),
            _ => {}
        }
        let opened = opened?;
        let plaintext = payload.get_mut(..opened.len()).unwrap_or_default();
        plaintext.copy_from_slice(&opened[..plaintext.len()]);
        Ok(plaintext)
    }

    fn expected_seq(&self) -> Option<u64> {
        Some(self.expected)
    }
}

fn seq(payload: &[u8]) -> u64 {
    payload.first_chunk().map_or(0, |seq| u64::from_be_bytes(*seq))
}

/// Returns what was done too early to a record, whether it was then accepted or not.
fn wrong_order(steps: &[Step], accepted: bool) -> Option<&'static str> {
    let at = |wanted: Step| steps.iter().position(|step| *step == wanted);
    let verified = steps.iter().position(|step| matches!(step, Step::Verified(_)));
    let before = |one: Option<usize>, other: Option<usize>| match (one, other) {
        (Some(one), Some(other)) => one < other,
        (one, _) => one.is_some(),
    };
    let (read, decrypted) = (at(Step::ReadSeq), at(Step::Decrypted));
    if before(decrypted, verified) {
        Some(
            "a record was decrypted before its tag was verified, as whatever anyone sends would be",
        )
    } else if before(read, verified) {
        Some(
            "a record's seq was read before its tag was verified: until then it is anyone's number",
        )
    } else if at(Step::Verified(false)).is_some() && decrypted.is_some() {
        Some("a record with a wrong tag was decrypted anyway")
    } else if before(decrypted, read) {
        Some("a record was decrypted before its seq was compared, as a replayed one would be")
    } else if decrypted.is_some() && !accepted {
        Some("a record was decrypted, and then refused")
    } else {
        None
    }
}

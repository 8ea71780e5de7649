use std::ops::Range;
use std::sync::LazyLock;

use crypto::{OpenError, SEQ_LEN};
use stages::{PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, Role, Stage};

use crate::{Choices, STAGES, opener, sealer};

/// The most payloads that one opener is given: enough to reach the last of the genuine records.
const MAX_PAYLOADS: usize = 12;

/// The plaintexts of every session that is recorded.
const PLAINTEXTS: [&[u8]; 4] =
    [b"", b"GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"x", &[7; 300]];

/// A record that was sealed, as someone on the path has seen it pass.
struct Genuine {
    /// The stage it was sealed at.
    stage: &'static Stage,
    plaintext: &'static [u8],
    payload: Vec<u8>,
}

/// Two sessions at every stage, all under the articles' keys.
static GENUINE: LazyLock<Vec<Genuine>> = LazyLock::new(|| {
    let mut genuine = Vec::new();
    for _session in 0..2 {
        for stage in STAGES.iter().copied() {
            let mut sealer = sealer(stage);
            for plaintext in PLAINTEXTS {
                let mut payload = Vec::new();
                sealer.seal(&[], plaintext, &mut payload).expect("a record can be sealed");
                genuine.push(Genuine { stage, plaintext, payload });
            }
        }
    }
    genuine
});

/// Checks that whatever an opener accepts was sealed, and is the record that was due; and that
/// whatever it refuses is refused for the right reason, leaves no plaintext behind and leaves the
/// number that is due unchanged. Without a tag, where everything is accepted, it decrypts to what
/// its bytes say.
///
/// The first byte of the input selects the stage. The others make payloads out of genuine records
/// of all stages and of bytes of its own.
///
/// # Panics
/// Where that does not hold.
pub fn opening(input: &[u8]) {
    let mut choices = Choices::new(input);
    let stage = STAGES[choices.below(STAGES.len())];
    let mut opener = opener(stage);
    for _ in 0..MAX_PAYLOADS {
        let payload = payload(stage, &mut choices);
        let due = opener.expected_seq();
        let mut opened = payload.clone();
        match opener.open(&stage.header().encode(payload.len()), &mut opened) {
            Ok(plaintext) => {
                accepted(stage, &payload, plaintext, due);
                assert_eq!(opener.expected_seq(), due.map(|due| due + 1));
            }
            Err(error) => {
                assert_eq!(error, refusal(stage, &payload, due).expect("a refusal"));
                assert_eq!(opener.expected_seq(), due);
                let mut untouched = payload;
                untouched[wiped(stage, error, &opened)].fill(0);
                assert_eq!(opened, untouched);
            }
        }
        if choices.is_empty() {
            break;
        }
    }
}

/// A genuine record or bytes from the input, edited or as it is.
fn payload(stage: &Stage, choices: &mut Choices<'_>) -> Vec<u8> {
    let mut payload = match choices.below(4) {
        0 => {
            let len = choices.byte().into();
            choices.bytes(len).to_vec()
        }
        1 => one(choices, |_| true).payload.clone(),
        _ => one(choices, |genuine| genuine.stage == stage).payload.clone(),
    };
    for _ in 0..choices.below(4) {
        edit(stage, &mut payload, choices);
    }
    payload
}

/// One of the genuine records that are `wanted`.
fn one(choices: &mut Choices<'_>, wanted: impl Fn(&Genuine) -> bool) -> &'static Genuine {
    let records: Vec<_> = GENUINE.iter().filter(|genuine| wanted(genuine)).collect();
    records[choices.below(records.len())]
}

fn edit(stage: &Stage, payload: &mut Vec<u8>, choices: &mut Choices<'_>) {
    match choices.below(8) {
        0 => {
            let (at, bit) = (choices.number(), choices.below(8));
            let at = at % payload.len().max(1);
            payload.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << bit);
        }
        1 => {
            let at = choices.number() % (payload.len() + 1);
            let len = choices.byte().into();
            let bytes = choices.bytes(len);
            let end = (at + len).min(payload.len());
            payload.splice(at..end, bytes.iter().copied());
        }
        2 => {
            let at = choices.number() % (payload.len() + 1);
            let len = choices.byte().into();
            payload.splice(at..at, choices.bytes(len).iter().copied());
        }
        3 => payload.truncate(choices.number() % (payload.len() + 1)),
        4 => drop(payload.drain(..choices.number() % (payload.len() + 1))),
        5 => {
            let seq = u64::from(choices.byte()).to_be_bytes();
            payload.splice(..payload.len().min(SEQ_LEN), seq);
        }
        6 => {
            // Puts a field of another record in place of the same field of this one.
            let donor = one(choices, |genuine| genuine.stage == stage);
            let fields = stage.split_payload(&donor.payload).map_or(1, |parts| parts.len());
            let number = choices.below(fields);
            let field = |payload: &[u8]| -> Option<Range<usize>> {
                let part = *stage.split_payload(payload)?.get(number)?;
                Some(part.offset..part.offset + part.bytes.len())
            };
            if let (Some(ours), Some(theirs)) = (field(payload), field(&donor.payload)) {
                payload.splice(ours, donor.payload[theirs].iter().copied());
            }
        }
        _ => {
            // Puts the end of another record, of any stage, after the start of this one.
            let donor = one(choices, |_| true);
            let at = choices.number() % (payload.len().min(donor.payload.len()) + 1);
            payload.truncate(at);
            payload.extend_from_slice(&donor.payload[at..]);
        }
    }
}

/// Finds the genuine record with exactly these bytes, of a stage that makes its tags as this one
/// does: hmac and hmac-seq share their keys, and one's tag covers the same bytes as the other's.
fn sealed(stage: &Stage, payload: &[u8]) -> Option<&'static Genuine> {
    let alike = [&PART2_HMAC, &PART2_HMAC_SEQ];
    let makes_our_tags = |other| other == stage || alike.contains(&stage) && alike.contains(&other);
    GENUINE.iter().find(|genuine| genuine.payload == payload && makes_our_tags(genuine.stage))
}

/// Returns why `payload` must be refused, or `None` where it must be accepted.
fn refusal(stage: &Stage, payload: &[u8], due: Option<u64>) -> Option<OpenError> {
    let (len, min) = (payload.len(), stage.overhead());
    if len < min {
        return Some(OpenError::TooShort { len, min });
    }
    if stage.has(Role::Tag) && sealed(stage, payload).is_none() {
        return Some(OpenError::BadTag);
    }
    let expected = due?;
    let got = stage.seq(payload)?;
    (got != expected).then_some(OpenError::OutOfOrder { expected, got })
}

fn accepted(stage: &Stage, payload: &[u8], plaintext: &[u8], due: Option<u64>) {
    assert_eq!(refusal(stage, payload, due), None, "accepted all the same");
    assert_eq!(plaintext.len(), payload.len() - stage.overhead());
    match sealed(stage, payload) {
        Some(genuine) if genuine.stage == stage => {
            assert_eq!(plaintext, genuine.plaintext);
        }
        // Of a stage that shares our keys: genuine, though not of ours, and so garbled.
        Some(_) => {}
        None => decrypted_by_its_nonce(stage, payload, plaintext),
    }
}

/// Without a tag, only the nonce says which keystream decrypts a ciphertext. We know the start of
/// the keystream of every nonce we have seen: ciphertext xor plaintext.
fn decrypted_by_its_nonce(stage: &Stage, payload: &[u8], plaintext: &[u8]) {
    let nonce = &payload[range(stage, Role::Nonce, payload)];
    let ciphertext = &payload[range(stage, Role::Ciphertext, payload)];
    for genuine in GENUINE.iter().filter(|genuine| genuine.stage == stage) {
        let theirs = |role| &genuine.payload[range(stage, role, &genuine.payload)];
        if theirs(Role::Nonce) != nonce {
            continue;
        }
        let known = theirs(Role::Ciphertext).iter().zip(genuine.plaintext);
        for ((got, sent), (theirs, known)) in plaintext.iter().zip(ciphertext).zip(known) {
            assert_eq!(got ^ sent, theirs ^ known);
        }
    }
}

/// Where the field of this role lies in a payload that holds the fields of its stage.
fn range(stage: &Stage, role: Role, payload: &[u8]) -> Range<usize> {
    let parts = stage.split_payload(payload).expect("a payload that holds the fields");
    let part = parts.iter().find(|part| part.field.role == role).expect("a field of this role");
    part.offset..part.offset + part.bytes.len()
}

/// Returns which part of a refused payload was overwritten: aead decrypts before it knows the
/// number, and wipes. With AWS-LC it also decrypts before it knows the tag.
fn wiped(stage: &Stage, error: OpenError, payload: &[u8]) -> Range<usize> {
    let is_decrypted = match error {
        OpenError::OutOfOrder { .. } => true,
        OpenError::BadTag => cfg!(feature = "aws-lc-rs"),
        _ => false,
    };
    if *stage == PART2_AEAD && is_decrypted {
        range(stage, Role::Ciphertext, payload)
    } else {
        0..0
    }
}

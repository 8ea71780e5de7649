use std::ops::Range;
use std::sync::LazyLock;

use crypto::{OpenError, SEQ_LEN, Seal, aead, ctr, hmac, hmac_seq};

use crate::{Choices, Stage};

/// The most payloads that one opener is given: enough to reach the last of the genuine records.
const MAX_PAYLOADS: usize = 12;

/// The plaintexts of every session that is recorded.
const PLAINTEXTS: [&[u8]; 4] =
    [b"", b"GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"x", &[7; 300]];

/// A record that was sealed, as someone on the path has seen it pass.
struct Genuine {
    /// The name of the stage it was sealed at.
    stage: &'static str,
    plaintext: &'static [u8],
    payload: Vec<u8>,
}

/// Two sessions at every stage, all under the articles' keys.
static GENUINE: LazyLock<Vec<Genuine>> = LazyLock::new(|| {
    let mut genuine = Vec::new();
    for _session in 0..2 {
        record::<ctr::Opener>(&mut genuine);
        record::<hmac::Opener>(&mut genuine);
        record::<hmac_seq::Opener>(&mut genuine);
        record::<aead::Opener>(&mut genuine);
    }
    genuine
});

fn record<S: Stage>(genuine: &mut Vec<Genuine>) {
    let mut sealer = S::sealer();
    for plaintext in PLAINTEXTS {
        let mut payload = Vec::new();
        sealer.seal(plaintext, &mut payload).expect("a record can be sealed");
        genuine.push(Genuine { stage: S::LAYOUT.name, plaintext, payload });
    }
}

/// Whatever an opener accepts was sealed, and is the record that was due; whatever it refuses is refused for
/// the right reason, leaves no plaintext behind and the number that is due as it was. At ctr, where everything
/// is accepted, it decrypts to what its bytes say.
///
/// The input makes payloads out of genuine records of all stages and of bytes of its own.
///
/// # Panics
/// Where that does not hold.
pub fn opening<S: Stage>(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mut opener = S::opener();
    for _ in 0..MAX_PAYLOADS {
        let payload = payload::<S>(&mut choices);
        let due = opener.expected_seq();
        let mut opened = payload.clone();
        match opener.open(&mut opened) {
            Ok(plaintext) => {
                accepted::<S>(&payload, plaintext, due);
                assert_eq!(opener.expected_seq(), due.map(|due| due + 1));
            }
            Err(error) => {
                assert_eq!(error, refusal::<S>(&payload, due).expect("a refusal"));
                assert_eq!(opener.expected_seq(), due);
                let mut untouched = payload;
                untouched[wiped::<S>(error, opened.len())].fill(0);
                assert_eq!(opened, untouched);
            }
        }
        if choices.is_empty() {
            break;
        }
    }
}

/// A genuine record or bytes from the input, edited or as it is.
fn payload<S: Stage>(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut payload = match choices.below(4) {
        0 => {
            let len = choices.byte().into();
            choices.bytes(len).to_vec()
        }
        1 => one(choices, |_| true).payload.clone(),
        _ => one(choices, |genuine| genuine.stage == S::LAYOUT.name).payload.clone(),
    };
    for _ in 0..choices.below(4) {
        edit::<S>(&mut payload, choices);
    }
    payload
}

/// One of the genuine records that are `wanted`.
fn one(choices: &mut Choices<'_>, wanted: impl Fn(&Genuine) -> bool) -> &'static Genuine {
    let records: Vec<_> = GENUINE.iter().filter(|genuine| wanted(genuine)).collect();
    records[choices.below(records.len())]
}

fn edit<S: Stage>(payload: &mut Vec<u8>, choices: &mut Choices<'_>) {
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
            // A field of another record in place of the same field of this one.
            let donor = one(choices, |genuine| genuine.stage == S::LAYOUT.name);
            let number = choices.below(S::LAYOUT.fields.len());
            let field = |payload: &[u8]| -> Option<Range<usize>> {
                let part = *S::LAYOUT.split(payload)?.get(number)?;
                Some(part.offset..part.offset + part.bytes.len())
            };
            if let (Some(ours), Some(theirs)) = (field(payload), field(&donor.payload)) {
                payload.splice(ours, donor.payload[theirs].iter().copied());
            }
        }
        _ => {
            // The end of another record, of any stage, behind the start of this one.
            let donor = one(choices, |_| true);
            let at = choices.number() % (payload.len().min(donor.payload.len()) + 1);
            payload.truncate(at);
            payload.extend_from_slice(&donor.payload[at..]);
        }
    }
}

/// The genuine record with exactly these bytes, of a stage that makes its tags as `S` does: hmac and hmac-seq
/// share their keys, and one's tag covers the same bytes as the other's.
fn sealed<S: Stage>(payload: &[u8]) -> Option<&'static Genuine> {
    let tags = |stage: &str| stage.trim_end_matches("-seq").to_owned();
    let ours = tags(S::LAYOUT.name);
    GENUINE.iter().find(|genuine| genuine.payload == payload && tags(genuine.stage) == ours)
}

/// Whether the stage has a tag, and so refuses anything.
fn has_tag<S: Stage>() -> bool {
    S::LAYOUT.fields.iter().any(|field| field.name == "tag")
}

/// Why `payload` must be refused, or `None` where it must be accepted.
fn refusal<S: Stage>(payload: &[u8], due: Option<u64>) -> Option<OpenError> {
    if payload.len() < S::OVERHEAD {
        return Some(OpenError::TooShort { len: payload.len(), min: S::OVERHEAD });
    }
    if has_tag::<S>() && sealed::<S>(payload).is_none() {
        return Some(OpenError::BadTag);
    }
    let expected = due?;
    let got = u64::from_be_bytes(*payload.first_chunk()?);
    (got != expected).then_some(OpenError::OutOfOrder { expected, got })
}

fn accepted<S: Stage>(payload: &[u8], plaintext: &[u8], due: Option<u64>) {
    assert_eq!(refusal::<S>(payload, due), None, "accepted all the same");
    assert_eq!(plaintext.len(), payload.len() - S::OVERHEAD);
    match sealed::<S>(payload) {
        Some(genuine) if genuine.stage == S::LAYOUT.name => {
            assert_eq!(plaintext, genuine.plaintext);
        }
        // Of a stage that shares our keys: genuine, though not of ours, and so garbled.
        Some(_) => {}
        None => decrypted_by_its_nonce(payload, plaintext),
    }
}

/// At ctr the nonce alone says which keystream decrypts a ciphertext. We know the start of the keystream of
/// every nonce we have seen: ciphertext xor plaintext.
fn decrypted_by_its_nonce(payload: &[u8], plaintext: &[u8]) {
    let (nonce, ciphertext) = payload.split_at(ctr::NONCE_LEN);
    let ours = GENUINE.iter().filter(|genuine| genuine.stage == "part1-ctr");
    for genuine in ours.filter(|genuine| genuine.payload.starts_with(nonce)) {
        let known = genuine.payload[ctr::NONCE_LEN..].iter().zip(genuine.plaintext);
        for ((got, sent), (theirs, known)) in plaintext.iter().zip(ciphertext).zip(known) {
            assert_eq!(got ^ sent, theirs ^ known);
        }
    }
}

/// What of a refused payload was overwritten: aead decrypts before it knows the number, and wipes.
fn wiped<S: Stage>(error: OpenError, len: usize) -> Range<usize> {
    let is_aead = S::LAYOUT.name == "part2-aead";
    if is_aead && matches!(error, OpenError::OutOfOrder { .. }) {
        SEQ_LEN + aead::NONCE_LEN..len - aead::TAG_LEN
    } else {
        0..0
    }
}

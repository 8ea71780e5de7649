use std::sync::LazyLock;

use crypto::OpenError;
use crypto::tls13::record::{ContentType, OVERHEAD, Opener, Sealer};
use crypto::tls13::secret::Secret;
use crypto::tls13::suite::Suite;

use crate::Choices;

/// The most records that are opened.
const MAX_RECORDS: usize = 24;

/// A record, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sealed {
    header: Vec<u8>,
    payload: Vec<u8>,
    kind: ContentType,
    plaintext: Vec<u8>,
}

/// For each suite, the secret of a direction and that of the other, and what was sealed under the first.
static SEALED: LazyLock<Vec<([Secret; 2], Vec<Sealed>)>> = LazyLock::new(|| {
    let sealed = |suite| {
        let secret = Secret::extract(suite, None, None);
        let other = secret.next();
        let mut sealer = Sealer::new(&secret);
        let kinds = [ContentType::Alert, ContentType::Handshake, ContentType::ApplicationData];
        let records = (0..12).map(|number| seal(&mut sealer, kinds[number % 3], number)).collect();
        ([secret, other], records)
    };
    Suite::ALL.map(sealed).into()
});

fn seal(sealer: &mut Sealer, kind: ContentType, number: usize) -> Sealed {
    let plaintext = format!("record {number}").repeat(number);
    let (plaintext, padding) = (plaintext.into_bytes(), number % 4 * 5);
    let len = u16::try_from(plaintext.len() + padding + OVERHEAD).unwrap_or_default();
    let header = [&[23, 3, 3][..], &len.to_be_bytes()].concat();
    let mut payload = Vec::new();
    sealer.seal(&header, (kind, &plaintext), padding, &mut payload).expect("it can be sealed");
    Sealed { header, payload, kind, plaintext }
}

/// An opener takes a record if it is the next one that was sealed, header and all, and no other: not one changed, cut,
/// longer, repeated, early, of another key, or from nowhere. What it refuses leaves no plaintext and changes nothing.
///
/// # Panics
/// Where that does not hold.
pub fn tls13_record(input: &[u8]) {
    let mut choices = Choices::new(input);
    let ([secret, other], records) = &SEALED[choices.below(SEALED.len())];
    let mut opener = Opener::new(secret);
    let mut due = 0;
    for _ in 0..MAX_RECORDS {
        if choices.is_empty() {
            break;
        }
        let (header, mut payload) = tried(&mut choices, records, due, other);
        let genuine = records.get(due).filter(|it| it.header == header && it.payload == payload);
        let len = payload.len();
        match (opener.open(&header, &mut payload), genuine) {
            (Ok((kind, plaintext)), Some(genuine)) => {
                assert_eq!((kind, &*plaintext), (Some(genuine.kind), &genuine.plaintext[..]));
                due += 1;
            }
            (Err(error), None) => {
                match error {
                    OpenError::TooShort { len: short, min } => {
                        assert!(short == len && len < 16 && min == OVERHEAD);
                    }
                    error => assert_eq!(error, OpenError::BadTag),
                }
                let shows = |part: &[u8]| payload.windows(part.len()).any(|it| it == part);
                assert!(!shows(b"record "));
            }
            (outcome, genuine) => panic!("{outcome:?} where {genuine:?} was due"),
        }
    }
}

/// A record to be opened.
fn tried(
    choices: &mut Choices<'_>,
    records: &[Sealed],
    due: usize,
    other: &Secret,
) -> (Vec<u8>, Vec<u8>) {
    let how = choices.below(8);
    let next = records.get(due).or(records.last());
    let picked = if how < 4 { next } else { choices.one_of(records) };
    let Some(Sealed { header, payload, .. }) = picked.cloned() else { return Default::default() };
    let (mut header, mut payload) = (header, payload);
    match how {
        1 => {
            let (at, change) = (choices.number(), choices.byte());
            let whole = header.len() + payload.len();
            let byte = header.iter_mut().chain(&mut payload).nth(at % whole);
            *byte.expect("it is inside") ^= change;
        }
        2 => payload.truncate(choices.number()),
        3 => payload.extend_from_slice(choices.bytes(3)),
        5 => (header, payload) = (choices.bytes(5).to_vec(), choices.rest().to_vec()),
        6 => {
            let other = seal(&mut Sealer::new(other), ContentType::ApplicationData, 3);
            (header, payload) = (other.header, other.payload);
        }
        _ => {}
    }
    (header, payload)
}

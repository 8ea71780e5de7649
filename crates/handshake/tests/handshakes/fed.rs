//! Everything that the articles' programs were fed with, and how ours differ from them: only where a test here says
//! so by its name.

use certificates::CertificateError;
use crypto::aead::{Keys, Opener, Sealer};
use crypto::keys::AesKey;
use crypto::{Open, Seal, dh, hkdf};
use crypto_bigint::{JacobiSymbol, Odd, U2048};
use handshake::HandshakeError;
use messages::cert::ServerAuth;
use messages::{DecodeError, MAX_HELLO_LEN, Message};

use crate::side::{Fed, Side, fingerprint, record, without_record};
use crate::stream::Script;
use crate::vectors::{Case, SERVER, VECTORS};
use Verdict::{
    AsTheirs, DegeneratePublicValue, LowOrderKey, Order, Oversize, Repeated, WrongGroup,
};

/// How ours treats a message, compared with theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    AsTheirs,
    Oversize,
    Repeated,
    Order,
    WrongGroup,
    DegeneratePublicValue,
    LowOrderKey,
}

const PRIME: u16 = 0x0001;
const GENERATOR: u16 = 0x0002;
const PUBLIC_VALUE: u16 = 0x0003;
const X25519_KEY: u16 = 0x0010;
const CERTIFICATE: u16 = 0x0020;
const CERTIFICATE_VERIFY: u16 = 0x0021;

/// The fields of a message, if it has no other bytes.
fn fields(mut message: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let (&[a, b, c, d], rest) = message.split_first_chunk()?;
        let (value, rest) = rest.split_at_checked(u16::from_be_bytes([c, d]).into())?;
        fields.push((u16::from_be_bytes([a, b]), value));
        message = rest;
    }
    Some(fields)
}

/// What wire34 says of messages that go to `side`, and of which one it says so.
fn verdict(side: Side, messages: &[Vec<u8>]) -> (Verdict, &'static str) {
    let due = [side.due(), "ServerAuth"];
    let verdicts = [of_hello, of_server_auth];
    let verdicts = verdicts.iter().zip(messages).map(|(verdict, message)| verdict(side, message));
    let found = verdicts.zip(due).find(|(verdict, _)| *verdict != AsTheirs);
    found.unwrap_or((AsTheirs, ""))
}

/// The same of a `ServerAuth`, by other means than the code under test.
fn of_server_auth(_: Side, message: &[u8]) -> Verdict {
    let Some(mut fields) = fields(message) else { return AsTheirs };
    fields.retain(|(tag, _)| [CERTIFICATE, CERTIFICATE_VERIFY].contains(tag));
    let tags: Vec<_> = fields.iter().map(|(tag, _)| *tag).collect();
    if tags.iter().filter(|tag| **tag == CERTIFICATE_VERIFY).count() > 1 {
        Repeated
    } else if tags.is_sorted() || !tags.contains(&CERTIFICATE) {
        AsTheirs
    } else {
        Order
    }
}

/// The same of a first message.
fn of_hello(side: Side, message: &[u8]) -> Verdict {
    if message.len() > MAX_HELLO_LEN {
        return Oversize;
    }
    let wanted: &[u16] = match side {
        Side::DhServer => &[PRIME, GENERATOR, PUBLIC_VALUE],
        Side::DhClient => &[PUBLIC_VALUE],
        Side::X25519Client | Side::X25519Server | Side::CertClient | Side::CertServer => {
            &[X25519_KEY]
        }
    };
    let Some(mut fields) = fields(message) else { return AsTheirs };
    fields.retain(|(tag, _)| wanted.contains(tag));
    let tags: Vec<_> = fields.iter().map(|(tag, _)| *tag).collect();
    if !tags.is_sorted() {
        return Order;
    } else if tags.windows(2).any(|pair| pair[0] == pair[1]) {
        return Repeated;
    } else if tags != wanted {
        return AsTheirs;
    }
    match *fields {
        [(PRIME, p), (GENERATOR, g), _] if p != dh::prime() || g != [2] => WrongGroup,
        [.., (PUBLIC_VALUE, value)] if is_degenerate(value) => DegeneratePublicValue,
        [(X25519_KEY, key)] if is_of_low_order(key) => LowOrderKey,
        _ => AsTheirs,
    }
}

/// Not from 2 to p - 2, with zeros in front, or no square: what is a square is a power of 2, for both are half of
/// all numbers.
fn is_degenerate(value: &[u8]) -> bool {
    if value.len() > 256 || value.first().is_none_or(|first| *first == 0) {
        return true;
    }
    let p = U2048::from_be_slice(&dh::prime());
    let value = U2048::from_be_slice(&[&vec![0; 256 - value.len()], value].concat());
    let last = p.wrapping_sub(&U2048::from(2_u8));
    let odd: Odd<U2048> = Odd::new(p).unwrap();
    value < U2048::from(2_u8)
        || value > last
        || value.jacobi_symbol_vartime(&odd) != JacobiSymbol::One
}

/// The points of order 1, 2, 4 and 8, with the top bit that does not count: 0, 1, two of order 8, and p - 1, p, p + 1.
fn is_of_low_order(key: &[u8]) -> bool {
    let Ok(mut key) = <[u8; 32]>::try_from(key) else { return false };
    key[31] &= 0x7f;
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]
    .contains(&&*hex::encode(key))
}

/// A case of which wire34 says something, the message of which it says so, and what the case makes our side do.
struct Tried {
    case: &'static Case,
    side: Side,
    due: &'static str,
    fed: Fed,
}

/// Those cases of which wire34 says `wanted`.
fn cases(wanted: Verdict) -> impl Iterator<Item = Tried> {
    VECTORS.fed.iter().filter_map(move |case| {
        let side = Side::of(&case.stage, &case.role);
        let messages: Vec<_> = case.fed.iter().map(|it| hex::decode(it).unwrap()).collect();
        assert!(messages.len() == 1 || side == Side::CertClient && messages.len() == 2);
        let (verdict, due) = verdict(side, &messages);
        if verdict != wanted {
            return None;
        }
        println!("{} {}: {}", case.stage, case.role, case.name);
        let records = messages.iter().map(|message| record(message));
        let fed = side.fed(&Script::of(records), case.private.key());
        Some(Tried { case, side, due, fed })
    })
}

/// Makes sure that a refusal of ours has the reason of theirs.
fn assert_is_why(refusal: &HandshakeError, side: Side, theirs: &str) {
    use CertificateError::{Malformed as NoCertificate, WrongUse};
    let hello_or_auth = |message| [side.due(), "ServerAuth"].contains(message);
    let reasons = match refusal {
        HandshakeError::Malformed { message, error } if hello_or_auth(message) => match error {
            DecodeError::Cut { .. } => ["Not enough data", "truncated"],
            DecodeError::Missing { .. } => ["missing", "missing"],
            DecodeError::WrongLength { .. } => ["32 bytes long", "32 bytes long"],
            other => panic!("{other}: {theirs}"),
        },
        HandshakeError::Certificate(NoCertificate { .. }) => ["error parsing asn1", "ParseError"],
        // An intermediate in the leaf's place, in which they look for a name first.
        HandshakeError::Certificate(WrongUse { .. }) => ["no subjectAltName", "VerificationError"],
        HandshakeError::BadSignature => ["InvalidSignature", "InvalidSignature"],
        HandshakeError::Ended { message: "ServerAuth" } => ["Connection closed", "closed"],
        other => panic!("{other}: {theirs}"),
    };
    assert!(reasons.iter().any(|reason| theirs.contains(reason)), "{refusal}: {theirs}");
}

/// Makes sure that what a side answered is what theirs sent, signatures apart, which are another each time.
fn assert_sent(case: &Case, mut sent: Vec<u8>) {
    for theirs in &case.sent {
        let ours = without_record(&mut sent);
        if theirs == "server_auth" {
            let ServerAuth { certificates, signature } = Message::decode(&ours).unwrap();
            assert_eq!((certificates, signature.len()), (SERVER.certificates.clone(), 256));
        } else {
            assert_eq!(hex::encode(ours), *theirs);
        }
    }
    assert!(sent.is_empty());
}

#[test]
fn as_theirs() {
    for Tried { case, side, fed, .. } in cases(AsTheirs) {
        if case.outcome == "refused" {
            assert_is_why(&fed.refusal(), side, case.error.as_deref().unwrap());
            continue;
        }
        assert_eq!(case.outcome, "accepted");
        let secret = fed.outcome.unwrap();
        assert_sent(case, fed.sent);
        assert_eq!(secret.fingerprint(), fingerprint(&case.shared_secret.as_ref().unwrap().0));

        let expected = [&case.client_write_key, &case.server_write_key];
        let labels = match &*case.stage {
            "part3-hkdf" => hkdf::PART3,
            "part4-cert" => hkdf::PART4,
            _ => {
                assert!(expected.iter().all(|key| key.is_none()));
                continue;
            }
        };
        let mut wire = fed.wire;
        let keys = wire.derive(&secret, &labels);
        for (ours, theirs) in [&keys.client, &keys.server].into_iter().zip(expected) {
            let mut record = Vec::new();
            Sealer::new(ours).seal(&[], b"whose key?", &mut record).unwrap();
            let theirs = Keys::new(AesKey::from(theirs.as_ref().unwrap().key()));
            assert_eq!(Opener::new(&theirs).open(&[], &mut record).unwrap(), b"whose key?");
        }
    }
}

#[test]
fn stricter_than_theirs_a_hello_longer_than_any_is_refused_unread() {
    for Tried { case, due, fed, .. } in cases(Oversize) {
        let HandshakeError::Channel { message, error } = fed.refusal() else { panic!() };
        assert_eq!((message, error.rejection()), (due, Some("too_long")), "{}", case.name);
    }
}

#[test]
fn stricter_than_theirs_a_repeated_field_is_refused() {
    for Tried { due, fed, .. } in cases(Repeated) {
        assert_matches!(
            fed.refusal(),
            HandshakeError::Malformed { message, error: DecodeError::Repeated { .. } }
                if message == due
        );
    }
}

#[test]
fn stricter_than_theirs_fields_in_another_order_are_refused() {
    for Tried { due, fed, .. } in cases(Order) {
        assert_matches!(
            fed.refusal(),
            HandshakeError::Malformed { message, error: DecodeError::OutOfOrder { .. } }
                if message == due
        );
    }
}

#[test]
fn stricter_than_theirs_any_group_but_14_is_refused_before_anything_is_sent() {
    for Tried { fed, .. } in cases(WrongGroup) {
        assert_matches!(fed.refusal(), HandshakeError::WrongGroup);
    }
}

#[test]
fn stricter_than_theirs_a_degenerate_public_value_is_refused_before_anything_is_sent() {
    for Tried { due, fed, .. } in cases(DegeneratePublicValue) {
        assert_matches!(
            fed.refusal(),
            HandshakeError::BadPublicValue { message } if message == due
        );
    }
}

/// Theirs refuse them as well, but only after they have answered.
#[test]
fn stricter_than_theirs_a_low_order_key_is_refused_before_anything_is_sent() {
    for Tried { case, due, fed, .. } in cases(LowOrderKey) {
        assert_eq!(case.outcome, "refused");
        assert_matches!(
            fed.refusal(),
            HandshakeError::LowOrderKey { message } if message == due
        );
    }
}

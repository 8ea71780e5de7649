//! Everything that the articles' programs were fed with, and how ours differ from them: only where a test here says
//! so by its name.

use crypto::aead::{Keys, Opener, Sealer};
use crypto::keys::AesKey;
use crypto::{Open, Seal, dh, hkdf};
use crypto_bigint::{JacobiSymbol, Odd, U2048};
use handshake::HandshakeError;
use messages::DecodeError;
use messages::MAX_HELLO_LEN;

use crate::side::{Fed, Side, fingerprint, record};
use crate::stream::Script;
use crate::vectors::{Case, VECTORS};
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

/// What wire34 says of a message that goes to `side`, by other means than the code under test.
fn verdict(side: Side, message: &[u8]) -> Verdict {
    if message.len() > MAX_HELLO_LEN {
        return Oversize;
    }
    let wanted: &[u16] = match side {
        Side::DhServer => &[PRIME, GENERATOR, PUBLIC_VALUE],
        Side::DhClient => &[PUBLIC_VALUE],
        Side::X25519Client | Side::X25519Server => &[X25519_KEY],
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

/// Those cases of part 3 of which wire34 says `wanted`, each with what it makes our side do.
fn cases(wanted: Verdict) -> impl Iterator<Item = (&'static Case, Side, Fed)> {
    let of_part_3 = VECTORS.fed.iter().filter(|case| case.stage.starts_with("part3-"));
    of_part_3.filter_map(move |case| {
        let side = Side::of(&case.stage, &case.role);
        let [message] = &case.fed[..] else { panic!("{}: part 3 has one message", case.name) };
        let message = hex::decode(message).unwrap();
        if verdict(side, &message) != wanted {
            return None;
        }
        println!("{} {}: {}", case.stage, case.role, case.name);
        let fed = side.fed(&Script::of([record(&message)]), case.private.key());
        Some((case, side, fed))
    })
}

#[test]
fn as_theirs() {
    for (case, side, fed) in cases(AsTheirs) {
        if case.outcome == "refused" {
            let why = case.error.as_deref().unwrap();
            let HandshakeError::Malformed { message, error } = fed.refusal() else {
                panic!("{why}")
            };
            assert_eq!(message, side.due());
            let is_why = match error {
                DecodeError::Cut { .. } => ["Not enough data", "truncated"],
                DecodeError::Missing { .. } => ["missing", "missing"],
                DecodeError::WrongLength { .. } => ["32 bytes long", "32 bytes long"],
                DecodeError::Repeated { .. }
                | DecodeError::OutOfOrder { .. }
                | DecodeError::NoSuch { .. }
                | DecodeError::TooMany { .. } => panic!("{why}"),
            };
            assert!(is_why.iter().any(|reason| why.contains(reason)), "{error}: {why}");
            continue;
        }
        assert_eq!(case.outcome, "accepted");
        let secret = fed.outcome.unwrap();
        let sent: Vec<u8> =
            case.sent.iter().flat_map(|message| record(&hex::decode(message).unwrap())).collect();
        assert_eq!(hex::encode(fed.sent), hex::encode(sent));
        assert_eq!(secret.fingerprint(), fingerprint(&case.shared_secret.as_ref().unwrap().0));

        let expected = [&case.client_write_key, &case.server_write_key];
        assert!(expected.iter().all(|key| key.is_some() == (case.stage == "part3-hkdf")));
        let mut wire = fed.wire;
        let keys = wire.derive(&secret, &hkdf::PART3);
        for (ours, theirs) in [&keys.client, &keys.server].into_iter().zip(expected) {
            let Some(theirs) = theirs else { continue };
            let mut record = Vec::new();
            Sealer::new(ours).seal(&[], b"whose key?", &mut record).unwrap();
            let theirs = Keys::new(AesKey::from(theirs.key()));
            assert_eq!(Opener::new(&theirs).open(&[], &mut record).unwrap(), b"whose key?");
        }
    }
}

#[test]
fn stricter_than_theirs_a_message_longer_than_any_of_part_3_is_refused_unread() {
    for (case, side, fed) in cases(Oversize) {
        let HandshakeError::Channel { message, error } = fed.refusal() else { panic!() };
        assert_eq!((message, error.rejection()), (side.due(), Some("too_long")), "{}", case.name);
    }
}

#[test]
fn stricter_than_theirs_a_repeated_field_is_refused() {
    for (_, side, fed) in cases(Repeated) {
        assert_matches!(
            fed.refusal(),
            HandshakeError::Malformed { message, error: DecodeError::Repeated { .. } }
                if message == side.due()
        );
    }
}

#[test]
fn stricter_than_theirs_fields_in_another_order_are_refused() {
    for (_, side, fed) in cases(Order) {
        assert_matches!(
            fed.refusal(),
            HandshakeError::Malformed { message, error: DecodeError::OutOfOrder { .. } }
                if message == side.due()
        );
    }
}

#[test]
fn stricter_than_theirs_any_group_but_14_is_refused_before_anything_is_sent() {
    for (.., fed) in cases(WrongGroup) {
        assert_matches!(fed.refusal(), HandshakeError::WrongGroup);
    }
}

#[test]
fn stricter_than_theirs_a_degenerate_public_value_is_refused_before_anything_is_sent() {
    for (_, side, fed) in cases(DegeneratePublicValue) {
        assert_matches!(
            fed.refusal(),
            HandshakeError::BadPublicValue { message } if message == side.due()
        );
    }
}

/// Theirs refuse them as well, but only after they have answered.
#[test]
fn stricter_than_theirs_a_low_order_key_is_refused_before_anything_is_sent() {
    for (case, side, fed) in cases(LowOrderKey) {
        assert_eq!(case.outcome, "refused");
        assert_matches!(
            fed.refusal(),
            HandshakeError::LowOrderKey { message } if message == side.due()
        );
    }
}

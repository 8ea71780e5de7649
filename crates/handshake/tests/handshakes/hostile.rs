//! Whatever a peer may send in place of its message. Each case ends in one error, exactly this one, and in no answer.

use channel::ChannelError;
use crypto::aead::{Opener, Sealer};
use crypto::{OpenError, hkdf};
use framing::FrameError;
use handshake::{HandshakeError, Wire};
use messages::MAX_HELLO_LEN;
use messages::fields::{DH_GENERATOR, DH_PRIME, DH_PUBLIC_VALUE, Tag, X25519_KEY};
use messages::{DecodeError, Message, dh, x25519};

use crate::side::{SIDES, Side, fingerprint, record, watched};
use crate::stream::Script;
use crate::vectors::{Handshake, VECTORS};

/// A tag that nobody knows.
const UNKNOWN: Tag = Tag { number: 0x7777, name: "", what: "" };

/// A handshake of a side's kind, the side's private key in it, and the first message that it receives.
fn good(side: Side) -> (&'static Handshake, [u8; 32], Vec<u8>) {
    let stage = match side {
        Side::DhClient | Side::DhServer => "part3-dh",
        Side::X25519Client | Side::X25519Server => "part3-hkdf",
        Side::CertClient | Side::CertServer => "part4-cert",
    };
    let handshake = VECTORS.handshakes.iter().find(|it| it.stage == stage).unwrap();
    let (ours, theirs) = if side.is_client() {
        (&handshake.client_private, &handshake.server_hello)
    } else {
        (&handshake.server_private, &handshake.client_hello)
    };
    (handshake, ours.key(), theirs.0.clone())
}

/// What a side receives behind its first message.
fn behind(side: Side) -> Vec<u8> {
    let auth = good(side).0.server_auth.as_ref().filter(|_| side.is_client());
    auth.map(|it| record(&it.0)).unwrap_or_default()
}

/// The error that a message is refused with, which ends the stream.
fn refusal(side: Side, message: &[u8]) -> HandshakeError {
    side.fed(&Script::of([record(message)]), good(side).1).refusal()
}

/// A message of these fields.
fn of_fields(fields: &[(&Tag, &[u8])]) -> Vec<u8> {
    let mut message = Vec::new();
    for (tag, value) in fields {
        tag.append(value, &mut message);
    }
    message
}

/// A message to one of the sides of classic Diffie-Hellman, with this public value.
fn with_public_value(side: Side, value: &[u8]) -> Vec<u8> {
    let prime = crypto::dh::prime();
    let fields = [(&DH_PRIME, &prime[..]), (&DH_GENERATOR, &[2]), (&DH_PUBLIC_VALUE, value)];
    of_fields(if side.is_client() { &fields[2..] } else { &fields })
}

#[test]
fn a_message_cut_anywhere_is_refused() {
    for side in SIDES {
        let (_, private, message) = good(side);
        let whole = record(&message);
        for cut in 1..whole.len() {
            let wanted = if cut < 4 { 4 } else { whole.len() };
            let refusal = side.fed(&Script::of([&whole[..cut]]), private).refusal();
            let HandshakeError::Channel { message, error } = refusal else { panic!("{refusal}") };
            assert_eq!(message, side.due());
            assert_matches!(
                error,
                ChannelError::Frame { index: 0, error: FrameError::Truncated { got, wanted: needed } }
                    if (got, needed) == (cut, wanted)
            );
        }
    }
}

/// The length tells the truth here: it is the message that ends inside something, or between two of its fields.
#[test]
fn a_message_that_ends_anywhere_is_refused() {
    for side in SIDES {
        let (_, private, message) = good(side);
        for end in 0..message.len() {
            let refusal = side.fed(&Script::of([record(&message[..end])]), private).refusal();
            assert_matches!(
                refusal,
                HandshakeError::Malformed {
                    message,
                    error: DecodeError::Cut { .. } | DecodeError::Missing { .. }
                } if message == side.due()
            );
        }
    }
}

#[test]
fn a_peer_that_closes_where_its_message_is_due_is_no_refusal() {
    for side in SIDES {
        let fed = side.fed(&Script::default(), good(side).1);
        assert_matches!(fed.refusal(), HandshakeError::Ended { message } if message == side.due());
    }
}

/// What is calculated from a message does not depend on how it came, so that it is decoded is enough.
#[test]
fn a_message_split_anywhere_is_received() {
    fn received<M: Message + PartialEq>(message: &[u8]) {
        let whole = record(message);
        for split in 1..whole.len() {
            let (one, other) = whole.split_at(split);
            let mut wire = Wire::new(Script::of([one, other]));
            assert!(wire.recv::<M>("Hello").unwrap() == M::decode(message).unwrap(), "at {split}");
        }
    }
    received::<dh::ClientHello>(&good(Side::DhServer).2);
    received::<dh::ServerHello>(&good(Side::DhClient).2);
    received::<x25519::Hello>(&good(Side::X25519Server).2);
}

#[test]
fn a_message_that_comes_one_byte_at_a_time_is_received() {
    for side in SIDES {
        let (handshake, private, message) = good(side);
        let bytes = [record(&message), behind(side)].concat();
        let bytes: Vec<_> = bytes.into_iter().map(|byte| [byte]).collect();
        let secret = side.fed(&Script::of(bytes), private).outcome.unwrap();
        assert_eq!(secret.fingerprint(), fingerprint(&handshake.shared_secret.0));
    }
}

#[test]
fn a_message_that_is_too_long_is_refused_unread() {
    for side in SIDES {
        for len in [MAX_HELLO_LEN + 1, 16_384, 65_535, 0xffff_ffff] {
            let header = u32::try_from(len).unwrap().to_be_bytes();
            let refusal = side.fed(&Script::of([header]).that_goes_on(), good(side).1).refusal();
            let HandshakeError::Channel { message, error } = refusal else { panic!("{refusal}") };
            assert_eq!(message, side.due());
            assert_matches!(
                error,
                ChannelError::Frame { index: 0, error: FrameError::TooLong { len: announced, max } }
                    if (announced, max) == (len, MAX_HELLO_LEN)
            );
        }
    }
}

#[test]
fn the_longest_message_is_received_whatever_fills_it() {
    for side in SIDES {
        let (handshake, private, mut message) = good(side);
        let len = MAX_HELLO_LEN - message.len() - 4;
        UNKNOWN.append(&vec![7; len], &mut message);
        assert_eq!(message.len(), 1_024);
        let stream = Script::of([record(&message), behind(side)]);
        let secret = side.fed(&stream, private).outcome.unwrap();
        assert_eq!(secret.fingerprint(), fingerprint(&handshake.shared_secret.0));
    }
}

#[test]
fn a_record_of_data_where_a_message_is_due_is_refused() {
    for side in SIDES {
        let data = VECTORS.records.iter().find(|record| record.plaintext.0.len() == 61).unwrap();
        // Its number is two fields without a value. The nonce behind them begins no field that ends in time.
        assert_matches!(
            refusal(side, &data.payload.0),
            HandshakeError::Malformed { message, error: DecodeError::Cut { .. } }
                if message == side.due()
        );
    }
}

#[test]
fn a_message_where_a_record_of_data_is_due_is_refused() {
    for side in [Side::X25519Client, Side::X25519Server] {
        let (_, private, message) = good(side);
        let fed = side.fed(&Script::of([record(&message).repeat(3)]), private);
        let (mut wire, secret) = (fed.wire, fed.outcome.unwrap());
        let keys = wire.derive(&secret, &hkdf::PART3);
        let mut channel = wire.secure(Sealer::new(&keys.client), Opener::new(&keys.server));
        // Its 36 bytes are as many as a record without a plaintext has.
        assert_matches!(
            channel.recv(),
            Err(ChannelError::Open { index: 0, error: OpenError::BadTag })
        );
        assert_matches!(channel.recv(), Err(ChannelError::Closed));
        assert_matches!(channel.send(b"an answer"), Err(ChannelError::Closed));
    }
}

/// Records of data are held to the limits of data, and no longer to those of messages.
#[test]
fn limits_follow_the_end_of_the_handshake() {
    for (len, min, max) in [(35, 36, 16_420), (16_421, 36, 16_420)] {
        let (_, private, message) = good(Side::X25519Server);
        let header = u32::try_from(len).unwrap().to_be_bytes();
        let stream = Script::of([record(&message), header.to_vec()]).that_goes_on();
        let fed = Side::X25519Server.fed(&stream, private);
        let (mut wire, secret) = (fed.wire, fed.outcome.unwrap());
        let keys = wire.derive(&secret, &hkdf::PART3);
        let mut channel = wire.secure(Sealer::new(&keys.server), Opener::new(&keys.client));
        match channel.recv() {
            Err(ChannelError::Frame { index: 0, error }) => match error {
                FrameError::TooShort { len: got, min: least } => {
                    assert_eq!((got, least), (len, min));
                }
                FrameError::TooLong { len: got, max: most } => assert_eq!((got, most), (len, max)),
                other => panic!("{other}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

/// 2 to the power of a multiple of 8, which is a public value of so many bytes.
fn power_of_2(len: usize) -> Vec<u8> {
    let mut number = vec![0; len];
    number[0] = 1;
    number
}

#[test]
fn public_values_of_254_to_256_bytes_are_taken_and_of_0_257_and_65_535_are_not() {
    for side in [Side::DhClient, Side::DhServer] {
        for len in [254, 255, 256] {
            let message = with_public_value(side, &power_of_2(len));
            assert!(side.fed(&Script::of([record(&message)]), good(side).1).outcome.is_ok());
        }
        for value in [vec![], power_of_2(257)] {
            assert_matches!(
                refusal(side, &with_public_value(side, &value)),
                HandshakeError::BadPublicValue { message } if message == side.due()
            );
        }
        let longest = record(&with_public_value(side, &power_of_2(65_535)));
        // Of the whole message no more than the length is read.
        let refusal = side.fed(&Script::of([&longest[..4]]).that_goes_on(), good(side).1).refusal();
        assert_eq!(refusal.rejection(), Some("too_long"));
    }
}

/// 0, 1, p - 1 and beyond; what is no power of 2, up to p - 2; and numbers with zeros in front, within 256 bytes.
#[test]
fn public_values_that_no_honest_peer_sends_are_refused() {
    let p = crypto::dh::prime();
    let p_minus = |number: u8| [&p[..255], &[0xff - number]].concat();
    let values = [
        vec![0],
        vec![1],
        p_minus(1),
        p_minus(0),
        vec![0xff; 256],
        p_minus(2),
        vec![11],
        vec![0, 4],
        [vec![0; 255], vec![4]].concat(),
    ];
    for side in [Side::DhClient, Side::DhServer] {
        for value in &values {
            assert_matches!(
                refusal(side, &with_public_value(side, value)),
                HandshakeError::BadPublicValue { message } if message == side.due()
            );
        }
    }
}

/// With what is taken as the group, no value is calculated: that this one is 0 is not even noticed.
#[test]
fn another_group_is_refused_before_any_arithmetic() {
    let p = crypto::dh::prime();
    let longer = [&[0], &p[..]].concat();
    let mut other = p;
    other[100] ^= 1;
    let long = vec![0xff; 700];
    for (p, g) in [
        (&p[..], &[][..]),
        (&p, &[1]),
        (&p, &[3]),
        (&p, &[0, 2]),
        (&p, &[2, 0]),
        (&[], &[2]),
        (&[1], &[2]),
        (&[23], &[5]),
        (&p[..255], &[2]),
        (&longer, &[2]),
        (&other, &[2]),
        (&long, &[2]),
    ] {
        let fields = [(&DH_PRIME, p), (&DH_GENERATOR, g), (&DH_PUBLIC_VALUE, &[][..])];
        let refusal = refusal(Side::DhServer, &of_fields(&fields));
        assert_matches!(refusal, HandshakeError::WrongGroup);
    }
}

#[test]
fn a_prime_of_65_535_bytes_is_refused_unread() {
    let prime = vec![0xff; 65_535];
    let fields = [(&DH_PRIME, &prime[..]), (&DH_GENERATOR, &[2]), (&DH_PUBLIC_VALUE, &[4])];
    let whole = record(&of_fields(&fields));
    let stream = Script::of([&whole[..4]]).that_goes_on();
    let refusal = Side::DhServer.fed(&stream, good(Side::DhServer).1).refusal();
    assert_matches!(
        refusal,
        HandshakeError::Channel {
            message: "ClientHello",
            error: ChannelError::Frame { index: 0, error: FrameError::TooLong { len, max } }
        } if (len, max) == (whole.len() - 4, MAX_HELLO_LEN)
    );
}

#[test]
fn x25519_keys_of_0_31_33_and_64_bytes_are_refused() {
    for side in [Side::X25519Client, Side::X25519Server, Side::CertClient, Side::CertServer] {
        for len in [0, 31, 33, 64] {
            assert_matches!(
                refusal(side, &of_fields(&[(&X25519_KEY, &vec![9; len])])),
                HandshakeError::Malformed { message, error: DecodeError::WrongLength { field, len: got, expected: 32 } }
                    if (message, field, got) == (side.due(), X25519_KEY.name, len)
            );
        }
    }
}

#[test]
fn what_does_not_fit_a_record_is_told_as_one_rejection_without_a_payload() {
    let (mut wire, told) = watched(Script::of([[0xff; 4]]));
    assert!(wire.recv::<x25519::Hello>("ClientHello").is_err());
    assert_matches!(
        wire.recv::<x25519::Hello>("ClientHello"),
        Err(HandshakeError::Channel { error: ChannelError::Closed, .. })
    );
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("Rejected") && told[0].ends_with("payload: None }"), "{told:?}");
}

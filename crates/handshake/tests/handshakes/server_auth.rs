//! Whatever a server may send in place of its `ServerAuth`, and in which order it is checked. Each case ends in one
//! error, exactly this one, and the client has sent nothing but its public key.

use std::sync::LazyLock;

use certificates::{CertificateError, Identity, Verifier};
use channel::ChannelError;
use crypto::aead::{Opener, Sealer};
use crypto::x25519::PrivateKey;
use crypto::{OpenError, hkdf};
use framing::FrameError;
use handshake::{HandshakeError, Wire, cert};
use messages::cert::ServerAuth;
use messages::fields::{CERTIFICATE, Tag, X25519_KEY};
use messages::{DecodeError, MAX_HELLO_LEN, Message, x25519};

use crate::side::{Side, fingerprint, record, watched, without_record};
use crate::stream::Script;
use crate::vectors::{Handshake, SERVER, VECTORS, certificate, identity, now, wanted};

/// A tag that nobody knows.
const UNKNOWN: Tag = Tag { number: 0x7777, name: "", what: "" };

static GOOD: LazyLock<&Handshake> =
    LazyLock::new(|| VECTORS.handshakes.iter().find(|it| it.server_auth.is_some()).unwrap());

fn hello() -> Vec<u8> {
    record(&GOOD.server_hello.0)
}

fn auth() -> &'static [u8] {
    &GOOD.server_auth.as_ref().unwrap().0
}

/// The error that a stream is refused with.
fn refusal(stream: &Script) -> HandshakeError {
    Side::CertClient.fed(stream, GOOD.client_private.key()).refusal()
}

/// The error that this message is refused with, where `ServerAuth` is due.
fn of_auth(message: &[u8]) -> HandshakeError {
    refusal(&Script::of([hello(), record(message)]).that_goes_on())
}

fn assert_taken(stream: &Script) {
    let secret = Side::CertClient.fed(stream, GOOD.client_private.key()).outcome.unwrap();
    assert_eq!(secret.fingerprint(), fingerprint(&GOOD.shared_secret.0));
}

/// A `ServerAuth` of these certificates, with the signature of the good one.
fn with_certificates(certificates: Vec<Vec<u8>>) -> Vec<u8> {
    let good = ServerAuth::decode(auth()).unwrap();
    ServerAuth { certificates, ..good }.encode()
}

/// What comes of an honest handshake with a server that is `identity`, for a client that wants `name`.
fn honest(identity: &Identity, wanted: &Verifier) -> Result<(), HandshakeError> {
    let from_client = Script::of([record(&GOOD.client_hello.0)]);
    let mut wire = Wire::new(from_client.clone());
    cert::server(&mut wire, PrivateKey::from(GOOD.server_private.key()), identity).unwrap();
    let mut wire = Wire::new(Script::of([from_client.written()]));
    let ours = PrivateKey::from(GOOD.client_private.key());
    cert::client_at(now(), &mut wire, ours, wanted).map(|_| ())
}

#[test]
fn it_is_received_wherever_it_is_split() {
    let good = ServerAuth::decode(auth()).unwrap();
    let whole = record(auth());
    for split in 1..whole.len() {
        let (one, other) = whole.split_at(split);
        let mut wire = Wire::new(Script::of([one, other]));
        assert!(wire.recv::<ServerAuth>("ServerAuth").unwrap() == good, "at {split}");
    }
}

#[test]
fn it_is_taken_in_one_segment_with_the_hello_and_in_segments_of_one_byte() {
    let both = [hello(), record(auth())].concat();
    assert_taken(&Script::of([&both]));
    assert_taken(&Script::of(both.iter().map(|byte| [*byte])));
    assert_taken(&Script::of([hello(), record(auth())]));
}

#[test]
fn it_is_refused_wherever_it_is_cut() {
    let whole = record(auth());
    for cut in 1..whole.len() {
        let (mut wire, told) = watched(Script::of([&whole[..cut]]));
        let wanted = if cut < 4 { 4 } else { whole.len() };
        assert_matches!(
            wire.recv::<ServerAuth>("ServerAuth"),
            Err(HandshakeError::Channel {
                message: "ServerAuth",
                error: ChannelError::Frame { index: 0, error: FrameError::Truncated { got, wanted: needed } }
            }) if (got, needed) == (cut, wanted)
        );
        assert_eq!(told.lock().unwrap().len(), 1);
    }
    for cut in [1, 3, 4, 1_000, whole.len() - 1] {
        let refusal = refusal(&Script::of([&hello()[..], &whole[..cut]]));
        assert_eq!(
            (refusal.message(), refusal.rejection()),
            (Some("ServerAuth"), Some("truncated"))
        );
    }
    assert_matches!(
        refusal(&Script::of([hello()])),
        HandshakeError::Ended { message: "ServerAuth" }
    );
}

/// The length tells the truth here.
#[test]
fn it_is_refused_wherever_it_ends() {
    for end in 0..auth().len() {
        let mut wire = Wire::new(Script::of([record(&auth()[..end])]));
        assert_matches!(
            wire.recv::<ServerAuth>("ServerAuth"),
            Err(HandshakeError::Malformed {
                message: "ServerAuth",
                error: DecodeError::Cut { .. } | DecodeError::Missing { .. }
            })
        );
    }
    let leaf_only = 4 + SERVER.certificates[0].len();
    assert_matches!(
        of_auth(&auth()[..leaf_only]),
        HandshakeError::Malformed {
            message: "ServerAuth",
            error: DecodeError::Missing { field: "CertificateVerify" }
        }
    );
}

/// In the same record it is too long; and if it were not, it would be unknown fields, and still due.
#[test]
fn it_has_a_record_of_its_own() {
    let together = [&GOOD.server_hello.0, auth()].concat();
    assert_matches!(
        refusal(&Script::of([record(&together)])),
        HandshakeError::Channel { message: "ServerHello", .. }
    );
    let short = [(&X25519_KEY, &GOOD.server_hello.0[4..]), (&CERTIFICATE, &[7; 900])];
    let together = of_fields(&short);
    assert!(together.len() <= MAX_HELLO_LEN);
    assert_matches!(
        refusal(&Script::of([record(&together)])),
        HandshakeError::Ended { message: "ServerAuth" }
    );
}

fn of_fields(fields: &[(&Tag, &[u8])]) -> Vec<u8> {
    let mut message = Vec::new();
    for (tag, value) in fields {
        tag.append(value, &mut message);
    }
    message
}

#[test]
fn the_longest_is_taken_and_one_byte_more_is_refused_unread() {
    let mut longest = auth().to_vec();
    UNKNOWN.append(&vec![7; 16_384 - longest.len() - 4], &mut longest);
    assert_eq!(longest.len(), 16_384);
    assert_taken(&Script::of([hello(), record(&longest)]));
    let field = 4 + 65_535;
    for len in [16_385, field, 0xffff_ffff] {
        let header = u32::try_from(len).unwrap().to_be_bytes();
        assert_matches!(
            refusal(&Script::of([&hello()[..], &header]).that_goes_on()),
            HandshakeError::Channel {
                message: "ServerAuth",
                error: ChannelError::Frame { index: 1, error: FrameError::TooLong { len: announced, max: 16_384 } }
            } if announced == len
        );
    }
}

/// Six that nobody needs change nothing: the signature covers none of them.
#[test]
fn eight_certificates_are_taken_and_nine_are_not() {
    let many = |count: usize| {
        let mut certificates = SERVER.certificates.clone();
        certificates.resize(count, certificate("other intermediate"));
        with_certificates(certificates)
    };
    assert_taken(&Script::of([hello(), record(&many(8))]));
    assert_matches!(
        of_auth(&many(9)),
        HandshakeError::Malformed {
            message: "ServerAuth",
            error: DecodeError::TooMany { field: "certificate", most: 8 }
        }
    );
}

/// Whether it is needed or not.
#[test]
fn a_certificate_that_cannot_be_read_is_refused_wherever_it_stands() {
    let [leaf, intermediate] = &SERVER.certificates[..] else { panic!() };
    let pem = b"-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n";
    // Its length is a byte short of what follows; and a byte more.
    let lies = |change: i8| {
        let mut lies = leaf.clone();
        lies[3] = lies[3].wrapping_add_signed(change);
        lies
    };
    let bad = [
        vec![],
        pem.to_vec(),
        lies(-1),
        lies(1),
        leaf[..leaf.len() - 1].to_vec(),
        [leaf, &[0][..]].concat(),
        vec![0x30; 1_000],
        vec![0xff; 13_000],
    ];
    for bad in bad {
        for at in 0..3 {
            let mut certificates = vec![leaf.clone(), intermediate.clone()];
            certificates.insert(at, bad.clone());
            assert_matches!(
                of_auth(&with_certificates(certificates)),
                HandshakeError::Certificate(CertificateError::Malformed { number, .. })
                    if number == at + 1
            );
        }
    }
}

/// All seven, with and without the bit that does not count: `ServerAuth` is not even read.
#[test]
fn a_low_order_key_is_refused_before_the_certificates() {
    let cases = VECTORS.fed.iter().filter(|case| {
        case.stage == "part4-cert" && case.role == "client" && case.name.starts_with("low-order")
    });
    let mut count = 0;
    for case in cases {
        let hello = hex::decode(&case.fed[0]).unwrap();
        assert_matches!(
            refusal(&Script::of([record(&hello)]).that_goes_on()),
            HandshakeError::LowOrderKey { message: "ServerHello" }
        );
        count += 1;
    }
    assert_eq!(count, 14);
}

/// A message that is wrong in several ways is refused by the first check that it fails.
#[test]
fn the_order_of_the_checks() {
    let wrong_signature = |mut message: Vec<u8>| {
        *message.last_mut().unwrap() ^= 1;
        message
    };
    let certificates = |names: &[&str]| names.iter().map(|name| certificate(name)).collect();
    let chain = |names: &[&str]| wrong_signature(with_certificates(certificates(names)));
    let name = |message: &[u8]| of_auth(message).rejection().unwrap();

    // Fields, before any certificate is looked at.
    let field = (&CERTIFICATE, &b"no certificate"[..]);
    assert_eq!(name(&of_fields(&[field])), "malformed");
    assert_eq!(name(&of_fields(&[field; 9])), "malformed");
    // The form of every certificate, before the path.
    let mut malformed: Vec<_> = certificates(&["evil server", "evil intermediate"]);
    malformed.push(b"no certificate".to_vec());
    assert_eq!(name(&wrong_signature(with_certificates(malformed))), "malformed_certificate");
    // The path, before the name.
    assert_eq!(name(&chain(&["bank"])), "unknown_issuer");
    assert_eq!(name(&chain(&["bank", "expired intermediate"])), "expired");
    // The name, before the signature.
    assert_eq!(name(&chain(&["bank", "intermediate"])), "wrong_name");
    // The signature, last.
    assert_eq!(name(&chain(&["server", "intermediate"])), "bad_signature");
    let messages = [chain(&["server", "intermediate"]), of_fields(&[field])];
    for message in messages {
        assert_eq!(of_auth(&message).message(), Some("ServerAuth"));
    }
}

/// The refused message is told with its bytes, and of the checks that it did pass, none is told: it was not received.
#[test]
fn a_refusal_is_told_with_the_message_and_nothing_after_it() {
    let mut wrong = auth().to_vec();
    *wrong.last_mut().unwrap() ^= 1;
    let stream = Script::of([hello(), record(&wrong)]);
    let fed = Side::CertClient.fed(&stream, GOOD.client_private.key());
    let told = fed.told.lock().unwrap().clone();
    let kinds: Vec<_> = told.iter().map(|told| told.split(' ').next().unwrap()).collect();
    assert_eq!(kinds, ["Sent", "Received", "Rejected"]);
    assert!(told[1].contains("ServerHello") && told[1].contains("the secret is not zero"));
    assert!(
        told[2].contains("ServerAuth")
            && told[2].ends_with(&format!("payload: Some({wrong:?}) }}"))
    );
    assert_matches!(fed.refusal(), HandshakeError::BadSignature);
}

#[test]
fn a_signature_of_another_key_session_or_length_is_refused() {
    let good = ServerAuth::decode(auth()).unwrap();
    let other_session = VECTORS.handshakes.iter().filter_map(|it| it.server_auth.as_ref()).nth(1);
    let other_session = ServerAuth::decode(&other_session.unwrap().0).unwrap().signature;
    let signed = [&GOOD.client_hello.0[4..], &GOOD.server_hello.0[4..]].concat();
    let swapped = [&GOOD.server_hello.0[4..], &GOOD.client_hello.0[4..]].concat();
    let by_other = identity(&["server"], "other").key;
    assert!(honest(&SERVER, &wanted("localhost")).is_ok());
    for signature in [
        by_other.sign(&signed).unwrap(),
        SERVER.key.sign(&swapped).unwrap(),
        SERVER.key.sign(&signed[..32]).unwrap(),
        SERVER.key.sign(&[&signed[..], &[0]].concat()).unwrap(),
        other_session,
        vec![],
        vec![0; 256],
        good.signature[1..].to_vec(),
        [&[0], &good.signature[..]].concat(),
        [&good.signature[..], &[0]].concat(),
        vec![0xff; 8_192],
    ] {
        let message = ServerAuth { signature, ..good.clone() }.encode();
        assert_matches!(of_auth(&message), HandshakeError::BadSignature);
    }
    let message = ServerAuth { signature: SERVER.key.sign(&signed).unwrap(), ..good }.encode();
    assert_taken(&Script::of([hello(), record(&message)]));
}

/// Longer keys, and the names that are asked for.
#[test]
fn an_honest_server_is_believed_by_whoever_wants_it() {
    for (leaf, key) in [("rsa3072", "server3072"), ("rsa4096", "server4096")] {
        let server = identity(&[leaf, "intermediate"], key);
        assert!(honest(&server, &wanted("localhost")).is_ok());
    }
    let bank = identity(&["bank", "intermediate"], "server");
    assert!(honest(&bank, &wanted("bank.example")).is_ok());
    assert_matches!(
        honest(&bank, &wanted("localhost")),
        Err(HandshakeError::Certificate(CertificateError::WrongName { .. }))
    );
    // A stolen chain, without the key.
    let thief = identity(&["server", "intermediate"], "other");
    assert_matches!(honest(&thief, &wanted("localhost")), Err(HandshakeError::BadSignature));
}

/// The record of a server at part 3, which has nothing more to say, and one of data.
#[test]
fn a_record_of_data_where_it_is_due_is_refused() {
    let data = VECTORS.records.iter().find(|it| it.stage == "part4-cert" && it.seq == 0).unwrap();
    assert_eq!(of_auth(&data.payload.0).rejection(), Some("malformed"));
}

/// A client of part 3 at a server of part 4: what it takes for data opens under no key of its own.
#[test]
fn a_server_auth_where_data_is_due_is_refused() {
    let mut wire = Wire::new(Script::of([hello(), record(auth())]));
    let ours = PrivateKey::from(GOOD.client_private.key());
    let secret = handshake::x25519::client(&mut wire, ours).unwrap();
    let keys = wire.derive(&secret, &hkdf::PART3);
    let mut channel = wire.secure(Sealer::new(&keys.client), Opener::new(&keys.server));
    assert_matches!(channel.recv(), Err(ChannelError::Open { index: 0, error: OpenError::BadTag }));
}

/// A key that is not of the curve's prime order costs the server neither an answer nor a signature, and any other does.
#[test]
fn a_server_signs_only_for_a_key_that_it_agrees_with() {
    let answers = |public_key: [u8; 32]| {
        let hello = x25519::Hello { public_key }.encode();
        let stream = Script::of([record(&hello)]);
        let fed = Side::CertServer.fed(&stream, GOOD.server_private.key());
        let mut sent = fed.sent;
        let mut answers = 0;
        while !sent.is_empty() {
            _ = without_record(&mut sent);
            answers += 1;
        }
        (fed.outcome.is_ok(), answers)
    };
    assert_eq!(answers([0; 32]), (false, 0));
    assert_eq!(answers([9; 32]), (true, 2));
}

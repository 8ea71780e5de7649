//! An event of a hostile `ServerAuth` can be read back: the reader of events takes no line of any length.

use messages::cert::ServerAuth;
use messages::fields::{CERTIFICATE, CERTIFICATE_VERIFY, Tag};
use messages::{DecodeError, Message};
use stages::PART4_CERT;
use transcript::{Event, EventKind, EventReader, HandshakeMessage, Role, Way};

/// An element, with a length of 2 bytes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x82], &u16::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat()
}

/// The same, with a length of 1 byte.
fn short(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
}

/// A certificate with this subject, these extensions and this behind the name of the signature's algorithm.
fn certificate(subject: &[u8], extensions: &[u8], parameters: &[u8]) -> Vec<u8> {
    let algorithm = |parameters: &[u8]| {
        element(
            0x30,
            &[&short(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11]), parameters].concat(),
        )
    };
    let time = short(0x17, b"260102030405Z");
    let tbs = [
        short(0xa0, &[2, 1, 2]),
        short(2, &[5]),
        algorithm(&[]),
        short(0x30, &[]),
        short(0x30, &time.repeat(2)),
        element(0x30, subject),
        element(0x30, &[algorithm(&[]), short(3, &[0; 33])].concat()),
        element(0xa3, &element(0x30, extensions)),
    ];
    let parts = [element(0x30, &tbs.concat()), algorithm(parameters), short(3, &[0; 33])];
    element(0x30, &parts.concat())
}

/// As many repetitions of `part` as make up to `len` bytes.
fn repeated(part: &[u8], len: usize) -> Vec<u8> {
    part.repeat(len / part.len())
}

/// An extension of names.
fn names(names: &[u8]) -> Vec<u8> {
    let value = element(0x30, names);
    element(0x30, &[&short(6, &[0x55, 29, 17])[..], &element(4, &value)].concat())
}

/// Makes the longest message out of one certificate that is `fill`ed up to so many bytes, or out of eight.
fn messages(fill: impl Fn(usize) -> Vec<u8>) -> Vec<Vec<u8>> {
    let message = |count: usize| {
        // 600 bytes are more than everything else takes.
        let certificates = vec![fill((ServerAuth::MAX_LEN - 600) / count - 300); count];
        ServerAuth { certificates, signature: vec![7; 256] }.encode()
    };
    vec![message(1), message(8)]
}

fn field(tag: &Tag, value: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    tag.append(value, &mut field);
    field
}

#[test]
fn an_event_of_the_longest_server_auth_is_never_too_long_to_be_read() {
    let name = |kind: &[u8], text: &[u8]| {
        short(0x31, &short(0x30, &[&short(6, kind)[..], &short(0x0c, text)].concat()))
    };
    let mut hostile = Vec::new();
    // Text that grows: a byte that is no UTF-8 becomes three, a quotation mark is escaped.
    for text in [&[0xff_u8; 22][..], &[b'"'; 64], &[0; 22], b"", b"a", &[b'\\'; 30]] {
        hostile.extend(messages(|len| {
            certificate(&[], &names(&repeated(&short(0x82, text), len)), &[])
        }));
        let subject = |len| repeated(&name(&[0x55, 4, 3], text), len);
        hostile.extend(messages(|len| certificate(&subject(len), &[], &[])));
        let parameters = |len| repeated(&short(0x0c, text), len);
        hostile.extend(messages(|len| certificate(&[], &[], &parameters(len))));
    }
    for one in [short(0x87, &[255; 4]), short(0x87, &[255; 16]), short(0xa4, b"")] {
        hostile.extend(messages(|len| certificate(&[], &names(&repeated(&one, len)), &[])));
    }
    let extension = short(0x30, &[short(6, &[0x55, 29, 9]), short(4, b"")].concat());
    hostile.extend(messages(|len| certificate(&[], &repeated(&extension, len), &[])));
    let nested = short(0x30, &short(0x30, &short(0x30, &short(0x30, &short(0x30, &[])))));
    hostile.extend(messages(|len| certificate(&[], &[], &repeated(&nested, len))));
    // No certificate is read in these, and no field in the last.
    hostile.push(field(&CERTIFICATE, b"").repeat(4_096));
    hostile.push(field(&CERTIFICATE_VERIFY, &[0; 16_380]));
    hostile.push(vec![0; 16_384]);
    hostile.push(vec![0xff; 16_384]);

    let mut decoded = 0;
    for message in hostile {
        assert!(
            message.len() <= ServerAuth::MAX_LEN && message.len() > 14_000,
            "{}",
            message.len()
        );
        decoded +=
            usize::from(!matches!(ServerAuth::decode(&message), Err(DecodeError::Cut { .. })));
        let read = HandshakeMessage::new("ServerAuth", Way::Received, &message, &["a check"; 4]);
        let kind = EventKind::Handshake(read);
        let event = Event { role: Role::Client, stage: &PART4_CERT, kind };
        let line = serde_json::to_vec(&event).unwrap();
        assert_eq!(EventReader::new(&*line).next_event().unwrap().unwrap(), event);
    }
    assert!(decoded > 40, "{decoded}");
}

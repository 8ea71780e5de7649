use messages::cert::{MAX_CERTIFICATES, ServerAuth};
use messages::decoder::MAX_SPANS;
use messages::fields::{FIELD_HEADER_LEN, TAGS};
use messages::{DecodeError, Message, Span, dh, explain, x25519};

use crate::Choices;

/// The most fields of a message that is made here.
const MAX_FIELDS: usize = 12;

/// Any bytes are explained to the last, without a gap; those that are a message decode to the values that the
/// explanation has, and are encoded to the same again but for unknown fields; and the others are refused because of
/// what a few lines here find as well.
///
/// # Panics
/// Where that does not hold.
pub fn messages(input: &[u8]) {
    let message = message(&mut Choices::new(input));
    let explained = explain(&message);
    assert_tiles(&explained.spans, 0, message.len());
    let leaves: Vec<_> = explained.leaves().cloned().collect();
    assert_tiles(&leaves, 0, message.len());

    // What has the form of a message of TLS is explained as one, whatever fields it may also be.
    let fields = fields(&message);
    if let Some(fields) = fields.as_ref().filter(|_| !messages::tls13::is_one(&message)) {
        let values: Vec<_> =
            explained.spans.iter().filter_map(|field| field.inside.last()).collect();
        // Beyond the most spans that are told, the rest is one.
        assert!(values.len() == fields.len() || explained.leaves().count() * 2 >= MAX_SPANS);
        for (value, (tag, bytes)) in values.into_iter().zip(fields) {
            let known = TAGS.iter().find(|known| known.number == *tag);
            assert_eq!(value.name, known.map_or("unknown field", |known| known.name));
            assert_eq!(&message[value.offset..value.offset + value.len], *bytes);
        }
    }
    let values = agrees::<dh::ClientHello>(&message, fields.as_ref(), &[1, 2, 3]);
    if let (Some(hello), Some(values)) = values {
        assert_eq!([hello.prime, hello.generator, hello.public_value], *values);
    }
    let values = agrees::<dh::ServerHello>(&message, fields.as_ref(), &[3]);
    if let (Some(hello), Some(values)) = values {
        assert_eq!([hello.public_value], *values);
    }
    let values = agrees::<x25519::Hello>(&message, fields.as_ref(), &[0x10]);
    if let (Some(hello), Some(values)) = values {
        assert_eq!([&hello.public_key[..]], *values);
    }
    server_auth(&message, fields.as_ref());
}

/// Makes sure that a message with these fields decodes as a `ServerAuth`, or why it does not.
fn server_auth(message: &[u8], fields: Option<&Vec<(u16, &[u8])>>) {
    let decoded = ServerAuth::decode(message);
    let Some(fields) = fields else {
        assert!(matches!(decoded, Err(DecodeError::Cut { .. })));
        return;
    };
    let of = |wanted: u16| fields.iter().filter(move |(tag, _)| *tag == wanted);
    let (certificates, signatures) = (of(0x20).count(), of(0x21).count());
    let mut known = fields.iter().rev().filter(|(tag, _)| [0x20, 0x21].contains(tag));
    let is_last = known.next().is_some_and(|(tag, _)| *tag == 0x21);
    match decoded {
        Ok(auth) => {
            assert!((1..=MAX_CERTIFICATES).contains(&certificates) && signatures == 1 && is_last);
            assert!(auth.certificates.iter().eq(of(0x20).map(|(_, value)| value)));
            assert!(of(0x21).all(|(_, value)| *value == auth.signature));
            assert_eq!(ServerAuth::decode(&auth.encode()), Ok(auth));
        }
        Err(DecodeError::Missing { .. }) => assert!(certificates == 0 || signatures == 0),
        Err(DecodeError::TooMany { .. }) => assert!(certificates > MAX_CERTIFICATES),
        Err(DecodeError::Repeated { .. }) => assert!(signatures > 1),
        Err(DecodeError::OutOfOrder { .. }) => assert!(signatures == 1 && !is_last),
        Err(error) => panic!("{error}"),
    }
}

/// Bytes of the input: as they are, or as fields, so that short inputs make good messages.
pub(crate) fn message(choices: &mut Choices<'_>) -> Vec<u8> {
    if choices.below(4) == 0 {
        return choices.rest().to_vec();
    }
    let mut message = Vec::new();
    for _ in 0..choices.below(MAX_FIELDS) {
        let known = TAGS.get(choices.below(TAGS.len() + 1));
        let tag = known.map_or_else(|| choices.number(), |tag| tag.number.into());
        let prime = crypto::dh::prime();
        let value = match choices.byte() {
            0 => &prime[..],
            1 => &prime[..choices.byte().into()],
            2 => crypto::dh::GENERATOR,
            len @ 3..0x20 => choices.bytes(len.into()),
            len @ 0x20..0x80 => &[len - 0x20; 32],
            len => &[len; 256][..len.into()],
        };
        message.extend(u16::try_from(tag).unwrap_or_default().to_be_bytes());
        message.extend(u16::try_from(value.len()).unwrap_or_default().to_be_bytes());
        message.extend(value);
    }
    match choices.below(8) {
        0 => message.truncate(choices.number()),
        1 => message.extend(choices.rest()),
        _ => {}
    }
    message
}

/// What a message is: fields until its end.
pub(crate) fn fields(mut message: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut fields = Vec::new();
    while let Some((&[a, b, c, d], rest)) = message.split_first_chunk::<FIELD_HEADER_LEN>() {
        let (value, rest) = rest.split_at_checked(u16::from_be_bytes([c, d]).into())?;
        fields.push((u16::from_be_bytes([a, b]), value));
        message = rest;
    }
    message.is_empty().then_some(fields)
}

/// Makes sure that `spans` are the bytes from `start` to `end`, and that each is what is inside it.
pub(crate) fn assert_tiles(spans: &[Span], start: usize, end: usize) {
    let mut at = start;
    for span in spans {
        assert_eq!(span.offset, at);
        at += span.len;
        if !span.inside.is_empty() {
            assert_tiles(&span.inside, span.offset, at);
        }
    }
    assert_eq!(at, end);
}

/// Makes sure that a message with these fields decodes as one of the kind that has those of `tags` once each and in
/// this order, or why it does not. Returns what it was decoded to, and their values.
fn agrees<'m, M: Message>(
    message: &[u8],
    fields: Option<&Vec<(u16, &'m [u8])>>,
    tags: &[u16],
) -> (Option<M>, Option<Vec<&'m [u8]>>) {
    let decoded = M::decode(message);
    let Some(fields) = fields else {
        assert!(matches!(decoded, Err(DecodeError::Cut { .. })));
        return (None, None);
    };
    let known: Vec<_> = fields.iter().filter(|(tag, _)| tags.contains(tag)).collect();
    let found: Vec<_> = known.iter().map(|(tag, _)| *tag).collect();
    let count = |tag: &u16| found.iter().filter(|found| *found == tag).count();
    match decoded {
        Ok(decoded) => {
            assert_eq!(found, tags);
            let mut again = Vec::new();
            for (tag, value) in &known {
                again.extend(tag.to_be_bytes());
                again.extend(u16::try_from(value.len()).unwrap_or_default().to_be_bytes());
                again.extend(*value);
            }
            assert_eq!(decoded.encode(), again);
            (Some(decoded), Some(known.iter().map(|(_, value)| *value).collect()))
        }
        Err(error) => {
            match error {
                DecodeError::Cut { .. } => panic!("nothing is cut"),
                DecodeError::NoSuch { .. }
                | DecodeError::Surplus { .. }
                | DecodeError::Misplaced { .. }
                | DecodeError::BadValue { .. }
                | DecodeError::TooMany { .. } => panic!("no message of TLS, no certificates"),
                DecodeError::Missing { .. } => assert!(tags.iter().any(|tag| count(tag) == 0)),
                DecodeError::Repeated { .. } => assert!(tags.iter().any(|tag| count(tag) > 1)),
                DecodeError::OutOfOrder { .. } => assert!(!found.is_sorted()),
                DecodeError::WrongLength { len, expected, .. } => {
                    assert_eq!(
                        known.iter().map(|(_, value)| value.len()).collect::<Vec<_>>(),
                        [len]
                    );
                    assert_ne!(len, expected);
                }
            }
            (None, None)
        }
    }
}

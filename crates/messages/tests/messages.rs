//! Messages there and back, and what is wrong with those that are none. Whatever can be read of any bytes is explained,
//! without a gap.

use messages::fields::{
    DH_GENERATOR, DH_PRIME, DH_PUBLIC_VALUE, FIELD_HEADER_LEN, TAGS, Tag, X25519_KEY,
};
use messages::{DecodeError, Message, Span, dh, explain, x25519};
use serde_json::Value;

/// A tag that nobody knows.
const UNKNOWN: Tag = Tag { number: 0x7777, name: "", what: "" };

fn of_fields(fields: &[(&Tag, &[u8])]) -> Vec<u8> {
    let mut message = Vec::new();
    for (tag, value) in fields {
        tag.append(value, &mut message);
    }
    message
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../handshake/tests/vectors/handshakes.json")).unwrap()
}

/// Every run of bytes in the file that may be a message, and whatever else stands there as hexadecimal digits.
fn messages_in(vectors: &Value) -> Vec<Vec<u8>> {
    match vectors {
        Value::String(text) => hex::decode(text).into_iter().collect(),
        Value::Array(values) => values.iter().flat_map(messages_in).collect(),
        Value::Object(values) => values.values().flat_map(messages_in).collect(),
        _ => vec![],
    }
}

/// Makes sure that `spans` are the bytes from `start` to `end`, one after the other, and each is what is inside it.
fn assert_tiles(spans: &[Span], start: usize, end: usize) {
    let mut at = start;
    for span in spans {
        assert!(!span.name.is_empty() && !span.what.is_empty());
        assert_eq!(span.offset, at);
        at += span.len;
        if !span.inside.is_empty() {
            assert_tiles(&span.inside, span.offset, at);
        }
    }
    assert_eq!(at, end);
}

fn assert_explained(message: &[u8]) {
    let explained = explain(message);
    assert_tiles(&explained.spans, 0, message.len());
    let leaves: Vec<_> = explained.leaves().cloned().collect();
    assert!(leaves.iter().all(|leaf| leaf.inside.is_empty()));
    assert_tiles(&leaves, 0, message.len());
}

#[test]
fn every_hello_of_the_articles_decodes_and_is_encoded_to_the_same_bytes() {
    fn again<M: Message>(message: &[u8]) {
        assert_eq!(hex::encode(M::decode(message).unwrap().encode()), hex::encode(message));
    }
    for handshake in vectors()["handshakes"].as_array().unwrap() {
        let [client, server] = ["client_hello", "server_hello"]
            .map(|name| hex::decode(handshake[name].as_str().unwrap()).unwrap());
        if handshake["stage"] == "part3-dh" {
            again::<dh::ClientHello>(&client);
            again::<dh::ServerHello>(&server);
        } else {
            again::<x25519::Hello>(&client);
            again::<x25519::Hello>(&server);
        }
    }
}

#[test]
fn whatever_stands_in_the_vectors_is_explained_to_its_last_byte() {
    let messages = messages_in(&vectors());
    assert!(!messages.is_empty());
    for message in messages {
        assert_explained(&message);
    }
}

#[test]
fn every_start_of_a_message_is_explained_to_its_last_byte() {
    for handshake in vectors()["handshakes"].as_array().unwrap() {
        for name in ["client_hello", "server_hello"] {
            let message = hex::decode(handshake[name].as_str().unwrap()).unwrap();
            for end in 0..message.len() {
                assert_explained(&message[..end]);
            }
        }
    }
}

/// Name, offset, length, and what it says.
fn told(message: &[u8]) -> Vec<(&'static str, usize, usize, String)> {
    let explained = explain(message);
    explained.leaves().map(|leaf| (leaf.name, leaf.offset, leaf.len, leaf.says.clone())).collect()
}

#[test]
fn an_explanation_names_what_is_known_what_is_not_and_what_is_no_field() {
    let mut message = of_fields(&[(&X25519_KEY, &[7; 32]), (&UNKNOWN, b"?"), (&DH_PRIME, b"")]);
    message.extend([0, 3, 0, 9, 1, 2]);
    let named = told(&message);
    let expected = [
        ("tag", 0, 2, X25519_KEY.name),
        ("length", 2, 2, "32"),
        (X25519_KEY.name, 4, 32, ""),
        ("tag", 36, 2, "unknown field"),
        ("length", 38, 2, "1"),
        ("unknown field", 40, 1, ""),
        ("tag", 41, 2, DH_PRIME.name),
        ("length", 43, 2, "0"),
        (DH_PRIME.name, 45, 0, ""),
        ("tag", 45, 2, DH_PUBLIC_VALUE.name),
        ("length", 47, 2, "9"),
        ("no field", 49, 2, ""),
    ];
    assert_eq!(named, expected.map(|(name, at, len, says)| (name, at, len, says.to_owned())));

    // The outermost spans are the fields, and behind them what is none.
    let explained = explain(&message);
    let names: Vec<_> = explained.spans.iter().map(|span| (span.name, span.len)).collect();
    let fields = [(X25519_KEY.name, 36), ("unknown field", 5), (DH_PRIME.name, 4)];
    let rest = [("tag", 2), ("length", 2), ("no field", 2)];
    assert_eq!(names, [&fields[..], &rest].concat());
}

#[test]
fn tags_have_the_numbers_of_the_wire_and_are_found_by_them() {
    let numbers: Vec<_> = TAGS.iter().map(|tag| tag.number).collect();
    assert_eq!(numbers, [0x0001, 0x0002, 0x0003, 0x0010, 0x0020, 0x0021]);
    for number in 0..=u16::MAX {
        assert_eq!(
            Tag::find(number).map(|tag| tag.number),
            numbers.contains(&number).then_some(number)
        );
    }
}

#[test]
fn a_value_may_have_65_535_bytes_and_a_longer_one_is_cut_off() {
    for len in [65_534, 65_535, 65_536] {
        let message = of_fields(&[(&DH_PUBLIC_VALUE, &vec![7; len])]);
        assert_eq!(message.len(), FIELD_HEADER_LEN + len.min(65_535));
        let dh::ServerHello { public_value } = Message::decode(&message).unwrap();
        assert_eq!(public_value, vec![7; len.min(65_535)]);
        assert_explained(&message);
    }
}

#[test]
fn unknown_fields_are_skipped_wherever_they_are() {
    let known: [(&Tag, &[u8]); 3] =
        [(&DH_PRIME, b"p"), (&DH_GENERATOR, b"g"), (&DH_PUBLIC_VALUE, b"A")];
    for at in 0..=known.len() {
        for unknown in [(&UNKNOWN, &b"?"[..]), (&X25519_KEY, &[7; 31]), (&UNKNOWN, b"")] {
            let fields = [&known[..at], &[unknown, unknown], &known[at..]].concat();
            let hello = dh::ClientHello::decode(&of_fields(&fields)).unwrap();
            assert_eq!(hello.encode(), of_fields(&known));
        }
    }
    // Four zero bytes are an empty field, of tag 0.
    let zeros = [&of_fields(&[(&X25519_KEY, &[7; 32])])[..], &[0; 4]].concat();
    assert_eq!(x25519::Hello::decode(&zeros).unwrap().public_key, [7; 32]);
}

fn client_hello(fields: &[(&Tag, &[u8])]) -> DecodeError {
    dh::ClientHello::decode(&of_fields(fields)).unwrap_err()
}

#[test]
fn a_missing_field_is_named_the_first_of_several() {
    let (p, g, value): (_, _, (&Tag, &[u8])) =
        ((&DH_PRIME, &b"p"[..]), (&DH_GENERATOR, &b"g"[..]), (&DH_PUBLIC_VALUE, b"A"));
    for (fields, missing) in [
        (&[][..], &DH_PRIME),
        (&[g, value], &DH_PRIME),
        (&[p, value], &DH_GENERATOR),
        (&[p], &DH_GENERATOR),
        (&[p, g], &DH_PUBLIC_VALUE),
    ] {
        assert_eq!(client_hello(fields), DecodeError::Missing { field: missing.name });
    }
}

#[test]
fn a_repeated_field_is_named_even_if_it_says_the_same() {
    let fields: [(&Tag, &[u8]); 3] =
        [(&DH_PRIME, b"p"), (&DH_GENERATOR, b"g"), (&DH_PUBLIC_VALUE, b"A")];
    for again in fields {
        let repeated = DecodeError::Repeated { field: again.0.name };
        assert_eq!(client_hello(&[&fields[..], &[again]].concat()), repeated);
    }
    let twice = of_fields(&[(&X25519_KEY, &[7; 32]), (&UNKNOWN, b""), (&X25519_KEY, &[7; 32])]);
    assert_eq!(
        x25519::Hello::decode(&twice),
        Err(DecodeError::Repeated { field: X25519_KEY.name })
    );
}

#[test]
fn any_other_order_is_refused_and_the_field_that_comes_too_early_is_named() {
    let [p, g, value]: [(&Tag, &[u8]); 3] =
        [(&DH_PRIME, b"p"), (&DH_GENERATOR, b"g"), (&DH_PUBLIC_VALUE, b"A")];
    for (fields, early) in [
        ([p, value, g], &DH_PUBLIC_VALUE),
        ([g, p, value], &DH_GENERATOR),
        ([g, value, p], &DH_PUBLIC_VALUE),
        ([value, p, g], &DH_PUBLIC_VALUE),
        ([value, g, p], &DH_PUBLIC_VALUE),
    ] {
        assert_eq!(client_hello(&fields), DecodeError::OutOfOrder { field: early.name });
    }
    assert!(dh::ClientHello::decode(&of_fields(&[p, g, value])).is_ok());
}

#[test]
fn a_cut_field_is_named_with_what_there_is_of_it() {
    let message = of_fields(&[(&X25519_KEY, &[7; 32])]);
    for end in 1..message.len() {
        let (what, wanted, from) = match end {
            1 => ("tag", 2, 0),
            2..4 => ("length", 2, 2),
            _ => (X25519_KEY.name, 32, 4),
        };
        let cut = DecodeError::Cut { what, wanted, got: end - from };
        assert_eq!(x25519::Hello::decode(&message[..end]), Err(cut));
    }
    for rest in 1..4 {
        let surplus = [&message[..], &vec![0; rest]].concat();
        let (what, wanted, got) = [("tag", 2, 1), ("length", 2, 0), ("length", 2, 1)][rest - 1];
        assert_eq!(x25519::Hello::decode(&surplus), Err(DecodeError::Cut { what, wanted, got }));
    }
}

#[test]
fn a_key_of_any_length_but_32_is_refused() {
    for len in (0..100).filter(|len| *len != 32) {
        let field = X25519_KEY.name;
        assert_eq!(
            x25519::Hello::decode(&of_fields(&[(&X25519_KEY, &vec![7; len])])),
            Err(DecodeError::WrongLength { field, len, expected: 32 })
        );
    }
}

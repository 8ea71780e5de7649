//! The catalogue says what the articles do, and its cuts tile every record.

use framing::cutter::Cut;
use framing::{Direction, Header, Limits};

use crate::{
    PART1_CTR, PART2_AEAD, PART2_HMAC, PART3_DH, PART3_HKDF, PART3_X25519, PART4_CERT, PART5_TLS13,
    Part, Role, STAGES, Stage,
};

/// What `of` says of every stage, in the articles' order.
fn each<T>(of: impl Fn(&'static Stage) -> T) -> Vec<T> {
    STAGES.iter().copied().map(of).collect()
}

#[test]
fn names_ports_and_overheads_are_those_of_the_articles() {
    let table = each(|stage| (stage.name, stage.port, stage.has_records(), stage.overhead()));
    assert_eq!(
        table,
        [
            ("part1-plain", 8081, false, 0),
            ("part1-ctr", 8081, true, 16),
            ("part2-hmac", 9001, true, 48),
            ("part2-hmac-seq", 9003, true, 56),
            ("part2-aead", 9002, true, 36),
            ("part3-dh", 8080, true, 0),
            ("part3-x25519", 10002, true, 0),
            ("part3-hkdf", 10003, true, 36),
            ("part4-cert", 10004, true, 36),
            ("part5-tls13", 8443, true, 17),
        ]
    );
}

#[test]
fn fields_are_those_of_the_articles_in_their_order() {
    let cut = |stage: &Stage| {
        let payload = vec![0; stage.overhead() + 61];
        let parts = stage.split_payload(&payload).unwrap();
        parts
            .iter()
            .map(|part| (part.field.name, part.offset, part.bytes.len()))
            .collect::<Vec<_>>()
    };
    let aead = &[("seq", 0, 8), ("nonce", 8, 12), ("ciphertext", 20, 61), ("tag", 81, 16)];
    let expected: [&[_]; 10] = [
        &[("plaintext", 0, 61)],
        &[("nonce", 0, 16), ("ciphertext", 16, 61)],
        &[("nonce", 0, 16), ("ciphertext", 16, 61), ("tag", 77, 32)],
        &[("seq", 0, 8), ("nonce", 8, 16), ("ciphertext", 24, 61), ("tag", 85, 32)],
        aead,
        &[("message", 0, 61)],
        &[("message", 0, 61)],
        aead,
        aead,
        &[("ciphertext", 0, 61), ("inner type", 61, 1), ("tag", 62, 16)],
    ];
    assert_eq!(each(cut), expected);
}

/// A record is its payload with a header in front, where there are records at all: 4 bytes of length, or TLS's 5.
#[test]
fn the_header_is_among_the_fields_and_in_front_of_the_others() {
    for stage in STAGES {
        let header = match (stage.has_records(), stage.has_types()) {
            (true, true) => Header { prefix_len: 3, length_len: 2 },
            (true, false) => Header::LENGTH,
            (false, _) => Header::NONE,
        };
        assert_eq!(stage.header(), header, "{stage:?}");
        assert_eq!(stage.record_overhead(), header.len() + stage.overhead(), "{stage:?}");
        let payload = vec![7; stage.overhead() + 61];
        let record = stage.record(&payload);
        let mut encoded = header.encode(payload.len()).to_vec();
        if stage.has_types() {
            encoded[..3].copy_from_slice(&[23, 3, 3]);
        }
        assert_eq!(record, [&encoded, &payload[..]].concat(), "{stage:?}");

        let parts = stage.split(&record).unwrap();
        let of_payload = stage.split_payload(&payload).unwrap();
        let (in_front, behind) = parts.split_at(parts.len() - of_payload.len());
        assert_eq!(in_front.last().is_some(), stage.has_records());
        if let Some(length) = in_front.last() {
            assert_eq!((length.field.role, length.offset), (Role::Length, header.prefix_len));
            assert_eq!(length.number(), Some(payload.len() as u64));
        }
        for (part, of_payload) in behind.iter().zip(of_payload) {
            let offset = header.len() + of_payload.offset;
            assert_eq!(*part, Part { offset, ..of_payload }, "{stage:?}");
        }
    }
}

#[test]
fn a_cut_tiles_every_record_from_0_to_2000_bytes_and_fails_exactly_below_the_overhead() {
    let bytes: Vec<u8> = (0..=250).cycle().take(2_000).collect();
    for stage in STAGES {
        for len in 0..=bytes.len() {
            let cuts = [
                (stage.split(&bytes[..len]), stage.record_overhead()),
                (stage.split_payload(&bytes[..len]), stage.overhead()),
            ];
            for (parts, overhead) in cuts {
                assert_eq!(parts.is_some(), len >= overhead, "{stage:?} of {len}");
                let mut tiled = Vec::new();
                for Part { offset, bytes, .. } in parts.into_iter().flatten() {
                    assert_eq!(offset, tiled.len());
                    tiled.extend_from_slice(bytes);
                }
                assert!(tiled.is_empty() || tiled == bytes[..len], "{stage:?} of {len}");
            }
        }
    }
}

#[test]
fn a_place_behind_the_text_shows_its_length_as_n() {
    let places: Vec<_> = PART2_HMAC.places().map(|place| place.to_string()).collect();
    assert_eq!(places, ["0", "4", "20", "20 + N"]);
}

/// Any 8 bytes that stand where the number does, once the fields are whole.
#[test]
fn a_number_is_read_from_every_payload_that_holds_the_fields_of_a_stage_that_counts() {
    let bytes: Vec<u8> = (1..=100).collect();
    for stage in STAGES {
        for len in 0..=bytes.len() {
            let is_there = stage.has(Role::Seq) && len >= stage.overhead();
            let expected = is_there.then_some(0x0102_0304_0506_0708);
            assert_eq!(stage.seq(&bytes[..len]), expected, "{stage:?} of {len}");
        }
    }
}

#[test]
fn a_stage_is_found_by_its_whole_name_only() {
    for (position, stage) in STAGES.iter().copied().enumerate() {
        assert_eq!(Stage::find(stage.name), Some(stage));
        assert_eq!(stage.position(), Some(position));
    }
    for name in ["", "part2", "hmac", "part2-hmac-", "PART2-HMAC", "part3-handshake"] {
        assert_eq!(Stage::find(name), None, "{name}");
    }
}

#[test]
fn a_stage_and_a_direction_show_as_their_names() {
    for stage in STAGES {
        assert_eq!(format!("{stage:?}"), stage.name);
    }
    let directions = [Direction::ToServer, Direction::ToClient].map(|way| way.to_string());
    assert_eq!(directions, ["client to server", "server to client"]);
    assert_eq!(format!("{:>17}", Direction::ToServer), " client to server");
}

#[test]
fn short_names_and_programs_are_made_of_the_name() {
    assert_eq!(
        each(|stage| (stage.package(), stage.short_name(), stage.program("server"))),
        [
            ("part1", "plain", "plain_server".to_owned()),
            ("part1", "ctr", "ctr_server".to_owned()),
            ("part2", "hmac", "hmac_server".to_owned()),
            ("part2", "hmac-seq", "hmac_seq_server".to_owned()),
            ("part2", "aead", "aead_server".to_owned()),
            ("part3", "dh", "dh_server".to_owned()),
            ("part3", "x25519", "x25519_server".to_owned()),
            ("part3", "hkdf", "hkdf_server".to_owned()),
            ("part4", "cert", "cert_server".to_owned()),
            ("part5", "tls13", "tls13_server".to_owned()),
        ]
    );
}

#[test]
fn limits_run_from_no_plaintext_to_16384_bytes_of_it() {
    assert_eq!(PART1_CTR.limits(), Limits { min: 16, max: 16_400 });
    // That of an alert in the clear is shorter than any overhead, and padding may make a record longer.
    assert_eq!(PART5_TLS13.limits(), Limits { min: 0, max: 16_640 });
    for stage in STAGES.iter().filter(|stage| !stage.has_types()) {
        let overhead = stage.overhead();
        assert_eq!(stage.limits(), Limits { min: overhead, max: overhead + 16_384 });
    }
}

/// Only one field takes what the others leave, or a cut would be ambiguous.
#[test]
fn every_stage_has_exactly_one_field_of_no_fixed_length() {
    for stage in STAGES {
        let flexible = stage.fields.iter().filter(|field| field.len.is_none());
        assert_eq!(flexible.count(), 1, "{}", stage.name);
    }
}

/// Else the first of them would stand for the others.
#[test]
fn no_stage_has_two_fields_of_one_role_or_one_name() {
    for stage in STAGES {
        for (before, field) in stage.fields.iter().enumerate() {
            let others = &stage.fields[..before];
            let is_alone =
                others.iter().all(|other| other.role != field.role && other.name != field.name);
            assert!(is_alone, "{stage:?}: {}", field.name);
        }
    }
}

/// It covers everything in a payload except itself. The header is left unprotected, and said to be, up to TLS.
#[test]
fn a_tag_covers_every_other_field_of_the_payload() {
    for stage in STAGES {
        for field in stage.fields {
            let is_left_out = match field.role {
                Role::Length => !stage.has_types(),
                role => role == Role::Tag,
            };
            assert_eq!(
                field.is_covered,
                stage.has(Role::Tag) && !is_left_out,
                "{stage:?}: {}",
                field.name
            );
        }
    }
}

/// At a stage without data, no record but those of the handshake crosses.
#[test]
fn a_stage_has_data_or_a_handshake_or_both() {
    let table = each(|stage| (stage.short_name(), stage.has_data(), stage.handshake.len()));
    assert_eq!(
        table,
        [
            ("plain", true, 0),
            ("ctr", true, 0),
            ("hmac", true, 0),
            ("hmac-seq", true, 0),
            ("aead", true, 0),
            ("dh", false, 2),
            ("x25519", false, 2),
            ("hkdf", true, 2),
            ("cert", true, 3),
            ("tls13", true, 9),
        ]
    );
}

#[test]
fn the_messages_of_a_handshake_are_those_of_the_articles() {
    let messages = |stage: &'static Stage| {
        let message = |message: &'static crate::Message| {
            let fields = message.fields.iter().map(|field| (field.tag.number, field.len));
            (message.name, message.direction, message.max_record_len(), fields.collect::<Vec<_>>())
        };
        stage.handshake.iter().map(message).collect::<Vec<_>>()
    };
    let (to_server, to_client) = (Direction::ToServer, Direction::ToClient);
    assert_eq!(
        messages(&PART3_DH),
        [
            ("ClientHello", to_server, 529, vec![(1, 256), (2, 1), (3, 256)]),
            ("ServerHello", to_client, 264, vec![(3, 256)]),
        ]
    );
    let keys = [
        ("ClientHello", to_server, 40, vec![(0x10, 32)]),
        ("ServerHello", to_client, 40, vec![(0x10, 32)]),
    ];
    assert_eq!(messages(&PART3_X25519), keys);
    assert_eq!(messages(&PART3_HKDF), keys);
    let [client_hello, server_hello] = keys;
    let fields = vec![(0x20, 995), (0x20, 954), (0x21, 256)];
    let server_auth = ("ServerAuth", to_client, 2_221, fields);
    assert_eq!(messages(&PART4_CERT), [client_hello, server_hello, server_auth]);
    let sealed: Vec<_> = PART5_TLS13.handshake.iter().map(|it| (it.name, it.is_sealed)).collect();
    assert_eq!(
        sealed,
        [
            ("ClientHello", false),
            ("ServerHello", false),
            ("ChangeCipherSpec", false),
            ("EncryptedExtensions", true),
            ("Certificate", true),
            ("CertificateVerify", true),
            ("Finished", true),
            ("ChangeCipherSpec", false),
            ("Finished", true),
        ]
    );
}

#[test]
fn a_stage_has_certificates_if_a_message_carries_some() {
    let with = |stage: &&&Stage| stage.has_certificates();
    let names: Vec<_> = STAGES.iter().filter(with).map(|stage| stage.name).collect();
    assert_eq!(names, ["part4-cert", "part5-tls13"]);
}

#[test]
fn the_messages_of_each_direction_are_counted() {
    let [to_server, to_client] = [Direction::ToServer, Direction::ToClient]
        .map(|direction| each(|stage| stage.messages(direction)));
    assert_eq!(to_server, [0, 0, 0, 0, 0, 1, 1, 1, 1, 3]);
    assert_eq!(to_client, [0, 0, 0, 0, 0, 1, 1, 1, 2, 6]);
}

#[test]
fn after_the_messages_of_a_direction_its_records_are_those_of_data() {
    for stage in STAGES.iter().filter(|stage| !stage.has_types()) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let count = stage.messages(direction);
            for index in 0..count + 2 {
                let record = stage.record(&[7; 100]);
                let message = stage.message(direction, index);
                assert_eq!(message.is_some(), index < count, "{stage:?}");
                assert!(message.is_none_or(|message| message.direction == direction));
                let parts = stage.split_at(direction, index, &record).unwrap();
                let is_message = parts.iter().any(|part| part.field.role == Role::Message);
                assert_eq!(is_message, index < count || !stage.has_data(), "{stage:?}");
                assert_eq!(parts.iter().map(|part| part.bytes.len()).sum::<usize>(), record.len());
            }
        }
    }
}

/// At TLS there may be more messages than in an honest run, and after data too: the record's type tells.
#[test]
fn a_type_tells_what_a_record_carries_wherever_it_stands() {
    for (message, kind) in [(&[22, 0, 0, 0][..], 22), (&[1], 20), (&[2, 40], 21)] {
        let record = PART5_TLS13.record_of_message(message);
        let len = u8::try_from(message.len()).unwrap();
        assert_eq!(record, [&[kind, 3, 3, 0, len], message].concat());
        for (direction, index) in [(Direction::ToServer, 0), (Direction::ToClient, 99)] {
            let parts = PART5_TLS13.split_at(direction, index, &record).unwrap();
            assert_eq!(parts.last().unwrap().field.role, Role::Message);
            assert_eq!(parts.last().unwrap().bytes, message);
            let sealed = PART5_TLS13.record(&[7; 40]);
            let parts = PART5_TLS13.split_at(direction, index, &sealed).unwrap();
            let [.., ciphertext, inner, tag] = &parts[..] else { panic!("{parts:?}") };
            assert_eq!((ciphertext.offset, ciphertext.bytes.len()), (5, 23));
            assert_eq!((inner.field.role, tag.field.role), (Role::InnerType, Role::Tag));
        }
    }
    let protection = |message: &[u8]| PART5_TLS13.protection_of(message);
    assert_eq!(protection(&[1]), "Nothing: no key is made of it.");
    assert_eq!(protection(&[2, 40]), protection(&[1]));
    assert_ne!(protection(&[22, 0, 0, 0]), protection(&[1]));
}

/// Who has opened a record knows how many of its bytes are padding, and where its inner type is.
#[test]
fn padding_is_a_field_for_who_has_opened_the_record() {
    let payload: Vec<u8> = (0..30).collect();
    let record = PART5_TLS13.record(&payload);
    let fields = |padding| {
        let parts = PART5_TLS13.split_opened(&record, padding)?;
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.bytes).copied().collect();
        assert_eq!(bytes, record);
        let inside = parts.iter().skip(3).map(|it| (it.field.name, it.offset, it.bytes.len()));
        Some(inside.collect::<Vec<_>>())
    };
    let [inner, tag] = [("inner type", 18, 1), ("tag", 19, 16)];
    assert_eq!(fields(0).unwrap(), [("ciphertext", 5, 13), inner, tag]);
    let padded = [("ciphertext", 5, 9), ("inner type", 14, 1), ("padding", 15, 4), tag];
    assert_eq!(fields(4).unwrap(), padded);
    let all = [("ciphertext", 5, 0), ("inner type", 5, 1), ("padding", 6, 13), tag];
    assert_eq!(fields(13).unwrap(), all);
    assert_eq!(fields(14), None);
    assert_eq!(fields(usize::MAX), None);
    assert_eq!(PART2_AEAD.split_opened(&record, 4), PART2_AEAD.split(&record));
}

/// Who cannot open a record does not know where its inner type is.
#[test]
fn all_that_is_encrypted_is_one_field_for_who_cannot_open_the_record() {
    let record = PART5_TLS13.record(&(0..30).collect::<Vec<u8>>());
    let parts = PART5_TLS13.split_closed(&record).unwrap();
    let bytes: Vec<u8> = parts.iter().flat_map(|part| part.bytes).copied().collect();
    assert_eq!(bytes, record);
    let inside = parts.iter().skip(3).map(|it| (it.field.name, it.offset, it.bytes.len()));
    assert_eq!(inside.collect::<Vec<_>>(), [("ciphertext", 5, 14), ("tag", 19, 16)]);
    assert_eq!(PART5_TLS13.split_closed(&record[..20]), None);
    assert_eq!(PART2_AEAD.split_closed(&record), PART2_AEAD.split(&record));
}

/// A stranger's file may tell of more than a header can.
#[test]
fn a_payload_that_no_header_can_tell_makes_a_record_all_the_same() {
    let record = PART5_TLS13.record(&vec![0; 1 << 17]);
    assert_eq!((record.len(), &record[..5]), ((1 << 17) + 5, &[23, 3, 3, 0xff, 0xff][..]));
}

/// A message is shorter than a record of data can be, and is cut out all the same.
#[test]
fn a_cutter_finds_the_messages_and_then_the_records() {
    let hello = PART3_HKDF.record(&[7; 3]);
    let data = PART3_HKDF.record(&[7; 36]);
    let mut cutter = PART3_HKDF.cutter(Direction::ToServer);
    let mut found = Vec::new();
    cutter.push(&[&hello[..], &data, &hello].concat(), |cut| found.push(cut));
    let [first, second, third] = &found[..] else { panic!("{found:?}") };
    assert!(matches!(first, Cut::Record { index: 0, bytes } if *bytes == hello));
    assert!(matches!(second, Cut::Record { index: 1, bytes } if *bytes == data));
    assert!(matches!(third, Cut::Loose(bytes) if *bytes == hello));
}

//! Captures that lack something, or that were changed, or that are of something else: a clear word each, and no panic.

use crypto::tls13::record::ContentType;
use messages::tls13::{ClientHello, HandshakeMessage};

use super::rfc8448::trace;
use super::script::{Script, client_hello, has, plain_client_hello, plain_server_hello};
use super::told::{Has, Piece, ToClient, ToServer, checks, explain, message, opened, said, sealed};

/// A handshake, then as many records of data from the client, and the end of both.
fn with_data(count: usize) -> Script {
    let mut script = Script::handshake();
    for number in 0..count {
        script.data(ToServer, &format!("data {number}"));
    }
    script.close();
    script
}

/// The places of the pieces that are records of data from the client, its alert among them.
fn places(script: &Script) -> Vec<usize> {
    let is_from_client =
        |piece: &Piece| matches!(piece, Piece::Bytes(ToServer, bytes) if bytes[0] == 23);
    let all = (0..script.pieces.len()).filter(|at| is_from_client(&script.pieces[*at]));
    // The first is Finished.
    all.skip(1).collect()
}

fn flip(piece: &mut Piece) {
    if let Piece::Bytes(_, bytes) = piece {
        bytes[7] ^= 1;
    }
}

fn fails(events: &[transcript::Event]) -> Vec<String> {
    checks(events).into_iter().filter(|check| check.starts_with('-')).collect()
}

#[test]
fn a_record_that_was_changed_is_told_and_the_next_one_opens() {
    for changed in 0..3 {
        let mut script = with_data(5);
        let at = places(&script)[changed];
        flip(&mut script.pieces[at]);
        let events = explain(&script.pieces, &has());
        assert_eq!(fails(&events), [format!("- bad_tag {changed}")]);
        let text = message(&events, &format!("- bad_tag {changed}"));
        assert!(text.contains("others open under the same key"), "{text}");
        assert_eq!(opened(&events).len(), sealed(&events) - 1);
        let said = said(&events);
        assert!(!said.contains(&format!("client data {changed}")), "{said:?}");
        assert!(said.contains(&"client data 4".to_owned()), "{said:?}");
    }
}

#[test]
fn after_a_changed_record_of_the_handshake_its_checks_are_not_made_and_data_is_opened() {
    let mut script = with_data(2);
    // EncryptedExtensions, Certificate: the second is changed.
    flip(&mut script.pieces[3]);
    let events = explain(&script.pieces, &has());
    assert_eq!(fails(&events), ["- bad_tag 1"]);
    let all = checks(&events);
    assert!(all.contains(&"? client Finished".to_owned()), "{all:?}");
    assert!(message(&events, "? client Finished").contains("does not open"));
    assert!(said(&events).contains(&"client data 1".to_owned()));
    assert_eq!(opened(&events).len(), sealed(&events) - 1);
}

#[test]
fn behind_a_gap_records_are_found_by_their_tags_and_counted() {
    let mut script = with_data(40);
    let places = places(&script);
    script.pieces.splice(places[3]..places[33], [Piece::Missing(ToServer)]);
    let events = explain(&script.pieces, &has());
    let text = message(&events, "? client records");
    assert!(text.starts_with("30 records are missing"), "{text}");
    assert_eq!(fails(&events), [""; 0]);
    assert_eq!(opened(&events).len(), sealed(&events));
    let said = said(&events);
    let data: Vec<_> = said.iter().filter(|it| it.contains("data")).collect();
    assert_eq!(data.len(), 10);
    assert_eq!(data[3], "client data 33");
}

#[test]
fn a_gap_that_begins_and_ends_in_the_middle_of_records_is_left_at_the_next_that_begins_a_piece() {
    let mut script = with_data(10);
    let places = places(&script);
    for at in [places[2], places[5]] {
        let Piece::Bytes(_, bytes) = &mut script.pieces[at] else { panic!("bytes") };
        if at == places[2] { bytes.truncate(9) } else { drop(bytes.drain(..11)) }
    }
    script.pieces.splice(places[3]..places[5], [Piece::Missing(ToServer)]);
    let events = explain(&script.pieces, &has());
    assert!(message(&events, "? client records").starts_with("4 records are missing"));
    assert_eq!(fails(&events), [""; 0]);
}

#[test]
fn a_server_hello_that_is_missing_is_guessed() {
    let mut script = with_data(2);
    script.pieces[1] = Piece::Missing(ToClient);
    let events = explain(&script.pieces, &has());
    assert_eq!(fails(&events), [""; 0]);
    assert_eq!(opened(&events).len(), sealed(&events));
    assert!(message(&events, "? server ServerHello").contains("trying those that were offered"));
    assert!(message(&events, "? server Finished").contains("ServerHello is not in the capture"));
}

#[test]
fn one_direction_alone_is_told_as_far_as_it_goes() {
    let of = |way| {
        let mut script = with_data(2);
        script.pieces.retain(|piece| match piece {
            Piece::Bytes(it, _) | Piece::Missing(it) | Piece::End(it) => *it == way,
        });
        explain(&script.pieces, &has())
    };
    let client = of(ToServer);
    assert_eq!(opened(&client).len(), sealed(&client));
    assert_eq!(fails(&client), [""; 0]);
    let server = of(ToClient);
    assert_eq!(opened(&server), []);
    assert!(message(&server, "? both key log").contains("no ClientHello"));
}

#[test]
fn a_capture_that_begins_in_the_middle_says_that_no_secret_can_be_found() {
    let mut script = with_data(2);
    script.pieces.drain(..6);
    let events = explain(&script.pieces, &has());
    assert_eq!(checks(&events), ["? both key log"]);
    // In the middle of a record.
    let Piece::Bytes(_, bytes) = &mut script.pieces[0] else { panic!("bytes") };
    bytes.drain(..9);
    let events = explain(&script.pieces, &has());
    assert_eq!(checks(&events)[0], "? both TLS");
}

#[test]
fn other_versions_are_recognised_and_not_explained() {
    let plain = |version: u16, mark: &[u8]| {
        let mut hello = plain_server_hello(vec![]);
        hello.legacy_version = version;
        hello.extensions = vec![];
        hello.random[24..].copy_from_slice(mark);
        HandshakeMessage::ServerHello(hello)
    };
    for (version, name) in
        [(0x0303, "TLS 1.2"), (0x0302, "TLS 1.1"), (0x0301, "TLS 1.0"), (0x0300, "SSL 3.0")]
    {
        let mut script = Script::new();
        script.hello(ToServer, &client_hello(vec![]));
        let certificate = [11, 0, 0, 3, 0, 0, 0];
        script.clear(ToClient, 22, &[&plain(version, &[1; 8]).encode()[..], &certificate].concat());
        script.clear(ToServer, 22, &[16, 0, 0, 1, 9]);
        script.clear(ToServer, 20, &[1]);
        script.clear(ToServer, 22, b"encrypted, in the way of before");
        let events = explain(&script.pieces, &has());
        assert_eq!(checks(&events), ["? both version", "+ server downgrade"]);
        assert!(message(&events, "? both version").starts_with(name));
        assert_eq!(said(&events), ["client ClientHello", "server ServerHello"]);
    }
    // The client is in the middle of a record, whose rest comes behind what it has said of that so far.
    let mut script = Script::new();
    script.hello(ToServer, &client_hello(vec![]));
    script.raw(ToServer, &[22, 3, 3]);
    script.hello(ToClient, &plain(0x0303, &[1; 8]));
    script.raw(ToServer, &[0, 1, 16]);
    assert_eq!(checks(&explain(&script.pieces, &has())), ["? both version", "+ server downgrade"]);
    // Someone has made it lower.
    let mut script = Script::new();
    script.hello(ToServer, &client_hello(vec![]));
    script.hello(ToClient, &plain(0x0303, b"DOWNGRD\x01"));
    let events = explain(&script.pieces, &has());
    assert_eq!(checks(&events), ["? both version", "- server downgrade"]);
    // Only the client's side, and only an alert.
    let mut script = Script::new();
    script.hello(ToServer, &client_hello(vec![]));
    script.clear(ToServer, 22, &[16, 0, 0, 1, 9]);
    script.clear(ToServer, 22, b"encrypted, in the way of before");
    assert_eq!(checks(&explain(&script.pieces, &has())), ["? both version"]);
    let mut script = Script::new();
    script.hello(ToServer, &client_hello(vec![]));
    script.clear(ToClient, 21, &[2, 70]);
    let events = explain(&script.pieces, &has());
    assert_eq!(checks(&events), ["? both version"]);
    assert_eq!(said(&events)[1], "server Alert protocol_version");
}

#[test]
fn what_is_no_tls_is_named_once() {
    for (client, server, name) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], &b"HTTP/1.1 200 OK\r\n\r\n"[..], "HTTP"),
        (b"SSH-2.0-a\r\n", b"SSH-2.0-b\r\n", "SSH"),
        (b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00", b"", "SSL 2.0"),
        (b"hello there", b"", "some protocol of text"),
        (b"\x00\xff\x00", b"", "not recognised"),
    ] {
        let pieces =
            [Piece::Bytes(ToServer, client.to_vec()), Piece::Bytes(ToClient, server.to_vec())];
        let events = explain(&pieces, &has());
        assert_eq!(checks(&events), ["? both TLS"]);
        let text = message(&events, "? both TLS");
        assert!(text.contains(name), "{text}");
        assert!(said(&events).is_empty());
    }
}

#[test]
fn tls_may_begin_behind_another_protocol() {
    let mut script = Script::new();
    script.raw(ToClient, b"220 mail.example\r\n");
    script.raw(ToServer, b"STARTTLS\r\n");
    script.raw(ToClient, b"220 go on\r\n");
    let rest = with_data(1);
    script.pieces.extend(rest.pieces);
    let events = explain(&script.pieces, &has());
    assert_eq!(checks(&events)[0], "? both TLS");
    assert_eq!(fails(&events), [""; 0]);
    assert_eq!(opened(&events).len(), sealed(&events));
    assert!(said(&events).contains(&"client data 0".to_owned()));
}

#[test]
fn bytes_that_are_no_record_end_what_can_be_told_of_a_direction() {
    let mut script = Script::handshake();
    script.raw(ToServer, b"these are none");
    script.data(ToServer, "not told");
    script.data(ToClient, "told");
    let events = explain(&script.pieces, &has());
    assert_eq!(fails(&events), ["- client records"]);
    assert!(message(&events, "- client records").contains(&hex::encode(b"these")));
    assert!(said(&events).contains(&"server told".to_owned()));
    assert!(!said(&events).contains(&"client not told".to_owned()));
}

#[test]
fn a_message_longer_than_is_kept_ends_it_too() {
    for len in [256 * 1_024_u32 - 3, 0x00ff_ffff] {
        let mut script = Script::new();
        let [_, a, b, c] = len.to_be_bytes();
        let begin = [&[1, a, b, c][..], &[0; 16_000]].concat();
        script.clear(ToServer, 22, &begin);
        for _ in 0..40 {
            script.clear(ToServer, 22, &[0; 16_000]);
        }
        let events = explain(&script.pieces, &has());
        assert_eq!(checks(&events)[0], "? client message");
        let text = message(&events, "? client message");
        assert!(text.contains(&format!("{} bytes", len + 4)), "{text}");
    }
}

#[test]
fn nothing_at_all_and_records_of_nothing_are_no_trouble() {
    assert_eq!(checks(&explain(&[], &has())), [""; 0]);
    let mut script = Script::handshake();
    for kind in [20, 21, 22, 23, 24] {
        script.clear(ToServer, kind, &[]);
    }
    script.seal(ToServer, ContentType::Handshake, &[]);
    script.seal(ToServer, ContentType::ApplicationData, &[]);
    explain(&script.pieces, &has());
    let none = Has { keylog: "CLIENT_RANDOM 00 11\n\u{0}".to_owned(), ..has() };
    explain(&script.pieces, &none);
}

/// Bytes all over every trace changed, every stream cut there, every piece left out, said twice, or in another place.
#[test]
fn whatever_is_done_to_a_trace_it_is_told_without_a_panic() {
    for section in ["3", "4", "5", "6", "7"] {
        let (pieces, has) = trace(section);
        for index in 0..pieces.len() {
            let Piece::Bytes(way, bytes) = &pieces[index] else { continue };
            for at in (0..bytes.len()).step_by(37) {
                let mut changed = pieces.clone();
                let mut other = bytes.clone();
                other[at] ^= 1 << (at % 8);
                changed[index] = Piece::Bytes(*way, other);
                explain(&changed, &has);
                // Looking for what is behind a gap is slow where nothing is optimised.
                if at % 4 != 0 {
                    continue;
                }
                let cut = vec![Piece::Bytes(*way, bytes[..at].to_vec()), Piece::Missing(*way)];
                changed.splice(index..=index, cut);
                explain(&changed, &has);
            }
            let mut without = pieces.clone();
            let piece = without.remove(index);
            explain(&without, &has);
            for place in (0..without.len()).step_by(3) {
                let mut moved = without.clone();
                moved.insert(place, piece.clone());
                explain(&moved, &has);
                moved.insert(place, piece.clone());
                explain(&moved, &has);
            }
        }
    }
}

/// Of a client that offers the most that a message can hold.
#[test]
fn a_hello_of_many_things_is_told_in_little() {
    let hello = ClientHello { cipher_suites: vec![0x0a0a; 32_000], ..plain_client_hello(vec![]) };
    let bytes = HandshakeMessage::ClientHello(hello).encode();
    let mut script = Script::new();
    for part in bytes.chunks(16_000) {
        script.clear(ToServer, 22, part);
    }
    let events = explain(&script.pieces, &has());
    assert_eq!(said(&events).last().unwrap(), "client ClientHello");
    assert!(super::told::names(&events).len() < 2_000);
}

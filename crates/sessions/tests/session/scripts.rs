//! What a session of others may hold, and what may be wrong with one: each thing on its own.

use certificates::Roots;
use crypto::tls13::record::ContentType;
use messages::tls13::{Extension, HandshakeMessage};
use transcript::Role;

use super::script::{
    Script, certificate, client_hello, early_data, has, plain_client_hello, plain_server_hello,
    request, retry, server_hello, share,
};
use super::told::{
    Has, Piece, ToClient, ToServer, checks, checks_by, derived, explain, message, names, opened,
    said, sealed,
};

const GOOD: [&str; 9] = [
    "+ server legacy_session_id_echo",
    "+ server ServerHello",
    "+ server downgrade",
    "+ server Certificate",
    "+ server CertificateVerify",
    "+ server Finished",
    "+ client Finished",
    "+ client end",
    "+ server end",
];

/// The checks of a session in which nothing is wrong but this.
fn but(replaced: &str, by: &[&str]) -> Vec<String> {
    let mut checks = all();
    let place = checks.iter().position(|check| check == replaced).unwrap();
    checks.splice(place..=place, by.iter().map(|check| (*check).to_owned()));
    checks
}

fn all() -> Vec<String> {
    GOOD.iter().map(|check| (*check).to_owned()).collect()
}

fn failing(check: &str) -> Vec<String> {
    but(check, &[&check.replace('+', "-")])
}

#[test]
fn a_session_in_which_nothing_is_wrong_holds() {
    let mut script = Script::handshake();
    script.data(ToServer, "ping");
    script.close();
    let events = explain(&script.pieces, &has());
    assert_eq!(checks(&events), all());
    // Whoever has no key makes those of the Hellos all the same.
    assert_eq!(checks_by(Role::Wire, &events), GOOD[..3]);
    assert_eq!(checks_by(Role::KeyLog, &events), GOOD[3..]);
    assert_eq!(opened(&events).len(), sealed(&events));
}

/// Each check fails alone when that which it checks is changed.
#[test]
fn each_check_fails_alone() {
    let with = |change: &dyn Fn(&mut Script)| {
        let mut script = Script::new();
        change(&mut script);
        script.close();
        checks(&explain(&script.pieces, &has()))
    };
    let hellos = |script: &mut Script| {
        script.hello(ToServer, &client_hello(vec![]));
        script.hello(ToClient, &server_hello(vec![]));
    };
    let flight = |script: &mut Script, leaf: &str, verify, server, client| {
        script.say(ToClient, &HandshakeMessage::EncryptedExtensions(vec![]));
        script.say(ToClient, &certificate(leaf, &[]));
        script.verify(ToClient, verify);
        script.finish(ToClient, server);
        script.finish(ToServer, client);
    };
    for (leaf, verify, server, client, check) in [
        ("server", 1, 0, 0, "+ server CertificateVerify"),
        ("server", 0, 1, 0, "+ server Finished"),
        ("server", 0, 0, 1, "+ client Finished"),
        // For another name, and by the same key.
        ("bank", 0, 0, 0, "+ server Certificate"),
        ("expired", 0, 0, 0, "+ server Certificate"),
    ] {
        let found = with(&|script| {
            hellos(script);
            flight(script, leaf, verify, server, client);
        });
        assert_eq!(found, failing(check), "{check}, {leaf}");
    }
    for (change, check) in [
        (
            (|hello| hello.legacy_session_id_echo[3] ^= 1) as fn(&mut messages::tls13::ServerHello),
            "+ server legacy_session_id_echo",
        ),
        (|hello| hello.extensions[1] = Extension::KeyShare(share(0x0018)), "+ server ServerHello"),
        (|hello| hello.random[24..].copy_from_slice(b"DOWNGRD\x01"), "+ server downgrade"),
    ] {
        let found = with(&|script| {
            let mut hello = plain_server_hello(vec![]);
            change(&mut hello);
            script.hello(ToServer, &client_hello(vec![]));
            script.hello(ToClient, &HandshakeMessage::ServerHello(hello));
            script.rest();
        });
        assert_eq!(found, failing(check));
    }
    let mut script = Script::handshake();
    script.close();
    let root = super::pairs::credentials("selfsigned", "server").certificates.remove(0);
    let other = Has { roots: Some(Roots::from_der(vec![root]).unwrap()), ..has() };
    assert_eq!(checks(&explain(&script.pieces, &other)), failing("+ server Certificate"));
    let none = Has { roots: None, ..has() };
    let found = checks(&explain(&script.pieces, &none));
    assert_eq!(found, but("+ server Certificate", &["? server Certificate"]));
}

fn retried(second: Vec<Extension>, change: impl Fn(&mut messages::tls13::ServerHello)) -> Script {
    let mut script = Script::new();
    script.hello(ToServer, &client_hello(vec![]));
    script.transcript.retry();
    script.hello(ToClient, &HandshakeMessage::ServerHello(retry()));
    script.hello(ToServer, &client_hello(second));
    let mut hello = plain_server_hello(vec![]);
    hello.extensions[1] = Extension::KeyShare(share(0x0017));
    change(&mut hello);
    script.hello(ToClient, &HandshakeMessage::ServerHello(hello));
    script
}

#[test]
fn what_a_retry_asks_for_has_to_come() {
    let wanted = || vec![Extension::KeyShares(vec![share(0x0017)]), Extension::Cookie(vec![5; 9])];
    let retry =
        ["+ server legacy_session_id_echo", "+ server HelloRetryRequest", "+ server downgrade"];
    let middle = ["+ server legacy_session_id_echo", "+ server ServerHello", "+ server downgrade"];
    let expected = |second: &str, hash: &str| {
        let mut expected = [&retry[..], &[second], &middle, &[hash]].concat();
        expected.extend(&GOOD[3..]);
        expected.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let found = |second, change: fn(&mut messages::tls13::ServerHello), is_open: bool| {
        let mut script = retried(second, change);
        if is_open {
            script.rest();
            script.close();
        }
        checks(&explain(&script.pieces, &has()))
    };
    let (second, hash) = ("+ client second ClientHello", "+ server hash after HelloRetryRequest");
    assert_eq!(found(wanted(), |_| {}, true), expected(second, hash));
    for broken in [
        vec![Extension::KeyShares(vec![share(0x0017)])],
        vec![Extension::KeyShares(vec![share(0x0017)]), Extension::Cookie(vec![6; 9])],
        vec![Extension::KeyShares(vec![share(0x001d)]), Extension::Cookie(vec![5; 9])],
    ] {
        let second = "- client second ClientHello";
        let mut expected = expected(second, hash);
        if broken[0] == Extension::KeyShares(vec![share(0x001d)]) {
            expected[5] = "- server ServerHello".to_owned();
        }
        assert_eq!(found(broken, |_| {}, true), expected);
    }
    let found = found(wanted(), |hello| hello.cipher_suite = 0x1302, false);
    assert_eq!(found[7], "- server hash after HelloRetryRequest");
}

/// A client offers early data, and the server does not take it: what was sent all the same is opened, and nothing fails.
#[test]
fn early_data_may_be_refused_with_and_without_a_retry() {
    let offer = || client_hello(vec![early_data()]);
    let mut script = Script::new();
    script.hello(ToServer, &offer());
    script.under(ToServer, 1);
    script.data(ToServer, "early");
    script.hello(ToClient, &server_hello(vec![]));
    script.data(ToServer, "more");
    script.under(ToServer, 2);
    script.rest();
    script.close();
    let events = explain(&script.pieces, &has());
    assert_eq!(checks(&events), all());
    assert_eq!(opened(&events).len(), sealed(&events));
    assert_eq!(said(&events)[1], "client early");
    assert_eq!(derived(&events)[0], "client_early_traffic_secret");

    let mut script = Script::new();
    script.hello(ToServer, &offer());
    script.transcript.retry();
    script.under(ToServer, 1);
    script.data(ToServer, "early");
    script.hello(ToClient, &HandshakeMessage::ServerHello(retry()));
    script.under(ToServer, 2);
    let wanted = vec![Extension::KeyShares(vec![share(0x0017)]), Extension::Cookie(vec![5; 9])];
    script.hello(ToServer, &client_hello(wanted));
    let mut hello = plain_server_hello(vec![]);
    hello.extensions[1] = Extension::KeyShare(share(0x0017));
    script.hello(ToClient, &HandshakeMessage::ServerHello(hello));
    script.rest();
    script.close();
    let events = explain(&script.pieces, &has());
    assert!(checks(&events).iter().all(|check| check.starts_with('+')), "{:?}", checks(&events));
    assert_eq!(opened(&events).len(), sealed(&events));
}

#[test]
fn a_certificate_may_be_asked_for_after_the_handshake() {
    for change in [0, 1] {
        let mut script = Script::handshake();
        let at_finished = script.transcript.clone();
        let ticket = messages::tls13::handshake::NewSessionTicket {
            lifetime: 1,
            age_add: 2,
            nonce: vec![0],
            ticket: vec![3],
            extensions: vec![Extension::Other { kind: 42, body: vec![0, 0, 0x40, 0] }],
        };
        script.say(ToClient, &HandshakeMessage::NewSessionTicket(ticket));
        script.transcript = at_finished;
        script.say(ToClient, &request(b"why"));
        script.say(ToServer, &certificate("no eku", b"why"));
        script.verify(ToServer, change);
        script.finish_under(ToServer, 4, 0);
        script.data(ToServer, "ping");
        script.close();
        let events = explain(&script.pieces, &has());
        let verify =
            ["+ client CertificateVerify", "- client CertificateVerify"][usize::from(change)];
        let late = ["+ client Finished", "+ client Certificate", verify, "+ client Finished"];
        assert_eq!(checks(&events), but("+ client Finished", &late));
        assert!(names(&events).contains(&"max_early_data_size".to_owned()));
    }
}

#[test]
fn a_compressed_certificate_is_named_and_said_to_be_so() {
    let mut script = Script::new();
    script.hello(ToServer, &client_hello(vec![]));
    script.hello(ToClient, &server_hello(vec![]));
    script.say(ToClient, &HandshakeMessage::EncryptedExtensions(vec![]));
    script.say_bytes(ToClient, &[25, 0, 0, 10, 0, 2, 0, 9, 9, 0, 0, 2, 7, 7]);
    script.verify(ToClient, 0);
    script.finish(ToClient, 0);
    script.finish(ToServer, 0);
    script.close();
    let events = explain(&script.pieces, &has());
    let mut expected = but("+ server Certificate", &["? server Certificate"]);
    expected[4] = "? server CertificateVerify".to_owned();
    assert_eq!(checks(&events), expected);
    let text = message(&events, "? server CertificateVerify");
    assert!(text.contains("compressed"), "{text}");
    assert!(names(&events).contains(&"uncompressed_length".to_owned()));
    assert!(said(&events).contains(&"server CompressedCertificate".to_owned()));
}

#[test]
fn messages_may_share_records_and_span_them_and_a_change_may_stand_anywhere() {
    let mut script = Script::new();
    script.clear(ToServer, 20, &[1]);
    let hello = client_hello(vec![]).encode();
    script.clear(ToServer, 22, &hello[..10]);
    script.clear(ToServer, 22, &hello[10..]);
    script.transcript.add(&hello);
    script.clear(ToServer, 20, &[1]);
    script.hello(ToClient, &server_hello(vec![]));
    script.clear(ToClient, 20, &[1]);
    let both = [
        HandshakeMessage::EncryptedExtensions(vec![]).encode(),
        certificate("server", &[]).encode(),
    ]
    .concat();
    script.transcript.add(&both);
    for part in both.chunks(300) {
        script.seal(ToClient, ContentType::Handshake, part);
    }
    script.verify(ToClient, 0);
    script.clear(ToClient, 20, &[1]);
    script.finish(ToClient, 0);
    script.finish(ToServer, 0);
    script.close();
    let events = explain(&script.pieces, &has());
    assert_eq!(checks(&events), all());
    assert_eq!(opened(&events).len(), sealed(&events));
    let said = said(&events);
    assert_eq!(
        said[..4],
        [
            "client ChangeCipherSpec",
            "client ClientHello...",
            "client ClientHello",
            "client ChangeCipherSpec"
        ]
    );
    assert!(said.contains(&"server Certificate...".to_owned()), "{said:?}");
}

#[test]
fn a_suite_that_is_not_known_here_is_named() {
    let mut script = Script::new();
    script.hello(ToServer, &client_hello(vec![]));
    let mut hello = plain_server_hello(vec![]);
    hello.cipher_suite = 0x1304;
    script.hello(ToClient, &HandshakeMessage::ServerHello(hello));
    script.data(ToClient, "closed");
    let events = explain(&script.pieces, &has());
    assert_eq!(checks(&events)[3..], ["? both cipher suite"]);
    let text = message(&events, "? both cipher suite");
    assert!(text.starts_with("TLS_AES_128_CCM_SHA256"), "{text}");
}

#[test]
fn a_hidden_client_hello_is_among_the_reasons_for_an_empty_key_log() {
    let mut script = Script::new();
    let mut hello = plain_client_hello(vec![Extension::Other {
        kind: 65_037,
        body: [&[0, 0, 1, 0, 1, 7, 0, 2, 1, 1, 0, 3][..], &[5; 3]].concat(),
    }]);
    hello.random = [0x12; 32];
    script.hello(ToServer, &HandshakeMessage::ClientHello(hello));
    script.hello(ToClient, &server_hello(vec![]));
    script.data(ToClient, "closed");
    let events = explain(&script.pieces, &has());
    let text = message(&events, "? both key log");
    assert!(text.contains("encrypted_client_hello"), "{text}");
    assert!(names(&events).contains(&"config_id".to_owned()));
}

#[test]
fn an_end_without_close_notify_is_no_proof_of_anything() {
    let mut script = Script::handshake();
    script.data(ToServer, "ping");
    script.pieces.extend([Piece::End(ToServer), Piece::End(ToClient)]);
    let events = explain(&script.pieces, &has());
    let mut expected = all();
    expected.truncate(7);
    expected.extend(["? client end".to_owned(), "? server end".to_owned()]);
    assert_eq!(checks(&events), expected);
    let text = message(&events, "? client end");
    assert!(text.contains("cannot know whether more was said"), "{text}");
}

#[test]
fn a_message_that_no_receiver_takes_is_said_to_be_one() {
    let mut script = Script::new();
    script.hello(ToServer, &client_hello(vec![]));
    script.hello(ToClient, &server_hello(vec![]));
    // In the clear; of the wrong side; in a form that none has.
    script.clear(ToClient, 22, &[8, 0, 0, 2, 0, 0]);
    script.seal(ToServer, ContentType::Handshake, &[8, 0, 0, 2, 0, 0]);
    script.seal(ToClient, ContentType::Handshake, &[8, 0, 0, 2, 0, 9]);
    let events = explain(&script.pieces, &has());
    let expected = [
        "- server EncryptedExtensions",
        "- client EncryptedExtensions",
        "- server EncryptedExtensions",
    ];
    assert_eq!(checks(&events)[3..], expected);
}

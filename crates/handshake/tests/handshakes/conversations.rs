//! Both sides, with secrets of their own, over one connection.

use std::thread;

use crypto::aead::{Opener, Sealer};
use crypto::{dh, hkdf, x25519};
use handshake::{Wire, cert};

use crate::side::watched;
use crate::stream::End;
use crate::vectors::{SERVER, now, wanted};

/// The two ends, each in a thread of its own.
fn both<C: Send, S: Send>(
    client: impl FnOnce(End) -> C + Send,
    server: impl FnOnce(End) -> S + Send,
) -> (C, S) {
    let (here, there) = End::pair();
    thread::scope(|scope| {
        let client = scope.spawn(|| client(here));
        let server = scope.spawn(|| server(there));
        (client.join().unwrap(), server.join().unwrap())
    })
}

#[test]
fn both_have_the_same_secret_and_another_one_each_time() {
    let by_dh = || {
        let private = || dh::PrivateKey::random().unwrap();
        both(
            |end| handshake::dh::client(&mut Wire::new(end), private()).unwrap().fingerprint(),
            |end| handshake::dh::server(&mut Wire::new(end), private()).unwrap().fingerprint(),
        )
    };
    let by_x25519 = || {
        let private = || x25519::PrivateKey::random().unwrap();
        both(
            |end| handshake::x25519::client(&mut Wire::new(end), private()).unwrap().fingerprint(),
            |end| handshake::x25519::server(&mut Wire::new(end), private()).unwrap().fingerprint(),
        )
    };
    let mut secrets = Vec::new();
    for (of_client, of_server) in [by_dh(), by_dh(), by_x25519(), by_x25519()] {
        assert_eq!(of_client, of_server);
        assert!(!secrets.contains(&of_client));
        secrets.push(of_client);
    }
}

/// The first is sent in the same write as nothing else, and yet may arrive together with the Hello in front of it.
#[test]
fn what_each_seals_under_its_key_the_other_opens() {
    let number = |number: u32| number.to_be_bytes();
    both(
        |end| {
            let mut wire = Wire::new(end);
            let secret =
                handshake::x25519::client(&mut wire, x25519::PrivateKey::random().unwrap());
            let keys = wire.derive(&secret.unwrap(), &hkdf::PART3);
            let mut channel = wire.secure(Sealer::new(&keys.client), Opener::new(&keys.server));
            for request in 0..100 {
                channel.send(&number(request)).unwrap();
                assert_eq!(channel.recv().unwrap().unwrap(), number(!request));
            }
        },
        |end| {
            let mut wire = Wire::new(end);
            let secret =
                handshake::x25519::server(&mut wire, x25519::PrivateKey::random().unwrap());
            let keys = wire.derive(&secret.unwrap(), &hkdf::PART3);
            let mut channel = wire.secure(Sealer::new(&keys.server), Opener::new(&keys.client));
            for request in 0..100 {
                assert_eq!(channel.recv().unwrap().unwrap(), number(request));
                channel.send(&number(!request)).unwrap();
            }
            assert!(channel.recv().unwrap().is_none());
        },
    );
}

/// The kinds of what was told, with the names of messages.
fn kinds(told: &[String]) -> Vec<String> {
    let kind = |told: &String| {
        let name = told.split('"').nth(1).unwrap_or_default();
        format!("{} {name}", told.split(' ').next().unwrap())
    };
    told.iter().map(kind).collect()
}

#[test]
fn everything_is_told_in_order_and_a_message_only_after_every_check() {
    let (client, server) = both(
        |end| {
            let (mut wire, told) = watched(end);
            handshake::dh::client(&mut wire, dh::PrivateKey::random().unwrap()).unwrap();
            told
        },
        |end| {
            let (mut wire, told) = watched(end);
            handshake::dh::server(&mut wire, dh::PrivateKey::random().unwrap()).unwrap();
            told
        },
    );
    let (client, server) = (client.lock().unwrap(), server.lock().unwrap());
    let secret = "Derived shared secret";
    assert_eq!(kinds(&client), ["Sent ClientHello", "Received ServerHello", secret]);
    assert_eq!(kinds(&server), ["Received ClientHello", "Sent ServerHello", secret]);
    let checks = |told: &str| told.split_once("checked: ").unwrap().1.matches("\", \"").count() + 1;
    assert_eq!((checks(&client[1]), checks(&server[0])), (2, 3));

    let (client, server) = both(
        |end| {
            let (mut wire, told) = watched(end);
            let private = x25519::PrivateKey::random().unwrap();
            let secret = handshake::x25519::client(&mut wire, private).unwrap();
            wire.derive(&secret, &hkdf::PART3);
            told
        },
        |end| {
            let (mut wire, told) = watched(end);
            let private = x25519::PrivateKey::random().unwrap();
            let secret = handshake::x25519::server(&mut wire, private).unwrap();
            wire.derive(&secret, &hkdf::PART3);
            told
        },
    );
    let (client, server) = (client.lock().unwrap(), server.lock().unwrap());
    let keys = ["Derived part3 client write key", "Derived part3 server write key"];
    let of_client = ["Sent ClientHello", "Received ServerHello", secret, keys[0], keys[1]];
    let of_server = ["Received ClientHello", secret, "Sent ServerHello", keys[0], keys[1]];
    assert_eq!(
        (kinds(&client), kinds(&server)),
        (of_client.map(String::from).to_vec(), of_server.map(String::from).to_vec())
    );
    assert_eq!((checks(&client[1]), checks(&server[0])), (2, 2));
}

/// The client believes the server before it has the secret, and each connection has another one.
#[test]
fn a_server_says_who_it_is_and_that_is_told_in_order() {
    let mut secrets = Vec::new();
    for _ in 0..2 {
        let private = || x25519::PrivateKey::random().unwrap();
        let (client, server) = both(
            |end| {
                let (mut wire, told) = watched(end);
                let wanted = wanted("localhost");
                let secret = cert::client_at(now(), &mut wire, private(), &wanted).unwrap();
                let keys = wire.derive(&secret, &hkdf::PART4);
                let mut channel = wire.secure(Sealer::new(&keys.client), Opener::new(&keys.server));
                channel.send(b"a request").unwrap();
                assert_eq!(channel.recv().unwrap().unwrap(), b"an answer");
                (secret.fingerprint(), told)
            },
            |end| {
                let (mut wire, told) = watched(end);
                let secret = cert::server(&mut wire, private(), &SERVER).unwrap();
                let keys = wire.derive(&secret, &hkdf::PART4);
                let mut channel = wire.secure(Sealer::new(&keys.server), Opener::new(&keys.client));
                assert_eq!(channel.recv().unwrap().unwrap(), b"a request");
                channel.send(b"an answer").unwrap();
                (secret.fingerprint(), told)
            },
        );
        assert_eq!(client.0, server.0);
        assert!(!secrets.contains(&client.0));
        secrets.push(client.0);
        let (client, server) = (client.1.lock().unwrap(), server.1.lock().unwrap());
        let secret = "Derived shared secret";
        let keys = ["Derived part4 client write key", "Derived part4 server write key"];
        let hello = ["Sent ClientHello", "Received ServerHello", "Received ServerAuth"];
        assert_eq!(kinds(&client), [&hello[..], &[secret], &keys].concat());
        let answer = ["Received ClientHello", secret, "Sent ServerHello", "Sent ServerAuth"];
        assert_eq!(kinds(&server), [&answer[..], &keys].concat());
        let checks = "checked: [\"its fields are there, once each and in order\", \
                      \"a chain of signatures leads from a root to the name\", \
                      \"the certificate's key has signed both X25519 keys\"]";
        assert!(client[2].contains(checks), "{}", client[2]);
    }
}

//! Every pair of programs, as two processes over a real socket.

mod common;

use std::collections::HashSet;
use std::path::Path;
use std::process::Stdio;

use common::vectors::{certificate_pem, key_der, key_pem, pem};
use common::{Folder, Lone, names, pair, pair_of, programs};
use messages::fields::{CERTIFICATE, DH_PUBLIC_VALUE};
use messages::tls13::{Extension, HandshakeMessage as Tls, names as tls_names};
use program::{REQUEST, RESPONSE};
use serde_json::Value;
use stages::{
    PART1_PLAIN, PART2_AEAD, PART2_HMAC_SEQ, PART3_DH, PART3_HKDF, PART4_CERT, PART5_TLS13, STAGES,
    Stage,
};
use transcript::{Direction, Event, EventKind, HandshakeMessage, Record, Role, Way};
use xtask::launch::pair::Outcome;
use xtask::launch::{Pair, Wire};

/// The stages at which requests travel in records.
fn record_stages() -> impl Iterator<Item = &'static Stage> {
    common::record_stages().filter(|stage| stage.has_data())
}

/// The stages that begin with a handshake.
fn handshake_stages() -> impl Iterator<Item = &'static Stage> {
    STAGES.iter().copied().filter(|stage| !stage.handshake.is_empty())
}

/// Those whose handshake is the articles', the same in every run to the byte.
fn fixed_handshake_stages() -> impl Iterator<Item = &'static Stage> {
    handshake_stages().filter(|stage| !stage.has_types())
}

/// The events that are not of a handshake.
fn of_data(events: &[Event]) -> Vec<Event> {
    let is_of_data =
        |event: &&Event| !matches!(event.kind, EventKind::Handshake(_) | EventKind::Derived { .. });
    events.iter().filter(is_of_data).cloned().collect()
}

/// Runs a pair whose client sends everything before it reads.
fn pipelined_pair(stage: &'static Stage, requests: &str) -> (Vec<Event>, Outcome) {
    let (client, name) = programs().pipelined_client(stage).unwrap();
    let programs = programs().with(stage, Role::Client, client);
    let args: Vec<_> = name.into_iter().chain(["--requests", requests]).collect();
    pair_of(&programs, stage, &[], &args)
}

/// The records that `role` sent.
fn sent(events: &[Event], role: Role) -> Vec<&Record> {
    let of_role = events.iter().filter(|event| event.role == role);
    of_role
        .filter_map(
            |event| if let EventKind::Sent(record) = &event.kind { Some(record) } else { None },
        )
        .collect()
}

/// The records that `role` received.
fn received(events: &[Event], role: Role) -> Vec<&Record> {
    let of_role = events.iter().filter(|event| event.role == role);
    of_role
        .filter_map(
            |event| if let EventKind::Received(record) = &event.kind { Some(record) } else { None },
        )
        .collect()
}

#[test]
fn the_plain_pair_exchanges_the_articles_messages() {
    let (events, outcome) = pair(&PART1_PLAIN, &[], &[]);
    assert_eq!((outcome.code(), outcome.complaints), (0, vec![]));
    assert_eq!(*received(&events, Role::Server)[0].record, *REQUEST.as_bytes());
    assert_eq!(*received(&events, Role::Client)[0].record, *RESPONSE);
}

#[test]
fn every_record_pair_exchanges_one_request_and_five() {
    for stage in record_stages() {
        for count in [1, 5] {
            let (events, outcome) = pair(stage, &[], &["--requests", &count.to_string()]);
            assert_eq!((outcome.code(), outcome.complaints), (0, vec![]), "{}", stage.name);
            let mut expected = vec!["listening", "connected", "connected"];
            expected.extend(["sent", "received"].repeat(2 * count));
            expected.extend(["closed", "closed"]);
            assert_eq!(names(&of_data(&events)), expected, "{}", stage.name);

            for (role, peer, plaintext) in [
                (Role::Client, Role::Server, REQUEST.as_bytes()),
                (Role::Server, Role::Client, RESPONSE),
            ] {
                let sent = sent(&events, role);
                assert_eq!(sent, received(&events, peer));
                for (index, record) in (0..).zip(sent) {
                    let has_seq = stage.has(stages::Role::Seq);
                    assert_eq!((record.index, record.seq), (index, has_seq.then_some(index)));
                    assert_eq!(*record.plaintext, *plaintext);
                    assert_eq!(record.record.len(), plaintext.len() + stage.overhead());
                }
            }
        }
    }
}

#[test]
fn a_pipelined_client_sends_everything_before_it_reads() {
    for stage in record_stages().filter(|stage| !stage.has_types()) {
        let (events, outcome) = pipelined_pair(stage, "5");
        assert_eq!(outcome.code(), 0);
        let mut client = of_data(&events);
        client.retain(|event| event.role == Role::Client);
        let mut expected = vec!["connected"];
        expected.extend([["sent"; 5], ["received"; 5]].concat());
        expected.push("closed");
        assert_eq!(names(&client), expected);
    }
}

#[test]
fn several_requests_are_sent_in_order_and_round_again() {
    let (events, _) = pair(
        &PART2_AEAD,
        &[],
        &["--request", "one", "--request", "two\n", "--request", "", "--requests", "4"],
    );
    let texts: Vec<_> =
        received(&events, Role::Server).iter().map(|record| record.plaintext.to_vec()).collect();
    assert_eq!(texts, [&b"one"[..], b"two\n", b"", b"one"]);
}

#[test]
fn the_same_events_come_in_the_same_order_every_time() {
    for run in [
        || pair(&PART2_HMAC_SEQ, &[], &["--requests", "3"]),
        || pipelined_pair(&PART2_HMAC_SEQ, "3"),
        || pair(&PART3_DH, &[], &[]),
        || pair(&PART3_HKDF, &[], &["--requests", "3"]),
        || pair(&PART4_CERT, &[], &["--requests", "3"]),
        || pipelined_pair(&PART4_CERT, "3"),
        || pair(&PART5_TLS13, &[], &["--requests", "3"]),
    ] {
        let order = || names_and_roles(&run().0);
        let first = order();
        for _ in 0..10 {
            assert_eq!(order(), first);
        }
    }
}

fn names_and_roles(events: &[Event]) -> Vec<(Role, &'static str)> {
    events.iter().map(|event| event.role).zip(names(events)).collect()
}

/// Elsewhere an argument cannot hold such bytes.
#[cfg(unix)]
#[test]
fn a_plaintext_that_is_no_text_is_answered_like_any_other() {
    use std::os::unix::ffi::OsStrExt;
    let request = std::ffi::OsStr::from_bytes(b"\xff\x1b[31m\xc3(");
    let (server, addr) = common::Lone::server(&PART2_AEAD, &[]);
    let client = std::process::Command::new(programs().of(&PART2_AEAD, Role::Client).unwrap())
        .args(["--addr", &addr.to_string(), "--request"])
        .arg(request)
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    assert!(client.status.success());
    let shown = String::from_utf8(client.stdout).unwrap();
    assert!(shown.contains(r#""\xff\x1b[31m\xc3(""#), "{shown}");
    assert!(!shown.contains('\x1b'), "escape bytes of a plaintext never reach the terminal");
    assert_eq!(server.end().code, Some(0));
}

/// Runs a pair whose wire is watched.
fn watched(stage: &'static Stage, segment: Option<usize>) -> Vec<Event> {
    let mut events = Vec::new();
    let wire = Wire::Tapped { segment };
    let pair = Pair { stage, server_args: &[], client_args: &[], wire };
    let outcome = pair.run(programs(), |event| events.push(event.clone())).unwrap();
    assert_eq!((outcome.code(), outcome.complaints), (0, vec![]), "{stage:?}");
    events
}

/// All that passed by in a direction.
fn passed(events: &[Event], way: Direction) -> Vec<u8> {
    let chunks = events.iter().filter_map(|event| match &event.kind {
        EventKind::Chunk { direction, bytes, .. } if *direction == way => Some(bytes.to_vec()),
        _ => None,
    });
    chunks.collect::<Vec<_>>().concat()
}

/// The messages of a handshake that `role` sent or received.
fn messages(events: &[Event], role: Role, way: Way) -> Vec<&HandshakeMessage> {
    let of_role = events.iter().filter(|event| event.role == role);
    let messages = of_role.filter_map(|event| match &event.kind {
        EventKind::Handshake(message) if message.direction == way => Some(message),
        _ => None,
    });
    messages.collect()
}

/// The fingerprints that `role` shows.
fn fingerprints(events: &[Event], role: Role) -> Vec<Vec<u8>> {
    let of_role = events.iter().filter(|event| event.role == role);
    let fingerprints = of_role.filter_map(|event| match &event.kind {
        EventKind::Derived { fingerprint, .. } => fingerprint.as_deref().map(<[u8]>::to_vec),
        _ => None,
    });
    fingerprints.collect()
}

#[test]
fn a_handshake_is_told_in_causal_order_with_the_wire_and_without() {
    use Role::{Client, Server, Wire};
    let dh = [
        (Server, "listening"),
        (Client, "connected"),
        (Server, "connected"),
        (Client, "handshake"),
        (Wire, "chunk"),
        (Server, "handshake"),
        (Server, "handshake"),
        (Wire, "chunk"),
        (Server, "derived"),
        (Client, "handshake"),
        (Client, "derived"),
        (Wire, "end"),
        (Wire, "end"),
        (Client, "closed"),
        (Server, "closed"),
    ];
    // Its server makes the secret before it answers.
    let mut x25519 = dh;
    x25519[6..9].rotate_right(1);
    let mut hkdf = x25519.to_vec();
    let data = [
        (Client, "sent"),
        (Wire, "chunk"),
        (Server, "received"),
        (Server, "sent"),
        (Wire, "chunk"),
        (Client, "received"),
    ];
    hkdf.splice(11..11, data);
    hkdf.splice(11..11, [(Client, "derived"); 2]);
    hkdf.splice(9..9, [(Server, "derived"); 2]);
    let mut cert = hkdf.clone();
    // The client has read the first message while the server signs.
    cert.splice(9..9, [(Client, "handshake"), (Server, "handshake"), (Wire, "chunk")]);
    assert_eq!(fixed_handshake_stages().count(), 4);
    for (stage, expected) in fixed_handshake_stages().zip([&dh[..], &x25519, &hkdf, &cert]) {
        let without: Vec<_> = expected.iter().copied().filter(|(role, _)| *role != Wire).collect();
        assert_eq!(names_and_roles(&pair(stage, &[], &[]).0), without, "{stage:?}");
        for segment in [None, Some(7)] {
            let events = (0..10).map(|_| watched(stage, segment));
            let apart = events.into_iter().find(|events| have_come_apart(stage, events));
            let mut told = names_and_roles(&apart.expect("one run of ten"));
            told.dedup_by(|next, before| next == before && next.1 == "chunk");
            assert_eq!(told, expected, "{stage:?}");
        }
    }
}

/// Returns whether the first message to the client passed by before the next: else what the server did in between is
/// told before either.
fn have_come_apart(stage: &Stage, events: &[Event]) -> bool {
    let first = messages(events, Role::Server, Way::Sent)[0];
    let first_len = stage.record(&first.message).len();
    let mut passed = 0;
    events.iter().any(|event| {
        if let EventKind::Chunk { direction: Direction::ToClient, bytes, .. } = &event.kind {
            passed += bytes.len();
        }
        passed == first_len
    })
}

/// 40 and 40 bytes, then 101 and 118; 529 and 264 at `part3-dh`, or a byte less where a public value is shorter; at
/// `part4-cert` the certificates too, and the signature.
#[test]
fn what_crosses_is_what_the_catalogue_says_to_the_byte() {
    for stage in fixed_handshake_stages() {
        let events = watched(stage, None);
        for direction in [Direction::ToServer, Direction::ToClient] {
            let (sender, receiver) = match direction {
                Direction::ToServer => (Role::Client, Role::Server),
                Direction::ToClient => (Role::Server, Role::Client),
            };
            let sent_messages = messages(&events, sender, Way::Sent);
            let received_messages = messages(&events, receiver, Way::Received);
            let (mut wire, mut certificates) = (Vec::new(), String::new());
            let known = stage.handshake.iter().filter(|message| message.direction == direction);
            for ((known, sent), received) in known.zip(&sent_messages).zip(&received_messages) {
                assert_eq!((sent.step.as_str(), &sent.step), (known.name, &received.step));
                assert_eq!((&sent.message, &sent.spans), (&received.message, &received.spans));
                assert!(sent.checked.is_empty() && received.checked.len() >= 2, "{received:?}");
                assert_eq!(sent.spans.len(), known.fields.len());
                let names: Vec<_> = sent.spans.iter().map(|span| span.name.as_str()).collect();
                let known_names: Vec<_> = known.fields.iter().map(|field| field.tag.name).collect();
                assert_eq!(names, known_names, "{stage:?}");
                for (known, span) in known.fields.iter().zip(&sent.spans) {
                    let len = span.len - 4;
                    if known.tag == &CERTIFICATE {
                        // Those of the articles have another length.
                        certificates +=
                            &pem("CERTIFICATE", &sent.message[span.offset + 4..][..len]);
                    } else {
                        // A public value has no zero bytes in front: of 256 values one is a byte shorter.
                        let is_dh = known.tag == &DH_PUBLIC_VALUE;
                        assert!(len == known.len || is_dh && len < known.len && len > 248, "{len}");
                    }
                }
                wire.extend(stage.record(&sent.message));
            }
            assert_eq!(sent_messages.len() as u64, stage.messages(direction), "{stage:?}");
            if sender == Role::Server && stage.has_certificates() {
                let chain = programs().certificates().unwrap().join("server_chain.pem");
                assert_eq!(certificates, std::fs::read_to_string(chain).unwrap());
            }
            for record in sent(&events, sender) {
                wire.extend(stage.record(&record.record));
            }
            let data = match (stage.has_data(), sender) {
                (false, _) => 0,
                (true, Role::Client) => 101,
                (true, _) => 118,
            };
            let of_messages: usize =
                sent_messages.iter().map(|message| 4 + message.message.len()).sum();
            assert_eq!(wire.len(), of_messages + data, "{stage:?}");
            assert_eq!(passed(&events, direction), wire, "{stage:?}");
        }
    }
}

#[test]
fn both_sides_show_the_same_fingerprint_and_another_one_in_each_connection() {
    for stage in handshake_stages() {
        let mut seen = HashSet::new();
        for _ in 0..3 {
            let events = pair(stage, &[], &[]).0;
            let [client, server] =
                [Role::Client, Role::Server].map(|role| fingerprints(&events, role));
            assert_eq!((client.len(), client[0].len()), (1, 4), "{stage:?}");
            assert_eq!(client, server, "{stage:?}");
            assert!(seen.insert(client), "{stage:?}: a secret of an earlier connection");
        }
    }
}

#[test]
fn a_server_agrees_anew_with_each_client() {
    for stage in record_stages().filter(|stage| !stage.handshake.is_empty()) {
        let (server, addr) = Lone::server(stage, &["--connections", "2"]);
        let clients = [0, 1].map(|_| Lone::client(stage, addr, &[]).end().events);
        let of_server = fingerprints(&server.end().events, Role::Server);
        let of_clients = clients.map(|events| fingerprints(&events, Role::Client)).concat();
        assert_eq!(of_server, of_clients);
        assert_ne!(of_server[0], of_server[1]);
    }
}

/// The fields of an object, sorted.
fn fields(object: &Value) -> Vec<&str> {
    let mut fields: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    fields
}

/// Bytes have a place of their own each, and there is none for a secret: all that is told in hexadecimal is what
/// crosses the wire, plaintexts, and fingerprints of 4 bytes.
#[test]
fn a_program_says_nothing_of_its_secrets() {
    for stage in handshake_stages() {
        let server = programs().of(stage, Role::Server).unwrap();
        let folder = Folder::new();
        let [chain, key, roots] = ["chain", "key", "roots"].map(|name| folder.join(name));
        let (of_server, of_client) = if stage.has_certificates() {
            let certificates = ["server", "intermediate"].map(certificate_pem).concat();
            std::fs::write(&chain, certificates).unwrap();
            std::fs::write(&key, key_pem("server")).unwrap();
            std::fs::write(&roots, certificate_pem("root")).unwrap();
            let path = |file: &Path| file.to_str().unwrap().to_owned();
            (
                vec!["--certificate".to_owned(), path(&chain), "--key".to_owned(), path(&key)],
                vec!["--roots".to_owned(), path(&roots)],
            )
        } else {
            (vec![], vec![])
        };
        let server = std::process::Command::new(server)
            .args(["--addr", "127.0.0.1:0", "--json"])
            .args(of_server)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        assert_says_nothing_of_secrets(stage, server, &of_client);
    }
}

fn assert_says_nothing_of_secrets(
    stage: &'static Stage,
    mut server: std::process::Child,
    client_args: &[String],
) {
    use std::io::{BufRead, BufReader};
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let listening = lines.next().unwrap();
    let listening: Value = serde_json::from_str(&listening).unwrap();
    let client = std::process::Command::new(programs().of(stage, Role::Client).unwrap())
        .args(["--addr", listening["addr"].as_str().unwrap(), "--json"])
        .args(client_args)
        .output()
        .unwrap();
    let of_server: Vec<_> = lines.collect();
    let complaints = [client.stderr, server.wait_with_output().unwrap().stderr].concat();
    assert_eq!(String::from_utf8(complaints).unwrap(), "", "{stage:?}");
    let of_client = String::from_utf8(client.stdout).unwrap();
    let lines = of_client.lines().map(str::to_owned).chain(of_server);
    let lines: Vec<_> = lines.collect();
    assert_no_identity_key_in(&lines.join("\n"));
    let events: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &events {
        let known: &[&str] = match event["event"].as_str().unwrap() {
            "connected" => &["peer"],
            "handshake" => &["direction", "message", "spans", "step"],
            "derived" if event["label"] == "shared secret" => &["fingerprint", "from", "label"],
            "derived" if event["label"] == "exporter_master_secret" => &["from", "label"],
            "derived" => &["direction", "from", "label"],
            "sent" | "received" => &["index", "plaintext", "record"],
            "closed" => &["clean", "records_received", "records_sent"],
            other => panic!("{other}"),
        };
        let mut known = [known, &["event", "role", "stage"]].concat();
        let is_data = event["event"] == "sent" || event["event"] == "received";
        if is_data && stage.has(stages::Role::Seq) {
            known.push("seq");
        }
        let is_close = event["step"] == "Alert close_notify";
        if event["direction"] == "received" && !is_close {
            known.push("checked");
        }
        // What is encrypted is told as it travels, too.
        let is_sealed = |message: &&stages::Message| message.is_sealed;
        let mut sealed = stage.handshake.iter().filter(is_sealed).map(|message| message.name);
        if is_close || sealed.any(|name| event["step"] == name) {
            known.push("record");
        }
        known.sort_unstable();
        assert_eq!(fields(event), known, "{event}");
        // What a secret or a key is made from, and which, is one of the few words that all runs say.
        if event["event"] == "derived" {
            let (label, from) = (event["label"].as_str().unwrap(), event["from"].as_str().unwrap());
            let sources = [
                "handshake/src/dh.rs",
                "handshake/src/x25519.rs",
                "handshake/src/wire.rs",
                "crypto/src/hkdf.rs",
                "tls/src/config.rs",
                "tls/src/schedule.rs",
                "messages/src/tls13/names.rs",
            ];
            let source = sources
                .map(|path| std::fs::read_to_string(format!("../crates/{path}")).unwrap())
                .concat();
            assert!(source.contains(&format!("\"{label}\"")), "{label}");
            assert!(source.contains(&format!("\"{from}\"")), "{from}");
            let fingerprint = event["fingerprint"].as_str();
            assert!(fingerprint.is_none_or(|digits| digits.len() == 8), "{event}");
        }
    }
}

/// Makes sure that no eight bytes of the private half of the server's key are there. Its public half is in the certificate,
/// and in front in the file.
fn assert_no_identity_key_in(told: &str) {
    let der = hex::encode(key_der("server"));
    let (public, private) = der.split_once("0203010001").expect("the public exponent is 65537");
    assert!(private.len() > 2 * public.len());
    let parts = (0..=private.len() - 16).step_by(2).map(|at| &private[at..at + 16]);
    assert_eq!(parts.filter(|part| told.contains(part)).count(), 0);
}

/// What `role` did, message by message: the step of a handshake, or else the name of the event.
fn steps(events: &[Event]) -> Vec<(Role, Option<Way>, String)> {
    let step = |(event, name): (&Event, &str)| match &event.kind {
        EventKind::Handshake(message) => {
            (event.role, Some(message.direction), message.step.clone())
        }
        _ => (event.role, None, name.to_owned()),
    };
    events.iter().zip(names(events)).map(step).collect()
}

#[test]
fn tls_is_told_in_the_order_of_its_figure_with_the_wire_and_without() {
    use Role::{Client, Server, Wire};
    let sent = |role, step: &str| (role, Some(Way::Sent), step.to_owned());
    let got = |role, step: &str| (role, Some(Way::Received), step.to_owned());
    let other = |role, name: &str| (role, None, name.to_owned());
    let flight = ["EncryptedExtensions", "Certificate", "CertificateVerify", "Finished"];
    let derived = |role| std::iter::repeat_n(other(role, "derived"), 3);
    let mut expected = vec![
        other(Server, "listening"),
        other(Client, "connected"),
        other(Server, "connected"),
        sent(Client, "ClientHello"),
        other(Wire, "chunk"),
        got(Server, "ClientHello"),
        sent(Server, "ServerHello"),
        sent(Server, "ChangeCipherSpec"),
    ];
    expected.extend(derived(Server));
    expected.extend(flight.map(|step| sent(Server, step)));
    expected.push(other(Wire, "chunk"));
    expected.extend(derived(Server));
    expected.push(got(Client, "ServerHello"));
    expected.extend(derived(Client));
    expected.push(sent(Client, "ChangeCipherSpec"));
    expected.push(got(Client, "ChangeCipherSpec"));
    expected.extend(flight.map(|step| got(Client, step)));
    expected.extend(derived(Client));
    expected.extend([
        sent(Client, "Finished"),
        other(Client, "sent"),
        other(Wire, "chunk"),
        got(Server, "ChangeCipherSpec"),
        got(Server, "Finished"),
        other(Server, "received"),
        other(Server, "sent"),
        other(Wire, "chunk"),
        other(Client, "received"),
        sent(Client, "Alert close_notify"),
        other(Wire, "chunk"),
        got(Server, "Alert close_notify"),
        sent(Server, "Alert close_notify"),
        other(Wire, "chunk"),
        other(Wire, "end"),
        other(Wire, "end"),
        other(Client, "closed"),
        other(Server, "closed"),
    ]);
    let mut told = steps(&watched(&PART5_TLS13, None));
    told.dedup_by(|next, before| next == before && next.2 == "chunk");
    assert_eq!(told, expected);
    expected.retain(|(role, ..)| *role != Wire);
    assert_eq!(steps(&pair(&PART5_TLS13, &[], &[]).0), expected);
}

/// A connection of TLS whose two sides end with 0, without complaint.
fn tls(server_args: &[&str], client_args: &[&str]) -> Vec<Event> {
    let (events, outcome) = pair(&PART5_TLS13, server_args, client_args);
    assert_eq!(
        (outcome.code(), outcome.complaints),
        (0, vec![]),
        "{server_args:?} {client_args:?}"
    );
    events
}

/// The messages of a handshake that both sides tell alike, in order.
fn told_by_both(events: &[Event], sender: Role, receiver: Role) -> Vec<Tls> {
    let sent = messages(events, sender, Way::Sent);
    let received = messages(events, receiver, Way::Received);
    let both = sent.iter().zip(&received).map(|(sent, received)| {
        assert_eq!((&sent.step, &sent.message), (&received.step, &received.message));
        Tls::decode(&sent.message).ok()
    });
    both.flatten().collect()
}

/// A test's own certificates, where the launcher has made them.
fn made(name: &str) -> String {
    programs().certificates().unwrap().join(name).to_str().unwrap().to_owned()
}

/// The suite, the group and the scheme that a server has chosen, its protocol, and whether it asked for another key.
fn chosen(events: &[Event]) -> (String, String, String, Option<Vec<u8>>, bool) {
    let (mut suite, mut group, mut scheme) = Default::default();
    let (mut protocol, mut is_retried) = (None, false);
    for message in told_by_both(events, Role::Server, Role::Client) {
        match message {
            Tls::ServerHello(hello) if hello.is_retry_request() => is_retried = true,
            Tls::ServerHello(hello) => {
                suite = tls_names::suite(hello.cipher_suite);
                group = hello
                    .extensions
                    .iter()
                    .find_map(|it| match it {
                        Extension::KeyShare(share) => Some(tls_names::group(share.group)),
                        _ => None,
                    })
                    .unwrap();
            }
            Tls::EncryptedExtensions(extensions) => {
                protocol = extensions.into_iter().find_map(|it| match it {
                    Extension::Alpn(mut protocols) => protocols.pop(),
                    _ => None,
                });
            }
            Tls::CertificateVerify(verify) => scheme = tls_names::scheme(verify.scheme),
            _ => {}
        }
    }
    (suite, group, scheme, protocol, is_retried)
}

#[test]
fn every_suite_group_and_kind_of_key_is_agreed_on() {
    for suite in
        ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
    {
        assert_eq!(chosen(&tls(&["--suite", suite], &[])).0, suite);
        assert_eq!(chosen(&tls(&[], &["--suite", suite])).0, suite);
    }
    // The client sends keys for the first that it prefers, and for X25519.
    for (group, is_asked_for) in [("X25519MLKEM768", false), ("x25519", false), ("secp256r1", true)]
    {
        let events = tls(&["--group", group], &[]);
        let (_, agreed, _, _, is_retried) = chosen(&events);
        assert_eq!((&*agreed, is_retried), (group, is_asked_for));
        let hellos = told_by_both(&events, Role::Client, Role::Server);
        let hellos = hellos.iter().filter(|message| matches!(message, Tls::ClientHello(_)));
        assert_eq!(hellos.count(), 1 + usize::from(is_asked_for));
        let steps = messages(&events, Role::Client, Way::Received);
        let is_named = steps.iter().any(|message| message.step == "HelloRetryRequest");
        assert_eq!(is_named, is_asked_for);
        assert_eq!(chosen(&tls(&[], &["--group", group])).1, group);
    }
    for (kind, scheme) in [
        ("ecdsa", "ecdsa_secp256r1_sha256"),
        ("ed25519", "ed25519"),
        ("server", "rsa_pss_rsae_sha256"),
    ] {
        let [chain, key] = ["chain", "key"].map(|part| made(&format!("{kind}_{part}.pem")));
        let events = tls(&["--certificate", &chain, "--key", &key], &[]);
        assert_eq!(chosen(&events).2, scheme);
    }
    let events = tls(&["--alpn", "http/1.1"], &["--alpn", "h2,http/1.1"]);
    assert_eq!(chosen(&events).3, Some(b"http/1.1".to_vec()));
    assert_eq!(chosen(&tls(&["--alpn", "http/1.1"], &[])).3, None);
}

#[test]
fn a_server_that_asks_for_a_certificate_is_told_who_the_client_is() {
    let [roots, chain, key] = ["roots.pem", "client_chain.pem", "client_key.pem"].map(made);
    let events = tls(&["--roots", &roots], &["--certificate", &chain, "--key", &key]);
    let from_client = told_by_both(&events, Role::Client, Role::Server);
    let steps: Vec<_> = from_client.iter().map(Tls::name).collect();
    assert_eq!(steps, ["ClientHello", "Certificate", "CertificateVerify", "Finished"]);
    let Tls::Certificate(certificate) = &from_client[1] else { panic!("{from_client:?}") };
    let sent = certificate.certificates.iter().map(|entry| pem("CERTIFICATE", &entry.der));
    assert_eq!(sent.collect::<String>(), std::fs::read_to_string(chain).unwrap());
    // One that nobody asked for is kept back.
    let events = tls(&[], &["--certificate", &made("client_chain.pem"), "--key", &key]);
    let from_client = told_by_both(&events, Role::Client, Role::Server);
    assert!(!from_client.iter().any(|message| matches!(message, Tls::Certificate(_))));
}

/// The lines of a key log: a label, the client's random value, a secret.
fn key_log(path: &Path) -> Vec<[String; 3]> {
    let text = std::fs::read_to_string(path).unwrap();
    let line = |line: &str| {
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        words.try_into().unwrap()
    };
    text.lines().map(line).collect()
}

#[test]
fn a_key_log_has_the_secrets_of_both_sides_and_nothing_else_has_any() {
    let folder = Folder::new();
    let [of_client, of_server] = ["client.log", "server.log"].map(|name| folder.join(name));
    let mut randoms = Vec::new();
    let mut told = String::new();
    for _ in 0..2 {
        let events = tls(
            &["--keylog", of_server.to_str().unwrap(), "--suite", "TLS_AES_256_GCM_SHA384"],
            &["--keylog", of_client.to_str().unwrap()],
        );
        for event in &events {
            told += &serde_json::to_string(event).unwrap();
        }
        match &told_by_both(&events, Role::Client, Role::Server)[0] {
            Tls::ClientHello(hello) => randoms.push(hex::encode(hello.random)),
            other => panic!("{other:?}"),
        }
    }
    let log = key_log(&of_client);
    assert_eq!(log, key_log(&of_server), "both hold the same secrets, and the second run appends");
    let labels = [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
        "EXPORTER_SECRET",
    ];
    let expected = randoms.iter().flat_map(|random| labels.map(|label| (label, &**random)));
    let found = log.iter().map(|[label, random, _]| (&**label, &**random));
    assert!(found.eq(expected), "{log:?}");
    for [_, _, secret] in &log {
        assert_eq!(secret.len(), 2 * 48, "as long as a hash of the suite");
        let mut parts = (0..=secret.len() - 16).step_by(2).map(|at| &secret[at..at + 16]);
        assert!(!parts.any(|part| told.contains(part)));
    }
    #[cfg(unix)]
    for path in [&of_client, &of_server] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

//! The programs that begin with a handshake, against peers that do not play along, and against a second implementation.

mod common;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{Ended, Folder, Lone, programs, vectors};
use crypto::x25519::PrivateKey;
use messages::Message as _;
use messages::cert::ServerAuth;
use stages::{STAGES, Stage};
use transcript::{Direction, Event, EventKind, Role, Way};

/// Time limit of a handshake, and what a machine that is busy may add to it.
const LIMIT: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_secs(3);

/// The stages whose handshake is the articles'. That of TLS is put to the test where it is spoken: in the `tls` crate.
fn handshake_stages() -> impl Iterator<Item = &'static Stage> {
    STAGES.iter().copied().filter(|stage| !stage.handshake.is_empty() && !stage.has_types())
}

/// Those at which the server says who it is.
fn certified_stages() -> impl Iterator<Item = &'static Stage> {
    handshake_stages().filter(|stage| stage.has_certificates())
}

fn record(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

fn field(tag: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).unwrap();
    [&tag.to_be_bytes()[..], &len.to_be_bytes(), value].concat()
}

/// What a genuine server answers with, or a genuine client begins with, each message as one record.
fn genuine(stage: &'static Stage, sender: Role) -> Vec<Vec<u8>> {
    let (events, _) = common::pair(stage, &[], &[]);
    let messages = events.into_iter().filter_map(|event| match event.kind {
        EventKind::Handshake(message) if event.role == sender && message.direction == Way::Sent => {
            Some(record(&message.message))
        }
        _ => None,
    });
    messages.collect()
}

/// A program whose peer is a socket of the test's. What a client begins with has been read already.
fn against(stage: &'static Stage, role: Role, args: &[&str]) -> (Lone, TcpStream, Vec<u8>) {
    let (program, mut stream) = if role == Role::Server {
        let (server, addr) = Lone::server(stage, args);
        (server, TcpStream::connect(addr).unwrap())
    } else {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Lone::client(stage, listener.local_addr().unwrap(), args);
        (client, listener.accept().unwrap().0)
    };
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.set_nodelay(true).unwrap();
    let hello = if role == Role::Client { message(&mut stream) } else { Vec::new() };
    (program, stream, hello)
}

/// Reads the payload of a record.
fn message(stream: &mut TcpStream) -> Vec<u8> {
    let mut len = [0; 4];
    stream.read_exact(&mut len).unwrap();
    let mut payload = vec![0; u32::from_be_bytes(len) as usize];
    stream.read_exact(&mut payload).unwrap();
    payload
}

/// Reads until the other end closes, and returns what came.
fn rest_of(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
        _ => rest,
    }
}

fn other(role: Role) -> Role {
    if role == Role::Client { Role::Server } else { Role::Client }
}

/// How many messages a program of this role waits for.
fn due(stage: &Stage, role: Role) -> usize {
    let from_peer = if role == Role::Client { Direction::ToClient } else { Direction::ToServer };
    stage.handshake.iter().filter(|message| message.direction == from_peer).count()
}

/// A peer that says nothing more, after any of its messages, and one that sends a byte now and then and never the last of its message: neither
/// is waited for any longer than a handshake may take in all.
#[test]
fn a_peer_that_stops_is_gone_at_5_s_even_if_its_bytes_drip() {
    let gone = |stage: &'static Stage, role: Role, whole: usize, drips: bool| {
        let messages = genuine(stage, other(role));
        let (program, mut stream, _) = against(stage, role, &["--timeout", "60"]);
        stream.write_all(&messages[..whole].concat()).unwrap();
        let began = Instant::now();
        if drips {
            let stream = stream.try_clone().unwrap();
            let bytes = messages[whole][..messages[whole].len() - 1].to_vec();
            thread::spawn(move || {
                for byte in bytes {
                    if (&stream).write_all(&[byte]).is_err() {
                        break;
                    }
                    thread::sleep(Duration::from_millis(300));
                }
            });
        }
        assert_eq!(rest_of(&mut stream), b"");
        let took = began.elapsed();
        // The program's clock began before this one.
        let took = took + Duration::from_millis(200);
        assert!((LIMIT..LIMIT + SLACK).contains(&took), "{}, {role}: {took:?}", stage.name);
        let ended = program.end();
        assert_eq!(ended.code, Some(3), "{:?}", ended.complaints);
        assert!(!ended.names().contains(&"rejected"), "{:?}", ended.events);
        assert!(ended.complaints.join("\n").contains("5 s"), "{:?}", ended.complaints);
    };
    thread::scope(|scope| {
        for stage in handshake_stages() {
            for role in [Role::Server, Role::Client] {
                for whole in 0..due(stage, role) {
                    for drips in [false, true] {
                        scope.spawn(move || gone(stage, role, whole, drips));
                    }
                }
            }
        }
    });
}

/// Anybody can go through a handshake, so its end makes nobody any more welcome than before.
#[test]
fn a_client_that_stops_behind_its_handshake_is_gone_at_the_limit_for_silence() {
    for stage in handshake_stages().filter(|stage| stage.has_data()) {
        let hello = genuine(stage, Role::Client).concat();
        let answer = genuine(stage, Role::Server).concat();
        let (server, mut stream, _) = against(stage, Role::Server, &["--timeout", "1"]);
        stream.write_all(&hello).unwrap();
        let began = Instant::now();
        assert_eq!(rest_of(&mut stream).len(), answer.len());
        assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
        assert_eq!(server.end().code, Some(3));
    }
}

/// What no honest peer sends in place of its message, and the name of the check that refuses it.
fn refused(stage: &'static Stage, role: Role) -> Vec<(Vec<u8>, &'static str)> {
    let mut cases = vec![
        (vec![0xff; 4], "too_long"),
        (1_025_u32.to_be_bytes().to_vec(), "too_long"),
        (vec![0, 0, 0, 36, 0], "truncated"),
        (record(&[]), "malformed"),
        (record(&[0xab; 36]), "malformed"),
        (record(&field(0x7777, &[7; 32])), "malformed"),
        (data_record(), "malformed"),
    ];
    let prime = crypto::dh::prime();
    // The field that its client begins with is the prime.
    if genuine(stage, Role::Client)[0][4..6] == [0, 1] {
        let minus_1 = [&prime[..255], &[0xfe]].concat();
        let group = [field(1, &prime), field(2, &[2])].concat();
        let group = if role == Role::Server { &group[..] } else { &[] };
        for value in [&[][..], &[0], &[1], &minus_1, &prime, &[0, 4], &[11]] {
            cases.push((record(&[group, &field(3, value)].concat()), "bad_public_value"));
        }
        cases.push((record(&[group, &field(3, &[4]), &field(3, &[4])].concat()), "malformed"));
        if role == Role::Server {
            let hello = [field(1, &[23]), field(2, &[5]), field(3, &[8])].concat();
            cases.push((record(&hello), "wrong_group"));
            let hello = [field(1, &prime), field(2, &[1]), field(3, &[4])].concat();
            cases.push((record(&hello), "wrong_group"));
        }
    } else {
        cases.push((record(&field(0x10, &[0; 32])), "low_order_key"));
        cases
            .push((record(&field(0x10, &[&[1][..], &[0; 30], &[0x80]].concat())), "low_order_key"));
        cases.push((record(&field(0x10, &[9; 31])), "malformed"));
        cases.push((record(&field(0x10, &[9; 33])), "malformed"));
        cases.push((record(&field(0x10, &[9; 32]).repeat(2)), "malformed"));
    }
    if role == Role::Client && stage.has_certificates() {
        cases.extend(refused_in_place_of_server_auth(stage));
    }
    cases
}

/// A record of data, as it stands on the wire.
fn data_record() -> Vec<u8> {
    record(&[&[0; 8][..], &[0x5a; 89]].concat())
}

/// What no honest server sends behind its first message. A signature is never right here: it is of another
/// connection.
fn refused_in_place_of_server_auth(stage: &'static Stage) -> Vec<(Vec<u8>, &'static str)> {
    let [hello, auth] = <[Vec<u8>; 2]>::try_from(genuine(stage, Role::Server)).unwrap();
    let ServerAuth { certificates, signature } = ServerAuth::decode(&auth[4..]).unwrap();
    let [leaf, intermediate] = [&certificates[0][..], &certificates[1][..]];
    let chain = |certificates: &[&[u8]]| -> Vec<u8> {
        certificates.iter().flat_map(|der| field(0x20, der)).collect()
    };
    let (usual, verify) = (chain(&[leaf, intermediate]), field(0x21, &signature));
    let changed = |der: &[u8], at: usize| {
        let mut der = der.to_vec();
        der[at] ^= 1;
        der
    };
    let with = |certificates: &[&[u8]]| [chain(certificates), verify.clone()].concat();
    // An unknown field, so that the message is as long as one may be.
    let filled = |len: usize| {
        let auth = [&usual[..], &verify].concat();
        let filling = len - auth.len() - 4;
        [auth, field(0x7777, &vec![7; filling])].concat()
    };
    let cases = [
        // Nothing is wrong with it but that it was made for another connection.
        (auth[4..].to_vec(), "bad_signature"),
        (filled(16_384), "bad_signature"),
        (filled(16_385), "too_long"),
        (field(0x20, &vec![0x30; 65_535]), "too_long"),
        (vec![], "malformed"),
        (hello[4..].to_vec(), "malformed"),
        (data_record()[4..].to_vec(), "malformed"),
        (usual.clone(), "malformed"),
        (verify.clone(), "malformed"),
        (chain(&[intermediate; 9]), "malformed"),
        (with(&[leaf; 9]), "malformed"),
        ([&verify[..], &usual].concat(), "malformed"),
        ([&usual[..], &verify, &verify].concat(), "malformed"),
        ([&auth[4..], &[0]].concat(), "malformed"),
        (auth[4..auth.len() - 1].to_vec(), "malformed"),
        (with(&[leaf, &[]]), "malformed_certificate"),
        (with(&[leaf, intermediate, &leaf[..500]]), "malformed_certificate"),
        (with(&[&[leaf, &[0]].concat(), intermediate]), "malformed_certificate"),
        // It says that it is one byte shorter than it is, and then one longer.
        (with(&[&changed(leaf, 3), intermediate]), "malformed_certificate"),
        (with(&[&changed(leaf, leaf.len() - 1), intermediate]), "bad_certificate_signature"),
        (with(&[leaf]), "unknown_issuer"),
        (with(&[intermediate]), "wrong_use"),
        ([&usual[..], &field(0x21, &[])].concat(), "bad_signature"),
        ([&usual[..], &field(0x21, &signature[1..])].concat(), "bad_signature"),
        ([&usual[..], &field(0x21, &[&signature[..], &[0]].concat())].concat(), "bad_signature"),
    ];
    let of_server_auth =
        cases.into_iter().map(|(message, check)| ([&hello[..], &record(&message)].concat(), check));
    let both_in_one = record(&[&hello[4..], &auth[4..]].concat());
    let cut = [&hello[..], &auth[..auth.len() - 1]].concat();
    of_server_auth.chain([(both_in_one, "too_long"), (cut, "truncated")]).collect()
}

#[test]
fn whatever_no_honest_peer_sends_is_refused_without_an_answer_and_ends_with_code_1() {
    for stage in handshake_stages() {
        for role in [Role::Server, Role::Client] {
            for (bytes, check) in refused(stage, role) {
                let (program, mut stream, _) = against(stage, role, &[]);
                stream.write_all(&bytes).unwrap();
                if check == "truncated" {
                    stream.shutdown(Shutdown::Write).unwrap();
                }
                assert_eq!(rest_of(&mut stream), b"", "{} {role}: {bytes:02x?}", stage.name);
                drop(stream);
                let ended = program.end();
                assert_eq!(ended.code, Some(1), "{} {role}: {bytes:02x?}", stage.name);
                assert_eq!(ended.rejection().0, check, "{} {role}: {bytes:02x?}", stage.name);
                assert!(!ended.names().contains(&"derived"), "{:?}", ended.events);
                assert_eq!(ended.complaints.len(), 1, "{:?}", ended.complaints);
            }
        }
    }
}

#[test]
fn a_server_goes_on_with_the_next_client_whatever_the_last_one_sent() {
    for stage in handshake_stages() {
        let (_server, addr) = Lone::server(stage, &["--forever"]);
        for (bytes, check) in refused(stage, Role::Server) {
            let mut stream = TcpStream::connect(addr).unwrap();
            stream.write_all(&bytes).unwrap();
            if check == "truncated" {
                stream.shutdown(Shutdown::Write).unwrap();
            }
            rest_of(&mut stream);
        }
        drop(TcpStream::connect(addr).unwrap());
        let ended = Lone::client(stage, addr, &[]).end();
        assert_eq!((ended.code, &ended.complaints[..]), (Some(0), &[][..]));
    }
}

/// It is nobody's fault that can be told from the bytes.
#[test]
fn a_peer_that_closes_where_its_message_is_due_is_told_and_ends_with_code_3() {
    for stage in handshake_stages() {
        for role in [Role::Server, Role::Client] {
            let messages = genuine(stage, other(role));
            for whole in 0..due(stage, role) {
                let (program, mut stream, _) = against(stage, role, &[]);
                stream.write_all(&messages[..whole].concat()).unwrap();
                drop(stream);
                let ended = program.end();
                assert_eq!(ended.code, Some(3), "{:?}", ended.complaints);
                assert!(!ended.names().contains(&"rejected"), "{:?}", ended.events);
            }
        }
    }
}

/// A server's two messages in answer to this one of a client's: with these certificates of the vectors, and a signature
/// by this key over `signed` of both X25519 keys.
fn answer_of(
    hello: &[u8],
    certificates: &[&str],
    key: &str,
    signed: impl Fn(&[u8], &[u8]) -> Vec<u8>,
) -> [Vec<u8>; 2] {
    let ours = PrivateKey::random().unwrap().public_key();
    let signature = vectors::key(key).sign(&signed(&hello[4..], &ours)).unwrap();
    let certificates = certificates.iter().map(|name| vectors::certificate(name)).collect();
    let auth = ServerAuth { certificates, signature }.encode();
    [record(&field(0x10, &ours)), record(&auth)]
}

fn both(client: &[u8], server: &[u8]) -> Vec<u8> {
    [client, server].concat()
}

/// The vectors' root in a file, and the option that names it.
struct Roots {
    _folder: Folder,
    file: PathBuf,
}

impl Roots {
    fn of(names: &[&str]) -> Self {
        let folder = Folder::new();
        let file = folder.join("roots.pem");
        std::fs::write(
            &file,
            names.iter().map(|name| vectors::certificate_pem(name)).collect::<String>(),
        )
        .unwrap();
        Self { _folder: folder, file }
    }

    fn args<'a>(&'a self, name: &'a str) -> [&'a str; 4] {
        ["--roots", self.file.to_str().unwrap(), "--name", name]
    }
}

/// A server that goes through the handshake without a mistake, but for what is named here.
#[test]
fn a_client_asks_a_server_that_has_proved_its_name_and_sends_nothing_to_any_other() {
    let usual = ["server", "intermediate"];
    let root = ["root"];
    let expired_root = ["expired root"];
    let all = ["expired root", "evil root", "root"];
    for stage in certified_stages() {
        for (roots, name, certificates, key, check) in [
            (&root[..], "localhost", &usual[..], "server", None),
            (&all, "localhost", &usual, "server", None),
            (&root, "LOCALHOST", &usual, "server", None),
            (&root, "localhost", &["server", "intermediate", "root"], "server", None),
            (&root, "localhost", &["server", "twin intermediate", "intermediate"], "server", None),
            (&root, "localhost", &["rsa3072", "intermediate"], "server3072", None),
            (&root, "localhost", &["rsa4096", "intermediate"], "server4096", None),
            (&root, "bank.example", &["bank", "intermediate"], "server", None),
            (&["evil root"], "localhost", &["evil server", "evil intermediate"], "third", None),
            (&root, "bank.example", &usual, "server", Some("wrong_name")),
            (&root, "127.0.0.1", &usual, "server", Some("wrong_name")),
            (&root, "localhost", &["bank", "intermediate"], "server", Some("wrong_name")),
            (&root, "localhost", &["cn only", "intermediate"], "server", Some("wrong_name")),
            (&root, "localhost", &["expired", "intermediate"], "server", Some("expired")),
            (&root, "localhost", &["server", "expired intermediate"], "server", Some("expired")),
            (&expired_root, "localhost", &usual, "server", Some("expired")),
            (&root, "localhost", &["future", "intermediate"], "server", Some("not_yet_valid")),
            (&root, "localhost", &["selfsigned"], "other", Some("unknown_issuer")),
            (
                &root,
                "localhost",
                &["evil server", "evil intermediate", "evil root"],
                "third",
                Some("bad_certificate_signature"),
            ),
            (
                &root,
                "localhost",
                &["forged by leaf", "leaf as ca", "intermediate"],
                "third",
                Some("not_an_authority"),
            ),
            (&root, "localhost", &["client eku", "intermediate"], "server", Some("wrong_use")),
            (&root, "localhost", &["no ds", "intermediate"], "server", Some("wrong_use")),
            (&root, "localhost", &["ec leaf", "intermediate"], "server", Some("unacceptable_key")),
            // Somebody else's certificates, honest and for the right name, without the key.
            (&root, "localhost", &usual, "other", Some("bad_signature")),
        ] {
            let roots = Roots::of(roots);
            let (client, stream, hello) = against(stage, Role::Client, &roots.args(name));
            let answer = answer_of(&hello, certificates, key, both).concat();
            asks_or_refuses(client, stream, &answer, check, &certificates);
        }
    }
}

/// Sends a client the answer to its message. It either begins to ask, or refuses and sends nothing.
fn asks_or_refuses(
    client: Lone,
    mut stream: TcpStream,
    answer: &[u8],
    check: Option<&str>,
    what: &dyn std::fmt::Debug,
) {
    stream.write_all(answer).unwrap();
    let Some(check) = check else {
        // Closed behind the request, which nobody answers.
        stream.shutdown(Shutdown::Write).unwrap();
        let asked = rest_of(&mut stream);
        let ended = client.end();
        assert_eq!(asked.len(), 101, "{what:?}: {:?}", ended.complaints);
        assert_eq!(ended.code, Some(3));
        return;
    };
    assert_eq!(rest_of(&mut stream), b"", "{what:?}");
    drop(stream);
    let ended = client.end();
    assert_eq!((ended.code, ended.rejection().0), (Some(1), check), "{what:?}");
    assert!(!ended.names().iter().any(|name| ["derived", "sent"].contains(name)), "{what:?}");
    let complaints = &ended.complaints;
    assert!(
        complaints.len() == 1 && complaints[0].contains(": ServerAuth refused: "),
        "{complaints:?}"
    );
}

type Signed<'s> = &'s dyn Fn(&[u8], &[u8]) -> Vec<u8>;

#[test]
fn a_client_refuses_a_signature_over_anything_but_the_two_keys_of_this_connection() {
    let roots = Roots::of(&["root"]);
    let (theirs, ours) =
        (PrivateKey::random().unwrap().public_key(), PrivateKey::random().unwrap().public_key());
    let signed: [(&str, Signed<'_>, Option<&str>); 7] = [
        ("both keys", &both, None),
        ("both, the server's first", &|client, server| both(server, client), Some("bad_signature")),
        ("the server's alone", &|_, server| server.to_vec(), Some("bad_signature")),
        ("another client's", &|_, server| both(&theirs, server), Some("bad_signature")),
        ("another server's", &|client, _| both(client, &ours), Some("bad_signature")),
        ("a byte more", &|client, server| [client, server, &[0]].concat(), Some("bad_signature")),
        (
            "the same key, its top bit set",
            &|client, server| {
                let mut server = server.to_vec();
                server[31] ^= 0x80;
                both(client, &server)
            },
            Some("bad_signature"),
        ),
    ];
    for stage in certified_stages() {
        for (what, signed, check) in signed {
            let (client, stream, hello) = against(stage, Role::Client, &roots.args("localhost"));
            let answer = answer_of(&hello, &["server", "intermediate"], "server", signed).concat();
            asks_or_refuses(client, stream, &answer, check, &what);
        }
    }
}

/// The lengths at which something begins or ends, and those beside them.
#[test]
fn what_a_server_sends_may_arrive_in_any_pieces() {
    let roots = Roots::of(&["root"]);
    for stage in certified_stages() {
        let arrives = |cut: &dyn Fn(&[Vec<u8>; 2]) -> Vec<usize>| {
            let (client, mut stream, hello) =
                against(stage, Role::Client, &roots.args("localhost"));
            let answer = answer_of(&hello, &["server", "intermediate"], "server", both);
            let (mut cuts, answer) = (cut(&answer), answer.concat());
            cuts.push(answer.len());
            let mut sent = 0;
            for cut in cuts {
                stream.write_all(&answer[sent..cut]).unwrap();
                sent = cut;
                // The next piece goes out by itself: without this, the system would join the two.
                thread::yield_now();
            }
            assert_eq!(message(&mut stream).len(), 97);
            drop(stream);
            assert!(client.end().names().contains(&"derived"));
        };
        arrives(&|_| vec![]);
        arrives(&|[hello, auth]| (1..hello.len() + auth.len()).collect());
        for at in [1, 4, 5, 39, 40, 41, 44, 45, 48, 1_000] {
            arrives(&|_| vec![at]);
        }
    }
}

/// A client's message a second time stands where a record of data is due. It is not answered: a server signs once.
#[test]
fn a_message_where_a_record_is_due_is_refused_and_not_answered() {
    let roots = Roots::of(&["root"]);
    for stage in handshake_stages().filter(|stage| stage.has_data()) {
        let answer = genuine(stage, Role::Server);
        let hello = genuine(stage, Role::Client).concat();
        let (server, mut stream, _) = against(stage, Role::Server, &[]);
        stream.write_all(&hello.repeat(3)).unwrap();
        assert_eq!(rest_of(&mut stream).len(), answer.concat().len());
        drop(stream);
        let ended = server.end();
        assert_eq!((ended.code, ended.rejection().0), (Some(1), "bad_tag"));
        let sent = |event: &&Event| matches!(&event.kind, EventKind::Handshake(message) if message.direction == Way::Sent);
        assert_eq!(ended.events.iter().filter(sent).count(), answer.len());

        let args = roots.args("localhost");
        let args = if stage.has_certificates() { &args[..] } else { &[] };
        let (client, mut stream, hello) = against(stage, Role::Client, args);
        let answer = if stage.has_certificates() {
            answer_of(&hello, &["server", "intermediate"], "server", both).concat()
        } else {
            answer.concat()
        };
        stream.write_all(&answer).unwrap();
        assert_eq!(message(&mut stream).len(), 97);
        stream.write_all(&answer).unwrap();
        assert_eq!(rest_of(&mut stream), b"");
        drop(stream);
        let ended = client.end();
        assert_eq!((ended.code, ended.rejection().0), (Some(1), "bad_tag"));
    }
}

/// The second implementation, in Python.
struct Second {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

/// How often each pair goes through a handshake at a stage, at least.
const RUNS: usize = 10;

impl Second {
    fn start(role: Role, stage: &Stage, runs: usize, port: Option<u16>, identity: &[&str]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../checks/differential/handshakes.py");
        let mut child = Command::new("python3")
            .args([script, &role.to_string(), stage.name, &runs.to_string()])
            .args(port.map(|port| port.to_string()))
            .args(identity)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn end(self) {
        assert_eq!(self.last_words(), "");
    }

    /// The last line of what it says about a failure, once it has ended. None if it has not failed.
    fn last_words(self) -> String {
        let output = self.child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), said.is_empty(), "{said}");
        said.lines().last().unwrap_or_default().to_owned()
    }
}

/// Files that say who a server is, and whom a client wants. Nothing is needed where there are no certificates.
struct Identity {
    _folder: Option<Folder>,
    server: Vec<String>,
    client: Vec<String>,
}

impl Identity {
    fn none() -> Self {
        Self { _folder: None, server: vec![], client: vec![] }
    }

    /// Those that `cargo xtask certificates` makes.
    fn made(chain: &str, key: &str, name: &str) -> Self {
        let folder = programs().certificates().unwrap();
        let path = |file: &str| folder.join(file).to_str().unwrap().to_owned();
        let client = vec![path("roots.pem"), name.to_owned()];
        Self { _folder: None, server: vec![path(chain), path(key)], client }
    }

    /// Some of the vectors'.
    fn of_vectors(chain: &[&str], key: &str, root: &str, name: &str) -> Self {
        let folder = Folder::new();
        let file = |file: &str, content: String| {
            let file = folder.join(file);
            std::fs::write(&file, content).unwrap();
            file.to_str().unwrap().to_owned()
        };
        let chain = chain.iter().map(|name| vectors::certificate_pem(name)).collect();
        let server = vec![file("chain.pem", chain), file("key.pem", vectors::key_pem(key))];
        let client = vec![file("roots.pem", vectors::certificate_pem(root)), name.to_owned()];
        Self { _folder: Some(folder), server, client }
    }

    /// Those with which a client believes a server at a stage.
    fn all_of(stage: &Stage) -> Vec<Self> {
        if !stage.has_certificates() {
            return vec![Self::none()];
        }
        vec![
            Self::made("server_chain.pem", "server_key.pem", "localhost"),
            Self::made("renewed_chain.pem", "server_key.pem", "localhost"),
            Self::made("eve_chain.pem", "eve_key.pem", "eve.example"),
            Self::of_vectors(&["server", "intermediate"], "server", "root", "localhost"),
            Self::of_vectors(&["bank", "intermediate"], "server", "root", "bank.example"),
            Self::of_vectors(&["by root"], "server", "root", "localhost"),
            Self::of_vectors(
                &["under sub", "sub of int", "int pathlen 1"],
                "third",
                "root pathlen 2",
                "localhost",
            ),
            Self::of_vectors(&["rsa4096", "intermediate"], "server4096", "root", "localhost"),
        ]
    }

    /// The same for a second implementation, which takes them in this order.
    fn of_second(&self, role: Role) -> Vec<&str> {
        let files = if role == Role::Client { &self.client } else { &self.server };
        files.iter().map(String::as_str).collect()
    }

    /// The options of our program.
    fn args(&self, role: Role) -> Vec<&str> {
        let names =
            if role == Role::Client { ["--roots", "--name"] } else { ["--certificate", "--key"] };
        let files = self.of_second(role);
        names.into_iter().zip(files).flat_map(|(name, file)| [name, file]).collect()
    }
}

fn fingerprints(events: &[Event]) -> Vec<String> {
    let of_secret = |event: &Event| match &event.kind {
        EventKind::Derived { fingerprint: Some(fingerprint), .. } => {
            Some(hex::encode(&**fingerprint))
        }
        _ => None,
    };
    events.iter().filter_map(of_secret).collect()
}

/// Makes sure that no eight bytes of the secrets in `line` are in what a program put out. Four are there now and then
/// by chance, and the fingerprint, which is the first in the line, always.
fn assert_nothing_told(line: &str, ended: &Ended) {
    let told = serde_json::to_string(&ended.events).unwrap() + &ended.complaints.join("\n");
    for secret in line.split(' ').skip(1) {
        let parts = (0..=secret.len() - 16).step_by(2).map(|at| &secret[at..at + 16]);
        assert_eq!(parts.filter(|part| told.contains(part)).count(), 0);
    }
}

#[test]
#[ignore = "needs python3 with its package cryptography"]
fn our_client_and_a_second_server_agree_ten_times_at_each_stage() {
    for stage in handshake_stages() {
        let identities = Identity::all_of(stage);
        let runs = RUNS.div_ceil(identities.len());
        for identity in identities {
            let files = identity.of_second(Role::Server);
            let mut second = Second::start(Role::Server, stage, runs, None, &files);
            let addr = SocketAddr::from(([127, 0, 0, 1], second.line().parse().unwrap()));
            for _ in 0..runs {
                let ended = Lone::client(stage, addr, &identity.args(Role::Client)).end();
                assert_eq!((ended.code, &ended.complaints[..]), (Some(0), &[][..]));
                let line = second.line();
                assert_eq!(fingerprints(&ended.events), [line.split(' ').next().unwrap()]);
                assert_nothing_told(&line, &ended);
            }
            second.end();
        }
    }
}

#[test]
#[ignore = "needs python3 with its package cryptography"]
fn a_second_client_and_our_server_agree_ten_times_at_each_stage() {
    for stage in handshake_stages() {
        let identities = Identity::all_of(stage);
        let runs = RUNS.div_ceil(identities.len());
        for identity in identities {
            let connections = runs.to_string();
            let args =
                [&["--connections", &connections], &identity.args(Role::Server)[..]].concat();
            let (server, addr) = Lone::server(stage, &args);
            let files = identity.of_second(Role::Client);
            let mut second = Second::start(Role::Client, stage, runs, Some(addr.port()), &files);
            let lines: Vec<_> = (0..runs).map(|_| second.line()).collect();
            second.end();
            let ended = server.end();
            assert_eq!((ended.code, &ended.complaints[..]), (Some(0), &[][..]));
            let expected: Vec<_> =
                lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
            assert_eq!(fingerprints(&ended.events), expected);
            for line in &lines {
                assert_nothing_told(line, &ended);
            }
        }
    }
}

/// Servers that neither client believes, and by which of their checks.
#[test]
#[ignore = "needs python3 with its package cryptography"]
fn a_second_client_and_ours_refuse_the_same_servers() {
    let usual = &["server", "intermediate"][..];
    let of_vectors = Identity::of_vectors;
    for stage in certified_stages() {
        for (identity, ours, theirs) in [
            (
                Identity::made("eve_chain.pem", "eve_key.pem", "localhost"),
                "wrong_name",
                "leaf certificate has no matching subjectAltName",
            ),
            (
                of_vectors(usual, "server", "evil root", "localhost"),
                "bad_certificate_signature",
                "signature",
            ),
            (
                of_vectors(&usual[..1], "server", "root", "localhost"),
                "unknown_issuer",
                "candidates exhausted",
            ),
            (
                of_vectors(usual, "server", "expired root", "localhost"),
                "expired",
                "not valid at validation time",
            ),
        ] {
            let (server, addr) = Lone::server(
                stage,
                &[&["--connections", "2"], &identity.args(Role::Server)[..]].concat(),
            );
            let ended = Lone::client(stage, addr, &identity.args(Role::Client)).end();
            assert_eq!((ended.code, ended.rejection().0), (Some(1), ours));
            let files = identity.of_second(Role::Client);
            let said =
                Second::start(Role::Client, stage, 1, Some(addr.port()), &files).last_words();
            assert!(said.contains("VerificationError") && said.contains(theirs), "{said}");
            drop(server);
        }
    }
}

/// The one command of OpenSSL's that checks a chain, on what `cargo xtask certificates` makes.
#[test]
#[ignore = "needs the openssl command"]
fn openssl_and_our_client_believe_the_same_of_the_chains_that_are_made() {
    let folder = programs().certificates().unwrap();
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let mine = Folder::new();
    let path = |file: &str| folder.join(file).to_str().unwrap().to_owned();
    let write = |file: &str, content: &str| {
        std::fs::write(mine.join(file), content).unwrap();
        mine.join(file).to_str().unwrap().to_owned()
    };
    let chain = read("server_chain.pem");
    let (leaf, intermediate) = chain.split_at(chain.rfind("-----BEGIN").unwrap());
    let whole = write("whole.pem", &[&chain, &read("roots.pem")[..]].concat());
    let disordered = write("disordered.pem", &[leaf, &read("roots.pem"), intermediate].concat());
    let alone = write("alone.pem", leaf);
    let other_root = write("other_root.pem", &vectors::certificate_pem("root"));
    let both_roots =
        write("both_roots.pem", &(vectors::certificate_pem("root") + &read("roots.pem")));
    let (roots, server, renewed) =
        (path("roots.pem"), path("server_chain.pem"), path("renewed_chain.pem"));
    let (eve, key, eve_key) = (path("eve_chain.pem"), path("server_key.pem"), path("eve_key.pem"));
    for stage in certified_stages() {
        for (roots, name, chain, key, believed) in [
            (&roots, "localhost", &server, &key, true),
            (&roots, "localhost", &renewed, &key, true),
            (&roots, "localhost", &whole, &key, true),
            (&roots, "localhost", &disordered, &key, true),
            (&both_roots, "localhost", &server, &key, true),
            (&roots, "eve.example", &eve, &eve_key, true),
            (&roots, "localhost", &eve, &eve_key, false),
            (&roots, "bank.example", &server, &key, false),
            (&roots, "localhost", &alone, &key, false),
            (&other_root, "localhost", &server, &key, false),
        ] {
            let theirs = Command::new("openssl")
                .args(["verify", "-purpose", "sslserver", "-verify_hostname", name])
                .args(["-no-CApath", "-no-CAstore", "-CAfile", roots, "-untrusted", chain, chain])
                .output()
                .unwrap();
            let (server, addr) = Lone::server(stage, &["--certificate", chain, "--key", key]);
            let ended = Lone::client(stage, addr, &["--roots", roots, "--name", name]).end();
            assert_eq!(
                ended.code,
                Some(i32::from(!believed)),
                "{chain} {name}: {:?}",
                ended.complaints
            );
            assert_eq!(theirs.status.success(), believed, "{chain} {name}: {theirs:?}");
            drop(server);
        }
    }
}

//! The programs that begin with a handshake, against peers that do not play along, and against a second implementation.

mod common;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{Ended, Lone};
use stages::{STAGES, Stage};
use transcript::{Event, EventKind, Role};

/// Time limit of a handshake, and what a machine that is busy may add to it.
const LIMIT: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_secs(3);

fn handshake_stages() -> impl Iterator<Item = &'static Stage> {
    STAGES.iter().copied().filter(|stage| !stage.handshake.is_empty())
}

fn record(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

fn field(tag: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).unwrap();
    [&tag.to_be_bytes()[..], &len.to_be_bytes(), value].concat()
}

/// What a genuine server answers with, or a genuine client begins with, as one record.
fn genuine(stage: &'static Stage, sender: Role) -> Vec<u8> {
    let (events, _) = common::pair(stage, &[], &[]);
    let message = events.into_iter().find_map(|event| match event.kind {
        EventKind::Handshake(message) if event.role == sender => Some(message.message),
        _ => None,
    });
    record(&message.unwrap())
}

/// A program whose peer is a socket of the test's. A client has sent its message already, and it is read.
fn against(stage: &'static Stage, role: Role, args: &[&str]) -> (Lone, TcpStream) {
    let (program, mut stream) = if role == Role::Server {
        let (server, addr) = Lone::server(stage, args);
        (server, TcpStream::connect(addr).unwrap())
    } else {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Lone::client(stage, listener.local_addr().unwrap(), args);
        (client, listener.accept().unwrap().0)
    };
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    if role == Role::Client {
        let mut len = [0; 4];
        stream.read_exact(&mut len).unwrap();
        let len = u32::from_be_bytes(len).into();
        assert_eq!((&stream).take(len).read_to_end(&mut Vec::new()).unwrap() as u64, len);
    }
    (program, stream)
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

/// A peer that says nothing, and one that sends a byte now and then and never the last of its message: neither
/// is waited for any longer than a handshake may take in all.
#[test]
fn a_peer_that_stops_is_gone_at_5_s_even_if_its_bytes_drip() {
    let gone = |stage: &'static Stage, role: Role, drips: bool| {
        let message = genuine(stage, other(role));
        let (program, mut stream) = against(stage, role, &["--timeout", "60"]);
        let began = Instant::now();
        if drips {
            let stream = stream.try_clone().unwrap();
            let bytes = message[..message.len() - 1].to_vec();
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
                for drips in [false, true] {
                    scope.spawn(move || gone(stage, role, drips));
                }
            }
        }
    });
}

/// Anybody can go through a handshake, so its end makes nobody any more welcome than before.
#[test]
fn a_client_that_stops_behind_its_handshake_is_gone_at_the_limit_for_silence() {
    for stage in handshake_stages().filter(|stage| stage.has_data()) {
        let hello = genuine(stage, Role::Client);
        let (server, mut stream) = against(stage, Role::Server, &["--timeout", "1"]);
        stream.write_all(&hello).unwrap();
        let began = Instant::now();
        assert_eq!(rest_of(&mut stream).len(), genuine(stage, Role::Server).len());
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
    ];
    let prime = crypto::dh::prime();
    // The field that its client begins with is the prime.
    if genuine(stage, Role::Client)[4..6] == [0, 1] {
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
    }
    cases
}

#[test]
fn whatever_no_honest_peer_sends_is_refused_without_an_answer_and_ends_with_code_1() {
    for stage in handshake_stages() {
        for role in [Role::Server, Role::Client] {
            for (bytes, check) in refused(stage, role) {
                let (program, mut stream) = against(stage, role, &[]);
                stream.write_all(&bytes).unwrap();
                if check == "truncated" {
                    stream.shutdown(std::net::Shutdown::Write).unwrap();
                }
                assert_eq!(rest_of(&mut stream), b"", "{} {role}: {bytes:02x?}", stage.name);
                drop(stream);
                let ended = program.end();
                assert_eq!(ended.code, Some(1), "{} {role}: {bytes:02x?}", stage.name);
                assert_eq!(ended.rejection().0, check, "{} {role}: {bytes:02x?}", stage.name);
                assert!(!ended.names().contains(&"derived"), "{:?}", ended.events);
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
                stream.shutdown(std::net::Shutdown::Write).unwrap();
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
            let (program, stream) = against(stage, role, &[]);
            drop(stream);
            let ended = program.end();
            assert_eq!(ended.code, Some(3), "{:?}", ended.complaints);
            assert!(!ended.names().contains(&"rejected"), "{:?}", ended.events);
        }
    }
}

/// The second implementation, in Python.
struct Second {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

const RUNS: usize = 10;

impl Second {
    fn start(role: Role, stage: &Stage, port: Option<u16>) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../checks/differential/part3.py");
        let mut child = Command::new("python3")
            .args([script, &role.to_string(), stage.name, &RUNS.to_string()])
            .args(port.map(|port| port.to_string()))
            .stdout(Stdio::piped())
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

    fn end(mut self) {
        assert!(self.child.wait().unwrap().success());
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

/// Makes sure that nothing of the secrets in `line` is in what a program put out, but the fingerprint, which is the
/// first of them.
fn assert_nothing_told(line: &str, ended: &Ended) {
    let told = serde_json::to_string(&ended.events).unwrap() + &ended.complaints.join("\n");
    for secret in line.split(' ').skip(1) {
        let parts = (0..secret.len() - 8).step_by(2).map(|at| &secret[at..at + 8]);
        assert_eq!(parts.filter(|part| told.contains(part)).count(), 0);
    }
}

#[test]
#[ignore = "needs python3 with its package cryptography"]
fn our_client_and_a_second_server_agree_ten_times_at_each_stage() {
    for stage in handshake_stages() {
        let mut second = Second::start(Role::Server, stage, None);
        let addr = SocketAddr::from(([127, 0, 0, 1], second.line().parse().unwrap()));
        for _ in 0..RUNS {
            let ended = Lone::client(stage, addr, &[]).end();
            assert_eq!((ended.code, &ended.complaints[..]), (Some(0), &[][..]));
            let line = second.line();
            assert_eq!(fingerprints(&ended.events), [line.split(' ').next().unwrap()]);
            assert_nothing_told(&line, &ended);
        }
        second.end();
    }
}

#[test]
#[ignore = "needs python3 with its package cryptography"]
fn a_second_client_and_our_server_agree_ten_times_at_each_stage() {
    for stage in handshake_stages() {
        let (server, addr) = Lone::server(stage, &["--connections", &RUNS.to_string()]);
        let mut second = Second::start(Role::Client, stage, Some(addr.port()));
        let lines: Vec<_> = (0..RUNS).map(|_| second.line()).collect();
        second.end();
        let ended = server.end();
        assert_eq!((ended.code, &ended.complaints[..]), (Some(0), &[][..]));
        let expected: Vec<_> = lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(fingerprints(&ended.events), expected);
        for line in &lines {
            assert_nothing_told(line, &ended);
        }
    }
}

//! Servers that a stranger hits with anything, and that go on serving the others.
#![cfg(target_os = "linux")]

mod common;
#[path = "../load/src/gauge.rs"]
#[allow(dead_code, reason = "the soak uses more of it")]
mod gauge;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use attacker::faults::{Ending, Fault};
use common::{Lone, programs};
use crypto::{Seal, aead};
use framing::MAX_PLAINTEXT_LEN;
use gauge::{Gauge, Reading};
use program::{REQUEST, RESPONSE};
use stages::{PART1_CTR, PART1_PLAIN, PART2_AEAD, PART2_HMAC, STAGES, Stage};
use transcript::{Event, EventKind, Role, Way};

/// A client that asks this many times, where it asks at all, and is answered each time.
fn good_client(stage: &'static Stage, addr: SocketAddr, requests: usize) {
    let requests = requests.to_string();
    let may_ask_often = stage.has_records() && stage.has_data();
    let args: &[&str] = if may_ask_often { &["--requests", &requests] } else { &[] };
    let ended = Lone::client(stage, addr, args).end();
    assert_eq!((ended.code, &ended.complaints[..]), (Some(0), &[][..]));
}

/// A genuine record of a client, as someone on the path can keep it.
fn recorded(stage: &'static Stage) -> Vec<u8> {
    let (events, _) = common::pair(stage, &[], &[]);
    let sent = events.into_iter().find_map(|event| match event.kind {
        EventKind::Sent(sent) if event.role == Role::Client => Some(sent.record),
        _ => None,
    });
    stage.record(&sent.unwrap())
}

fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Reads until the server closes the connection.
fn wait_for_close(stream: &mut TcpStream) {
    let mut sink = [0; 4096];
    while stream.read(&mut sink).is_ok_and(|n| n > 0) {}
}

/// Waits until threads and descriptors are what they were before.
fn settles(gauge: &Gauge, before: Reading) -> Reading {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let now = gauge.read().unwrap();
        if (now.threads, now.descriptors) == (before.threads, before.descriptors) {
            return now;
        }
        assert!(Instant::now() < deadline, "before: {before:?}, now: {now:?}");
        thread::yield_now();
    }
}

/// A server that serves for ever, warmed up, with what it uses when nobody is there.
fn server(stage: &'static Stage, args: &[&str]) -> (Lone, SocketAddr, Gauge, Reading) {
    let (server, addr) = Lone::server(stage, &[&["--forever"], args].concat());
    let gauge = Gauge::of(server.id());
    let idle = gauge.read().unwrap();
    good_client(stage, addr, 1);
    let before = settles(&gauge, idle);
    (server, addr, gauge, before)
}

/// Descriptors that all the tests of this file take at the same time.
const DESCRIPTORS: u64 = 2_500;

#[test]
fn three_hundred_clients_at_a_cap_of_a_hundred_are_all_served() {
    if !common::may_have_descriptors(DESCRIPTORS) {
        return;
    }
    let (_server, addr, gauge, before) = server(&PART2_AEAD, &["--max-connections", "100"]);
    let clients: Vec<_> =
        (0..300).map(|_| Lone::client(&PART2_AEAD, addr, &["--requests", "3"])).collect();
    for client in clients {
        assert_eq!(client.end().code, Some(0));
    }
    settles(&gauge, before);
}

#[test]
fn more_connections_than_the_cap_wait_their_turn() {
    let (_server, addr, gauge, before) =
        server(&PART2_AEAD, &["--max-connections", "2", "--timeout", "1"]);
    let mut silent: Vec<_> = (0..4).map(|_| connect(addr)).collect();
    // Two are served, until the deadline for their first record; then the next two; then this one.
    let waiting = Lone::client(&PART2_AEAD, addr, &["--message-timeout", "600"]);
    assert!(gauge.read().unwrap().threads <= before.threads + 2);
    assert_eq!(waiting.end().code, Some(0));
    silent.iter_mut().for_each(wait_for_close);
    settles(&gauge, before);
}

#[test]
fn a_hundred_silent_and_slow_clients_are_gone_at_their_deadline_and_harm_nobody() {
    for stage in STAGES {
        let (_server, addr, gauge, before) =
            server(stage, &["--timeout", "1", "--max-connections", "200"]);
        let begun: &[u8] = match (stage.has_records(), stage.has_types()) {
            (true, true) => &[22, 3, 1, 16, 0, 1],
            (true, false) => &[0, 0, 16, 0, 1, 2],
            (false, _) => b"GET /",
        };
        let mut held: Vec<_> = (0..100).map(|_| connect(addr)).collect();
        for (number, stream) in held.iter_mut().enumerate() {
            stream.write_all(&begun[..number % begun.len()]).unwrap();
        }
        good_client(stage, addr, 1);
        held.iter_mut().for_each(wait_for_close);
        settles(&gauge, before);
    }
}

#[test]
fn a_peer_that_never_reads_is_gone_at_its_deadline() {
    // At this stage a record can be repeated any number of times, and each is answered.
    let record = recorded(&PART2_HMAC);
    let (server, addr, gauge, before) = server(&PART2_HMAC, &["--timeout", "1"]);
    let mut greedy = connect(addr);
    greedy.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
    let many = record.repeat(500);
    while greedy.write_all(&many).is_ok() {}
    good_client(&PART2_HMAC, addr, 1);
    settles(&gauge, before);
    assert!(Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
    let complaints = server.end().complaints.join("\n");
    assert!(complaints.contains("the peer took nothing of a message for 1 s"), "{complaints}");
}

#[test]
fn a_thousand_held_connections_cost_at_most_64_kib_each() {
    if !common::may_have_descriptors(DESCRIPTORS) {
        return;
    }
    let args = ["--max-connections", "1000", "--timeout", "600", "--message-timeout", "600"];
    let (_server, addr, gauge, before) = server(&PART2_AEAD, &args);
    let mut held: Vec<_> = (0..1000).map(|_| connect(addr)).collect();
    for stream in &mut held {
        // The longest record there can be, all but its last byte: the server has room for all of it.
        let len = PART2_AEAD.limits().max;
        let record = PART2_AEAD.record(&vec![7; len]);
        stream.write_all(&record[..record.len() - 1]).unwrap();
    }
    // One thread was waiting for a connection before. At the cap there is none to wait for.
    while gauge.read().unwrap().threads < before.threads + 999 {
        thread::yield_now();
    }
    let full = gauge.read().unwrap();
    let each = (full.memory_kib - before.memory_kib) / 1000;
    assert!(each <= 64, "{each} KiB each");
    println!("{each} KiB each");
    drop(held);
    settles(&gauge, before);
}

#[test]
fn connections_that_sent_much_at_once_cost_at_most_256_kib_each() {
    let (mut server, addr, gauge, before) =
        server(&PART2_AEAD, &["--timeout", "600", "--message-timeout", "600"]);
    let mut sealer = aead::Sealer::new(&demo_keys::aead());
    let header = PART2_AEAD.header().encode(PART2_AEAD.limits().max);
    let mut records = vec![];
    for _ in 0..8 {
        records.extend_from_slice(&header);
        sealer.seal(&header, &vec![7; MAX_PLAINTEXT_LEN], &mut records).unwrap();
    }
    let mut held: Vec<_> = (0..50).map(|_| connect(addr)).collect();
    for stream in &mut held {
        // All of them get the same: no stage here tells one connection from another.
        stream.write_all(&records).unwrap();
        stream.read_exact(&mut [0; 8 * 118]).unwrap();
        let is_sent = |server: &mut Lone| matches!(server.next_event().kind, EventKind::Sent(_));
        (0..8).for_each(|_| while !is_sent(&mut server) {});
    }
    let full = gauge.read().unwrap();
    let each = (full.memory_kib - before.memory_kib) / 50;
    assert!(each <= 256, "{each} KiB each");
    println!("{each} KiB each");
    drop(held);
    settles(&gauge, before);
}

/// What `role` sends in a handshake with such a server before it knows the peer's keys, each message in a record: at TLS
/// the client's Finished has to come of this connection.
fn messages(stage: &'static Stage, role: Role, server_args: &[&str]) -> Vec<Vec<u8>> {
    let (events, _) = common::pair(stage, server_args, &[]);
    let sent = events.into_iter().filter_map(|event| match event.kind {
        EventKind::Handshake(message) if event.role == role && message.direction == Way::Sent => {
            let record = match &message.record {
                Some(sealed) => stage.record(sealed),
                None => stage.record_of_message(&message.message),
            };
            Some((message.step, record))
        }
        _ => None,
    });
    let is_due = |step: &str| {
        !(step.starts_with("Alert")
            || stage.has_types() && role == Role::Client && step != "ClientHello")
    };
    sent.filter(|(step, _)| is_due(step)).map(|(_, record)| record).collect()
}

/// Anybody can go so far, and the server has signed for each by then, where it signs.
#[test]
fn connections_behind_their_handshake_cost_at_most_256_kib_each() {
    const HELD: u32 = 50;
    for stage in STAGES.iter().filter(|stage| !stage.handshake.is_empty() && stage.has_data()) {
        // Signatures of this kind are all of one length.
        let files = ["chain", "key"].map(|part| {
            let file = format!("ed25519_{part}.pem");
            common::programs().certificates().unwrap().join(file).to_str().unwrap().to_owned()
        });
        let certified = ["--certificate", &files[0], "--key", &files[1]];
        let certified = if stage.has_types() { &certified[..] } else { &[] };
        let (_server, addr, gauge, before) =
            server(stage, &[&["--timeout", "600"], certified].concat());
        let hello = messages(stage, Role::Client, certified).concat();
        let answer = messages(stage, Role::Server, certified).concat();
        let held: Vec<_> = (0..HELD)
            .map(|_| {
                let mut stream = connect(addr);
                stream.write_all(&hello).unwrap();
                stream.read_exact(&mut vec![0; answer.len()]).unwrap();
                stream
            })
            .collect();
        let full = gauge.read().unwrap();
        let each = (full.memory_kib - before.memory_kib) / u64::from(HELD);
        assert!(each <= 256, "{}: {each} KiB each", stage.name);
        println!("{}: {each} KiB each", stage.name);
        drop(held);
        settles(&gauge, before);
    }
}

#[test]
fn ten_thousand_connections_one_after_another_leave_nothing_behind() {
    let (_server, addr, gauge, before) = server(&PART2_AEAD, &[]);
    let garbage = |count| {
        for _ in 0..count {
            let (ending, _) = Fault::Oversize.commit(&PART2_AEAD, addr, &[], 0).unwrap();
            assert_eq!(ending, Ending::Closed);
        }
    };
    garbage(1_000);
    let warm = settles(&gauge, before);
    garbage(9_000);
    let after = settles(&gauge, before);
    assert!(after.memory_kib <= warm.memory_kib + 1024, "{warm:?}, then {after:?}");
}

#[test]
fn after_a_thousand_resets_all_of_a_hundred_good_requests_pass() {
    // In the record, right after it, and in a second one.
    let records = recorded(&PART2_AEAD).repeat(2);
    let (_server, addr, gauge, before) = server(&PART2_AEAD, &[]);
    for number in 0..1000 {
        Fault::Reset.commit(&PART2_AEAD, addr, &records, number).unwrap();
    }
    good_client(&PART2_AEAD, addr, 100);
    settles(&gauge, before);
}

#[test]
fn an_answer_survives_a_close_with_unread_bytes() {
    let (_server, addr, ..) = server(&PART1_PLAIN, &[]);
    for _ in 0..20 {
        let mut stream = connect(addr);
        stream.write_all(&[REQUEST.as_bytes(), &vec![b'x'; 30_000]].concat()).unwrap();
        let mut answer = vec![];
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, RESPONSE);
    }
}

#[test]
fn a_server_out_of_descriptors_says_so_once_and_goes_on() {
    let program = programs().of(&PART1_CTR, Role::Server).unwrap();
    let mut server = Command::new("sh")
        .args(["-c", "ulimit -n 16; exec \"$0\" \"$@\""])
        .arg(program)
        .args(["--addr", "127.0.0.1:0", "--forever", "--json", "--timeout", "600"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first_line = String::new();
    let mut stdout = BufReader::new(server.stdout.take().unwrap());
    stdout.read_line(&mut first_line).unwrap();
    thread::spawn(move || io::copy(&mut stdout, &mut io::sink()));
    let EventKind::Listening { addr } = serde_json::from_str::<Event>(&first_line).unwrap().kind
    else {
        panic!("a server begins with listening: {first_line}");
    };
    let held: Vec<_> = (0..30).map(|_| connect(addr)).collect();
    let mut complaints = BufReader::new(server.stderr.take().unwrap()).lines();
    let complaint = complaints.next().unwrap().unwrap();
    assert!(complaint.contains("cannot accept a connection: Too many open files"), "{complaint}");
    drop(held);
    good_client(&PART1_CTR, addr, 3);
    server.kill().unwrap();
    server.wait().unwrap();
    let more = complaints.map_while(Result::ok).filter(|line| line.contains("cannot accept"));
    assert_eq!(more.count(), 0);
}

#[test]
fn a_signal_lets_running_exchanges_finish_and_says_what_was_served() {
    for signal in ["-INT", "-TERM"] {
        let (server, addr, gauge, before) = server(&PART2_AEAD, &[]);
        let record = recorded(&PART2_AEAD);
        let (mut running, mut idle) = (connect(addr), connect(addr));
        idle.write_all(&record).unwrap();
        idle.read_exact(&mut [0; 118]).unwrap();
        running.write_all(&record[..50]).unwrap();
        while gauge.read().unwrap().threads < before.threads + 2 {
            thread::yield_now();
        }
        let id = server.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        wait_for_close(&mut idle);
        running.write_all(&record[50..]).unwrap();
        running.read_exact(&mut [0; 118]).unwrap();
        wait_for_close(&mut running);
        let ended = server.end();
        assert_eq!(ended.code, Some(0));
        let said = "part2-aead server: stopped: served 3 connections, 0 of them failed";
        assert_eq!(ended.complaints, [said]);
        assert!(TcpStream::connect(addr).is_err());
    }
}

#[test]
fn a_hundred_launches_four_at_a_time_all_go_well() {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for stage in STAGES.iter().cycle().take(5 * STAGES.len()) {
                    assert_eq!(common::pair(stage, &[], &[]).1.code(), 0);
                }
            });
        }
    });
}

#[test]
fn a_client_that_closes_its_half_is_still_answered() {
    let record = recorded(&PART2_AEAD);
    let (_server, addr, ..) = server(&PART2_AEAD, &[]);
    let mut stream = connect(addr);
    stream.write_all(&record).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer.len(), 118);
}

//! Lines that are slow or stall, and programs that wait for them as long as something gets through.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use common::Lone;
use program::progress::TimeLimits;
use program::stream::TimedStream;
use stages::{PART2_AEAD, STAGES, Stage};
use transcript::Role;
use xtask::launch::Programs;

/// One direction of a line.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// Whether it carries 2,500 bytes per second, or as many as come.
    is_slow: bool,
    /// Whether it stalls once, for 7 s after 50 bytes: inside a record, whatever the stage.
    stalls: bool,
}

/// A line to a server, and back.
#[derive(Clone, Copy, Debug)]
struct Line {
    there: Way,
    back: Way,
}

const FAST: Way = Way { is_slow: false, stalls: false };
const SLOW: Way = Way { is_slow: true, stalls: false };
const STALLING: Way = Way { is_slow: false, stalls: true };
const LINES: [Line; 3] = [
    Line { there: SLOW, back: SLOW },
    Line { there: STALLING, back: STALLING },
    Line { there: Way { is_slow: true, stalls: true }, back: FAST },
];

/// Bytes that take a slow line longer than 5 s, and fit into a record.
const LEN: usize = 14_000;

impl Way {
    fn carry(self, mut from: &TcpStream, mut to: &TcpStream) {
        let (mut stalls, mut room) = (self.stalls, [0; 16 * 1024]);
        loop {
            let len = if stalls { 50 } else { room.len() };
            let len = if self.is_slow { len.min(250) } else { len };
            match from.read(&mut room[..len]) {
                Ok(n) if n > 0 && to.write_all(&room[..n]).is_ok() => {}
                _ => break,
            }
            if stalls {
                stalls = false;
                thread::sleep(Duration::from_secs(7));
            }
            if self.is_slow {
                thread::sleep(Duration::from_millis(100));
            }
        }
        _ = to.shutdown(Shutdown::Write);
    }
}

impl Line {
    /// Opens the line to `server`, for one client, and returns the address to connect to.
    fn open(self, server: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        thread::spawn(move || {
            let client = listener.accept().unwrap().0;
            let server = TcpStream::connect(server).unwrap();
            thread::scope(|scope| {
                scope.spawn(|| self.there.carry(&client, &server));
                self.back.carry(&server, &client);
            });
        });
        addr
    }
}

#[test]
fn an_exchange_gets_through_a_line_that_is_slow_or_stalls() {
    let request = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(LEN));
    let exchange = |stage: &'static Stage, line: Line| {
        let (server, addr) = Lone::server(stage, &[]);
        let client = Lone::client(stage, line.open(addr), &["--request", &request]);
        for ended in [client.end(), server.end()] {
            let (code, complaints) = (ended.code, &ended.complaints[..]);
            assert_eq!((code, complaints), (Some(0), &[][..]), "{}, {line:?}", stage.name);
        }
    };
    thread::scope(|scope| {
        for stage in STAGES.iter().filter(|stage| stage.has_data()) {
            // A stall takes longer than a handshake may.
            let stalls = |line: &Line| line.there.stalls || line.back.stalls;
            for line in LINES.into_iter().filter(|it| stage.handshake.is_empty() || !stalls(it)) {
                scope.spawn(move || exchange(stage, line));
            }
        }
    });
}

#[test]
fn a_tunnel_gets_through_a_line_that_is_slow_or_stalls() {
    let programs = Programs::tunnel(&[], false).unwrap();
    let carry = |line: Line| {
        let service = TcpListener::bind("127.0.0.1:0").unwrap();
        let (stage, to) = (&PART2_AEAD, service.local_addr().unwrap());
        let (_server, between) = Lone::tunnel_end(&programs, stage, Role::Server, to, &[]);
        let between = line.open(between);
        let (_client, addr) = Lone::tunnel_end(&programs, stage, Role::Client, between, &[]);
        let client = TcpStream::connect(addr).unwrap();
        let service = service.accept().unwrap().0;
        let bytes = [7; LEN];
        for mut stream in [&client, &service] {
            stream.write_all(&bytes).unwrap();
        }
        for mut stream in [&client, &service] {
            let mut came = [0; LEN];
            stream.read_exact(&mut came).unwrap();
            assert_eq!(came, bytes);
        }
    };
    thread::scope(|scope| {
        for line in LINES {
            scope.spawn(move || carry(line));
        }
    });
}

#[test]
fn a_peer_that_takes_nothing_for_7_s_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let limits = TimeLimits { silence: Duration::from_secs(10), message: Duration::from_secs(60) };
    // More than the system keeps for a peer that does not read.
    let bytes = vec![7; 32 << 20];
    thread::scope(|scope| {
        let sent = scope.spawn(|| (&TimedStream::connect(&addr, limits)?).write_all(&bytes));
        let mut stream = listener.accept().unwrap().0;
        thread::sleep(Duration::from_secs(7));
        let mut taken = vec![];
        stream.read_to_end(&mut taken).unwrap();
        sent.join().unwrap().unwrap();
        assert_eq!(taken.len(), bytes.len());
    });
}

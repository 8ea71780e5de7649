//! Programs that serve for ever where something is missing: a reader, a descriptor, a thread, a peer.
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::io::{self, BufRead, BufReader, Lines, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::{Lone, programs};
use stages::{PART1_CTR, PART2_AEAD};
use transcript::{Event, EventKind, Role};
use xtask::launch::Programs;

/// Longer than anything here takes; a test that reaches it has hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that serves for ever, started from a shell as a user would. Its output is read when the test
/// reads it.
struct Service {
    child: Child,
    addr: SocketAddr,
    events: Lines<BufReader<ChildStdout>>,
}

impl Service {
    /// Starts the server of `part2-aead`, after `limit` in the shell.
    fn server(limit: &str) -> Self {
        let program = programs().of(&PART2_AEAD, Role::Server).unwrap();
        Self::start(&mut shell(limit, program, &SERVER)).unwrap()
    }

    /// Starts the end of a tunnel that stands beside a service at `connect`.
    fn tunnel_end(connect: SocketAddr) -> Self {
        let connect = connect.to_string();
        let args = ["--stage", "aead", "--side", "server", "--listen", "127.0.0.1:0", "--json"];
        let args = [&args[..], &["--connect", &connect]].concat();
        let programs = Programs::tunnel(&[], false).unwrap();
        Self::start(&mut shell("true", programs.named("tunnel").unwrap(), &args)).unwrap()
    }

    fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
        let event: Event = serde_json::from_str(&events.next().unwrap()?)?;
        let EventKind::Listening { addr } = event.kind else { panic!("it begins with {event:?}") };
        Ok(Self { child, addr, events })
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends a record, and reads the answer.
    fn exchange(&self, record: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(record).unwrap();
        stream.read_exact(&mut [0; ANSWER_LEN]).unwrap();
        stream
    }

    fn next_event(&mut self) -> EventKind {
        let line = self.events.next().unwrap().unwrap();
        serde_json::from_str::<Event>(&line).unwrap().kind
    }

    /// Tells it to stop, and waits until it has. Returns how it ended, and its complaints. Nobody
    /// reads its output in the meantime.
    fn stop(self) -> (ExitStatus, String) {
        let Self { mut child, events, .. } = self;
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let (sender, ended) = mpsc::channel();
        thread::spawn(move || {
            let status = child.wait().unwrap();
            _ = sender.send((status, child.stderr.take()));
        });
        let (status, stderr) = ended.recv_timeout(PATIENCE).expect("it does not end");
        drop(events);
        let mut said = String::new();
        stderr.unwrap().read_to_string(&mut said).unwrap();
        (status, said)
    }
}

const SERVER: [&str; 6] = ["--addr", "127.0.0.1:0", "--forever", "--json", "--timeout", "600"];

/// Length of the answer's record.
const ANSWER_LEN: usize = 118;

fn shell(limit: &str, program: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{limit}; exec \"$0\" \"$@\"")]).arg(program).args(args);
    command
}

/// A genuine record of a client, which works again in each new connection.
fn recorded() -> Vec<u8> {
    let (events, _) = common::pair(&PART2_AEAD, &[], &[]);
    let sent = events.into_iter().find_map(|event| match event.kind {
        EventKind::Sent(sent) if event.role == Role::Client => Some(sent.record),
        _ => None,
    });
    PART2_AEAD.record(&sent.unwrap())
}

#[test]
fn a_server_whose_output_nobody_reads_serves_on_and_says_later_how_much_is_missing() {
    const CONNECTIONS: u64 = 4_000;
    let record = recorded();
    let mut server = Service::server("true");
    for _ in 0..CONNECTIONS {
        server.exchange(&record);
    }
    let (mut read, mut dropped) = (0, 0);
    while read + dropped < 4 * CONNECTIONS {
        match server.next_event() {
            EventKind::Dropped { events } => dropped += events,
            _ => read += 1,
        }
    }
    assert!(dropped > 0);
    assert_eq!(read + dropped, 4 * CONNECTIONS, "connected, received, sent and closed");
    server.exchange(&record);
    assert!(matches!(server.next_event(), EventKind::Connected { .. }));
    let (status, complaints) = server.stop();
    assert_eq!(status.code(), Some(0));
    let said = "part2-aead server: stopped: served 4001 connections, 0 of them failed\n";
    assert_eq!(complaints, said);
}

#[test]
fn a_server_whose_output_nobody_reads_ends_when_told_to() {
    let record = recorded();
    let server = Service::server("true");
    for _ in 0..100 {
        server.exchange(&record);
    }
    let (status, complaints) = server.stop();
    assert_eq!(status.code(), Some(0));
    let said = "part2-aead server: stopped: served 100 connections, 0 of them failed\n\
                part2-aead server: some events were not written: nobody reads standard output\n";
    assert_eq!(complaints, said);
}

#[test]
fn a_tunnel_whose_output_and_complaints_nobody_reads_carries_on() {
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let record = recorded();
    let end = Service::tunnel_end(service.local_addr().unwrap());
    for _ in 0..1_000 {
        // Each is an event and a complaint.
        end.connect().write_all(&[0; 4]).unwrap();
        let mut client = end.connect();
        client.write_all(&record).unwrap();
        let mut request = [0; 61];
        service.accept().unwrap().0.read_exact(&mut request).unwrap();
        assert_eq!(request, program::REQUEST.as_bytes());
    }
    assert_eq!(end.stop().0.code(), Some(0));
}

#[test]
fn a_server_whose_descriptors_are_all_in_use_ends_when_told_to() {
    let record = recorded();
    for held in 0..12 {
        let server = Service::server("ulimit -n 16");
        let held: Vec<_> = (0..held).map(|_| server.connect()).collect();
        for mut stream in &held {
            // A client for which no descriptor is left is not answered.
            stream.write_all(&record).unwrap();
        }
        if let Some(mut first) = held.first() {
            first.read_exact(&mut [0; ANSWER_LEN]).unwrap();
        }
        let (status, _) = server.stop();
        assert_eq!(status.code(), Some(0), "{} connections", held.len());
    }
}

/// Processes and threads are counted by user, so only for a user who has no others is it known how
/// many are left. A test that runs as root can become such a user.
#[test]
fn connections_for_which_no_thread_can_be_started_wait_and_are_served_in_the_end() {
    const NOBODY_ELSE: u32 = 54_321;
    let record = recorded();
    let program = programs().of(&PART2_AEAD, Role::Server).unwrap();
    // Where that user can read it.
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = folder.path().join("server");
    fs::copy(program, &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    let limit = "ulimit -u 8 2> /dev/null || ulimit -p 8";
    let started = Service::start(shell(limit, &copy, &SERVER).uid(NOBODY_ELSE));
    let server = match started {
        Ok(server) => server,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return println!("skipped: only root can become a user who has no other process");
        }
        Err(error) => panic!("{error}"),
    };
    let streams: Vec<_> = (0..20).map(|_| server.connect()).collect();
    for mut stream in streams {
        stream.write_all(&record).unwrap();
        stream.read_exact(&mut [0; ANSWER_LEN]).unwrap();
    }
    let (_, complaints) = server.stop();
    let said = "part2-aead server: cannot start a thread for the next connection, which has to wait: \
                Resource temporarily unavailable (os error 11)\n\
                part2-aead server: stopped: served 20 connections, 0 of them failed\n";
    assert_eq!(complaints, said);
}

/// Returns whether the system's keep-alive timer runs for the socket at `local` that is connected to `remote`.
fn is_kept_alive(local: SocketAddr, remote: SocketAddr) -> bool {
    let port = |addr: SocketAddr| format!("0100007F:{:04X}", addr.port());
    let (local, remote) = (port(local), port(remote));
    let sockets = fs::read_to_string("/proc/net/tcp").unwrap();
    let mut sockets = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let socket = sockets.find(|fields| fields[1] == local && fields[2] == remote).unwrap();
    // What the timer is for: 02 is keep-alive, 00 none.
    socket[5].starts_with("02:")
}

#[test]
fn both_sides_of_a_silent_connection_ask_whether_the_other_is_still_there() {
    let (_server, addr) = Lone::server(&PART1_CTR, &["--timeout", "600"]);
    let stream = TcpStream::connect(addr).unwrap();
    let client = stream.local_addr().unwrap();
    while !is_kept_alive(addr, client) {
        thread::yield_now();
    }
    assert!(!is_kept_alive(client, addr), "not set by default");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let _client = Lone::client(&PART1_CTR, addr, &["--timeout", "600"]);
    let (mut stream, client) = listener.accept().unwrap();
    // What it sent is acknowledged once it was received.
    stream.read_exact(&mut [0; 81]).unwrap();
    while !is_kept_alive(client, addr) {
        thread::yield_now();
    }
}

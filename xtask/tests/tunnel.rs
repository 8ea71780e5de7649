//! The tunnel around services and clients that know nothing of it.
#![cfg(target_os = "linux")]

mod common;
#[path = "../load/src/gauge.rs"]
#[allow(dead_code, reason = "the soak uses more of it")]
mod gauge;

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path as FilePath, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use attacker::{Message, Path, Session};
use common::{Ended, Lone, tunnelled_stages};
use crypto::hkdf::{self, WriteKeys};
use crypto::x25519::PrivateKey;
use crypto::{Open, Seal, aead};
use gauge::Gauge;
use stages::{PART2_AEAD, PART2_HMAC, PART3_HKDF, PART4_CERT, STAGES, Stage};
use transcript::{Event, EventKind, Role};
use xtask::launch::Programs;

/// Longer than anything here takes; a test that reaches it has hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// Descriptors that the tests with a hundred clients take at the same time.
const DESCRIPTORS: u64 = 1_000;

fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| Programs::tunnel(STAGES, false).unwrap())
}

/// Both ends of a tunnel to `service`.
struct Tunnel {
    client: Lone,
    server: Lone,
    addr: SocketAddr,
}

impl Tunnel {
    fn new(stage: &'static Stage, service: SocketAddr, args: &[&str]) -> Self {
        let (server, between) = end(stage, Role::Server, service, args);
        let (client, addr) = end(stage, Role::Client, between, args);
        Self { client, server, addr }
    }

    /// A tunnel with someone in the middle.
    fn attacked(stage: &'static Stage, service: SocketAddr, args: &[&str]) -> (Self, Path) {
        let (server, between) = end(stage, Role::Server, service, args);
        let path = Path::new(stage, between).unwrap();
        let (client, addr) = end(stage, Role::Client, path.addr().unwrap(), args);
        (Self { client, server, addr }, path)
    }

    /// Stops both ends, the client end first.
    fn stop(self) -> [Ended; 2] {
        [self.client, self.server].map(|end| {
            signal(&end, "-TERM");
            end.end()
        })
    }
}

fn end(
    stage: &'static Stage,
    side: Role,
    connect: SocketAddr,
    args: &[&str],
) -> (Lone, SocketAddr) {
    Lone::tunnel_end(programs(), stage, side, connect, args)
}

fn signal(end: &Lone, signal: &str) {
    assert!(Command::new("kill").args([signal, &end.id().to_string()]).status().unwrap().success());
}

/// A service of the test's own.
fn service() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

fn accept(service: &TcpListener) -> TcpStream {
    timed(service.accept().unwrap().0)
}

fn connect(addr: SocketAddr) -> TcpStream {
    timed(TcpStream::connect(addr).unwrap())
}

fn timed(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn read(mut stream: &TcpStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

/// Reads a whole record, with its header.
fn record(stream: &TcpStream) -> Vec<u8> {
    let header = read(stream, 4);
    let len = u32::from_be_bytes(header[..].try_into().unwrap());
    [header, read(stream, len.try_into().unwrap())].concat()
}

/// Reads to the end, and says what the end was like.
fn read_on(mut stream: &TcpStream) -> (usize, Result<(), ErrorKind>) {
    let mut sink = [0; 4096];
    let mut len = 0;
    loop {
        match stream.read(&mut sink) {
            Ok(0) => return (len, Ok(())),
            Ok(n) => len += n,
            // Caused by any signal that stops a process and lets it go on.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (len, Err(error.kind())),
        }
    }
}

const RESET: Result<(), ErrorKind> = Err(ErrorKind::ConnectionReset);

fn pattern(len: usize, seed: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + i / 251 + seed).to_le_bytes()[0]).collect()
}

fn closed_clean(ended: &Ended) -> Vec<bool> {
    let clean = |event: &Event| match event.kind {
        EventKind::Closed { clean, .. } => Some(clean),
        _ => None,
    };
    ended.events.iter().filter_map(clean).collect()
}

/// Returns the complaints other than the line at the start, which says what the keys are worth, and the last one.
fn complaints(ended: &Ended) -> Vec<&str> {
    let all = ended.complaints.iter().map(String::as_str);
    let is_neither = |line: &&str| {
        !["WARNING", "before it has proven", ": stopped: "].iter().any(|it| line.contains(it))
    };
    all.filter(is_neither).collect()
}

#[test]
fn bytes_pass_both_ways_and_so_does_a_half_close() {
    for stage in tunnelled_stages() {
        let (service, to) = service();
        let tunnel = Tunnel::new(stage, to, &[]);
        let (request, answer) = (pattern(1_000_001, 1), pattern(2_000_003, 2));
        let client = connect(tunnel.addr);
        let connected = accept_after_a_byte(&service, &client, &request);
        thread::scope(|scope| {
            scope.spawn(|| {
                (&client).write_all(&request[1..]).unwrap();
                client.shutdown(Shutdown::Write).unwrap();
            });
            let mut asked = vec![];
            (&connected).read_to_end(&mut asked).unwrap();
            assert!(asked == request, "{}: {} bytes", stage.name, asked.len());
            // The client's half is over; the service's is not.
            scope.spawn(|| {
                (&connected).write_all(&answer).unwrap();
                connected.shutdown(Shutdown::Write).unwrap();
            });
            let mut answered = vec![];
            (&client).read_to_end(&mut answered).unwrap();
            assert!(answered == answer, "{}: {} bytes", stage.name, answered.len());
        });
        let Tunnel { mut client, mut server, addr } = tunnel;
        for end in [&mut client, &mut server] {
            while !matches!(end.next_event().kind, EventKind::Closed { .. }) {}
        }
        for ended in &(Tunnel { client, server, addr }).stop() {
            assert_eq!(ended.code, Some(0));
            assert_eq!(ended.names(), ["listening", "connected", "closed"]);
            assert_eq!((closed_clean(ended), complaints(ended)), (vec![true], vec![]));
        }
    }
}

fn accept_after_a_byte(service: &TcpListener, mut client: &TcpStream, bytes: &[u8]) -> TcpStream {
    client.write_all(&bytes[..1]).unwrap();
    accept(service)
}

#[test]
fn both_directions_run_at_once() {
    let (service, to) = service();
    let tunnel = Tunnel::new(&PART2_AEAD, to, &[]);
    let bytes = pattern(4_000_000, 3);
    let client = connect(tunnel.addr);
    let connected = accept(&service);
    // More each way than all buffers hold, so that neither direction ends unless the other moves
    // too.
    thread::scope(|scope| {
        for stream in [&client, &connected] {
            scope.spawn(|| (&*stream).write_all(&bytes).unwrap());
            scope.spawn(|| assert!(read(stream, bytes.len()) == bytes));
        }
    });
}

#[test]
fn a_service_may_speak_first() {
    let (service, to) = service();
    let tunnel = Tunnel::new(&PART2_AEAD, to, &[]);
    let client = connect(tunnel.addr);
    accept(&service).write_all(b"220 ready\r\n").unwrap();
    assert_eq!(read(&client, 11), b"220 ready\r\n");
}

#[test]
fn a_hundred_connections_at_a_time_keep_their_bytes_apart_and_leave_nothing_behind() {
    if !common::may_have_descriptors(DESCRIPTORS) {
        return;
    }
    let (service, to) = service();
    let tunnel = Tunnel::new(&PART2_AEAD, to, &[]);
    let gauges = [&tunnel.client, &tunnel.server].map(|end| Gauge::of(end.id()));
    let before = gauges.each_ref().map(|gauge| gauge.read().unwrap());
    thread::spawn(move || {
        for stream in service.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    thread::scope(|scope| {
        for number in 0..100 {
            let addr = tunnel.addr;
            scope.spawn(move || {
                let client = connect(addr);
                let bytes = pattern(50_000, number);
                (&client).write_all(&bytes).unwrap();
                assert!(read(&client, bytes.len()) == bytes);
                client.shutdown(Shutdown::Write).unwrap();
                assert_eq!(read_on(&client), (0, Ok(())));
            });
        }
    });
    for (gauge, before) in gauges.iter().zip(before) {
        loop {
            let now = gauge.read().unwrap();
            if (now.threads, now.descriptors) == (before.threads, before.descriptors) {
                break;
            }
            thread::yield_now();
        }
    }
}

#[test]
fn more_connections_than_the_cap_wait_their_turn() {
    let (service, to) = service();
    let tunnel = Tunnel::new(&PART2_AEAD, to, &["--max-connections", "1"]);
    let first = connect(tunnel.addr);
    let (second, serving_first) = (connect(tunnel.addr), accept(&service));
    (&second).write_all(b"x").unwrap();
    (&first).write_all(b"1").unwrap();
    assert_eq!(read(&serving_first, 1), b"1");
    service.set_nonblocking(true).unwrap();
    assert_eq!(service.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    service.set_nonblocking(false).unwrap();
    drop((first, serving_first));
    assert_eq!(read(&accept(&service), 1), b"x");
}

#[test]
fn without_the_key_nobody_reaches_the_service() {
    let folder = Folder::new();
    let [ours, theirs] = ["ours", "theirs"].map(|name| folder.new_key(name));
    for stage in tunnelled_stages().filter(|stage| stage.handshake.is_empty()) {
        let (service, to) = service();
        let key = |path: &FilePath| ["--key-file".to_owned(), path.display().to_string()];
        let [ours, theirs] = [key(&ours), key(&theirs)];
        let (server, between) = end(stage, Role::Server, to, &ours.each_ref().map(String::as_str));
        let (client, addr) =
            end(stage, Role::Client, between, &theirs.each_ref().map(String::as_str));
        let tunnel = Tunnel { client, server, addr };
        assert_eq!(read_on(&connect(tunnel.addr)), (0, RESET));
        assert_not_reached(&service);
        let [client, server] = tunnel.stop();
        assert_eq!(server.rejection(), ("bad_tag", None));
        let said = format!("{:?}{:?}", client.complaints, server.complaints);
        assert!(said.contains("its tag does not verify"), "{said}");
        assert!(!said.contains("WARNING"), "{said}");
        for key in [&ours, &theirs] {
            let text = fs::read_to_string(&key[1]).unwrap();
            for digits in text.lines().filter_map(|line| line.split_once("= ")) {
                assert!(!said.contains(digits.1), "a key in {said}");
            }
        }
    }
}

#[test]
fn the_same_key_file_on_both_ends_opens_the_way_at_every_stage() {
    let folder = Folder::new();
    let key = folder.new_key("key");
    for stage in tunnelled_stages().filter(|stage| stage.handshake.is_empty()) {
        let (service, to) = service();
        let tunnel = Tunnel::new(stage, to, &["--key-file", key.to_str().unwrap()]);
        let client = connect(tunnel.addr);
        (&client).write_all(b"hello").unwrap();
        assert_eq!(read(&accept(&service), 5), b"hello");
    }
}

#[test]
fn whichever_end_is_killed_the_client_and_the_service_see_an_error_and_no_end() {
    for killed in [Role::Client, Role::Server] {
        let (service, to) = service();
        let Tunnel { client: client_end, server: server_end, addr } =
            Tunnel::new(&PART2_AEAD, to, &[]);
        let client = connect(addr);
        let mut connected = accept(&service);
        let sending = thread::spawn(move || {
            let bytes = pattern(100_000, 4);
            loop {
                if let Err(error) = connected.write_all(&bytes) {
                    return error.kind();
                }
            }
        });
        read(&client, 1_000_000);
        let other = match killed {
            Role::Client => (drop(client_end), server_end).1,
            _ => (drop(server_end), client_end).1,
        };
        let (_, end) = read_on(&client);
        assert_eq!(end, RESET, "{killed} end killed");
        let seen = sending.join().unwrap();
        assert!(matches!(seen, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{seen:?}");
        signal(&other, "-TERM");
        assert_eq!(closed_clean(&other.end()), [false]);
    }
}

/// A client whose first byte has reached the service through an attacked tunnel, with the attacker in
/// between: the records of both ways from here on are his to pass on.
fn attacked(stage: &'static Stage, args: &[&str]) -> (Tunnel, Path, Session, TcpStream, TcpStream) {
    let (service, to) = service();
    let (tunnel, path) = Tunnel::attacked(stage, to, args);
    let client = connect(tunnel.addr);
    let mut session = path.accept().unwrap();
    let hello = session.requests.take().unwrap();
    session.requests.send(&hello).unwrap();
    let connected = accept(&service);
    (tunnel, path, session, client, connected)
}

/// Leaves only the beginning of a record.
fn cut(record: &mut Message) {
    let beginning = record.bytes()[..30].to_vec();
    record.replace(&beginning);
}

#[test]
fn a_cut_inside_a_record_reaches_the_client_as_an_error() {
    for stage in tunnelled_stages() {
        let (tunnel, _path, mut session, client, mut connected) = attacked(stage, &[]);
        connected.write_all(b"Content-Length: 1000\r\n\r\nand so on").unwrap();
        let mut answer = session.answers.take().unwrap();
        cut(&mut answer);
        session.answers.send(&answer).unwrap();
        session.answers.end().unwrap();
        assert_eq!(read_on(&client), (0, RESET));
        let [client_end, _] = tunnel.stop();
        assert_eq!(client_end.rejection(), ("truncated", None));
    }
}

/// The hole that only a record which marks the end closes. HTTP's own length is what notices here.
#[test]
fn a_cut_between_two_records_reaches_the_client_as_a_clean_end() {
    for stage in tunnelled_stages() {
        let (tunnel, _path, mut session, client, mut connected) = attacked(stage, &[]);
        connected.write_all(b"Content-Length: 1000\r\n\r\n").unwrap();
        let answer = session.answers.take().unwrap();
        session.answers.send(&answer).unwrap();
        assert_eq!(read(&client, 24), b"Content-Length: 1000\r\n\r\n");
        connected.write_all(b"and so on").unwrap();
        session.answers.take().unwrap();
        session.answers.end().unwrap();
        assert_eq!(read_on(&client), (0, Ok(())));
        drop((client, session, connected));
        let [client_end, _] = tunnel.stop();
        assert!(client_end.names().iter().all(|name| *name != "rejected"));
    }
}

#[test]
fn a_changed_record_reaches_the_client_as_an_error() {
    for stage in tunnelled_stages() {
        let (tunnel, _path, mut session, client, mut connected) = attacked(stage, &[]);
        connected.write_all(b"amount=100").unwrap();
        let mut answer = session.answers.take().unwrap();
        answer.text().unwrap()[7] ^= 8;
        session.answers.send(&answer).unwrap();
        assert_eq!(read_on(&client), (0, RESET));
        let [client_end, _] = tunnel.stop();
        assert_eq!(client_end.rejection(), ("bad_tag", None));
    }
}

#[test]
fn half_a_record_is_waited_for_no_longer_than_a_silence_may_be() {
    let (tunnel, _path, mut session, client, mut connected) =
        attacked(&PART2_AEAD, &["--timeout", "1"]);
    connected.write_all(b"amount=100").unwrap();
    let mut answer = session.answers.take().unwrap();
    cut(&mut answer);
    session.answers.send(&answer).unwrap();
    assert_eq!(read_on(&client), (0, RESET));
    let [client_end, _] = tunnel.stop();
    let complaints = complaints(&client_end).join("\n");
    let why = "the server end was silent for 1 s in the middle of a record, after 30 bytes";
    assert!(complaints.contains(why), "{complaints}");
}

#[test]
fn whoever_sends_no_whole_record_is_gone_at_the_deadline() {
    let (_service, to) = service();
    let timeouts = ["--timeout", "0.5", "--message-timeout", "0.5"];
    let (server, addr) = end(&PART2_AEAD, Role::Server, to, &timeouts);
    assert_eq!(read_on(&connect(addr)), (0, RESET));
    // Sending a byte now and then does not help.
    let slow = connect(addr);
    slow.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut bytes = [0, 0, 0x40, 0].into_iter().chain([7].into_iter().cycle());
    while (&slow).write_all(&[bytes.next().unwrap()]).is_ok() {
        if read_on(&slow).1 == RESET {
            break;
        }
    }
    signal(&server, "-TERM");
    let ended = server.end();
    let complaints = complaints(&ended).join("\n");
    for why in [
        "the client end sent nothing for 0.5 s",
        "the record was not whole within 0.5 s: ",
        " of its bytes came, ",
        " B/s, the longest stall 0.",
    ] {
        assert!(complaints.contains(why), "{complaints}");
    }
}

#[test]
fn a_connection_in_which_nothing_moves_is_broken_off() {
    let (service, to) = service();
    let tunnel = Tunnel::new(&PART2_AEAD, to, &["--idle-timeout", "0.5"]);
    let client = connect(tunnel.addr);
    let connected = accept(&service);
    assert_eq!((read_on(&client), read_on(&connected)), ((0, RESET), (0, RESET)));
    let [client, server] = tunnel.stop();
    let complaints = format!("{:?}{:?}", complaints(&client), complaints(&server));
    assert!(complaints.contains("nothing moved either way within 0.5 s"), "{complaints}");
}

/// The end of a connection, for a client that wrote and then read on: what there was to read, and
/// whether the connection was broken off.
fn seen(mut stream: &TcpStream, wrote: &std::io::Result<()>) -> (Vec<u8>, bool) {
    let mut came = vec![];
    let read = stream.read_to_end(&mut came);
    let is_reset = |error: &std::io::Error| error.kind() == ErrorKind::ConnectionReset;
    // The system reports it once, to whichever call comes first.
    (came, read.as_ref().is_err_and(is_reset) || wrote.as_ref().is_err_and(is_reset))
}

/// Waits until there is something to read.
fn wait_for_bytes(stream: &TcpStream) {
    assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
}

/// Calls `client` 100 times at once, with a number and a connection to `service`; then again for each stage,
/// through a tunnel, which is returned.
fn a_hundred_clients(service: SocketAddr, client: impl Fn(usize, TcpStream) + Sync) -> Vec<Tunnel> {
    // A slow machine may take its time here without meeting a deadline.
    let timeouts = ["--timeout", "600", "--message-timeout", "600"];
    // No option gives a handshake more time: a hundred signatures at once, by a build that is not optimised, take it all.
    let stages = tunnelled_stages().filter(|stage| !stage.has_certificates());
    let tunnels: Vec<_> = stages.map(|stage| Tunnel::new(stage, service, &timeouts)).collect();
    for addr in tunnels.iter().map(|tunnel| tunnel.addr).chain([service]) {
        thread::scope(|scope| {
            for number in 0..100 {
                let client = &client;
                scope.spawn(move || client(number, connect(addr)));
            }
        });
    }
    tunnels
}

/// Serves each connection in a thread of its own.
fn serve_each(service: TcpListener, serve: impl Fn(TcpStream) + Clone + Send + 'static) {
    thread::spawn(move || {
        for stream in service.incoming() {
            let serve = serve.clone();
            thread::spawn(move || serve(timed(stream.unwrap())));
        }
    });
}

#[test]
fn an_early_answer_reaches_every_client_and_behind_it_the_end_that_it_had() {
    const ANSWER: &[u8] = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";
    if !common::may_have_descriptors(DESCRIPTORS) {
        return;
    }
    let (service, to) = service();
    serve_each(service, |mut stream| {
        let is_meant = read(&stream, 1) == [1];
        wait_for_bytes(&stream);
        stream.write_all(ANSWER).unwrap();
        if is_meant {
            stream.shutdown(Shutdown::Write).unwrap();
        }
        // Closed with unread bytes in it, it is reset: after the end, or in place of one.
    });
    a_hundred_clients(to, |number, mut client| {
        let is_meant = number % 2 == 0;
        let mut upload = pattern(300_000, 5);
        upload[0] = u8::from(is_meant);
        // Half of them look at the answer only when nobody takes their upload any more.
        let mut wrote = client.write_all(&upload);
        while wrote.is_ok() && number % 4 < 2 {
            thread::sleep(Duration::from_millis(10));
            wrote = client.write_all(b"x");
        }
        let (answer, is_reset) = seen(&client, &wrote);
        assert_eq!(answer.escape_ascii().to_string(), ANSWER.escape_ascii().to_string());
        assert_eq!(is_reset, !is_meant, "{number}, {wrote:?}");
    });
}

#[test]
fn what_a_client_sent_before_it_broke_off_reaches_the_service_that_streams() {
    if !common::may_have_descriptors(DESCRIPTORS) {
        return;
    }
    let (service, to) = service();
    let (seen_by, services) = mpsc::channel();
    serve_each(service, move |mut stream| {
        let mut wrote = Ok(());
        while wrote.is_ok() {
            wrote = stream.write_all(&[7; 1000]);
            thread::sleep(Duration::from_millis(50));
        }
        let (came, is_reset) = seen(&stream, &wrote);
        seen_by.send((came.len(), is_reset)).unwrap();
    });
    let tunnels = a_hundred_clients(to, |_, client| {
        wait_for_bytes(&client);
        (&client).write_all(&pattern(20_000, 6)).unwrap();
        // Closed with unread bytes in it, it is reset.
    });
    for seen in services.iter().take(100 * (tunnels.len() + 1)) {
        assert_eq!(seen, (20_000, true));
    }
}

#[test]
fn behind_an_early_answer_a_changed_record_still_reaches_nobody() {
    for stage in tunnelled_stages() {
        let (tunnel, _path, mut session, mut client, mut connected) = attacked(stage, &[]);
        connected.write_all(b"413").unwrap();
        let mut answer = session.answers.take().unwrap();
        // Its writes fail from here on, and what it sent is still to be read.
        drop(connected);
        client.write_all(b"upload").unwrap();
        let upload = session.requests.take().unwrap();
        session.requests.send(&upload).unwrap();
        answer.text().unwrap()[1] ^= 8;
        session.answers.send(&answer).unwrap();
        assert_eq!(read_on(&client), (0, RESET));
        let [client_end, _] = tunnel.stop();
        assert_eq!(client_end.rejection(), ("bad_tag", None));
    }
}

#[test]
fn what_the_help_admits_is_let_through() {
    for stage in tunnelled_stages().filter(|stage| stage.handshake.is_empty()) {
        let (service, to) = service();
        let (tunnel, path) = Tunnel::attacked(stage, to, &[]);
        let mut client = connect(tunnel.addr);
        client.write_all(b"amount=100").unwrap();
        let mut session = path.accept().unwrap();
        let recorded = [(); 2].map(|()| session.requests.take().unwrap());
        // Its own records are an answer to a client.
        for record in &recorded {
            session.answers.send(record).unwrap();
        }
        assert_eq!(read(&client, 10), b"amount=100");
        // In a new connection, they are a request like any other, any number of times.
        for _ in 0..2 {
            let mut again = path.connect().unwrap();
            for record in &recorded {
                again.requests.send(record).unwrap();
            }
            assert_eq!(read(&accept(&service), 10), b"amount=100");
        }
        assert_eq!(tunnel.stop().map(|ended| ended.code), [Some(0); 2]);
    }
}

/// Keys of a connection's own close what one key for everything leaves open; nothing but an identity closes the rest.
#[test]
fn where_keys_are_agreed_on_neither_end_takes_its_own_records_or_a_recorded_connection() {
    for stage in tunnelled_stages().filter(|stage| !stage.handshake.is_empty()) {
        let (service, to) = service();
        let (tunnel, path) = Tunnel::attacked(stage, to, &[]);
        let mut client = connect(tunnel.addr);
        client.write_all(b"amount=100").unwrap();
        let mut session = path.accept().unwrap();
        let recorded = [(); 2].map(|()| session.requests.take().unwrap());
        session.answers.send(&recorded[0]).unwrap();
        assert_eq!(read_on(&client), (0, RESET));

        let mut again = path.connect().unwrap();
        // As if it were a handshake: the record is long enough, and no message.
        for record in &recorded {
            again.requests.send(record).unwrap();
        }
        assert!(again.answers.take().is_err());
        assert_not_reached(&service);
        drop((client, session, again));
        let [client_end, server_end] = tunnel.stop();
        assert_eq!(client_end.rejection(), ("bad_tag", None));
        assert_eq!(server_end.rejection(), ("malformed", None));
        let knows = if stage.has_certificates() {
            ["before it has proven that it is localhost", "ANYONE who can connect"]
        } else {
            ["NOBODY knows with whom"; 2]
        };
        for (end, knows) in [client_end, server_end].iter().zip(knows) {
            let said = end.complaints.join("\n");
            assert!(said.contains(knows), "{said}");
        }
    }
}

/// As above, with everything recorded: the server's key is another one by now.
#[test]
fn a_recorded_handshake_and_what_followed_it_do_not_reach_the_service_again() {
    for stage in tunnelled_stages().filter(|stage| !stage.handshake.is_empty()) {
        let (service, to) = service();
        let (server, between) = end(stage, Role::Server, to, &[]);
        let tap = TcpListener::bind("127.0.0.1:0").unwrap();
        let (client, addr) = end(stage, Role::Client, tap.local_addr().unwrap(), &[]);
        let tunnel = Tunnel { client, server, addr };
        let mut connected = connect(tunnel.addr);
        connected.write_all(b"amount=100").unwrap();
        let from_client = accept(&tap);
        let mut to_server = connect(between);
        let hello = record(&from_client);
        to_server.write_all(&hello).unwrap();
        for _ in &stage.handshake[1..] {
            (&from_client).write_all(&record(&to_server)).unwrap();
        }
        let records = read(&from_client, 4 + 36 + 4 + 36 + 10);
        to_server.write_all(&records).unwrap();
        assert_eq!(read(&accept(&service), 10), b"amount=100");

        let mut again = connect(between);
        again.write_all(&hello).unwrap();
        stage.handshake[1..].iter().for_each(|_| _ = record(&again));
        again.write_all(&records).unwrap();
        assert_eq!(read_on(&again), (0, RESET));
        assert_not_reached(&service);
        drop((connected, from_client, to_server));
        let [_, server_end] = tunnel.stop();
        assert_eq!(server_end.rejection(), ("bad_tag", None));
    }
}

/// One handshake with each end, and nobody notices: fresh keys say nothing about whose they are.
#[test]
fn someone_in_the_middle_who_agrees_with_both_ends_reads_and_changes_what_hkdf_carries() {
    let (service, to) = service();
    let (server, between) = end(&PART3_HKDF, Role::Server, to, &[]);
    let middle = TcpListener::bind("127.0.0.1:0").unwrap();
    let (client, addr) = end(&PART3_HKDF, Role::Client, middle.local_addr().unwrap(), &[]);
    let tunnel = Tunnel { client, server, addr };
    let mut connected = connect(tunnel.addr);
    connected.write_all(b"amount=100").unwrap();

    let (from_client, to_server) = (accept(&middle), connect(between));
    let agree = |stream: &TcpStream, ours: PrivateKey| {
        let theirs = read(stream, 40)[8..].try_into().unwrap();
        WriteKeys::derive(&ours.agree(&theirs).unwrap(), &hkdf::PART3)
    };
    let hello = |stream: &mut &TcpStream, ours: &PrivateKey| {
        let start = [0, 0, 0, 36, 0, 0x10, 0, 32];
        stream.write_all(&[&start[..], &ours.public_key()].concat()).unwrap();
    };
    let [as_server, as_client] = [(); 2].map(|()| PrivateKey::random().unwrap());
    hello(&mut &from_client, &as_server);
    hello(&mut &to_server, &as_client);
    let with_client = agree(&from_client, as_server);
    let with_server = agree(&to_server, as_client);
    let mut opener = aead::Opener::new(&with_client.client);
    let mut sealer = aead::Sealer::new(&with_server.client);
    for len in [0, 10] {
        let mut record = read(&from_client, PART3_HKDF.record_overhead() + len);
        let (header, payload) = record.split_at_mut(4);
        let text = String::from_utf8(opener.open(header, payload).unwrap().to_vec()).unwrap();
        assert_eq!(text.len(), len);
        let mut changed = Vec::new();
        sealer.seal(header, text.replace("100", "900").as_bytes(), &mut changed).unwrap();
        (&to_server).write_all(&PART3_HKDF.record(&changed)).unwrap();
    }
    assert_eq!(read(&accept(&service), 10), b"amount=900");
}

/// The same at `cert`: the signature of the server is over its own key, and not over that of someone in the middle.
#[test]
fn someone_in_the_middle_gets_nothing_from_a_client_end_that_knows_whom_it_wants() {
    let (service, to) = service();
    let (server, between) = end(&PART4_CERT, Role::Server, to, &[]);
    let middle = TcpListener::bind("127.0.0.1:0").unwrap();
    let (client, addr) = end(&PART4_CERT, Role::Client, middle.local_addr().unwrap(), &[]);
    let tunnel = Tunnel { client, server, addr };
    let mut connected = connect(tunnel.addr);
    connected.write_all(b"amount=100").unwrap();

    let (from_client, to_server) = (accept(&middle), connect(between));
    let keys = [(); 2].map(|()| PrivateKey::random().unwrap().public_key());
    let [as_server, as_client] =
        keys.map(|key| [&[0, 0, 0, 36, 0, 0x10, 0, 32][..], &key].concat());
    record(&from_client);
    (&to_server).write_all(&as_client).unwrap();
    record(&to_server);
    let auth = record(&to_server);
    (&from_client).write_all(&[as_server, auth].concat()).unwrap();
    assert_eq!(read_on(&connected), (0, RESET));
    assert_eq!(read_on(&from_client).0, 0);
    assert_not_reached(&service);
    drop(to_server);
    let [client_end, _] = tunnel.stop();
    assert_eq!(client_end.rejection(), ("bad_signature", None));
}

fn assert_not_reached(service: &TcpListener) {
    service.set_nonblocking(true).unwrap();
    assert_eq!(service.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// The path of a file that was made to try with.
fn made(name: &str) -> String {
    programs().certificates().unwrap().join(name).to_str().unwrap().to_owned()
}

/// Passes on everything between two connections, until both have ended.
fn splice(a: TcpStream, b: TcpStream) {
    for (from, to) in [(a.try_clone().unwrap(), b.try_clone().unwrap()), (b, a)] {
        thread::spawn(move || {
            _ = std::io::copy(&mut &from, &mut &to);
            _ = to.shutdown(Shutdown::Write);
        });
    }
}

#[test]
fn a_server_of_another_name_gets_nothing_and_the_tunnel_goes_on_to_the_right_one() {
    let (service, to) = service();
    let eve = [made("eve_chain.pem"), made("eve_key.pem")];
    let of_eve = ["--certificate", &eve[0], "--key", &eve[1]];
    let (wrong_end, wrong) = end(&PART4_CERT, Role::Server, to, &of_eve);
    let (right_end, right) = end(&PART4_CERT, Role::Server, to, &[]);
    let way = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut client_end, addr) = end(&PART4_CERT, Role::Client, way.local_addr().unwrap(), &[]);
    for _ in 0..5 {
        let mut client = connect(addr);
        client.write_all(b"secret").unwrap();
        splice(accept(&way), connect(wrong));
        assert_eq!(read_on(&client), (0, RESET));
    }
    assert_not_reached(&service);
    service.set_nonblocking(false).unwrap();
    let mut client = connect(addr);
    client.write_all(b"secret").unwrap();
    splice(accept(&way), connect(right));
    let connected = accept(&service);
    assert_eq!(read(&connected, 6), b"secret");
    drop(connected);
    assert_eq!(read_on(&client), (0, Ok(())));
    drop(client);
    // Five that were refused, and this one.
    for _ in 0..6 {
        while !matches!(client_end.next_event().kind, EventKind::Closed { .. }) {}
    }

    let [client_end, wrong_end, right_end] = [client_end, wrong_end, right_end].map(|end| {
        signal(&end, "-TERM");
        end.end()
    });
    let refused = client_end.events.iter().filter_map(|event| match &event.kind {
        EventKind::Rejected { error, step, .. } => Some((error.as_str(), step.as_deref())),
        _ => None,
    });
    assert_eq!(refused.collect::<Vec<_>>(), [("wrong_name", Some("ServerAuth")); 5]);
    // Said once, and counted.
    let said = "part4-cert client: ServerAuth refused: the certificate is for eve.example, and not for localhost";
    let complaints = complaints(&client_end);
    assert!(complaints[0].starts_with(said), "{complaints:?}");
    assert_eq!(complaints[1], format!("{} (4 times more)", complaints[0]));
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    let stopped = client_end.complaints.last().unwrap();
    assert!(stopped.ends_with("stopped: served 6 connections, 5 of them failed"), "{stopped}");
    assert_eq!((client_end.code, wrong_end.code, right_end.code), (Some(0), Some(0), Some(0)));
}

#[test]
fn a_server_that_no_trusted_root_leads_to_gets_nothing() {
    let folder = Folder::new();
    let roots = folder.0.join("roots.pem");
    // Anyone's certificate can be a root to those who want that. It has signed nobody's.
    let eve = fs::read_to_string(made("eve_chain.pem")).unwrap();
    let (eve, _) = eve
        .split_once("-----BEGIN CERTIFICATE-----\n")
        .unwrap()
        .1
        .split_once("-----BEGIN")
        .unwrap();
    fs::write(&roots, format!("-----BEGIN CERTIFICATE-----\n{eve}")).unwrap();
    let (service, to) = service();
    let (server, between) = end(&PART4_CERT, Role::Server, to, &[]);
    let of_client = ["--roots", roots.to_str().unwrap()];
    let (client, addr) = end(&PART4_CERT, Role::Client, between, &of_client);
    let tunnel = Tunnel { client, server, addr };
    assert_eq!(read_on(&connect(tunnel.addr)), (0, RESET));
    assert_not_reached(&service);
    assert_eq!(tunnel.stop()[0].rejection(), ("unknown_issuer", None));
}

#[test]
fn an_end_that_proves_nothing_and_one_that_wants_proof_let_nothing_through() {
    for (client_stage, server_stage) in [(&PART3_HKDF, &PART4_CERT), (&PART4_CERT, &PART3_HKDF)] {
        let (service, to) = service();
        let (server, between) = end(server_stage, Role::Server, to, &["--timeout", "1"]);
        let (client, addr) = end(client_stage, Role::Client, between, &["--timeout", "1"]);
        let tunnel = Tunnel { client, server, addr };
        let mut connected = connect(tunnel.addr);
        connected.write_all(b"amount=100").unwrap();
        assert_eq!(read_on(&connected), (0, RESET));
        assert_not_reached(&service);
        for ended in tunnel.stop() {
            assert_eq!((closed_clean(&ended), complaints(&ended).len()), (vec![false], 1));
        }
    }
}

#[test]
fn options_and_files_that_say_who_somebody_is_are_refused_where_they_are_of_no_use() {
    let folder = Folder::new();
    let missing = folder.0.join("missing.pem").to_str().unwrap().to_owned();
    let [roots, chain, key] = ["roots.pem", "server_chain.pem", "server_key.pem"].map(made);
    let other_key = made("eve_key.pem");
    let not_here = "are for the";
    for (stage, side, option, value, why) in [
        ("cert", "client", "--certificate", &chain, not_here),
        ("cert", "client", "--key", &key, not_here),
        ("cert", "server", "--roots", &roots, not_here),
        ("cert", "server", "--name", &"localhost".to_owned(), not_here),
        ("hkdf", "server", "--key", &key, not_here),
        ("hkdf", "client", "--name", &"localhost".to_owned(), not_here),
        ("aead", "server", "--certificate", &chain, not_here),
        ("aead", "client", "--roots", &roots, not_here),
        ("cert", "server", "--certificate", &missing, "missing.pem: No such file"),
        ("cert", "server", "--key", &missing, "missing.pem: No such file"),
        ("cert", "client", "--roots", &missing, "missing.pem: No such file"),
        ("cert", "server", "--certificate", &key, "there is no certificate in it"),
        ("cert", "server", "--key", &chain, "there is no private key in it"),
        ("cert", "server", "--key", &other_key, "does not belong to the first certificate"),
        ("cert", "client", "--roots", &key, "there is no certificate in it"),
    ] {
        let ends = ["--stage", stage, "--side", side, "--listen", "x:1", "--connect", "x:1"];
        let output = tunnel(&[&ends[..], &[option, value]].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stage} {side} {option}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(why), "{said}");
        for pem in [&key, &other_key] {
            let pem = fs::read_to_string(pem).unwrap();
            assert!(pem.lines().all(|line| !said.contains(line)), "{said}");
        }
    }
    let name = ["--stage", "cert", "--side", "client", "--name", "no name"];
    assert_eq!(tunnel(&name).status.code(), Some(2));
}

#[test]
fn a_service_that_is_not_there_is_an_error_and_the_tunnel_goes_on() {
    let (service, to) = service();
    drop(service);
    let tunnel = Tunnel::new(&PART2_AEAD, to, &[]);
    assert_eq!(read_on(&connect(tunnel.addr)), (0, RESET));
    let service = TcpListener::bind(to).unwrap();
    let client = connect(tunnel.addr);
    accept(&service).write_all(b"x").unwrap();
    assert_eq!(read(&client, 1), b"x");
    let [_, server] = tunnel.stop();
    let refused = format!("cannot connect to the service, {to}: Connection refused");
    assert!(complaints(&server)[0].contains(&refused), "{:?}", server.complaints);
}

#[test]
fn an_end_that_is_told_to_stop_breaks_off_what_runs_and_ends() {
    for signal_name in ["-INT", "-TERM"] {
        let (service, to) = service();
        let Tunnel { client: client_end, server: server_end, addr } =
            Tunnel::new(&PART2_AEAD, to, &[]);
        let mut client = connect(addr);
        let connected = accept(&service);
        client.write_all(b"x").unwrap();
        read(&connected, 1);
        signal(&server_end, signal_name);
        assert_eq!((read_on(&client), read_on(&connected)), ((0, RESET), (0, RESET)));
        let ended = server_end.end();
        assert_eq!(ended.code, Some(0));
        let said = ended.complaints.last().unwrap();
        assert!(said.contains("stopped: served 1 connections, 1 of them failed"), "{said}");
        drop(client_end);
    }
}

#[test]
fn a_port_in_use_and_a_wrong_option_are_said_in_a_line() {
    let (_taken, addr) = service();
    let addr = addr.to_string();
    let ends = ["--stage", "aead", "--side", "client", "--listen", &addr, "--connect", "x:1"];
    let output = tunnel(&ends);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("cannot listen on {addr}: Address already in use")), "{said}");
    for wrong in [&["--stage", "ctr"][..], &["--side", "both"], &["--listen", "7000"], &[]] {
        assert_eq!(tunnel(wrong).status.code(), Some(2));
    }
}

fn tunnel(args: &[&str]) -> Output {
    Command::new(programs().named("tunnel").unwrap()).args(args).output().unwrap()
}

/// A folder of a test's own, with key files.
struct Folder(common::Folder);

impl Folder {
    fn new() -> Self {
        Self(common::Folder::new())
    }

    fn new_key(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        let output = tunnel(&["--new-key", path.to_str().unwrap()]);
        assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
        path
    }

    /// Returns what an end that never listens says about a key file.
    fn refused(&self, name: &str, text: &str, mode: u32) -> String {
        let path = self.0.join(name);
        _ = fs::remove_file(&path);
        let mut file = fs::OpenOptions::new();
        let mut file = file.write(true).create_new(true).mode(mode).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        self.refused_as_it_is(name)
    }

    fn refused_as_it_is(&self, name: &str) -> String {
        let path = self.0.join(name);
        let ends = ["--stage", "aead", "--side", "client", "--listen", "x:1", "--connect", "x:1"];
        let output = tunnel(&[&ends[..], &["--key-file", path.to_str().unwrap()]].concat());
        assert_eq!(output.status.code(), Some(2), "{name}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        said
    }
}

#[test]
fn a_new_key_file_is_its_owners_alone_and_no_two_are_the_same() {
    let folder = Folder::new();
    let keys: [Vec<String>; 2] = ["one", "two"].map(|name| {
        let path = folder.new_key(name);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        // An existing file is left unchanged: it may be the only copy.
        let again = tunnel(&["--new-key", path.to_str().unwrap()]);
        assert_eq!(again.status.code(), Some(2));
        assert!(String::from_utf8(again.stderr).unwrap().contains("already exists"));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        text.lines().filter_map(|line| Some(line.split_once(" = ")?.1.to_owned())).collect()
    });
    let mut all = keys.concat();
    assert!(all.iter().all(|digits| digits.len() == 64));
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 10);
}

#[test]
fn a_key_file_that_others_can_read_or_that_is_none_is_refused() {
    let folder = Folder::new();
    let good = fs::read_to_string(folder.new_key("good")).unwrap();
    for mode in [0o604, 0o640, 0o602, 0o620, 0o777] {
        // The mask takes bits away from a new file's mode, not from one that is set.
        folder.refused("open", "x", 0o600);
        let path = folder.0.join("open");
        fs::write(&path, &good).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let said = folder.refused_as_it_is("open");
        assert!(said.contains(&format!("others have access to it (mode {mode:04o})")), "{said}");
    }
    let secret = "00112233445566778899aabbccddeeff";
    for (text, why) in [
        (String::new(), "has no aead"),
        (good.replace("aead = ", "aead "), "expected NAME = DIGITS"),
        (good.replace("aead = ", "aes = "), "no such key"),
        (format!("{good}aead = {secret}{secret}\n"), "aead again"),
        (format!("aead = {secret}\n"), "aead must be 64 hexadecimal digits"),
        (format!("aead = {secret}{secret}00\n"), "aead must be 64 hexadecimal digits"),
        (format!("aead = {secret}{}\n", secret.replace('f', "g")), "must be 64 hexadecimal"),
        (good.replace("aead", "# aead"), "has no aead"),
        (good.repeat(20), "not a key file"),
    ] {
        let said = folder.refused("bad", &text, 0o600);
        assert!(said.contains(why), "{said}");
        assert!(!said.contains(&secret[..8]), "{said}");
        let digits = good.lines().filter_map(|line| line.split_once("= "));
        assert!(digits.into_iter().all(|(_, digits)| !said.contains(digits)), "{said}");
    }
    let args = ["--stage", "hkdf", "--side", "client", "--listen", "x:1", "--connect", "x:1"];
    let path = folder.0.join("good");
    let output = Command::new(programs().named("tunnel").unwrap())
        .args(args)
        .arg("--key-file")
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("part3-hkdf needs none") && said.contains("leave --key-file out"),
        "{said}"
    );
    assert!(folder.refused_as_it_is("missing").contains("No such file"));
    fs::create_dir(folder.0.join("folder")).unwrap();
    fs::set_permissions(folder.0.join("folder"), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(folder.refused_as_it_is("folder").contains("not a file"));
}

#[test]
fn xtask_starts_both_ends_and_takes_them_with_it() {
    for stage in [&PART2_HMAC, &PART4_CERT] {
        starts_both_ends(stage);
    }
}

#[test]
fn xtask_passes_on_who_somebody_is() {
    for (option, of_end) in
        [("--certificate", "server"), ("--key", "server"), ("--roots", "client")]
    {
        let args = ["tunnel", "cert", "--to", "127.0.0.1:1", "--records", "127.0.0.1:0"];
        let output = common::xtask().args(args).args([option, "missing.pem"]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("cannot read missing.pem"), "{said}");
        assert!(said.contains(&format!("the {of_end} end cannot start")), "{said}");
    }
    let mut xtask = common::xtask()
        .args(["tunnel", "cert", "--to", "127.0.0.1:1", "--records", "127.0.0.1:0"])
        .args(["--name", "eve.example"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(xtask.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.any(|line| line.ends_with("proven that it is eve.example")));
    xtask.kill().unwrap();
    xtask.wait().unwrap();
}

fn starts_both_ends(stage: &'static Stage) {
    let (service, to) = service();
    let mut xtask = common::xtask()
        .args(["tunnel", stage.name, "--to", &to.to_string(), "--records", "127.0.0.1:0"])
        .arg("--json")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut events = BufReader::new(xtask.stdout.take().unwrap()).lines().map(|line| {
        let event: Event = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!(event.stage, stage);
        (event.role, event.kind)
    });
    let Some((Role::Server, EventKind::Listening { addr: between })) = events.next() else {
        panic!()
    };
    let Some((Role::Client, EventKind::Listening { addr })) = events.next() else { panic!() };
    let client = connect(addr);
    accept(&service).write_all(b"hello").unwrap();
    assert_eq!(read(&client, 5), b"hello");
    xtask.kill().unwrap();
    xtask.wait().unwrap();
    for addr in [addr, between] {
        while TcpStream::connect(addr).is_ok() {
            thread::yield_now();
        }
    }
}

/// nginx, serving one file, on a port that was free a moment ago.
struct WebServer {
    process: Child,
    addr: SocketAddr,
}

impl WebServer {
    fn new(folder: &Folder) -> Self {
        let root = folder.0.display();
        let (listener, addr) = service();
        drop(listener);
        let config = format!(
            "daemon off; pid {root}/pid; error_log stderr; worker_processes 1; user root;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; keepalive_requests 100000000; default_type text/plain;\n\
             server {{ listen {addr}; root {root}; }} }}\n"
        );
        fs::write(folder.0.join("nginx.conf"), config).unwrap();
        let process = Command::new("nginx")
            .args(["-p", &root.to_string(), "-c", "nginx.conf"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(addr).is_err() {
            thread::yield_now();
        }
        Self { process, addr }
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        let id = self.process.id().to_string();
        _ = Command::new("kill").args(["-TERM", &id]).status();
        _ = self.process.wait();
    }
}

/// A tunnel of optimised builds.
fn fast_tunnel(stage: &'static Stage, service: SocketAddr) -> Tunnel {
    let programs = Programs::tunnel(&[stage], true).unwrap();
    let (server, between) = Lone::tunnel_end(&programs, stage, Role::Server, service, &[]);
    let (client, addr) = Lone::tunnel_end(&programs, stage, Role::Client, between, &[]);
    Tunnel { client, server, addr }
}

/// Megabytes of data without repetition.
fn megabyte(number: usize) -> Vec<u8> {
    let mut state = number as u64 + 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).take((1 << 20) / 8).flatten().collect()
}

#[test]
#[ignore = "needs curl and nginx"]
fn curl_fetches_a_gibibyte_from_a_web_server_and_not_a_byte_differs() {
    let folder = Folder::new();
    let mut file = fs::File::create(folder.0.join("file")).unwrap();
    (0..1024).for_each(|number| file.write_all(&megabyte(number)).unwrap());
    let server = WebServer::new(&folder);
    // With a handshake in front, the records are those of a stage that is among these.
    for stage in tunnelled_stages().filter(|stage| stage.handshake.is_empty()) {
        let tunnel = fast_tunnel(stage, server.addr);
        let mut curl = Command::new("curl")
            .args(["-sS", &format!("http://{}/file", tunnel.addr)])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut fetched = curl.stdout.take().unwrap();
        let mut bytes = vec![0; 1 << 20];
        for number in 0..1024 {
            fetched.read_exact(&mut bytes).unwrap();
            assert!(bytes == megabyte(number), "{}: megabyte {number} differs", stage.name);
        }
        assert_eq!(fetched.read(&mut bytes).unwrap(), 0);
        assert_eq!(curl.wait().unwrap().code(), Some(0));
    }
    fs::remove_file(folder.0.join("file")).unwrap();
}

#[test]
#[ignore = "needs curl and nginx"]
fn curl_says_that_a_file_was_cut_wherever_the_cut_is() {
    let folder = Folder::new();
    fs::write(folder.0.join("file"), megabyte(0)).unwrap();
    let server = WebServer::new(&folder);
    // Inside a record the tunnel notices, between two of them HTTP does.
    for (inside, code, said) in [(true, 56, "reset by peer"), (false, 18, "bytes remaining")] {
        let (tunnel, path) = Tunnel::attacked(&PART2_AEAD, server.addr, &[]);
        let curl = Command::new("curl")
            .args(["-sS", "-o", "/dev/null", &format!("http://{}/file", tunnel.addr)])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut session = path.accept().unwrap();
        for _ in 0..2 {
            let request = session.requests.take().unwrap();
            session.requests.send(&request).unwrap();
        }
        for _ in 0..10 {
            let answer = session.answers.take().unwrap();
            session.answers.send(&answer).unwrap();
        }
        let mut answer = session.answers.take().unwrap();
        if inside {
            cut(&mut answer);
            session.answers.send(&answer).unwrap();
        }
        session.answers.end().unwrap();
        let output = curl.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(said), "{stderr}");
    }
}

#[test]
#[ignore = "needs wrk and nginx"]
fn wrk_holds_64_connections_for_half_a_minute_without_an_error() {
    let folder = Folder::new();
    fs::write(folder.0.join("file"), "hello").unwrap();
    let server = WebServer::new(&folder);
    let tunnel = fast_tunnel(&PART2_AEAD, server.addr);
    let url = format!("http://{}/file", tunnel.addr);
    let output = Command::new("wrk").args(["-t2", "-c64", "-d30s", &url]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    println!("{said}");
    assert!(said.contains("64 connections") && said.contains("requests in 30"), "{said}");
    // It lists errors where there are some.
    for wrong in ["Socket errors", "Non-2xx"] {
        assert!(!said.contains(wrong), "{said}");
    }
}

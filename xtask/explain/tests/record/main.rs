//! `--record`: a command's connections pass through a tap, and are explained.
//!
//! The commands are this very test, started again as a client, see [`command`]; and programs of others.

mod command;
mod others;

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;

use command::{DOES, ROOTS, SERVER};
use stages::PART5_TLS13;
use tempfile::TempDir;
use transcript::{Event, EventKind, Outcome, Role, Way};
use xtask::launch::Programs;

fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| Programs::of_stages(&[&PART5_TLS13], false).unwrap())
}

fn roots() -> PathBuf {
    programs().certificates().unwrap().join("roots.pem")
}

/// A TLS server that serves until this is dropped.
struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    fn start() -> Self {
        let mut command = Command::new(programs().of(&PART5_TLS13, Role::Server).unwrap());
        command.args(["--addr", "127.0.0.1:0", "--forever", "--json", "--exit-with-stdin"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let event: Event = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let EventKind::Listening { addr } = event.kind else { panic!("it begins with {event:?}") };
        thread::spawn(move || lines.for_each(drop));
        Self { child, addr }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A folder for what the command's key log is in.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Returns what explains this command, in this folder.
fn explain(folder: &TempDir, args: &[&str], command: &[&str]) -> Command {
    let mut explain = Command::new(env!("CARGO_BIN_EXE_explain"));
    explain.args(args).args(["--record", "--"]).args(command);
    explain.env("TMPDIR", folder.path()).stdin(Stdio::null());
    explain.env("no_proxy", "localhost").env("HTTPS_PROXY", "http://192.0.2.1:1");
    explain
}

/// Returns what explains this test as a command that does something with a server.
fn recorded(
    folder: &TempDir,
    options: &[&str],
    does: &str,
    args: &[&str],
    server: SocketAddr,
) -> Command {
    let program = env::current_exe().unwrap();
    let own = [program.to_str().unwrap(), "--exact", "command::the_command", "--nocapture"];
    let mut explain = explain(folder, options, &[&own, args].concat());
    explain.env(DOES, does).env(SERVER, format!("localhost:{}", server.port())).env(ROOTS, roots());
    explain
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The events on standard output, where the exit code is 0.
fn events(output: &Output) -> Vec<Event> {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The messages and the data of a session, by who sent them.
fn sent(events: &[Event]) -> Vec<String> {
    let told = events.iter().filter_map(|event| match &event.kind {
        EventKind::Handshake(message) if message.direction == Way::Sent => {
            Some(format!("{} {}", event.role, message.step))
        }
        EventKind::Sent(record) => {
            Some(format!("{} {}", event.role, text(&record.plaintext).lines().next().unwrap()))
        }
        _ => None,
    });
    told.collect()
}

/// Makes sure that what is checked by keys, and of the chain, holds.
fn holds(output: &Output) {
    let events = events(output);
    let of_server = ["Certificate", "CertificateVerify", "Finished"].map(|it| (Role::Server, it));
    for (side, wanted) in of_server.into_iter().chain([(Role::Client, "Finished")]) {
        let outcome = events.iter().find_map(|event| match &event.kind {
            EventKind::Check { of, what, outcome, .. } if *of == Some(side) && what == wanted => {
                Some(*outcome)
            }
            _ => None,
        });
        let said = text(&output.stderr);
        assert_eq!(outcome, Some(Outcome::Holds), "{side} {wanted}: {said}");
    }
}

/// A session of our client and our server.
const SESSION: [&str; 13] = [
    "client ClientHello",
    "server ServerHello",
    "server ChangeCipherSpec",
    "server EncryptedExtensions",
    "server Certificate",
    "server CertificateVerify",
    "server Finished",
    "client ChangeCipherSpec",
    "client Finished",
    "client GET / HTTP/1.1",
    "server HTTP/1.1 200 OK",
    "server Alert close_notify",
    "client Alert close_notify",
];

fn is_whole(output: &Output) {
    let events = events(output);
    assert_eq!(sent(&events), SESSION);
    holds(output);
    let roles = events.iter().filter(|event| matches!(event.kind, EventKind::End { .. }));
    assert_eq!(roles.count(), 2, "both directions end");
}

#[test]
fn a_session_is_recorded_with_its_keys_and_explained() {
    let (folder, server, roots) = (folder(), Server::start(), roots());
    let options = ["--json", "--roots", roots.to_str().unwrap()];
    let output = recorded(&folder, &options, "get", &[], server.addr).output().unwrap();
    is_whole(&output);
    assert!(text(&output.stderr).contains("HTTP/1.1 200 OK\r\n"), "what it prints is not lost");
    let Some(EventKind::Captured { server: to, .. }) =
        events(&output).first().map(|it| it.kind.clone())
    else {
        panic!("it begins with something else")
    };
    assert_eq!(to, server.addr);
    let output = recorded(&folder, &[], "get", &[], server.addr).output().unwrap();
    let (own, explained) = text(&output.stdout).split_once("test result: ok.").unwrap();
    assert!(
        own.contains("HTTP/1.1 200 OK\r\n") && explained.contains("client │ sends    ClientHello")
    );
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[test]
fn the_tap_and_the_key_log_may_be_named_in_arguments() {
    let (folder, server, roots) = (folder(), Server::start(), roots());
    let options = ["--json", "--roots", roots.to_str().unwrap()];
    let (does, args) = ("get by its arguments", ["{tap}", "{keylog}"]);
    is_whole(&recorded(&folder, &options, does, &args, server.addr).output().unwrap());
}

#[test]
fn without_a_key_log_it_is_what_an_eavesdropper_sees() {
    let (folder, server) = (folder(), Server::start());
    let does = "get without a key log";
    let output = recorded(&folder, &["--json"], does, &[], server.addr).output().unwrap();
    let events = events(&output);
    assert_eq!(sent(&events), [&SESSION[..3], &SESSION[7..8]].concat());
    assert!(!events.iter().any(|event| matches!(event.kind, EventKind::Derived { .. })));
    let said = "xtask: the command wrote no key log, so this is what an eavesdropper sees.";
    assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
}

#[test]
fn the_command_is_told_of_the_tap_and_of_a_key_log_that_is_its_owners_and_gone_at_the_end() {
    let (folder, server) = (folder(), Server::start());
    let output = recorded(&folder, &["--json"], "tell", &[], server.addr).output().unwrap();
    let told = text(&output.stderr);
    let named: HashMap<_, _> = told.lines().filter_map(|line| line.split_once('=')).collect();
    let proxy = named["https_proxy"];
    for name in ["HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        assert_eq!(named[name], proxy, "{told}");
    }
    assert!(proxy.starts_with("http://127.0.0.1:") && !told.contains("no_proxy"), "{told}");
    assert!(!cfg!(unix) || told.contains("mode 600\n"), "{told}");
    let keylog = told.lines().find_map(|line| line.strip_prefix("keylog ")).unwrap();
    assert_eq!(PathBuf::from(keylog).parent(), Some(folder.path()));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "it is gone");
}

#[test]
fn a_command_that_fails_is_explained_all_the_same() {
    let (folder, server) = (folder(), Server::start());
    let output = recorded(&folder, &["--json"], "get and fail", &[], server.addr).output().unwrap();
    assert!(sent(&events(&output)).contains(&SESSION[10].to_owned()));
    let said = "xtask: the command ended with exit status: 7\n";
    assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
}

#[test]
fn where_nothing_came_through_it_is_said_who_heeds_the_tap() {
    let (folder, nobody) = (folder(), SocketAddr::from(([127, 0, 0, 1], 9)));
    let output = recorded(&folder, &["--json"], "nothing", &[], nobody).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), ""));
    let said = text(&output.stderr);
    assert!(
        said.contains("xtask: nothing came through the tap.") && said.contains("{tap}"),
        "{said}"
    );
}

#[test]
fn a_command_that_does_not_exist_is_a_wrong_argument() {
    let folder = folder();
    let output = explain(&folder, &[], &["no-such-program"]).output().unwrap();
    let said = text(&output.stderr);
    assert!(said.starts_with("xtask: cannot start no-such-program: "), "{said}");
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sessions/openssl-nss.pcapng");
    for (options, command) in [
        (&["--record"][..], &[][..]),
        (&[], &["curl"]),
        (&[file], &["curl"]),
        (&[file, "--record"], &["curl"]),
        (&[file, "--record"], &[]),
    ] {
        let mut explain = Command::new(env!("CARGO_BIN_EXE_explain"));
        let output = explain.args(options).arg("--").args(command).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{options:?}");
    }
}

#[test]
fn what_is_no_tunnel_is_refused_with_a_status_and_told() {
    let (folder, nobody) = (folder(), SocketAddr::from(([127, 0, 0, 1], 9)));
    let output = recorded(&folder, &["--json"], "ask for all sorts", &[], nobody).output().unwrap();
    let said = text(&output.stderr);
    let statuses: Vec<_> = said.lines().filter(|line| line.starts_with("HTTP/1.1 ")).collect();
    let expected = [
        "HTTP/1.1 501 Not Implemented",
        "HTTP/1.1 400 Bad Request",
        "HTTP/1.1 431 Request Header Fields Too Large",
        "HTTP/1.1 502 Bad Gateway",
    ];
    assert_eq!(statuses, expected);
    let first = "xtask: the tap refused 4 requests, and said to the first: the method is GET, which is not for TLS: the tap knows CONNECT alone\n";
    assert!(said.contains(first), "{said}");
    assert_eq!(output.status.code(), Some(3));
}

/// A server that sends each connection's bytes back.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            _ = io::copy(&mut &stream, &mut &stream);
        }
    });
    addr
}

#[test]
fn of_many_connections_64_are_recorded_and_all_are_passed_on() {
    let folder = folder();
    let options = ["--json", "--connection", "64"];
    let output = recorded(&folder, &options, "connect often", &[], echo()).output().unwrap();
    let events = events(&output);
    let passed: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Chunk { direction, bytes, .. } => {
                Some((direction.to_string(), bytes.to_vec()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(passed.iter().map(|(_, bytes)| &bytes[..]).collect::<Vec<_>>(), [[63], [63]]);
    let listed = recorded(&folder, &["--json"], "connect often", &[], echo()).output().unwrap();
    assert_eq!((listed.status.code(), text(&listed.stdout).lines().count()), (Some(0), 64));
    assert!(text(&listed.stderr).ends_with("choose one, and record again: --connection N\n"));
    let said = "xtask: of 66 connections, the first 64 were recorded\n";
    assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
}

#[test]
fn bytes_that_come_with_the_request_are_not_lost() {
    let folder = folder();
    let output = recorded(&folder, &["--json"], "hurry", &[], echo()).output().unwrap();
    let events = events(&output);
    let passed = events.iter().filter_map(|event| match &event.kind {
        EventKind::Chunk { bytes, .. } => Some(text(bytes)),
        _ => None,
    });
    assert_eq!(passed.collect::<Vec<_>>().concat(), "hellohello");
}

/// Interrupts a command that does not end by itself: like a terminal, which tells both, or like `kill`. Returns what is
/// said of its end.
#[cfg(unix)]
fn interrupted(is_told: bool) -> Vec<String> {
    let (folder, server, roots) = (folder(), Server::start(), roots());
    let options = ["--json", "--roots", roots.to_str().unwrap()];
    let mut command = recorded(&folder, &options, "get and stay", &[], server.addr);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let stays = lines.find_map(|line| line.unwrap().strip_prefix("stays as ").map(str::to_owned));
    let told = [Some(child.id().to_string()), stays.filter(|_| is_told)];
    let kill = Command::new("kill").arg("-INT").args(told.into_iter().flatten()).status();
    assert!(kill.unwrap().success());
    let rest = thread::spawn(move || lines.map(Result::unwrap).collect());
    let output = child.wait_with_output().unwrap();
    drop(input.take());
    is_whole(&output);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "the key log is gone");
    rest.join().unwrap()
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_command_and_what_was_seen_is_explained() {
    assert_eq!(interrupted(true), ["xtask: the command ended with signal: 2 (SIGINT)"]);
}

#[cfg(unix)]
#[test]
fn a_command_that_is_not_told_of_the_interrupt_is_ended_all_the_same() {
    assert_eq!(interrupted(false), ["xtask: the command ended with signal: 9 (SIGKILL)"]);
}

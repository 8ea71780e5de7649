//! Files that are damaged, or that are not what they should be: a clear word each, and bounded memory.
#![allow(clippy::cast_possible_truncation, reason = "all lengths here are short")]

mod common;

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{
    FIN, Got, RAW, capture_of, client, interface, of, opened, packet, read, section, server, syn,
};
use framing::Direction::{ToClient, ToServer};
use messages::tls13::{ClientHello, Extension, HandshakeMessage, ServerHello};
use sessions::capture::{self, Ending, MAX_CONNECTIONS, Piece, Wanted, What};
use tempfile::TempDir;

/// A record of a handshake.
fn record(message: &HandshakeMessage) -> Vec<u8> {
    let message = message.encode();
    [&[22, 3, 3][..], &(message.len() as u16).to_be_bytes(), &message].concat()
}

fn client_hello(random: u8) -> Vec<u8> {
    record(&HandshakeMessage::ClientHello(ClientHello {
        legacy_version: 0x0303,
        random: [random; 32],
        legacy_session_id: Vec::new(),
        cipher_suites: vec![0x1301],
        legacy_compression_methods: vec![0],
        extensions: vec![
            Extension::ServerName(Some("a.example".to_owned())),
            Extension::SupportedVersions(vec![0x0304]),
        ],
    }))
}

fn server_hello(version: Option<u16>) -> Vec<u8> {
    record(&HandshakeMessage::ServerHello(ServerHello {
        legacy_version: 0x0303,
        random: [7; 32],
        legacy_session_id_echo: Vec::new(),
        cipher_suite: 0x1301,
        legacy_compression_method: 0,
        extensions: version.map(Extension::SelectedVersion).into_iter().collect(),
    }))
}

/// A connection from this port, in which the sides say this.
fn connection(port: u16, said: &[u8], answered: &[u8]) -> Vec<Vec<u8>> {
    let from = format!("10.0.0.1:{port}");
    let segments = [
        opened(),
        vec![client(1001, 2001, 0, said), server(2001, 1001 + said.len() as u32, 0, answered)],
    ];
    let of_this = |it: &common::Tcp<'_>| {
        let is_client = it.from == common::CLIENT;
        let (from, to) = if is_client { (&*from, it.to) } else { (it.from, &*from) };
        common::Tcp { from, to, ..it.clone() }.packet()
    };
    segments.concat().iter().map(of_this).collect()
}

fn pcapng(connections: &[Vec<Vec<u8>>]) -> Vec<u8> {
    common::pcapng(RAW, &connections.concat())
}

fn tls13(port: u16, random: u8) -> Vec<Vec<u8>> {
    connection(port, &client_hello(random), &server_hello(Some(0x0304)))
}

/// A folder of a test's own.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// The exit code of the command, its output, and its errors.
fn explain(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_explain"));
    let output = command.current_dir(folder).args(args).env("NO_COLOR", "1").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Writes a file and explains it.
fn explained(bytes: &[u8], args: &[&str]) -> (i32, String, String) {
    let folder = folder();
    fs::write(folder.path().join("it"), bytes).unwrap();
    explain(folder.path(), &[&["it"], args].concat())
}

const KEY_LOG: &str = "CLIENT_TRAFFIC_SECRET_0 0101010101010101010101010101010101010101010101010101010101010101 aabbccddaabbccddaabbccddaabbccddaabbccddaabbccddaabbccddaabbccdd\n";

#[test]
fn what_is_no_capture_is_told_by_what_it_is() {
    let run = br#"{"role":"client","stage":"part1-plain","event":"listening"}"#;
    let files: [(&[u8], &str); 6] = [
        (b"", "xtask: it is empty: it holds no packet\n"),
        (b"\x1f\x8b\x08", "xtask: it is compressed: unpack it first, with gunzip\n"),
        (run, "xtask: it is a run that was saved: cargo xtask show it\n"),
        (
            KEY_LOG.as_bytes(),
            "xtask: it is a key log, not a capture: cargo xtask explain CAPTURE --keylog it\n",
        ),
        (b"hello", "xtask: it is no packet capture: neither pcapng nor pcap begins like this\n"),
        (&section(), "xtask: it holds no connection of TCP\n"),
    ];
    for (bytes, message) in files {
        assert_eq!(explained(bytes, &[]), (2, String::new(), message.to_owned()));
    }
    let folder = folder();
    let (code, _, error) = explain(folder.path(), &["none"]);
    assert_eq!((code, error.starts_with("xtask: cannot read none: ")), (2, true), "{error}");
    let (code, _, error) = explain(folder.path(), &["."]);
    assert_eq!((code, &*error), (2, "xtask: . is a folder: which capture in it?\n"));
    let (code, _, error) = explain(folder.path(), &["/dev/null"]);
    let message = "xtask: /dev/null is no file, and cannot be read twice: write the capture into a file first\n";
    assert_eq!((code, &*error), (2, message));
}

#[test]
fn what_is_no_key_log_and_no_roots_is_told() {
    let folder = folder();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("it", &pcapng(&[tls13(50000, 1)]));
    write("none", b"");
    write("text", b"hello\nyou\n");
    let cases = [
        (
            ["--keylog", "it"],
            "xtask: it is a capture, not a key log: cargo xtask explain it --keylog FILE\n",
        ),
        (
            ["--keylog", "none"],
            "xtask: none is empty: the program that was to write its secrets there has not done so\n",
        ),
        (
            ["--keylog", "text"],
            "xtask: text is no key log: none of its lines is a label, a random and a secret\n",
        ),
        (["--keylog", "."], "xtask: . is a folder: which key log in it?\n"),
        (["--connection", "2"], "xtask: it has no connection 2: its last is 1\n"),
        (["--page", "it"], "xtask: it is the capture itself: the page needs another file\n"),
    ];
    for (args, message) in cases {
        let (code, output, error) = explain(folder.path(), &["it", args[0], args[1]]);
        assert_eq!((code, &*output, &*error), (2, "", message));
    }
    for args in [["--roots", "text"], ["--roots", "none"], ["--connection", "0"]] {
        assert_eq!(explain(folder.path(), &["it", args[0], args[1]]).0, 2, "{args:?}");
    }
}

#[test]
fn odd_lines_of_a_key_log_are_told_and_do_no_harm() {
    let folder = folder();
    fs::write(folder.path().join("it"), pcapng(&[tls13(50000, 1)])).unwrap();
    let cases = [
        (KEY_LOG.to_owned(), ""),
        (format!("# a comment\r\n\r\n{}\r\n{KEY_LOG}", KEY_LOG.trim()), ""),
        (
            format!("{KEY_LOG}garbage\n"),
            "keys: line 2 is nothing that a key log has, and passed over\n",
        ),
        (
            format!("{}\n{KEY_LOG}CLIENT_TRAFFIC_SECRET_0 01 02", "x".repeat(1 << 20)),
            "keys: line 1 and 1 more are nothing that a key log has, and passed over\n",
        ),
        (
            format!("{KEY_LOG}{}", KEY_LOG.replace("dd\n", "00\n")),
            "keys: line 2 is with another secret than an earlier line of the same label and client. The earlier one is used\n",
        ),
        (
            KEY_LOG.replace(" 01", " 02"),
            "keys: none of its secrets is of a connection in the capture\n",
        ),
        (
            KEY_LOG.replace("CLIENT_TRAFFIC_SECRET_0", "CLIENT_RANDOM"),
            "keys: 1 secret, none of them of TLS 1.3. TLS 1.2 is not explained\n",
        ),
    ];
    for (text, note) in cases {
        fs::write(folder.path().join("keys"), text).unwrap();
        let (code, output, error) = explain(folder.path(), &["it", "--keylog", "keys"]);
        assert_eq!((code, &*error), (0, note));
        // No secret is shown.
        assert!(!output.contains("aabbccdd"), "{output}");
    }
}

#[test]
fn several_connections_are_listed_and_one_can_be_chosen() {
    let http = connection(50001, b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n");
    let tls12 = connection(50002, &client_hello(3), &server_hello(None));
    let ssh = connection(50003, b"SSH-2.0-x\r\n", b"SSH-2.0-y\r\n");
    let middle = connection(50004, b"\x17\x03\x03", b"").split_off(3);
    let others =
        [http, tls12, ssh, middle, connection(50005, b"", b""), connection(50006, b"EHLO", b"220")];
    let folder = folder();
    fs::write(folder.path().join("keys"), KEY_LOG).unwrap();
    let file = pcapng(&[&[tls13(50000, 1), tls13(50010, 2)], &others[..]].concat());
    fs::write(folder.path().join("two"), file).unwrap();
    let (code, output, error) = explain(folder.path(), &["two", "--keylog", "keys"]);
    assert_eq!((code, &*error), (0, "choose one: cargo xtask explain two --connection N\n"));
    let rows: Vec<_> = output
        .lines()
        .skip(1)
        .map(|row| {
            row.split("  ").filter(|it| !it.is_empty()).map(str::trim).collect::<Vec<_>>().join("|")
        })
        .collect();
    let len = [client_hello(1).len(), server_hello(Some(0x0304)).len(), server_hello(None).len()];
    let expected = [
        format!(
            "1|10.0.0.1:50000 → 10.0.0.2:443|{} / {}|0.000|TLS 1.3|a.example|yes",
            len[0], len[1]
        ),
        format!(
            "2|10.0.0.1:50010 → 10.0.0.2:443|{} / {}|0.000|TLS 1.3|a.example|no",
            len[0], len[1]
        ),
        "3|10.0.0.1:50001 → 10.0.0.2:443|16 / 17|0.000|HTTP, not encrypted".to_owned(),
        format!(
            "4|10.0.0.1:50002 → 10.0.0.2:443|{} / {}|0.000|TLS 1.2|a.example|no",
            len[0], len[2]
        ),
        "5|10.0.0.1:50003 → 10.0.0.2:443|11 / 11|0.000|SSH".to_owned(),
        "6|10.0.0.1:50004 → 10.0.0.2:443|3 / 0|0.000|begins in the middle".to_owned(),
        "7|10.0.0.1:50005 → 10.0.0.2:443|0 / 0|0.000|no data".to_owned(),
        "8|10.0.0.1:50006 → 10.0.0.2:443|4 / 3|0.000|not TLS".to_owned(),
    ];
    assert_eq!(rows, expected);
    let (_, output, _) = explain(folder.path(), &["two", "--json"]);
    let first: serde_json::Value = serde_json::from_str(output.lines().next().unwrap()).unwrap();
    let fields =
        ["connection", "client", "protocol", "name", "has_keys", "bytes_to_server", "micros"];
    let fields = fields.map(|field| first[field].to_string());
    assert_eq!(
        fields.join(" "),
        format!(r#"1 "10.0.0.1:50000" "TLS 1.3" "a.example" false {} 4"#, len[0])
    );
    assert_eq!(output.lines().count(), 8);
    let (code, output, error) = explain(folder.path(), &["two", "--json", "--connection", "2"]);
    assert_eq!((code, &*error), (0, "this is connection 2. In the capture are 7 others\n"));
    assert!(output.lines().next().unwrap().contains("10.0.0.1:50010"), "{output}");
    // Of several, the only one of TLS 1.3 is what is meant.
    let file = pcapng(&[&others[..], &[tls13(50000, 1)]].concat());
    fs::write(folder.path().join("one"), file).unwrap();
    let (code, output, error) = explain(folder.path(), &["one", "--json"]);
    assert_eq!((code, &*error), (0, "this is connection 7. In the capture are 6 others\n"));
    assert!(output.lines().next().unwrap().contains("10.0.0.1:50000"), "{output}");
}

#[test]
fn a_file_that_is_cut_is_explained_up_to_there() {
    let whole = pcapng(&[tls13(50000, 1)]);
    let (code, output, error) = explained(&whole[..whole.len() - 1], &["--json"]);
    let at = whole.len() - (12 + 20 + (40 + server_hello(Some(0x0304)).len()).next_multiple_of(4));
    let message = format!(
        "the capture is damaged: it ends in the middle of a packet, {at} bytes from its beginning: it was cut, or is \
         still being written\n"
    );
    assert_eq!((code, error), (0, message));
    assert!(output.contains("ClientHello") && !output.contains("ServerHello"), "{output}");
    // A length at the end of a block that is another than at its beginning.
    let mut other = whole.clone();
    other[at - 1] ^= 1;
    let (code, _, error) = explained(&other, &["--json"]);
    assert_eq!(code, 0);
    assert!(error.contains("is nothing that a capture has"), "{error}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = folder();
    fs::write(folder.path().join("it"), pcapng(&[tls13(50000, 1)])).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_explain"));
    let command = command.current_dir(folder.path()).args(["it", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn any_byte_of_a_capture_may_be_another() {
    let http = connection(50001, b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n");
    let whole = pcapng(&[http, connection(50002, b"hello", b"you")]);
    for at in 0..whole.len() {
        for change in [0xff, 1, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            // The first bytes make it a capture.
            if at >= 4 {
                let (pieces, _) = read(&bytes, None);
                let given: usize = pieces
                    .iter()
                    .map(|piece| if let Got::Bytes(_, bytes) = &piece.2 { bytes.len() } else { 0 })
                    .sum();
                assert!(given <= 41, "{at}: {pieces:?}");
                let begun = pieces.iter().filter(|it| matches!(it.2, Got::Begin(..))).count();
                let ended = pieces.iter().filter(|it| matches!(it.2, Got::End(..))).count();
                assert_eq!(ended, 2 * begun, "{at}");
            }
        }
    }
    for len in 4..whole.len() {
        let (pieces, besides) = read(&whole[..len], None);
        assert!(pieces.len() <= 10, "{pieces:?}");
        let at_an_end = pieces.iter().filter(|it| matches!(it.2, Got::Bytes(..))).count();
        assert!(at_an_end < 4 || besides.damage.is_some(), "{len}");
    }
}

#[test]
fn a_block_of_more_than_16_mib_ends_the_reading() {
    let mut file = capture_of(&opened());
    file.extend_from_slice(&[9, 0, 0, 0, 0, 0, 0, 0x40]);
    file.resize(file.len() + (17 << 20), 0);
    let (pieces, besides) = read(&file, None);
    assert_eq!(pieces.len(), 3);
    assert!(besides.damage.unwrap().to_string().contains("a block of more than 16 MiB"));
}

#[test]
fn what_waits_for_a_gap_is_bounded() {
    let mut segments = opened();
    let payload = vec![7; 60_000];
    let count = (16 << 20) / 60_000 + 1;
    // One byte is missing before all of them.
    segments.extend((0..count).map(|it| client(1002 + it * 60_000, 2001, 0, &payload)));
    segments.push(client(1001, 2001, 0, b"late"));
    let got = of(&segments);
    let Got::Bytes(ToServer, bytes) = &got[2] else { panic!("{:?}", got[2]) };
    assert_eq!((&got[1], bytes.len()), (&Got::Missing(ToServer, Some(1)), count as usize * 60_000));
}

#[test]
fn connections_beyond_the_limit_are_counted() {
    let mut packets = Vec::new();
    let mut hello = syn(1).packet();
    for number in 0..=u32::try_from(MAX_CONNECTIONS).unwrap() {
        hello[12..16].copy_from_slice(&number.to_be_bytes());
        packets.push(packet(0, 1, &hello));
    }
    let file = [section(), interface(RAW, &[]), packets.concat()].concat();
    let (pieces, besides) = read(&file, None);
    assert_eq!((pieces.len(), besides.uncounted), (3 * MAX_CONNECTIONS, 1));
    assert_eq!(pieces.last().unwrap().2, Got::End(ToClient, Ending::Unseen));
}

/// A capture of one connection that is made as it is read.
struct Endless {
    made: Vec<u8>,
    read: usize,
    seq: u32,
    left: u64,
}

impl Endless {
    fn new(bytes: u64) -> Self {
        Self { made: capture_of(&opened()), read: 0, seq: 1001, left: bytes }
    }
}

impl Read for Endless {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.read == self.made.len() {
            if self.left == 0 {
                return Ok(0);
            }
            let payload = [7; 1400];
            self.made = packet(
                0,
                1,
                &client(self.seq, 2001, if self.left <= 1400 { FIN } else { 0 }, &payload).packet(),
            );
            self.read = 0;
            self.seq = self.seq.wrapping_add(1400);
            self.left = self.left.saturating_sub(1400);
        }
        let len = bytes.len().min(self.made.len() - self.read);
        bytes[..len].copy_from_slice(&self.made[self.read..][..len]);
        self.read += len;
        Ok(len)
    }
}

/// Reads a capture of so many bytes of data. Returns the most memory that it took.
fn most_memory(bytes: u64) -> u64 {
    let mut given = 0;
    let allocated = allocation_counter::measure(|| {
        let mut piece = |piece: Piece<'_>| {
            if let What::Bytes(_, bytes) = piece.what {
                given += bytes.len() as u64;
            }
        };
        let mut wanted = Wanted { only: Some(1), piece: Some(&mut piece), key_log: &mut |_| {} };
        capture::read(Endless::new(bytes), &mut wanted).unwrap();
    });
    assert_eq!(given, bytes.next_multiple_of(1400));
    allocated.bytes_max
}

#[test]
fn a_capture_of_any_length_takes_little_memory() {
    let most = most_memory(32 << 20);
    assert!(most < 1 << 20, "{most} bytes");
}

//! How Wireshark reads a capture, asked through tshark with the dissector in `docs/wireshark`.

mod wire;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use framing::MAX_PLAINTEXT_LEN;
use messages::fields::{CERTIFICATE, CERTIFICATE_VERIFY, X25519_KEY};
use pcap_file::pcapng::{Block, PcapNgReader, PcapNgWriter};
use render::capture::Capture;
use render::dissector::stages;
use stages::{
    PART1_CTR, PART1_PLAIN, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, Part, STAGES, Stage, field,
    handshake,
};
use transcript::certified::certificates;
use transcript::{Direction, Event, EventKind, HandshakeMessage, Role, Way};
use xtask::launch::{self, Pair, Programs};

use crate::wire::{BOTH, Wire, capture, payload_sent};

const DISSECTOR: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/wireshark/rebuilding_tls.lua");

/// The fields of the dissector that carry bytes of a payload.
const FIELDS: [(field::Role, &str); 4] = [
    (field::Role::Seq, "rtls.seq"),
    (field::Role::Nonce, "rtls.nonce"),
    (field::Role::Ciphertext, "rtls.ciphertext"),
    (field::Role::Tag, "rtls.tag"),
];

/// What each packet is asked for.
const ASKED: [&str; 27] = [
    "tcp.stream",
    "tcp.dstport",
    "tcp.payload",
    "tcp.flags.fin",
    "ip.checksum.status",
    "tcp.checksum.status",
    "_ws.expert.severity",
    "_ws.expert.message",
    "_ws.malformed",
    "http.request.uri",
    "http.response.code",
    "http.content_length",
    "rtls.stage",
    "rtls.length",
    "rtls.seq",
    "rtls.nonce",
    "rtls.ciphertext",
    "rtls.tag",
    "rtls.message",
    "rtls.message.name",
    "rtls.field.tag",
    "rtls.field.length",
    "rtls.field.value",
    "x509ce.dNSName",
    "rtls.missing",
    "rtls.loose",
    "tcp.analysis.retransmission",
];

/// The severities of Wireshark's remarks. Those below are not faults, such as comments.
const NOTE: u32 = 0x40_0000;
const ERROR: u32 = 0x80_0000;

fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| Programs::all().unwrap())
}

/// A packet, as tshark reports it.
struct Packet(Vec<String>);

impl Packet {
    /// All values of a field in this packet.
    fn values(&self, field: &str) -> Vec<&str> {
        let column = ASKED.iter().position(|asked| *asked == field).unwrap();
        self.0[column].split('|').filter(|value| !value.is_empty()).collect()
    }

    fn value(&self, field: &str) -> &str {
        self.values(field)[..].first().copied().unwrap_or_default()
    }

    fn number(&self, field: &str) -> u32 {
        self.value(field).parse().unwrap()
    }

    fn bytes(&self, field: &str) -> Vec<Vec<u8>> {
        // Wireshark gives a field without bytes no value.
        let bytes = |value: &str| hex::decode(value.replace("<MISSING>", "").replace(':', ""));
        self.values(field).into_iter().map(|value| bytes(value).unwrap()).collect()
    }

    /// The worst of Wireshark's remarks, by severity.
    fn severity(&self) -> u32 {
        let severities = self.values("_ws.expert.severity").into_iter();
        severities.map(|severity| severity.parse().unwrap()).max().unwrap_or(0)
    }
}

/// What tshark prints about a capture.
fn tshark(file: &Path, args: &[&str]) -> String {
    // The user's own settings are left aside.
    let settings = file.parent().unwrap();
    let output = Command::new("tshark")
        .env("WIRESHARK_CONFIG_DIR", settings)
        .args(["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"])
        .arg("-X")
        .arg(format!("lua_script:{DISSECTOR}"))
        .arg("-r")
        .arg(file)
        .args(args)
        .output()
        .expect("tshark");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    assert!(!complaints.contains("Lua"), "{complaints}");
    String::from_utf8(output.stdout).unwrap()
}

/// The packets of a capture, read with one look at each and, as the window does it, with two.
fn packets(file: &Path) -> Vec<Packet> {
    packets_with(file, &[])
}

/// The same, with these settings.
fn packets_with(file: &Path, settings: &[&str]) -> Vec<Packet> {
    let mut args = vec!["-T", "fields", "-E", "separator=/t", "-E", "aggregator=|"];
    args.extend(settings);
    args.extend(ASKED.iter().flat_map(|field| ["-e", field]));
    let once = tshark(file, &args);
    assert_eq!(once, tshark(file, &[&args[..], &["-2"]].concat()));
    let packet = |line: &str| Packet(line.split('\t').map(str::to_owned).collect());
    once.lines().map(packet).collect()
}

/// A capture of these events, in a file with this name.
fn written(name: &str, events: impl IntoIterator<Item = Event>) -> PathBuf {
    let file = path(name);
    fs::write(&file, capture(events)).unwrap();
    file
}

fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tshark");
    fs::create_dir_all(&folder).unwrap();
    folder.join(name).with_extension("pcapng")
}

/// No packet is malformed, no checksum wrong, and Wireshark remarks on nothing but a connection's
/// end.
fn assert_healthy(packets: &[Packet]) {
    for packet in packets {
        let remarks = packet.value("_ws.expert.message");
        assert!(packet.values("_ws.malformed").is_empty(), "{remarks}");
        assert_eq!(packet.values("ip.checksum.status"), ["1"], "good");
        assert_eq!(packet.values("tcp.checksum.status"), ["1"], "good");
        let is_end = matches!(packet.value("tcp.flags.fin"), "1" | "True");
        assert!(packet.severity() < NOTE || is_end && packet.severity() == NOTE, "{remarks}");
    }
}

/// A record as the catalogue has it, or a part of one.
#[derive(Debug, PartialEq)]
struct Shown {
    length: String,
    /// By [`FIELDS`]; seq as 8 bytes.
    fields: [Option<Vec<u8>>; FIELDS.len()],
    /// The message, if it carries one: its name, and its payload.
    message: Option<(&'static str, Vec<u8>)>,
}

/// The packets that travel in one direction of a connection.
fn this_way(
    packets: &[Packet],
    stream: usize,
    direction: Direction,
    port: u16,
) -> impl Iterator<Item = &Packet> {
    packets.iter().filter(move |packet| {
        let to_server = packet.number("tcp.dstport") == u32::from(port);
        packet.number("tcp.stream") as usize == stream
            && to_server == (direction == Direction::ToServer)
    })
}

/// The record `index` of its direction, with this payload.
fn expected(stage: &Stage, direction: Direction, index: u64, payload: &[u8]) -> Shown {
    let message = stage.message(direction, index).map(|message| (message.name, payload.to_vec()));
    let parts = match message {
        Some(_) => vec![],
        None => stage.split_payload(payload).unwrap(),
    };
    let part = |role| parts.iter().find(|part| part.field.role == role);
    let bytes = |part: &Part| part.bytes.to_vec();
    Shown {
        length: payload.len().to_string(),
        fields: FIELDS.map(|(role, _)| part(role).map(bytes)),
        message,
    }
}

/// These packets show the bytes of just these records.
fn assert_fields<'p>(packets: impl Iterator<Item = &'p Packet>, records: &[Shown]) {
    let packets: Vec<_> = packets.collect();
    for (number, (role, name)) in FIELDS.into_iter().enumerate() {
        let found: Vec<_> = match role {
            field::Role::Seq => {
                let seqs = packets.iter().flat_map(|packet| packet.values(name));
                seqs.map(|seq| seq.parse::<u64>().unwrap().to_be_bytes().to_vec()).collect()
            }
            _ => packets.iter().flat_map(|packet| packet.bytes(name)).collect(),
        };
        let sent = records.iter().filter_map(|record| record.fields[number].clone());
        assert_eq!(found, sent.collect::<Vec<_>>(), "{name}");
    }
    let messages: Vec<_> = records.iter().filter_map(|record| record.message.as_ref()).collect();
    assert_messages(&packets, &messages);
}

/// These packets show just these messages.
fn assert_messages(packets: &[&Packet], messages: &[&(&str, Vec<u8>)]) {
    let values = |name| packets.iter().flat_map(move |packet| packet.values(name));
    let bytes =
        |name| packets.iter().flat_map(move |packet| packet.bytes(name)).collect::<Vec<_>>();
    let payloads: Vec<_> = messages.iter().map(|(_, payload)| payload.clone()).collect();
    assert_eq!(bytes("rtls.message"), payloads);
    let names = messages.iter().map(|(name, _)| *name).filter(|name| !name.is_empty());
    assert_eq!(values("rtls.message.name").collect::<Vec<_>>(), names.collect::<Vec<_>>());
    // Tag, length, value, tag, and so on.
    let leaves: Vec<_> = payloads
        .iter()
        .flat_map(|payload| {
            let explained = messages::explain(payload);
            let parts = explained.spans.iter().flat_map(|field| match &field.inside[..] {
                [] => std::slice::from_ref(field),
                parts => parts,
            });
            parts.map(|part| payload[part.offset..][..part.len].to_vec()).collect::<Vec<_>>()
        })
        .collect();
    let every_third =
        |from: usize| leaves.iter().skip(from).step_by(3).cloned().collect::<Vec<_>>();
    let tags = values("rtls.field.tag").map(|tag| hex::decode(&tag[2..]).unwrap());
    assert_eq!(tags.collect::<Vec<_>>(), every_third(0));
    let lengths = values("rtls.field.length").map(|length| length.parse::<u16>().unwrap());
    assert_eq!(lengths.map(|it| it.to_be_bytes().to_vec()).collect::<Vec<_>>(), every_third(1));
    assert_eq!(bytes("rtls.field.value"), every_third(2));
    // Wireshark itself finds the names of a server in its certificates.
    let names = payloads.iter().flat_map(|payload| certificates(payload));
    let names: Vec<_> = names.flat_map(|it| it.names().to_vec()).collect();
    assert_eq!(values("x509ce.dNSName").collect::<Vec<_>>(), names);
}

/// The payloads of one direction of a run.
fn payloads(events: &[Event], direction: Direction) -> impl Iterator<Item = &[u8]> {
    let sender = Role::sender(direction);
    events.iter().filter(move |event| event.role == sender).filter_map(payload_sent)
}

/// The connections of a run with this many requests. At the plain stage, each request has its own.
fn run(stage: &'static Stage, requests: usize, segment: Option<usize>) -> Vec<Vec<Event>> {
    let count = requests.to_string();
    let (connections, client_args) = match (stage.has_records(), stage.has_data()) {
        (true, true) => (1, &["--requests", &*count][..]),
        (true, false) => (1, &[][..]),
        (false, _) => (requests, &[][..]),
    };
    let wire = launch::Wire::Tapped { segment };
    let pair = Pair { stage, server_args: &[], client_args, wire };
    let connection = |_| {
        let mut events = vec![];
        let outcome = pair.run(programs(), |event| events.push(event.clone())).unwrap();
        assert_eq!(outcome.code(), 0);
        events
    };
    (0..connections).map(connection).collect()
}

/// Wireshark shows exactly the bytes of this connection.
fn assert_shown(stream: usize, events: &[Event], packets: &[Packet]) {
    let stage = events[0].stage;
    for direction in BOTH {
        let this_way = || this_way(packets, stream, direction, stage.port);
        let carried: Vec<_> = this_way().flat_map(|packet| packet.bytes("tcp.payload")).collect();
        assert_eq!(carried.concat(), Wire::of(stage, events).stream(direction));
        let sent = (0..).zip(payloads(events, direction));
        let sent = sent.filter(|_| stage.has_records());
        let sent: Vec<_> =
            sent.map(|(index, payload)| expected(stage, direction, index, payload)).collect();
        assert_fields(this_way(), &sent);
        let lengths: Vec<_> = this_way().flat_map(|packet| packet.values("rtls.length")).collect();
        assert_eq!(lengths, sent.iter().map(|record| &record.length).collect::<Vec<_>>());
        let stages: Vec<_> = this_way().flat_map(|packet| packet.values("rtls.stage")).collect();
        assert_eq!(stages, vec![stage.name; sent.len()]);
        if !stage.has_records() {
            assert_http(stream, events, packets);
        }
    }
}

/// Wireshark itself finds the request and the response.
fn assert_http(stream: usize, events: &[Event], packets: &[Packet]) {
    let text = |direction| {
        let message = payloads(events, direction).next().unwrap();
        str::from_utf8(message).unwrap()
    };
    let (request, response) = (text(Direction::ToServer), text(Direction::ToClient));
    let body = response.split_once("\r\n\r\n").unwrap().1;
    let all = |field| -> Vec<_> {
        let this = packets.iter().filter(|packet| packet.number("tcp.stream") as usize == stream);
        this.flat_map(|packet| packet.values(field)).collect()
    };
    assert_eq!(all("http.request.uri"), [request.split(' ').nth(1).unwrap()]);
    assert_eq!(all("http.response.code"), [response.split(' ').nth(1).unwrap()]);
    assert_eq!(all("http.content_length"), [body.len().to_string()]);
}

/// The capture of these connections is sound, and shows what their events say.
fn assert_captured(connections: &[Vec<Event>], file: &Path) {
    let packets = packets(file);
    assert_healthy(&packets);
    for (stream, events) in connections.iter().enumerate() {
        assert_shown(stream, events, &packets);
    }
}

fn a_stage_is_shown_as_it_was(stage: &'static Stage) {
    for requests in [1, 3, 50] {
        for segment in [None, Some(1), Some(7), Some(1460)] {
            let connections = run(stage, requests, segment);
            let name = format!("{}-{requests}-{}", stage.name, segment.unwrap_or(0));
            let file = written(&name, connections.iter().flatten().cloned());
            assert_captured(&connections, &file);
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn plain_is_shown_as_http() {
    a_stage_is_shown_as_it_was(&PART1_PLAIN);
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn ctr_is_shown_as_it_was() {
    a_stage_is_shown_as_it_was(&PART1_CTR);
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn hmac_is_shown_as_it_was() {
    a_stage_is_shown_as_it_was(&PART2_HMAC);
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn hmac_seq_is_shown_as_it_was() {
    a_stage_is_shown_as_it_was(&PART2_HMAC_SEQ);
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn aead_is_shown_as_it_was() {
    a_stage_is_shown_as_it_was(&PART2_AEAD);
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_handshake_is_shown_as_it_was() {
    for stage in with_handshake() {
        a_stage_is_shown_as_it_was(stage);
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn several_records_in_a_packet_and_across_packets_are_shown_as_they_were() {
    for stage in stages() {
        let connections = run(stage, 3, None);
        for len in [7, 100, 1460] {
            let joined = connections.iter().map(|events| Wire::of(stage, events).at_once());
            let events: Vec<_> = joined.flat_map(|wire| wire.in_pieces(len).events()).collect();
            let file = written(&format!("{}-joined-{len}", stage.name), events);
            assert_captured(&connections, &file);
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn all_stages_in_one_capture_are_shown_as_they_were() {
    let file = path("all");
    let xtask = Programs::built(["--package=xtask", "--bin=xtask"]).unwrap();
    let output = Command::new(xtask.named("xtask").unwrap())
        .args(["run", "all", "--requests", "3", "--segment", "40", "--json", "--capture"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let events: Vec<Event> = serde_json::Deserializer::from_slice(&output.stdout)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    let packets = packets(&file);
    assert_healthy(&packets);
    let connections: Vec<_> = events.chunk_by(|one, next| one.stage == next.stage).collect();
    assert_eq!(connections.len(), STAGES.len());
    for (stream, events) in connections.into_iter().enumerate() {
        if stages().any(|stage| stage == events[0].stage) {
            assert_shown(stream, events, &packets);
        }
    }
}

/// The values of these fields in a capture, in order, each with the name of its field.
fn told(file: &Path, asked: &[&str], settings: &[&str]) -> Vec<(String, String)> {
    let mut args = vec!["-T", "fields", "-E", "separator=/t", "-E", "aggregator=|"];
    args.extend(settings);
    args.extend(asked.iter().flat_map(|field| ["-e", field]));
    let mut told = Vec::new();
    for line in tshark(file, &args).lines() {
        for (name, values) in asked.iter().zip(line.split('\t')) {
            let values = values.split('|').filter(|value| !value.is_empty());
            told.extend(values.map(|value| ((*name).to_owned(), value.to_owned())));
        }
    }
    told
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn tls_is_read_by_wireshark_itself_and_what_is_inside_with_the_key_log() {
    let stage = *STAGES.iter().find(|stage| stage.has_types()).unwrap();
    let log = path("key-log").with_extension("txt");
    _ = fs::remove_file(&log);
    let server_args = ["--keylog", log.to_str().unwrap()];
    let wire = launch::Wire::Tapped { segment: None };
    let pair = Pair { stage, server_args: &server_args, client_args: &[], wire };
    let mut events = vec![];
    let outcome = pair.run(programs(), |event| events.push(event.clone())).unwrap();
    assert_eq!(outcome.code(), 0);

    let open = written("tls-open", events.iter().cloned());
    let file = path("tls-secrets");
    let mut capture = Capture::new(fs::File::create(&file).unwrap()).unwrap().with_key_log(&log);
    for event in &events {
        capture.write(event).unwrap();
    }
    capture.finish().unwrap();

    let sent = |role: Role, is_meant: fn(&HandshakeMessage) -> bool| -> Vec<_> {
        let sent = events.iter().filter(|event| event.role == role);
        let messages = sent.filter_map(move |event| match &event.kind {
            EventKind::Handshake(it) if it.direction == Way::Sent && is_meant(it) => Some(it),
            _ => None,
        });
        messages.collect()
    };
    let is_message = |it: &HandshakeMessage| it.message.len() >= 4;
    let types = |messages: &[&HandshakeMessage]| -> Vec<String> {
        messages.iter().map(|message| message.message[0].to_string()).collect()
    };
    // In which order both ends' packets pass is up to them.
    let values =
        |file: &Path, field: &str, direction: Direction, settings: &[&str]| -> Vec<String> {
            let port = if direction == Direction::ToServer { "tcp.dstport" } else { "tcp.srcport" };
            let filter = format!("{port} == {}", stage.port);
            let settings = [settings, &["-Y", &filter]].concat();
            told(file, &[field], &settings).into_iter().map(|(_, value)| value).collect()
        };
    for direction in BOTH {
        let role = Role::sender(direction);
        let hellos = types(&sent(role, |it| it.message.len() >= 4 && it.record.is_none()));
        let all = types(&sent(role, is_message));
        assert_eq!(values(&open, "tls.handshake.type", direction, &[]), hellos);
        // By itself, or with the log beside it.
        let log = format!("tls.keylog_file:{}", log.display());
        for (file, settings) in [(&file, &[][..]), (&open, &["-o", &log])] {
            assert_eq!(values(file, "tls.handshake.type", direction, settings), all);
            assert_eq!(values(file, "tls.alert_message.desc", direction, settings), ["0"]);
            let extensions = values(file, "tls.handshake.extension.type", direction, settings);
            assert_eq!(extensions, extension_types(&sent(role, is_message)));
        }
    }
    let http = told(&file, &["http.request.uri", "http.response.code"], &[]);
    let http: Vec<_> = http.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(http, ["/transfer?to=bob&amount=100", "200"]);
    assert_eq!(told(&open, &["http.request.uri", "rtls.stage", "_ws.malformed"], &[]), []);
    assert_eq!(told(&file, &["rtls.stage", "_ws.malformed"], &[]), []);
    let comments = told(&file, &["frame.comment"], &[]);
    let comments: Vec<_> = comments.iter().map(|(_, comment)| comment.as_str()).collect();
    for said in
        ["ClientHello, client to server, ", "ServerHello, server to client, ", "ChangeCipherSpec, "]
    {
        assert!(comments.iter().any(|comment| comment.contains(said)), "{said}: {comments:?}");
    }
    let sealed = "encrypted, server to client, 24 bytes: type 1, version 2, length 2, ciphertext 2, inner type 1, tag 16";
    assert!(comments.iter().any(|comment| comment.contains(sealed)), "{comments:?}");
}

/// The numbers of the extensions in these messages, by our own decoder.
fn extension_types(messages: &[&HandshakeMessage]) -> Vec<String> {
    let mut types = Vec::new();
    for message in messages {
        let mut left = messages::explain(&message.message).spans;
        left.reverse();
        while let Some(span) = left.pop() {
            if let [kind, ..] = &span.inside[..]
                && kind.name == "type"
            {
                let number = &message.message[kind.offset..][..2];
                types.push(u16::from_be_bytes([number[0], number[1]]).to_string());
            } else {
                left.extend(span.inside.into_iter().rev());
            }
        }
    }
    types
}

/// What tshark prints about the packets that the dissector shows: their info column.
fn infos(file: &Path, args: &[&str]) -> Vec<String> {
    let info = |line: &str| {
        let (_, behind) = line.split_once(" RTLS ")?;
        behind.split_once(' ').map(|(_len, info)| info.trim_end().to_owned())
    };
    tshark(file, args).lines().filter_map(info).collect()
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn the_info_column_names_every_record_of_a_packet() {
    let record = |seq: u64, len: usize| {
        let rest = vec![7; PART2_AEAD.overhead() - 8 + len];
        PART2_AEAD.record(&[&seq.to_be_bytes()[..], &rest].concat())
    };
    let three = [record(1, 5), record(2, 0), record(u64::MAX - 1, MAX_PLAINTEXT_LEN)].concat();
    let (begin, end) = three.split_at(20);
    let chunks = vec![
        (Direction::ToServer, record(0, 61)),
        (Direction::ToServer, begin.to_vec()),
        (Direction::ToServer, end.to_vec()),
        (Direction::ToClient, record(0, 78)),
    ];
    let file = written("info", Wire { stage: &PART2_AEAD, chunks }.events());
    let expected = [
        "part2-aead to server: seq 0, ciphertext 61 B",
        "part2-aead to server: seq 1, ciphertext 5 B; seq 2, ciphertext 0 B; \
         seq 18446744073709551614, ciphertext 16384 B",
        "part2-aead to client: seq 0, ciphertext 78 B",
    ];
    assert_eq!(infos(&file, &[]), expected);
    assert_eq!(infos(&file, &["-2"]), expected);
    assert_healthy(&packets(&file));
}

/// A run of `stage`, with the length in front of the second record to the server changed to
/// `length`.
fn damaged(stage: &'static Stage, length: u32) -> Wire {
    let mut wire = Wire::of(stage, &run(stage, 3, None).concat());
    let to_server = |(direction, _): &&mut (Direction, Vec<u8>)| *direction == Direction::ToServer;
    let (_, record) = wire.chunks.iter_mut().filter(to_server).nth(1).unwrap();
    record[..stage.header().len()].copy_from_slice(&length.to_be_bytes());
    wire
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_length_that_no_receiver_accepts_is_remarked_and_the_next_record_is_found_again() {
    for stage in with_records() {
        let limits = stage.limits();
        let (min, max) = (u32::try_from(limits.min).unwrap(), u32::try_from(limits.max).unwrap());
        let mut lengths = vec![(min - 1, "rtls.too_short"), (max + 1, "rtls.too_long")];
        lengths.extend([(0, "rtls.too_short"), (u32::MAX, "rtls.too_long")]);
        for (length, remark) in lengths {
            let whole = damaged(stage, length);
            for (name, wire) in [("whole", whole.clone()), ("1", whole.in_pieces(1))] {
                let file = written(&format!("{}-{length}-{name}", stage.name), wire.events());
                let remarks = tshark(&file, &["-Y", remark, "-T", "fields", "-e", "rtls.length"]);
                assert_eq!(remarks.trim_end(), length.to_string(), "once");
                let packets = packets(&file);
                assert!(packets.iter().any(|packet| packet.severity() == ERROR));
                let records = |direction| -> usize {
                    let packets = this_way(&packets, 0, direction, stage.port);
                    packets.map(|packet| packet.values("rtls.nonce").len()).sum()
                };
                assert_eq!(records(Direction::ToServer), 2);
                assert_eq!(records(Direction::ToClient), 3, "the other direction goes on");
            }
        }
    }
}

/// Wireshark's setting that puts late packets in their place.
const REORDERED: [&str; 2] = ["-o", "tcp.reassemble_out_of_order:TRUE"];

/// Records of a run, cut into packets of no more than `len` bytes.
fn cut(stage: &'static Stage, len: usize) -> Wire {
    Wire::of(stage, &run(stage, 4, None).concat()).in_pieces(len)
}

/// The packet in a capture of a wire that carries this chunk: each is acknowledged, and three come first.
fn packet_of(chunk: usize) -> usize {
    3 + 2 * chunk
}

/// The chunks that go this way.
fn chunks_to(wire: &Wire, direction: Direction) -> Vec<usize> {
    let this_way = |(_, (to, _)): &(usize, &(Direction, Vec<u8>))| *to == direction;
    wire.chunks.iter().enumerate().filter(this_way).map(|(chunk, _)| chunk).collect()
}

/// The packets of a capture, in the order that `change` gives them, each no longer than `snap_len`.
fn changed(
    name: &str,
    capture: &[u8],
    snap_len: usize,
    change: impl FnOnce(&mut Vec<usize>),
) -> PathBuf {
    let mut reader = PcapNgReader::new(capture).unwrap();
    let mut writer =
        PcapNgWriter::with_section_header(Vec::new(), reader.section().clone().into_owned())
            .unwrap();
    let mut packets = vec![];
    while let Some(block) = reader.next_block() {
        match block.unwrap().into_owned() {
            Block::EnhancedPacket(packet) => packets.push(packet),
            other => _ = writer.write_block(&other).unwrap(),
        }
    }
    let mut order: Vec<_> = (0..packets.len()).collect();
    change(&mut order);
    for number in order {
        let mut packet = packets[number].clone();
        packet.data = packet.data[..snap_len.min(packet.data.len())].to_vec().into();
        writer.write_pcapng_block(packet).unwrap();
    }
    let file = path(name);
    fs::write(&file, writer.into_inner()).unwrap();
    file
}

/// Every record of a direction, and of each of its bytes whether it is in other chunks than those `lost`.
fn records(wire: &Wire, direction: Direction, lost: &[usize]) -> Vec<(Shown, Vec<bool>)> {
    let there: Vec<bool> = chunks_to(wire, direction)
        .into_iter()
        .flat_map(|chunk| vec![!lost.contains(&chunk); wire.chunks[chunk].1.len()])
        .collect();
    let (stream, header) = (wire.stream(direction), wire.stage.header());
    let (mut records, mut at) = (vec![], 0);
    while at < stream.len() {
        let end = at + header.len() + header.payload_len(&stream[at..]).unwrap();
        let index = records.len() as u64;
        let record = expected(wire.stage, direction, index, &stream[at + header.len()..end]);
        records.push((record, there[at..end].to_vec()));
        at = end;
    }
    records
}

/// The records whose bytes are all there.
fn whole(wire: &Wire, direction: Direction, lost: &[usize]) -> Vec<Shown> {
    let whole = |(record, there): (Shown, Vec<bool>)| (!there.contains(&false)).then_some(record);
    records(wire, direction, lost).into_iter().filter_map(whole).collect()
}

/// Whether it shows that these chunks are missing: a record is there in part, or one that has a number is
/// not. Nothing tells of other records and messages that are missing entirely.
fn leaves_a_trace(wire: &Wire, direction: Direction, lost: &[usize]) -> bool {
    let shows = |(record, there): &(Shown, Vec<bool>)| {
        there.contains(&false) && (there.contains(&true) || record.fields[0].is_some())
    };
    records(wire, direction, lost).iter().any(shows)
}

/// The dissector shows just these records in this direction, whatever else it says.
fn assert_records(packets: &[Packet], wire: &Wire, direction: Direction, records: &[Shown]) {
    assert_fields(this_way(packets, 0, direction, wire.stage.port), records);
}

/// Whether the dissector reports that something is missing in this direction.
fn misses(packets: &[Packet], wire: &Wire, direction: Direction) -> bool {
    let mut this_way = this_way(packets, 0, direction, wire.stage.port);
    this_way.any(|packet| !packet.values("rtls.missing").is_empty() || packet.severity() == ERROR)
}

/// The chunks `lost` are not in the capture: complete records are shown, and so is that something
/// is missing.
fn assert_goes_on(name: &str, wire: &Wire, lost: &[usize]) {
    let file = changed(name, &capture(wire.events()), usize::MAX, |order| {
        order.retain(|packet| lost.iter().all(|chunk| packet_of(*chunk) != *packet));
    });
    let packets = packets(&file);
    for direction in BOTH {
        assert_records(&packets, wire, direction, &whole(wire, direction, lost));
        let is_missing = leaves_a_trace(wire, direction, lost);
        assert_eq!(misses(&packets, wire, direction), is_missing, "{name}, {direction}");
    }
}

/// A message with an X25519 key.
fn hello() -> Vec<u8> {
    let mut message = vec![];
    X25519_KEY.append(&[7; 32], &mut message);
    message
}

/// What tshark says of records with these payloads, which a client of this stage sends.
fn told_of(name: &str, stage: &'static Stage, payloads: &[&[u8]]) -> Vec<Packet> {
    let to_server = |payload: &&[u8]| (Direction::ToServer, stage.record(payload));
    let wire = Wire { stage, chunks: payloads.iter().map(to_server).collect() };
    let whole = packets(&written(name, wire.events()));
    let len = 1 + payloads.concat().len() / 100;
    let pieces = packets(&written(&format!("{name}-{len}"), wire.in_pieces(len).events()));
    for field in ["rtls.length", "rtls.message", "rtls.field.value", "rtls.seq"] {
        let all = |packets: &[Packet]| -> Vec<String> {
            let values = packets.iter().flat_map(|packet| packet.values(field));
            values.map(str::to_owned).collect()
        };
        assert_eq!(all(&whole), all(&pieces), "{name}: {field}");
    }
    whole.into_iter().filter(|packet| !packet.values("rtls.stage").is_empty()).collect()
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_malformed_message_is_shown_as_far_as_it_can_be_read_and_remarked() {
    for stage in with_handshake() {
        let cut = hello()[..35].to_vec();
        let trailing = [&hello()[..], &[9; 3]].concat();
        let lying = [&hello()[..], &[0, 3, 0xff, 0xff, 1]].concat();
        for (name, message, fields, loose, remark) in [
            ("cut", &cut, 0, &cut[..], "X25519 key is to have 32 B, 31 are left"),
            ("trailing", &trailing, 1, &[9; 3][..], "3 B behind the last field"),
            ("lying", &lying, 1, &lying[36..], "public value is to have 65535 B, 1 are left"),
        ] {
            let told = told_of(&format!("{}-{name}", stage.name), stage, &[message]);
            let [packet] = &told[..] else { panic!("{}", told.len()) };
            assert_eq!(packet.value("rtls.message.name"), "ClientHello");
            assert_eq!(packet.bytes("rtls.message"), std::slice::from_ref(message));
            assert_eq!(packet.values("rtls.field.tag"), vec!["0x0010"; fields]);
            assert_eq!(packet.bytes("rtls.loose"), [loose]);
            assert_eq!(packet.severity(), ERROR);
            assert!(packet.value("_ws.expert.message").contains("ClientHello"), "the comment");
            let remarks = packet.values("_ws.expert.message").concat();
            assert!(remarks.contains(remark), "{remarks}");
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_message_that_was_altered_is_a_message_still() {
    let strange = messages::fields::Tag { number: 0x4242, name: "", what: "" };
    for stage in with_handshake() {
        let mut added = vec![];
        strange.append(b"hi", &mut added);
        for message in [[added.clone(), hello()].concat(), [hello(), added.clone()].concat()] {
            let told = told_of(&format!("{}-altered", stage.name), stage, &[&message]);
            let [packet] = &told[..] else { panic!("{}", told.len()) };
            assert_messages(&[packet], &[&("ClientHello", message)]);
            assert!(packet.severity() < NOTE);
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_message_is_named_by_its_first_field_where_several_are_due() {
    let mut auth = vec![];
    CERTIFICATE.append(&[0x30, 3, 2, 1, 1], &mut auth);
    CERTIFICATE_VERIFY.append(&[7; 256], &mut auth);
    for stage in stages().filter(|stage| stage.has_certificates()) {
        // The ServerHello is there, or it was lost.
        for (name, payloads, names) in [
            ("both", &[&hello(), &auth][..], &["ServerHello", "ServerAuth"][..]),
            ("one", &[&auth], &["ServerAuth"]),
        ] {
            let to_client = |payload: &&Vec<u8>| (Direction::ToClient, stage.record(payload));
            let wire = Wire { stage, chunks: payloads.iter().map(to_client).collect() };
            let packets = packets(&written(&format!("{}-{name}", stage.name), wire.events()));
            let named: Vec<_> =
                packets.iter().flat_map(|packet| packet.values("rtls.message.name")).collect();
            assert_eq!(named, names);
        }
    }
}

/// Whatever stands in place of a certificate, the fields around it are shown.
#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn what_is_no_certificate_hides_nothing() {
    let deep = [0x30, 0x80].repeat(2_000);
    for stage in stages().filter(|stage| stage.has_certificates()) {
        for (number, value) in
            [&[][..], &[0x30], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0xff; 300], &deep]
                .into_iter()
                .enumerate()
        {
            let mut auth = vec![];
            CERTIFICATE.append(value, &mut auth);
            CERTIFICATE_VERIFY.append(&[7; 256], &mut auth);
            let chunks = vec![(Direction::ToClient, stage.record(&auth))];
            let name = format!("{}-no-certificate-{number}", stage.name);
            let packets = packets(&written(&name, Wire { stage, chunks }.events()));
            let values: Vec<_> =
                packets.iter().flat_map(|packet| packet.bytes("rtls.field.value")).collect();
            assert_eq!(values, [value.to_vec(), vec![7; 256]], "{number}");
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_message_that_is_not_due_has_no_name_and_is_remarked() {
    for stage in with_handshake() {
        let told = told_of(&format!("{}-surplus", stage.name), stage, &[&hello(), &hello()]);
        let names: Vec<_> = told.iter().map(|packet| packet.value("rtls.message.name")).collect();
        assert_eq!(names, ["ClientHello", ""]);
        assert_eq!(told.iter().map(Packet::severity).collect::<Vec<_>>()[1], ERROR);
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_message_that_no_receiver_accepts_is_remarked() {
    for stage in with_handshake() {
        let longest = vec![0x42; handshake::MAX_MESSAGE_LEN];
        let told = told_of(&format!("{}-longest", stage.name), stage, &[&longest]);
        assert_eq!(told[0].bytes("rtls.message"), std::slice::from_ref(&longest));
        let too_long = [&longest[..], &[0x42]].concat();
        let told = told_of(&format!("{}-too-long", stage.name), stage, &[&hello(), &too_long]);
        assert!(told[0].bytes("rtls.message") == [hello()] && told.len() > 1);
        for packet in &told[1..] {
            assert_eq!(packet.bytes("rtls.message"), Vec::<Vec<u8>>::new());
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_capture_that_begins_behind_the_handshake_shows_no_message() {
    for stage in with_handshake() {
        let wire = cut(stage, usize::MAX);
        let handshake = stage.handshake.len();
        let file = changed(
            &format!("{}-behind", stage.name),
            &capture(wire.events()),
            usize::MAX,
            |order| _ = order.drain(..packet_of(handshake)),
        );
        let packets = packets(&file);
        for direction in BOTH {
            let lost: Vec<_> = (0..handshake).collect();
            assert_records(&packets, &wire, direction, &whole(&wire, direction, &lost));
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_capture_without_the_packets_that_open_the_connection_shows_every_message() {
    for stage in with_handshake() {
        for len in [7, usize::MAX] {
            let wire = cut(stage, len);
            let name = format!("{}-unopened-{len}", stage.name);
            let file = changed(&name, &capture(wire.events()), usize::MAX, |order| {
                order.drain(..packet_of(0));
            });
            let packets = packets(&file);
            for direction in BOTH {
                assert_records(&packets, &wire, direction, &whole(&wire, direction, &[]));
            }
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_message_of_which_a_packet_is_missing_is_not_shown_as_one() {
    for stage in with_handshake() {
        let wire = cut(stage, 7);
        for direction in BOTH {
            for lost in [0, 2] {
                let chunk = chunks_to(&wire, direction)[lost];
                let name = format!("{}-message-without-{chunk}", stage.name);
                let file = changed(&name, &capture(wire.events()), usize::MAX, |order| {
                    order.retain(|packet| *packet != packet_of(chunk));
                });
                let packets = packets(&file);
                for direction in BOTH {
                    let records = whole(&wire, direction, &[chunk]);
                    assert_records(&packets, &wire, direction, &records);
                }
            }
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn messages_whose_packets_were_cut_are_shown_as_far_as_they_are_there() {
    for stage in with_handshake() {
        let chunks = vec![(Direction::ToServer, stage.record(&hello()))];
        let capture = capture(Wire { stage, chunks }.events());
        for left in [0, 1, 3, 4, 5, 7, 8, 9, 39] {
            let name = format!("{}-message-snapped-{left}", stage.name);
            let packets = packets(&changed(&name, &capture, 40 + left, |_| {}));
            let of = |field| -> Vec<Vec<u8>> {
                packets.iter().flat_map(|packet| packet.bytes(field)).collect()
            };
            let there = |from: usize| {
                hello()[from.min(left.saturating_sub(4))..left.saturating_sub(4)].to_vec()
            };
            let value: Vec<_> =
                Some(there(4)).into_iter().filter(|value| !value.is_empty()).collect();
            assert_eq!(of("rtls.field.value"), value, "{name}");
            let messages = of("rtls.message").concat();
            assert_eq!(messages, if left < 8 { messages.clone() } else { there(0) }, "{name}");
            assert!(packets.iter().all(|packet| packet.values("_ws.malformed").is_empty()));
            let is_missing = packets.iter().any(|packet| !packet.values("rtls.missing").is_empty());
            assert!(is_missing || left == 0, "{name}");
        }
    }
}

/// The stages with records of data, whose first may carry messages.
fn with_records() -> impl Iterator<Item = &'static Stage> {
    stages().filter(|stage| stage.has_records() && stage.has_data())
}

fn with_handshake() -> impl Iterator<Item = &'static Stage> {
    stages().filter(|stage| !stage.handshake.is_empty())
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_capture_that_begins_inside_a_record_shows_every_record_behind_it() {
    for stage in with_records() {
        let wire = cut(stage, 40);
        let file =
            changed(&format!("{}-mid", stage.name), &capture(wire.events()), usize::MAX, |order| {
                order.drain(..5);
            });
        let packets = packets(&file);
        for direction in BOTH {
            let lost = if direction == Direction::ToServer { &[0][..] } else { &[] };
            let records = whole(&wire, direction, lost);
            assert_eq!(records.len() + lost.len(), self::records(&wire, direction, &[]).len());
            assert_records(&packets, &wire, direction, &records);
            assert_eq!(misses(&packets, &wire, direction), leaves_a_trace(&wire, direction, lost));
        }
        for direction in BOTH {
            let chunks = chunks_to(&wire, direction);
            for count in [1, 2, 4] {
                assert_goes_on(
                    &format!("{}-{direction}-{count}", stage.name),
                    &wire,
                    &chunks[..count],
                );
            }
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_capture_that_lacks_a_packet_shows_every_other_record() {
    for stage in with_records() {
        let wire = cut(stage, 40);
        for direction in BOTH {
            let chunks = chunks_to(&wire, direction);
            for lost in &chunks[3..6] {
                assert_goes_on(&format!("{}-without-{lost}", stage.name), &wire, &[*lost]);
            }
            assert_goes_on(&format!("{}-without-two", stage.name), &wire, &[chunks[4], chunks[6]]);
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_stream_of_joined_records_that_lacks_a_packet_goes_on() {
    for stage in with_records() {
        for len in [7, 100] {
            let wire = cut(stage, usize::MAX).at_once().in_pieces(len);
            for direction in BOTH {
                let chunks = chunks_to(&wire, direction);
                for lost in [0, chunks.len() / 2] {
                    let name = format!("{}-joined-{len}-without-{lost}", stage.name);
                    assert_goes_on(&name, &wire, &[chunks[lost]]);
                }
            }
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn packets_that_come_late_are_put_in_their_place_or_said_to_be_missing() {
    for stage in with_records() {
        let wire = cut(stage, 40);
        for direction in BOTH {
            let chunks = chunks_to(&wire, direction);
            for late in &chunks[3..5] {
                let name = format!("{}-late-{late}", stage.name);
                let file = changed(&name, &capture(wire.events()), usize::MAX, |order| {
                    order.swap(packet_of(*late), packet_of(late + 1));
                });
                let reordered = packets_with(&file, &REORDERED);
                assert_records(&reordered, &wire, direction, &whole(&wire, direction, &[]));
                assert!(!misses(&reordered, &wire, direction));
                // TCP hands over none of it otherwise.
                let packets = packets(&file);
                assert_records(&packets, &wire, direction, &whole(&wire, direction, &[*late]));
                assert!(misses(&packets, &wire, direction));
            }
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_packet_that_comes_twice_shows_its_record_once() {
    for stage in with_records() {
        for len in [40, usize::MAX] {
            let wire = cut(stage, len);
            for direction in BOTH {
                let chunk = chunks_to(&wire, direction)[1];
                for behind in [1, 2, 6] {
                    let name = format!("{}-{len}-twice-{behind}", stage.name);
                    let file = changed(&name, &capture(wire.events()), usize::MAX, |order| {
                        let packet = packet_of(chunk);
                        order.insert(packet + behind, packet);
                    });
                    let packets = packets(&file);
                    assert_records(&packets, &wire, direction, &whole(&wire, direction, &[]));
                    assert!(!misses(&packets, &wire, direction));
                }
            }
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_capture_whose_packets_were_cut_shows_the_fields_that_are_left() {
    for stage in with_records().filter(|stage| stage.handshake.is_empty()) {
        let wire = cut(stage, usize::MAX);
        // After IP and TCP: inside the length, at its end, inside each field after it and at its
        // end.
        let shortest = wire.chunks.iter().map(|(_, record)| record.len()).min().unwrap();
        let lefts = [2, 4, 8, 12, 15, 20, 24, 50, 60, 100].into_iter();
        for left in lefts.filter(|left| *left < shortest) {
            let name = format!("{}-snapped-{left}", stage.name);
            let file = changed(&name, &capture(wire.events()), 40 + left, |_| {});
            let packets = packets(&file);
            for direction in BOTH {
                let cut = |record: Shown| {
                    let header_len = stage.header().len();
                    let mut at = header_len;
                    let fields = record.fields.map(|field| {
                        let field = field?;
                        let part = field[..left.saturating_sub(at).min(field.len())].to_vec();
                        at += field.len();
                        // Part of a number is a different number.
                        let is_seq = stage.has(field::Role::Seq) && at == header_len + 8;
                        (part.len() >= if is_seq { 8 } else { 1 }).then_some(part)
                    });
                    Shown { fields, ..record }
                };
                let records: Vec<_> = whole(&wire, direction, &[]).into_iter().map(cut).collect();
                assert_records(&packets, &wire, direction, &records);
                let this_way = || this_way(&packets, 0, direction, stage.port);
                let lengths: Vec<_> = this_way().flat_map(|it| it.values("rtls.length")).collect();
                let sent = records.iter().map(|record| record.length.as_str());
                let sent: Vec<_> = if left < 4 { vec![] } else { sent.collect() };
                assert_eq!(lengths, sent);
                let carry = this_way().filter(|packet| !packet.values("tcp.payload").is_empty());
                for packet in carry {
                    assert!(!packet.values("rtls.missing").is_empty(), "{name}");
                    assert!(packet.values("_ws.malformed").is_empty(), "{name}");
                }
            }
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_record_in_packets_that_were_cut_is_shown_where_it_begins() {
    for stage in with_records() {
        let wire = cut(stage, 40);
        let file = changed(&format!("{}-snapped", stage.name), &capture(wire.events()), 60, |_| {});
        let packets = packets(&file);
        for direction in BOTH {
            let lengths = this_way(&packets, 0, direction, stage.port)
                .flat_map(|packet| packet.values("rtls.length"));
            let sent = whole(&wire, direction, &[]).into_iter().map(|record| record.length);
            assert_eq!(lengths.collect::<Vec<_>>(), sent.collect::<Vec<_>>(), "{direction}");
        }
    }
}

/// Every record of both runs is shown, and none of their packets is taken for a retransmission of
/// the other run's.
fn assert_both_are_shown(name: &str, runs: [&Path; 2]) {
    for order in [&["-a"][..], &[]] {
        let file = path(&format!("{name}-{}", order.len()));
        let merged = Command::new("mergecap").args(order).arg("-w").arg(&file).args(runs).status();
        assert!(merged.unwrap().success());
        let packets = packets(&file);
        assert_eq!(packets.iter().map(|packet| packet.number("tcp.stream")).max(), Some(1));
        let nonces: Vec<_> = packets.iter().flat_map(|packet| packet.bytes("rtls.nonce")).collect();
        assert_eq!(nonces.len(), 16);
        for packet in &packets {
            assert_eq!(packet.value("tcp.analysis.retransmission"), "");
            assert_eq!(packet.value("rtls.missing"), "");
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn two_runs_merged_show_the_records_of_both() {
    for stage in with_records() {
        let runs = ["a", "b"].map(|name| {
            written(&format!("{}-{name}", stage.name), run(stage, 4, Some(40)).concat())
        });
        assert_both_are_shown(&format!("{}-ab", stage.name), [&runs[0], &runs[1]]);
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn two_runs_that_have_a_port_in_common_show_the_records_of_both() {
    let wire = Wire::of(&PART2_AEAD, &run(&PART2_AEAD, 4, None).concat());
    let mut by_port = HashMap::new();
    let [one, other] = (1..)
        .find_map(|micros| {
            let mut events = wire.events();
            let EventKind::Chunk { micros: at, .. } = &mut events[0].kind else { return None };
            *at = micros;
            let capture = capture(events);
            let port = client_port(&capture);
            Some([by_port.insert(port, capture.clone())?, capture])
        })
        .unwrap();
    let files = [("port-a", one), ("port-b", other)].map(|(name, capture)| {
        let file = path(name);
        fs::write(&file, capture).unwrap();
        file
    });
    assert_both_are_shown("port-ab", [&files[0], &files[1]]);
}

/// The source of the first packet.
fn client_port(capture: &[u8]) -> u16 {
    let mut reader = PcapNgReader::new(capture).unwrap();
    loop {
        if let Block::EnhancedPacket(packet) = reader.next_block().unwrap().unwrap() {
            return u16::from_be_bytes([packet.data[20], packet.data[21]]);
        }
    }
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_record_without_text_is_shown_at_every_stage() {
    for stage in with_records() {
        let message = |message: &handshake::Message| (message.direction, stage.record(&hello()));
        let payload = vec![0; stage.overhead()];
        let records = BOTH.map(|direction| (direction, stage.record(&payload)));
        let chunks = stage.handshake.iter().map(message).chain(records).collect();
        let wire = Wire { stage, chunks };
        let packets = packets(&written(&format!("{}-empty", stage.name), wire.events()));
        assert_healthy(&packets);
        for direction in BOTH {
            assert_records(&packets, &wire, direction, &whole(&wire, direction, &[]));
        }
    }
}

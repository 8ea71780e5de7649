//! Captures, read back with the crates they are made with. How Wireshark reads them: `tshark.rs`.

mod wire;

use etherparse::{Ipv4Slice, SlicedPacket, TcpHeader, TransportSlice};
use messages::fields::{DH_GENERATOR, DH_PRIME, DH_PUBLIC_VALUE, X25519_KEY};
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::{Block, PcapNgReader};
use proptest::prelude::*;
use render::capture::{Capture, MAX_SEGMENT_LEN};
use stages::{PART1_CTR, PART1_PLAIN, PART2_AEAD, PART2_HMAC, PART3_DH, PART3_HKDF, STAGES};
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::Duration;
use transcript::{Direction, Event, EventKind, HandshakeMessage, Role, Way};

use crate::wire::{BOTH, Wire, capture};

#[derive(Debug)]
struct Packet {
    at: Duration,
    tcp: TcpHeader,
    payload: Vec<u8>,
    comments: Vec<String>,
}

/// The packets of a capture, their checksums verified.
fn packets(file: &[u8]) -> Vec<Packet> {
    let mut reader = PcapNgReader::new(file).unwrap();
    let mut packets = vec![];
    while let Some(block) = reader.next_block() {
        let Block::EnhancedPacket(packet) = block.unwrap() else { continue };
        assert_eq!(packet.original_len as usize, packet.data.len());
        let sliced = SlicedPacket::from_ip(&packet.data).unwrap();
        let ip = Ipv4Slice::from_slice(&packet.data).unwrap().header().to_header();
        assert_eq!(ip.header_checksum, ip.calc_header_checksum());
        assert_eq!(usize::from(ip.total_len), packet.data.len());
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("no TCP: {sliced:?}") };
        assert_eq!(tcp.checksum(), tcp.calc_checksum_ipv4(ip.source, ip.destination).unwrap());
        let comments = packet.options.iter().map(|option| match option {
            EnhancedPacketOption::Comment(text) => text.to_string(),
            other => panic!("no comment: {other:?}"),
        });
        packets.push(Packet {
            at: packet.timestamp,
            tcp: tcp.to_header(),
            payload: tcp.payload().to_vec(),
            comments: comments.collect(),
        });
    }
    packets
}

/// Both directions of a connection, after a check that TCP's rules hold: handshake and FINs, sequence
/// numbers without a gap, everything acknowledged in the next packet.
fn streams(packets: &[Packet], port: u16) -> [Vec<u8>; 2] {
    let mut streams = [vec![], vec![]];
    let mut next = [None; 2];
    let mut unacknowledged = None;
    let mut fins = 0;
    for (number, Packet { tcp, payload, .. }) in packets.iter().enumerate() {
        assert!(tcp.source_port == port || tcp.destination_port == port);
        let way = usize::from(tcp.source_port == port);
        assert_eq!(tcp.syn, number < 2);
        assert_eq!(tcp.ack, number > 0);
        assert_eq!(tcp.sequence_number, *next[way].get_or_insert(tcp.sequence_number));
        assert_eq!(tcp.acknowledgment_number, next[1 - way].unwrap_or(0));
        assert!(payload.len() <= MAX_SEGMENT_LEN);
        let len = u32::try_from(payload.len()).unwrap() + u32::from(tcp.syn || tcp.fin);
        next[way] = next[way].map(|sequence: u32| sequence.wrapping_add(len));
        if unacknowledged.is_some() {
            assert_eq!(unacknowledged, Some(1 - way), "the other end has its turn");
        }
        unacknowledged = (len > 0).then_some(way);
        fins += usize::from(tcp.fin);
        streams[way].extend_from_slice(payload);
    }
    assert_eq!(unacknowledged, None);
    assert_eq!(fins, 2);
    assert!(packets.is_sorted_by_key(|packet| packet.at));
    streams
}

fn comments(packets: &[Packet]) -> Vec<&str> {
    packets.iter().flat_map(|packet| &packet.comments).map(String::as_str).collect()
}

#[test]
fn a_packet_says_which_record_it_carries_and_what_that_holds() {
    let record = |plaintext_len: usize| PART2_AEAD.record(&vec![7; 36 + plaintext_len]);
    let whole = Wire {
        stage: &PART2_AEAD,
        chunks: vec![
            (Direction::ToServer, record(61)),
            (Direction::ToClient, [record(78), record(0)].concat()),
            (Direction::ToServer, record(1)),
        ],
    };
    let packets = packets(&capture(whole.events()));
    let expected = [
        "record 0, client to server, 101 bytes: length 4, seq 8, nonce 12, ciphertext 61, tag 16",
        "record 0, server to client, 118 bytes: length 4, seq 8, nonce 12, ciphertext 78, tag 16",
        "record 1, server to client, 40 bytes: length 4, seq 8, nonce 12, ciphertext 0, tag 16",
        "record 1, client to server, 41 bytes: length 4, seq 8, nonce 12, ciphertext 1, tag 16",
    ];
    assert_eq!(comments(&packets), expected);
    for packet in &packets {
        assert_eq!(packet.comments.is_empty(), packet.payload.is_empty());
    }
}

#[test]
fn a_packet_says_which_message_it_carries_and_which_record_behind_the_handshake() {
    let mut hello = vec![];
    X25519_KEY.append(&[7; 32], &mut hello);
    let hello = PART3_HKDF.record(&hello);
    let record = PART3_HKDF.record(&[7; 36 + 61]);
    let chunks = vec![
        (Direction::ToServer, hello[..20].to_vec()),
        (Direction::ToServer, [&hello[20..], &record].concat()),
        (Direction::ToClient, hello[..7].to_vec()),
    ];
    let expected = [
        "bytes 0 to 19 of ClientHello, client to server",
        "bytes 20 to 39 of ClientHello, client to server, 40 bytes: length 4, X25519 key 36",
        "record 0, client to server, 101 bytes: length 4, seq 8, nonce 12, ciphertext 61, tag 16",
        "bytes 0 to 6 of ServerHello, server to client",
        "ServerHello, server to client, cut after 7 bytes",
    ];
    let wire = Wire { stage: &PART3_HKDF, chunks };
    assert_eq!(comments(&packets(&capture(wire.events()))), expected);
}

#[test]
fn the_fields_of_a_message_are_named_as_far_as_it_can_be_read() {
    let mut hello = vec![];
    for (tag, value) in
        [(&DH_PRIME, &[7; 256][..]), (&DH_GENERATOR, &[2]), (&DH_PUBLIC_VALUE, &[7; 255])]
    {
        tag.append(value, &mut hello);
    }
    let many = vec![0; 16_384];
    let all_named = ["unknown field 4"; 16].join(", ");
    for (message, told) in [
        (
            &hello[..],
            "528 bytes: length 4, prime p 260, generator g 5, public value 259".to_owned(),
        ),
        (&hello[..263], "267 bytes: length 4, prime p 260, tag 2, no field 1".to_owned()),
        (&[], "4 bytes: length 4".to_owned()),
        (&many, format!("16388 bytes: length 4, {all_named}, more fields")),
    ] {
        let chunks = vec![(Direction::ToServer, PART3_DH.record(message))];
        let packets = packets(&capture(Wire { stage: &PART3_DH, chunks }.events()));
        assert_eq!(comments(&packets), [format!("ClientHello, client to server, {told}")]);
    }
}

#[test]
fn a_packet_says_which_part_of_a_record_it_carries() {
    let records = [PART1_CTR.record(&[7; 17]), PART1_CTR.record(&[7; 20])].concat();
    let chunks =
        [0..3, 3..4, 4..30, 30..45].map(|range| (Direction::ToServer, records[range].to_vec()));
    let packets = packets(&capture(Wire { stage: &PART1_CTR, chunks: chunks.to_vec() }.events()));
    let expected = [
        "bytes 0 to 2 of record 0, client to server",
        "byte 3 of record 0, client to server",
        "bytes 4 to 20 of record 0, client to server, 21 bytes: length 4, nonce 16, ciphertext 1",
        "bytes 0 to 8 of record 1, client to server",
        "bytes 9 to 23 of record 1, client to server, 24 bytes: length 4, nonce 16, ciphertext 4",
    ];
    assert_eq!(comments(&packets), expected);
}

#[test]
fn bytes_in_no_record_and_cut_records_are_called_that() {
    let good = PART2_HMAC.record(&[7; 48]);
    let chunks = vec![
        (Direction::ToServer, [&good[..], &[0, 0]].concat()),
        (Direction::ToServer, vec![0, 47, 1]),
        (Direction::ToServer, vec![1]),
        (Direction::ToClient, good[..20].to_vec()),
    ];
    let packets = packets(&capture(Wire { stage: &PART2_HMAC, chunks }.events()));
    let expected = [
        "record 0, client to server, 52 bytes: length 4, nonce 16, ciphertext 0, tag 32",
        "bytes 0 to 1 of record 1, client to server",
        "3 bytes, client to server, in no record",
        "1 byte, client to server, in no record",
        "bytes 0 to 19 of record 0, server to client",
        "record 0, server to client, cut after 20 bytes",
    ];
    assert_eq!(comments(&packets), expected);
}

#[test]
fn raw_bytes_travel_as_they_are() {
    let chunks = vec![(Direction::ToServer, b"GET / HTTP/1.1\r\n".to_vec())];
    let packets = packets(&capture(Wire { stage: &PART1_PLAIN, chunks }.events()));
    assert_eq!(comments(&packets), ["16 bytes, client to server, as they are"]);
}

#[test]
fn a_connection_begins_where_the_stage_changes_or_one_that_has_ended_speaks_again() {
    let wire = |stage| Wire { stage, chunks: vec![(Direction::ToServer, vec![0; 3])] };
    let mut wires: Vec<_> = STAGES.iter().copied().map(wire).collect();
    wires.extend([wire(&PART2_AEAD), wire(&PART2_AEAD)]);
    let packets = packets(&capture(wires.iter().flat_map(Wire::events)));
    let mut connections = packets.chunk_by(|_, next| !next.tcp.syn || next.tcp.ack);
    let mut client_ports = HashSet::new();
    for wire in &wires {
        let connection = connections.next().unwrap();
        assert!(client_ports.insert(connection[0].tcp.source_port));
        let bytes = BOTH.map(|direction| wire.stream(direction));
        assert_eq!(streams(connection, wire.stage.port), bytes);
    }
    assert!(connections.next().is_none());
    assert!(packets.is_sorted_by_key(|packet| packet.at));
}

/// A run of the plain stage, whose bytes are always the same, and a server at this port.
fn plain_run(server_port: u16) -> Vec<u8> {
    let addr = ([127, 0, 0, 1], server_port).into();
    let listening =
        Event { role: Role::Server, stage: &PART1_PLAIN, kind: EventKind::Listening { addr } };
    let chunks = vec![(Direction::ToServer, b"GET / HTTP/1.1\r\n".to_vec())];
    capture([vec![listening], Wire { stage: &PART1_PLAIN, chunks }.events()].concat())
}

#[test]
fn the_same_run_gives_the_same_capture() {
    assert_eq!(plain_run(40_000), plain_run(40_000));
}

#[test]
fn different_runs_share_neither_sequence_numbers_nor_times_and_hardly_a_port() {
    let runs: Vec<_> = (40_000..40_100).map(|port| packets(&plain_run(port))).collect();
    let syns = || runs.iter().flat_map(|packets| &packets[..2]);
    let sequences: HashSet<_> = syns().map(|packet| packet.tcp.sequence_number).collect();
    assert_eq!(sequences.len(), 200);
    let client_ports: HashSet<_> = runs.iter().map(|packets| packets[0].tcp.source_port).collect();
    assert!(client_ports.len() > 95);
    assert!(client_ports.iter().all(|port| *port >= 49_152));
    let mut times: Vec<_> = runs.iter().map(|packets| packets[0].at).collect();
    times.sort_unstable();
    for pair in times.windows(2) {
        assert!(pair[1] > pair[0] + Duration::from_secs(1), "they do not overlap");
    }
    assert!(times[99] < Duration::from_secs(365 * 24 * 60 * 60), "in 1970");
}

#[test]
fn other_events_leave_no_trace() {
    let mut file = vec![];
    let mut capture = Capture::new(&mut file).unwrap();
    let peer = "127.0.0.1:1".parse().unwrap();
    let kind = EventKind::Connected { peer };
    capture.write(&Event { role: Role::Client, stage: &PART2_AEAD, kind }).unwrap();
    let kind = EventKind::Closed { clean: true, records_sent: 1, records_received: 1 };
    capture.write(&Event { role: Role::Server, stage: &PART2_AEAD, kind }).unwrap();
    capture.finish().unwrap();
    assert!(packets(&file).is_empty());
}

/// A key log may have secrets of anyone's.
#[test]
fn a_capture_has_the_secrets_of_its_own_connections_in_front_of_their_packets() {
    let stage = *STAGES.iter().find(|stage| stage.has_types()).unwrap();
    let rest = [0, 0, 2, 0x13, 1, 1, 0, 0, 0];
    let hello = [&[1, 0, 0, 43, 3, 3][..], &[0xab; 32], &rest].concat();
    let message = HandshakeMessage::new("ClientHello", Way::Sent, &hello, &[]);
    let record = stage.record_of_message(&hello);
    let mut events = Wire { stage, chunks: vec![(Direction::ToServer, record)] }.events();
    events.insert(0, Event { role: Role::Client, stage, kind: EventKind::Handshake(message) });
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("secrets.txt");
    let line =
        |random: &str| format!("SERVER_HANDSHAKE_TRAFFIC_SECRET {} 0123\n", random.repeat(32));
    fs::write(&path, [line("cd"), line("ab"), line("ef")].concat()).unwrap();
    let mut file = vec![];
    let mut capture = Capture::new(&mut file).unwrap().with_key_log(&path);
    for event in &events {
        capture.write(event).unwrap();
    }
    capture.finish().unwrap();
    let mut reader = PcapNgReader::new(&file[..]).unwrap();
    let mut blocks = vec![];
    while let Some(block) = reader.next_block() {
        blocks.push(block.unwrap().into_owned());
    }
    let Block::Unknown(secrets) = &blocks[1] else { panic!("{:?}", blocks[1]) };
    let own = line("ab");
    assert_eq!((secrets.type_, &secrets.value[..4]), (10, &b"TLSK"[..]));
    assert_eq!(secrets.value[4..8], u32::try_from(own.len()).unwrap().to_be_bytes());
    assert_eq!(&secrets.value[8..8 + own.len()], own.as_bytes());
    assert_eq!(blocks.iter().filter(|block| matches!(block, Block::Unknown(_))).count(), 1);
    let packets = packets(&file);
    let told = comments(&packets);
    assert!(
        told[0].starts_with("ClientHello, client to server, 52 bytes: type 1, version 2,"),
        "{told:?}"
    );
}

#[test]
fn a_thousand_records_take_no_more_room_than_one() {
    let record = PART2_AEAD.record(&vec![7; 36 + 16_384]);
    let room = |records: u64| {
        let mut capture = Capture::new(std::io::sink()).unwrap();
        let bytes = record.as_slice().into();
        let chunk = |micros| EventKind::Chunk { direction: Direction::ToServer, micros, bytes };
        let mut event = Event { role: Role::Wire, stage: &PART2_AEAD, kind: chunk(0) };
        let used = allocation_counter::measure(|| {
            for at in 0..records {
                if let EventKind::Chunk { micros, .. } = &mut event.kind {
                    *micros = at;
                }
                capture.write(&event).unwrap();
            }
        });
        used.bytes_max
    };
    assert!(room(1_000) <= room(1) + 1024);
    assert!(room(1) < 128 * 1024);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Records, parts of them, garbage: TCP carries all of it.
    #[test]
    fn whatever_passes_comes_back(
        stage in 0..STAGES.len(),
        chunks in prop::collection::vec((any::<bool>(), prop::collection::vec(0..=40_u8, 0..200)), 0..20),
        long in prop::option::of(MAX_SEGMENT_LEN - 1..3 * MAX_SEGMENT_LEN),
    ) {
        let stage = STAGES[stage];
        let to = |up| if up { Direction::ToServer } else { Direction::ToClient };
        let mut chunks: Vec<_> = chunks.into_iter().map(|(up, bytes)| (to(up), bytes)).collect();
        chunks.extend(long.map(|len| (Direction::ToClient, vec![0; len])));
        let wire = Wire { stage, chunks };
        let packets = packets(&capture(wire.events()));
        prop_assert_eq!(streams(&packets, stage.port), BOTH.map(|direction| wire.stream(direction)));
        for packet in packets.iter().filter(|packet| !packet.payload.is_empty()) {
            prop_assert!(!packet.comments.is_empty());
        }
    }
}

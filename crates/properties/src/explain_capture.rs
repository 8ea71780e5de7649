#![allow(clippy::cast_possible_truncation, reason = "all lengths here are short")]

use std::collections::HashMap;

use framing::Direction;
use sessions::capture::{self, Piece, Wanted, What};
use sessions::keylog::KeyLog;

use crate::Choices;

/// Checks the readers of captures and key logs: of a file with any bytes, or of a capture of any segments of TCP. Each
/// connection begins once and each of its directions ends once, no more bytes come out than are in the file, one
/// connection alone reads as it does among all, and each byte is the first copy of what was sent in its place.
///
/// # Panics
/// Where that does not hold.
pub fn explain_capture(input: &[u8]) {
    let mut choices = Choices::new(input);
    match choices.below(4) {
        0 => any_file(choices.rest()),
        1 => {
            let text = choices.rest();
            let found = KeyLog::default().add(text);
            let lines = text.split(|byte| *byte == b'\n').count() as u64;
            assert!(found.secrets + found.odd.count <= lines && found.tls13 <= found.secrets);
        }
        _ => any_segments(choices),
    }
}

/// The pieces of one connection that were taken, as positions and bytes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Taken {
    begun: usize,
    flows: [Flow; 2],
}

/// The pieces of a direction that were taken.
#[derive(Debug, PartialEq, Eq)]
struct Flow {
    /// Bytes, with their positions if these are known.
    bytes: Vec<(Option<u64>, u8)>,
    /// The position of the next.
    position: Option<u64>,
    ends: usize,
}

impl Default for Flow {
    fn default() -> Self {
        Self { bytes: Vec::new(), position: Some(0), ends: 0 }
    }
}

fn read(file: &[u8], only: Option<usize>) -> HashMap<usize, Taken> {
    let mut all: HashMap<usize, Taken> = HashMap::new();
    let mut piece = |piece: Piece<'_>| {
        let taken = all.entry(piece.connection).or_default();
        match piece.what {
            What::Begin { .. } => taken.begun += 1,
            What::Bytes(direction, bytes) => {
                let Flow { bytes: got, position, ends } = &mut taken.flows[direction as usize];
                assert_eq!(*ends, 0, "bytes behind the end");
                for byte in bytes {
                    got.push((*position, *byte));
                    *position = position.map(|position| position + 1);
                }
            }
            What::Missing(direction, bytes) => {
                let Flow { position, ends, .. } = &mut taken.flows[direction as usize];
                assert_eq!(*ends, 0, "missing behind the end");
                *position = position.zip(bytes).map(|(position, bytes)| position + bytes);
            }
            What::End(direction, _) => taken.flows[direction as usize].ends += 1,
        }
        assert_eq!(taken.begun, 1, "something before the beginning, or two of them");
    };
    let mut keylog = KeyLog::default();
    let mut key_log = |text: &[u8]| {
        keylog.add(text);
    };
    let mut wanted = Wanted { only, piece: Some(&mut piece), key_log: &mut key_log };
    _ = capture::read(file, &mut wanted);
    all
}

fn any_file(file: &[u8]) {
    let all = read(file, None);
    let bytes: usize =
        all.values().flat_map(|taken| &taken.flows).map(|flow| flow.bytes.len()).sum();
    assert!(bytes <= file.len(), "more bytes than there are");
    for (number, taken) in &all {
        assert!((1..=all.len()).contains(number));
        assert!(taken.flows.iter().all(|flow| flow.ends == 1), "each direction ends once");
        assert_eq!(read(file, Some(*number)).get(number), Some(taken), "alone it is another");
    }
}

/// One connection: its client opens it, then any segments follow that could be of it.
fn any_segments(mut choices: Choices<'_>) {
    let isn = u32::MAX - u32::from(choices.byte());
    let mut file =
        [&0xa1b2_c3d4_u32.to_be_bytes()[..], &[0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
    file.extend([0, 0, 255, 255, 0, 0, 0, 101]);
    let mut first_copies: HashMap<u64, u8> = HashMap::new();
    add(&mut file, true, isn, 0, 0x02, b"");
    while !choices.is_empty() {
        let kind = choices.byte();
        let (position, len) = (u64::from(choices.byte()), choices.below(16));
        let seq = isn.wrapping_add(1).wrapping_add(position as u32);
        if kind.is_multiple_of(4) {
            add(&mut file, false, 7, seq, 0x10, b"");
            continue;
        }
        let payload: Vec<_> = (0..len).map(|at| kind.wrapping_add(at as u8)).collect();
        for (position, byte) in (position..).zip(&payload) {
            first_copies.entry(position).or_insert(*byte);
        }
        let flags = if kind & 0x7c == 0 { 0x11 } else { 0x10 };
        add(&mut file, true, seq, 0, flags, &payload);
    }
    any_file(&file);
    let taken = read(&file, None).remove(&1).expect("it begins with a SYN");
    for (position, byte) in &taken.flows[Direction::ToServer as usize].bytes {
        let position = position.expect("how many are missing is always known between two bytes");
        assert_eq!(first_copies.get(&position), Some(byte), "at {position}");
    }
}

/// Adds a packet to a pcap of raw IP: 20 bytes of IP, 20 of TCP.
fn add(file: &mut Vec<u8>, is_client: bool, seq: u32, ack: u32, flags: u8, payload: &[u8]) {
    let len = 40 + payload.len() as u32;
    file.extend([0, 0, len, len].map(u32::to_be_bytes).concat());
    file.extend([0x45, 0, 0, len as u8, 0, 0, 0, 0, 64, 6, 0, 0]);
    let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let (from, to) = if is_client { (client, server) } else { (server, client) };
    file.extend([from, to].concat());
    let ports = if is_client { [0xc3, 0x50, 1, 0xbb] } else { [1, 0xbb, 0xc3, 0x50] };
    file.extend(ports);
    file.extend([seq.to_be_bytes(), ack.to_be_bytes()].concat());
    file.extend([0x50, flags, 255, 255, 0, 0, 0, 0]);
    file.extend(payload);
}

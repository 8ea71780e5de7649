//! Captures made by hand, and what is read of them.
#![allow(clippy::cast_possible_truncation, reason = "all lengths here are short")]
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::net::SocketAddr;
use std::time::Duration;

use etherparse::PacketBuilder;
use framing::Direction;
use sessions::capture::{self, Besides, Ending, Piece, Wanted, What};

/// The link layer without a header of its own.
pub const RAW: u16 = 101;

pub const SYN: u8 = 2;
pub const FIN: u8 = 1;
pub const RST: u8 = 4;

/// A segment of TCP that is to be put into a packet.
#[derive(Clone)]
pub struct Tcp<'p> {
    pub from: &'p str,
    pub to: &'p str,
    pub seq: u32,
    pub ack: Option<u32>,
    pub flags: u8,
    pub payload: &'p [u8],
}

pub const CLIENT: &str = "10.0.0.1:50000";
pub const SERVER: &str = "10.0.0.2:443";

/// A segment of the client.
pub fn client(seq: u32, ack: u32, flags: u8, payload: &[u8]) -> Tcp<'_> {
    Tcp { from: CLIENT, to: SERVER, seq, ack: Some(ack), flags, payload }
}

/// A segment of the server.
pub fn server(seq: u32, ack: u32, flags: u8, payload: &[u8]) -> Tcp<'_> {
    Tcp { from: SERVER, to: CLIENT, seq, ack: Some(ack), flags, payload }
}

/// The client's first.
pub fn syn(seq: u32) -> Tcp<'static> {
    Tcp { ack: None, ..client(seq, 0, SYN, b"") }
}

/// A connection is opened: the client's numbers begin behind 1000, the server's behind 2000.
pub fn opened() -> Vec<Tcp<'static>> {
    vec![syn(1000), server(2000, 1001, SYN, b""), client(1001, 2001, 0, b"")]
}

impl Tcp<'_> {
    /// The IP packet with it.
    pub fn packet(&self) -> Vec<u8> {
        let [from, to] = [self.from, self.to].map(|it| it.parse::<SocketAddr>().unwrap());
        let builder = match (from, to) {
            (SocketAddr::V4(from), SocketAddr::V4(to)) => {
                PacketBuilder::ipv4(from.ip().octets(), to.ip().octets(), 64)
            }
            (SocketAddr::V6(from), SocketAddr::V6(to)) => {
                PacketBuilder::ipv6(from.ip().octets(), to.ip().octets(), 64)
            }
            _ => unreachable!(),
        };
        let mut builder = builder.tcp(from.port(), to.port(), self.seq, 65535);
        builder = if self.flags & SYN > 0 { builder.syn() } else { builder };
        builder = if self.flags & FIN > 0 { builder.fin() } else { builder };
        builder = if self.flags & RST > 0 { builder.rst() } else { builder };
        builder = if let Some(ack) = self.ack { builder.ack(ack) } else { builder };
        let mut packet = Vec::new();
        builder.write(&mut packet, self.payload).unwrap();
        packet
    }
}

/// A block of a pcapng, lowest byte first.
pub fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let len = (body.len().next_multiple_of(4) + 12) as u32;
    let mut block = [&kind.to_le_bytes()[..], &len.to_le_bytes(), body].concat();
    block.resize(len as usize - 4, 0);
    block.extend_from_slice(&len.to_le_bytes());
    block
}

/// The beginning of a section of a pcapng.
pub fn section() -> Vec<u8> {
    let body = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    block(0x0a0d_0d0a, &body)
}

/// An interface with this link layer.
pub fn interface(link: u16, options: &[u8]) -> Vec<u8> {
    block(1, &[&link.to_le_bytes()[..], &[0; 6], options].concat())
}

/// A packet of an interface, captured whole, after so many units of time.
pub fn packet(interface: u32, ticks: u64, data: &[u8]) -> Vec<u8> {
    cut_packet(interface, ticks, data, data.len())
}

/// The same of which the first `captured` bytes were captured.
pub fn cut_packet(interface: u32, ticks: u64, data: &[u8], captured: usize) -> Vec<u8> {
    let words = [interface, (ticks >> 32) as u32, ticks as u32, captured as u32, data.len() as u32];
    let words: Vec<_> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    block(6, &[&words, &data[..captured]].concat())
}

/// A pcapng with these packets on one link, a microsecond apart.
pub fn pcapng(link: u16, packets: &[Vec<u8>]) -> Vec<u8> {
    let packets: Vec<_> = (1..).zip(packets).map(|(at, data)| packet(0, at, data)).collect();
    [section(), interface(link, &[]), packets.concat()].concat()
}

/// A pcapng of segments, in this order.
pub fn capture_of(segments: &[Tcp<'_>]) -> Vec<u8> {
    let packets: Vec<_> = segments.iter().map(Tcp::packet).collect();
    pcapng(RAW, &packets)
}

/// Something that was read of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    Begin(SocketAddr, SocketAddr, bool),
    /// Pieces that follow each other are one.
    Bytes(Direction, Vec<u8>),
    Missing(Direction, Option<u64>),
    End(Direction, Ending),
}

/// What was read of a connection, with its number and time.
pub type Pieces = Vec<(usize, Duration, Got)>;

/// Reads a capture.
pub fn read(bytes: &[u8], only: Option<usize>) -> (Pieces, Besides) {
    let mut got: Pieces = Vec::new();
    let mut take = |piece: Piece<'_>| {
        let next = match piece.what {
            What::Begin { client, server, is_whole } => Got::Begin(client, server, is_whole),
            What::Bytes(direction, bytes) => {
                if let Some((number, _, Got::Bytes(last, there))) = got.last_mut()
                    && (*number, *last) == (piece.connection, direction)
                {
                    there.extend_from_slice(bytes);
                    return;
                }
                Got::Bytes(direction, bytes.to_vec())
            }
            What::Missing(direction, bytes) => Got::Missing(direction, bytes),
            What::End(direction, ending) => Got::End(direction, ending),
        };
        got.push((piece.connection, piece.at, next));
    };
    let mut wanted = Wanted { only, piece: Some(&mut take), key_log: &mut |_| {} };
    let besides = capture::read(bytes, &mut wanted).unwrap();
    (got, besides)
}

/// Reads a capture with one connection, and leaves out when what happened.
pub fn read_one(bytes: &[u8]) -> Vec<Got> {
    read(bytes, Some(1)).0.into_iter().map(|(_, _, got)| got).collect()
}

/// Reads segments.
pub fn of(segments: &[Tcp<'_>]) -> Vec<Got> {
    read_one(&capture_of(segments))
}

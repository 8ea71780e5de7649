//! The layers of a packet: the headers in front of a segment of TCP.

use std::net::SocketAddr;

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};

/// The link layers, by their numbers (tcpdump.org/linktypes.html).
const NULL: u32 = 0;
const ETHERNET: u32 = 1;
/// Raw IP: its number, and what some systems write in its place.
const RAW: [u32; 5] = [12, 14, 101, 228, 229];
const LOOP: u32 = 108;
const LINUX_SLL: u32 = 113;
const LINUX_SLL2: u32 = 276;

/// The port of QUIC, as far as there is one.
const HTTPS: u16 = 443;

/// The kind of a packet.
pub enum Found<'b> {
    /// A segment of TCP.
    Segment(Segment<'b>),
    /// A part of an IP packet that was sent in several.
    Fragment,
    /// A datagram of UDP, and whether it may well be QUIC.
    Udp {
        /// Whether it may.
        is_quic: bool,
    },
    /// Something else.
    Other,
}

/// A segment of TCP.
#[derive(Clone, Copy)]
pub struct Segment<'b> {
    /// Its sender.
    pub from: SocketAddr,
    /// Its receiver.
    pub to: SocketAddr,
    /// The number of its first byte.
    pub seq: u32,
    /// The number of the byte that its sender expects next.
    pub ack: Option<u32>,
    /// Whether it opens a direction.
    pub syn: bool,
    /// Whether it ends a direction.
    pub fin: bool,
    /// Whether it breaks the connection off.
    pub rst: bool,
    /// The part of its payload that was captured.
    pub payload: &'b [u8],
    /// Bytes of the payload that were not captured.
    pub cut: u32,
}

/// Finds out what a packet on this link is.
pub fn find(link: u32, data: &[u8]) -> Found<'_> {
    let packet = match link {
        ETHERNET => LaxSlicedPacket::from_ethernet(data).ok(),
        NULL | LOOP => ip(data.get(4..)),
        LINUX_SLL => ether_type(data.get(14..16), data.get(16..)),
        LINUX_SLL2 => ether_type(data.get(..2), data.get(20..)),
        _ if RAW.contains(&link) => ip(Some(data)),
        _ => None,
    };
    let Some(packet) = packet else { return Found::Other };
    let (source, destination, payload, expected) = match &packet.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            let expected = usize::from(header.total_len()).saturating_sub(header.slice().len());
            (header.source_addr().into(), header.destination_addr().into(), ip.payload(), expected)
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            let expected =
                usize::from(header.payload_length()).saturating_sub(ip.extensions().slice().len());
            (header.source_addr().into(), header.destination_addr().into(), ip.payload(), expected)
        }
        _ => return Found::Other,
    };
    if payload.fragmented {
        return Found::Fragment;
    }
    match &packet.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            let cut =
                if payload.incomplete { expected.saturating_sub(payload.payload.len()) } else { 0 };
            Found::Segment(Segment {
                from: SocketAddr::new(source, tcp.source_port()),
                to: SocketAddr::new(destination, tcp.destination_port()),
                seq: tcp.sequence_number(),
                ack: tcp.ack().then(|| tcp.acknowledgment_number()),
                syn: tcp.syn(),
                fin: tcp.fin(),
                rst: tcp.rst(),
                payload: tcp.payload(),
                cut: u32::try_from(cut).unwrap_or(u32::MAX),
            })
        }
        Some(TransportSlice::Udp(udp)) => {
            Found::Udp { is_quic: [udp.source_port(), udp.destination_port()].contains(&HTTPS) }
        }
        _ => Found::Other,
    }
}

fn ip(data: Option<&[u8]>) -> Option<LaxSlicedPacket<'_>> {
    LaxSlicedPacket::from_ip(data?).ok()
}

fn ether_type<'b>(kind: Option<&[u8]>, data: Option<&'b [u8]>) -> Option<LaxSlicedPacket<'b>> {
    let kind = u16::from_be_bytes(kind?.try_into().ok()?);
    Some(LaxSlicedPacket::from_ether_type(EtherType(kind), data?))
}

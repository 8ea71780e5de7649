//! A file's packets, put in order, as the bytes of each connection.
//!
//! - `window`: the file, a block at a time; `container`: the packets in it, pcapng or pcap.
//! - `segment`: the headers in a packet, down to TCP's.
//! - `connections`: which connection it is of; `stream`: one direction of it, put in order.

mod connections;
mod container;
mod segment;
mod stream;
mod window;

use std::io::Read;
use std::net::SocketAddr;
use std::time::Duration;

use framing::Direction;
use thiserror::Error;

use connections::Connections;
pub use connections::MAX_CONNECTIONS;
pub use container::is_one;
use container::{Container, Item, Packet};
use segment::{Found, Segment, find};
use stream::Shared;
pub use window::Damage;

/// A piece of a connection. They come in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'b> {
    /// The number of the connection, from 1, in the order of their first packets.
    pub connection: usize,
    /// The time at which its packet passed by, since 1970.
    pub at: Duration,
    /// Its content.
    pub what: What<'b>,
}

/// The content of a piece: something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What<'b> {
    /// The connection's first packet.
    Begin {
        /// The address of the side that connects.
        client: SocketAddr,
        /// The address of the side that listens.
        server: SocketAddr,
        /// Whether the capture has its beginning.
        is_whole: bool,
    },
    /// The next bytes of a direction.
    Bytes(Direction, &'b [u8]),
    /// Bytes of a direction that the capture does not have, and their number if it is known.
    Missing(Direction, Option<u64>),
    /// A direction is over.
    End(Direction, Ending),
}

/// The way in which a direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its sender has closed it: FIN.
    Closed,
    /// One of the sides has broken the connection off: RST.
    Reset,
    /// The capture does not have its end.
    Unseen,
}

/// Counts of what a capture holds besides the pieces of its connections.
#[derive(Debug, Default)]
pub struct Besides {
    /// Packets, of any kind.
    pub packets: u64,
    /// Segments of TCP.
    pub segments: u64,
    /// Key logs in it.
    pub key_logs: u64,
    /// Packets that were not captured to their end.
    pub cut: u64,
    /// Parts of IP packets, which are not put together.
    pub fragments: u64,
    /// Datagrams of UDP.
    pub datagrams: u64,
    /// Those from or to port 443, as QUIC's are.
    pub quic: u64,
    /// Segments that were sent twice, and not the same.
    pub differing: u64,
    /// Segments whose numbers are far from what is due.
    pub astray: u64,
    /// Segments of connections that are too many to be told apart.
    pub uncounted: u64,
    /// The reason that it was not read to its end, if there is one.
    pub damage: Option<Damage>,
}

/// A reason that nothing of a file is read.
#[derive(Debug, Error)]
#[error("neither pcapng nor pcap begins like this")]
pub struct NoCapture;

/// The parts of a capture that are wanted, and who takes them.
pub struct Wanted<'w> {
    /// The number of the connection whose pieces are; none for all.
    pub only: Option<usize>,
    /// Takes the pieces. If nothing does, packets are passed over.
    pub piece: Option<&'w mut dyn FnMut(Piece<'_>)>,
    /// Takes the text of the key logs.
    pub key_log: &'w mut dyn FnMut(&[u8]),
}

/// Reads a capture from its first packet to its last, or to where it is damaged.
///
/// # Errors
/// When it is none.
pub fn read(input: impl Read, wanted: &mut Wanted<'_>) -> Result<Besides, NoCapture> {
    let mut besides = Besides::default();
    let mut connections = Connections::new(wanted.only);
    let read = Container::new(input).transpose().ok_or(NoCapture)?.and_then(|mut container| {
        let mut now = Duration::ZERO;
        while let Some(item) = container.next()? {
            match item {
                Item::Packet(packet) => {
                    now = packet.at.unwrap_or(now);
                    if let Some(take) = &mut wanted.piece
                        && let Some(segment) = besides.packet(&packet)
                    {
                        connections.segment(now, &segment, take);
                    }
                }
                Item::Secrets(text) => {
                    besides.key_logs += 1;
                    (wanted.key_log)(text);
                }
                Item::Other => {}
            }
        }
        Ok(())
    });
    if let Some(take) = &mut wanted.piece {
        connections.end(take);
    }
    let Connections { shared: Shared { differing, astray, .. }, uncounted, .. } = connections;
    Ok(Besides { differing, astray, uncounted, damage: read.err(), ..besides })
}

impl Besides {
    /// Counts a packet. Returns the segment of TCP that it is.
    fn packet<'b>(&mut self, packet: &Packet<'b>) -> Option<Segment<'b>> {
        self.packets += 1;
        self.cut += u64::from(packet.is_cut);
        match find(packet.link?, packet.data) {
            Found::Segment(segment) => {
                self.segments += 1;
                return Some(segment);
            }
            Found::Fragment => self.fragments += 1,
            Found::Udp { is_quic } => {
                self.datagrams += 1;
                self.quic += u64::from(is_quic);
            }
            Found::Other => {}
        }
        None
    }
}

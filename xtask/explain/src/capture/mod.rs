//! A file's packets, put in order, as the bytes of each connection.

use std::net::SocketAddr;
use std::time::Duration;

use framing::Direction;

/// What a capture holds of one connection, a piece at a time and in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'b> {
    /// The number of the connection, from 1, in the order of their first packets.
    pub connection: usize,
    /// When its packet passed by, since 1970.
    pub at: Duration,
    /// What it is.
    pub what: What<'b>,
}

/// What happened.
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
    End(Direction),
}

/// Reads a capture from its first packet to its last. Secrets that are in it go into `keylog`.
///
/// # Errors
/// When it cannot be read.
pub fn read(
    path: &std::path::Path,
    keylog: &mut crate::keylog::KeyLog,
    mut take: impl FnMut(Piece<'_>),
) -> anyhow::Result<()> {
    use pcap_file::pcapng::{Block, PcapNgReader};
    let mut reader = PcapNgReader::new(std::fs::File::open(path)?)?;
    let mut known: Vec<[SocketAddr; 2]> = Vec::new();
    while let Some(block) = reader.next_block() {
        match block? {
            Block::Unknown(block) if block.type_ == 0xa => {
                keylog.add(block.value.get(8..).unwrap_or_default());
            }
            Block::EnhancedPacket(packet) => {
                let at = packet.timestamp;
                let Ok(sliced) = etherparse::SlicedPacket::from_ip(&packet.data) else { continue };
                let (
                    Some(etherparse::NetSlice::Ipv4(ip)),
                    Some(etherparse::TransportSlice::Tcp(tcp)),
                ) = (&sliced.net, &sliced.transport)
                else {
                    continue;
                };
                let from = SocketAddr::new(ip.header().source_addr().into(), tcp.source_port());
                let to =
                    SocketAddr::new(ip.header().destination_addr().into(), tcp.destination_port());
                let found = known.iter().position(|it| *it == [from, to] || *it == [to, from]);
                let number = found.unwrap_or_else(|| {
                    known.push([from, to]);
                    let what = What::Begin { client: from, server: to, is_whole: tcp.syn() };
                    take(Piece { connection: known.len(), at, what });
                    known.len() - 1
                });
                let is_client = known.get(number).is_some_and(|it| it[0] == from);
                let direction = if is_client { Direction::ToServer } else { Direction::ToClient };
                if !tcp.payload().is_empty() {
                    take(Piece {
                        connection: number + 1,
                        at,
                        what: What::Bytes(direction, tcp.payload()),
                    });
                }
                if tcp.fin() {
                    take(Piece { connection: number + 1, at, what: What::End(direction) });
                }
            }
            _ => {}
        }
    }
    Ok(())
}

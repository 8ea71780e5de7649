//! The two containers of packets, pcap and pcapng: one packet after the other.
//!
//! The library finds where a block ends and in which byte order it is. What is in a block of pcapng is read here: the
//! library refuses a packet with a comment that is not UTF-8, and knows no other unit of time than a nanosecond.

use std::io::Read;
use std::time::Duration;

use byteorder::{BigEndian, ByteOrder, LittleEndian};
use pcap_file::pcap::{PcapHeader, RawPcapPacket};
use pcap_file::pcapng::RawBlock;
use pcap_file::pcapng::blocks::{
    ENHANCED_PACKET_BLOCK, INTERFACE_DESCRIPTION_BLOCK, PACKET_BLOCK, SECTION_HEADER_BLOCK,
    SIMPLE_PACKET_BLOCK,
};
use pcap_file::{Endianness, TsResolution};

use super::window::{Damage, Window};

/// The beginning of a section of a pcapng, in either byte order.
const SECTION_HEADER: [u8; 4] = SECTION_HEADER_BLOCK.to_be_bytes();

/// The numbers that a pcap begins with, in either byte order.
const PCAP: [u32; 2] = [0xa1b2_c3d4, 0xa1b2_3c4d];

/// The type of a Decryption Secrets Block, and of secrets that are a TLS key log.
const DECRYPTION_SECRETS_BLOCK: u32 = 0x0a;
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// The options of an interface: the unit of its times, and what is to be added to them.
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// Interfaces that a section may have.
const MAX_INTERFACES: usize = 1 << 16;

/// An item of a capture.
pub enum Item<'b> {
    /// A packet.
    Packet(Packet<'b>),
    /// The text of a key log.
    Secrets(&'b [u8]),
    /// Something else.
    Other,
}

/// A packet as it was captured.
pub struct Packet<'b> {
    /// Its time, since 1970; none if the container does not tell.
    pub at: Option<Duration>,
    /// The number of its link layer, if that is known.
    pub link: Option<u32>,
    /// The part of it that was captured.
    pub data: &'b [u8],
    /// Whether it was longer than that.
    pub is_cut: bool,
}

/// A capture that is read.
pub struct Container<R> {
    window: Window<R>,
    kind: Kind,
}

enum Kind {
    Pcap(PcapHeader),
    PcapNg { endianness: Endianness, interfaces: Vec<Interface> },
}

#[derive(Clone, Copy)]
struct Interface {
    link: u32,
    snaplen: u32,
    unit: Unit,
    /// Seconds to add.
    offset: i64,
}

/// The unit of a time, as `if_tsresol` has it: a power of ten or of two, below one second.
#[derive(Clone, Copy)]
struct Unit(u8);

impl Unit {
    const MICROSECOND: Self = Self(6);

    fn duration(self, ticks: u64) -> Duration {
        let ticks = u128::from(ticks);
        let power = u32::from(self.0 & 0x7f);
        let in_second =
            if self.0 & 0x80 == 0 { 10_u128.checked_pow(power) } else { 1_u128.checked_shl(power) };
        // What is too small a unit for 128 bits never adds up to a nanosecond.
        let Some(in_second) = in_second else { return Duration::ZERO };
        let nanos = ticks % in_second * 1_000_000_000 / in_second;
        Duration::new(
            u64::try_from(ticks / in_second).unwrap_or(u64::MAX),
            u32::try_from(nanos).unwrap_or_default(),
        )
    }
}

/// Returns whether a file that begins like this is a capture.
pub fn is_one(head: &[u8]) -> bool {
    let Some(magic) = head.first_chunk() else { return false };
    let numbers = [u32::from_be_bytes(*magic), u32::from_le_bytes(*magic)];
    *magic == SECTION_HEADER || numbers.iter().any(|number| PCAP.contains(number))
}

impl<R: Read> Container<R> {
    /// Returns the capture that begins here. `None`, if this is no capture.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn new(input: R) -> Result<Option<Self>, Damage> {
        let mut window = Window::new(input);
        let head = window.peek(4)?;
        if !is_one(head) {
            return Ok(None);
        }
        let kind = if head == SECTION_HEADER {
            Kind::PcapNg { endianness: Endianness::Big, interfaces: Vec::new() }
        } else {
            let header = window.take(|bytes| Ok(PcapHeader::from_slice(bytes)?.0))?;
            let header = header.and_then(|bytes| PcapHeader::from_slice(bytes).ok());
            let Some((_, header)) = header else { return Ok(None) };
            Kind::Pcap(header)
        };
        Ok(Some(Self { window, kind }))
    }

    /// Returns what comes next. `None` at the end of the file.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Damage> {
        match &mut self.kind {
            Kind::Pcap(header) => match header.endianness {
                Endianness::Big => packet::<BigEndian>(&mut self.window, header),
                Endianness::Little => packet::<LittleEndian>(&mut self.window, header),
            },
            Kind::PcapNg { endianness, interfaces } => {
                // Each section has its own byte order, and says so at its beginning.
                let head = self.window.peek(12)?;
                if let [0x0a, 0x0d, 0x0d, 0x0a, _, _, _, _, magic, ..] = head {
                    *endianness = if *magic == 0x1a { Endianness::Big } else { Endianness::Little };
                }
                match endianness {
                    Endianness::Big => block::<BigEndian>(&mut self.window, interfaces),
                    Endianness::Little => block::<LittleEndian>(&mut self.window, interfaces),
                }
            }
        }
    }
}

/// Returns the next packet of a pcap.
fn packet<'w, B: ByteOrder>(
    window: &'w mut Window<impl Read>,
    header: &PcapHeader,
) -> Result<Option<Item<'w>>, Damage> {
    let bytes = window.take(|bytes| Ok(RawPcapPacket::from_slice::<B>(bytes)?.0))?;
    let Some((head, data)) = bytes.and_then(|bytes| bytes.split_at_checked(16)) else {
        return Ok(None);
    };
    let [seconds, fraction, captured, original] = words::<B, 4>(head).unwrap_or_default();
    let nanos = match header.ts_resolution {
        TsResolution::NanoSecond => Duration::from_nanos(fraction.into()),
        TsResolution::MicroSecond => Duration::from_micros(fraction.into()),
    };
    Ok(Some(Item::Packet(Packet {
        at: Some(Duration::from_secs(seconds.into()) + nanos),
        // What is above it is the length of a checksum.
        link: Some(u32::from(header.datalink) & 0x03ff_ffff),
        data,
        is_cut: captured < original,
    })))
}

/// Returns what the next block of a pcapng holds.
fn block<'w, B: ByteOrder>(
    window: &'w mut Window<impl Read>,
    interfaces: &mut Vec<Interface>,
) -> Result<Option<Item<'w>>, Damage> {
    let bytes = window.take(|bytes| Ok(RawBlock::from_slice::<B>(bytes)?.0))?;
    let Some(bytes) = bytes else { return Ok(None) };
    let kind = words::<B, 1>(bytes).map_or(0, |[kind]| kind);
    let body = bytes.get(8..bytes.len().saturating_sub(4)).unwrap_or_default();
    let item = match kind {
        SECTION_HEADER_BLOCK => {
            interfaces.clear();
            None
        }
        INTERFACE_DESCRIPTION_BLOCK => {
            let interface = interface::<B>(body).filter(|_| interfaces.len() < MAX_INTERFACES);
            interfaces.extend(interface);
            None
        }
        ENHANCED_PACKET_BLOCK | PACKET_BLOCK => stamped::<B>(kind, body, interfaces),
        SIMPLE_PACKET_BLOCK => words::<B, 1>(body).map(|[original]| {
            let interface = interfaces.first();
            let snaplen = interface.map_or(0, |it| it.snaplen);
            let captured = if snaplen == 0 { original } else { original.min(snaplen) };
            let data = body.get(4..).unwrap_or_default();
            let data =
                usize::try_from(captured).ok().and_then(|len| data.get(..len)).unwrap_or(data);
            let link = interface.map(|it| it.link);
            Item::Packet(Packet { at: None, link, data, is_cut: captured < original })
        }),
        DECRYPTION_SECRETS_BLOCK => match words::<B, 2>(body) {
            Some([TLS_KEY_LOG, len]) => {
                let secrets = body.get(8..).unwrap_or_default();
                let len = usize::try_from(len).unwrap_or(usize::MAX);
                Some(Item::Secrets(secrets.get(..len).unwrap_or(secrets)))
            }
            _ => None,
        },
        _ => None,
    };
    Ok(Some(item.unwrap_or(Item::Other)))
}

/// Reads an Enhanced Packet Block, or a Packet Block, which came before it: it counts dropped packets beside the
/// interface.
fn stamped<'b, B: ByteOrder>(
    kind: u32,
    body: &'b [u8],
    interfaces: &[Interface],
) -> Option<Item<'b>> {
    let [_, high, low, captured, original] = words::<B, 5>(body)?;
    let number = match kind {
        PACKET_BLOCK => u32::from(B::read_u16(body.get(..2)?)),
        _ => B::read_u32(body.get(..4)?),
    };
    let interface = interfaces.get(usize::try_from(number).ok()?);
    let ticks = u64::from(high) << 32 | u64::from(low);
    let at = interface.map(|it| {
        let since = it.unit.duration(ticks);
        let offset = Duration::from_secs(it.offset.unsigned_abs());
        if it.offset < 0 { since.saturating_sub(offset) } else { since.saturating_add(offset) }
    });
    let data = body.get(20..)?;
    let data = data.get(..usize::try_from(captured).ok()?)?;
    let link = interface.map(|it| it.link);
    Some(Item::Packet(Packet { at, link, data, is_cut: captured < original }))
}

/// Reads an Interface Description Block. An option that cannot be read ends its options.
fn interface<B: ByteOrder>(body: &[u8]) -> Option<Interface> {
    let link = u32::from(B::read_u16(body.get(..2)?));
    let snaplen = B::read_u32(body.get(4..8)?);
    let mut interface = Interface { link, snaplen, unit: Unit::MICROSECOND, offset: 0 };
    let mut options = body.get(8..)?;
    while let Some((head, rest)) = options.split_at_checked(4) {
        let (code, len) = (B::read_u16(head.get(..2)?), B::read_u16(head.get(2..)?));
        let len = usize::from(len);
        let Some(value) = rest.get(..len) else { break };
        match (code, value) {
            (0, _) => break,
            (IF_TSRESOL, [unit]) => interface.unit = Unit(*unit),
            (IF_TSOFFSET, [_, _, _, _, _, _, _, _]) => interface.offset = B::read_i64(value),
            _ => {}
        }
        options = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(interface)
}

/// Reads the first words of 32 bits.
fn words<B: ByteOrder, const N: usize>(bytes: &[u8]) -> Option<[u32; N]> {
    let mut words = [0; N];
    B::read_u32_into(bytes.get(..4 * N)?, &mut words);
    Some(words)
}

//! A run as a packet capture: what Wireshark would have seen on the path.
//!
//! The bytes, their order and their times are the run's. The packets around them are made here, as two well
//! behaved ends on loopback would have made them: a handshake, each chunk in packets of its own and
//! acknowledged at once, a FIN for each end. Each packet that carries a message or a record says so in
//! a comment.
//!
//! A run contains neither its date nor its TCP sequence numbers. They and the ports are derived
//! from what it does contain before its first byte passes, including the ports it really had, and
//! random nonces. So a run always gives the same capture, and captures of different runs can be
//! merged.

mod comments;
mod secrets;

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use etherparse::{Ipv4Header, PacketBuilder, TcpHeader, TcpOptionElement};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, PcapError};
use stages::Stage;
use transcript::{Direction, Event, EventKind};

use self::comments::Comments;
use self::secrets::KeyLog;

/// Both ends' address. The articles' programs talk on loopback.
const ADDRESS: [u8; 4] = [127, 0, 0, 1];

/// The clients' ports, from the range that no service may be given (RFC 6335, section 6).
const FIRST_CLIENT_PORT: u16 = 49_152;
const CLIENT_PORTS: u64 = u16::MAX as u64 - FIRST_CLIENT_PORT as u64 + 1;

/// The seconds of 1970, in one of which each capture begins.
const FIRST_YEAR: u32 = 365 * 24 * 60 * 60;

/// The most bytes of the stream in one packet: as many as IPv4's longest packet has room for, as on
/// loopback.
pub const MAX_SEGMENT_LEN: usize = u16::MAX as usize - Ipv4Header::MIN_LEN - TcpHeader::MIN_LEN;

/// Writes a run's events to `W` as a packet capture (pcapng), as they come: nothing is kept of them
/// except the record under way in each direction.
pub struct Capture<W: Write> {
    file: PcapNgWriter<BufWriter<W>>,
    connection: Option<Connection>,
    /// Number of connections so far.
    connections: u64,
    /// What the run contained up to the first bytes that passed.
    run: DefaultHasher,
    /// When the last packet passed, as time since 1970.
    now: Duration,
    /// The secrets to put in front of the packets, and the packets that wait for them.
    key_log: Option<KeyLog>,
    waiting: Vec<EnhancedPacketBlock<'static>>,
}

impl<W: Write> Capture<W> {
    /// Begins a capture.
    pub fn new(out: W) -> Result<Self> {
        let about = "Made from a recorded run. The bytes and their times are the run's, counted from its \
                     first connection; headers, handshakes and acknowledgements were added.";
        let section = SectionHeaderBlock {
            options: vec![
                SectionHeaderOption::Comment(about.into()),
                SectionHeaderOption::UserApplication("rebuilding-tls".into()),
            ],
            ..SectionHeaderBlock::default()
        };
        let mut file =
            PcapNgWriter::with_section_header(BufWriter::new(out), section).map_err(cause)?;
        file.write_pcapng_block(InterfaceDescriptionBlock {
            linktype: DataLink::RAW,
            snaplen: u16::MAX.into(),
            options: vec![
                InterfaceDescriptionOption::IfName("tap".into()),
                // Times are in units of 10^-9 s.
                InterfaceDescriptionOption::IfTsResol(9),
            ],
        })
        .map_err(cause)?;
        let (run, now) = (DefaultHasher::new(), Duration::ZERO);
        let (key_log, waiting) = (None, Vec::new());
        Ok(Self { file, connection: None, connections: 0, run, now, key_log, waiting })
    }

    /// Puts into the capture what a key log has of its connections, so that Wireshark shows what was encrypted. Their
    /// secrets have to stand in front of the packets, which are held in memory until the run is over.
    #[must_use]
    pub fn with_key_log(self, path: &Path) -> Self {
        Self { key_log: Some(KeyLog::new(path)), ..self }
    }

    /// Writes the next event. Only those of the wire leave a trace. A connection begins with the first of
    /// them, and where the stage changes or a direction that has ended carries bytes again.
    ///
    /// # Errors
    /// When it cannot be written, or its time is one that a capture cannot represent.
    pub fn write(&mut self, event: &Event) -> Result<()> {
        if let (Some(key_log), EventKind::Handshake(message)) = (&mut self.key_log, &event.kind) {
            key_log.pass(&message.message);
        }
        let (direction, micros, bytes) = match &event.kind {
            EventKind::Chunk { direction, micros, bytes } => (*direction, *micros, Some(bytes)),
            EventKind::End { direction, micros } => (*direction, *micros, None),
            _ if self.connections > 0 => return Ok(()),
            _ => {
                serde_json::to_vec(event)?.hash(&mut self.run);
                return Ok(());
            }
        };
        if self.connections == 0 {
            (micros, bytes.map(|bytes| &**bytes)).hash(&mut self.run);
        }
        let mut connection = match self.connection.take() {
            Some(open) if open.stage == event.stage && !open.flows[direction as usize].ended => {
                open
            }
            _ => self.connect(event.stage)?,
        };
        let at = connection.made + Duration::from_micros(micros);
        let is_held = u64::try_from(at.as_nanos()).is_ok();
        ensure!(
            is_held,
            "\"micros\":{micros} is too late: a capture's clock ends in the year 2554"
        );
        self.now = self.now.max(at);
        if let Some(bytes) = bytes {
            for piece in bytes.chunks(MAX_SEGMENT_LEN) {
                let comments = connection.flows[direction as usize].comments.packet(piece);
                self.write_acknowledged(&mut connection, direction, Kind::Data, piece, comments)?;
            }
        } else {
            let flow = &mut connection.flows[direction as usize];
            flow.ended = true;
            let comments = flow.comments.end().into_iter().collect();
            self.write_acknowledged(&mut connection, direction, Kind::Fin, &[], comments)?;
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// Ends the capture: everything is written when this returns.
    ///
    /// # Errors
    /// When it cannot be written, or the key log cannot be read.
    pub fn finish(mut self) -> Result<()> {
        if let Some(key_log) = &self.key_log {
            let secrets = key_log.block()?;
            secrets.map(|block| self.file.write_pcapng_block(block)).transpose().map_err(cause)?;
        }
        for packet in std::mem::take(&mut self.waiting) {
            self.file.write_pcapng_block(packet).map_err(cause)?;
        }
        Ok(self.file.get_mut().flush()?)
    }

    /// Opens a connection with the three-way handshake.
    fn connect(&mut self, stage: &'static Stage) -> Result<Connection> {
        if self.connections == 0 {
            self.now = Duration::from_secs((self.draw("clock") % FIRST_YEAR).into());
        }
        let port = (u64::from(self.draw("port")) + self.connections) % CLIENT_PORTS;
        let client_port = FIRST_CLIENT_PORT + u16::try_from(port)?;
        let flows = [Direction::ToServer, Direction::ToClient].map(|direction| Flow {
            sequence: self.draw(("sequence", self.connections, direction as u8)),
            ended: false,
            comments: Comments::new(stage, direction),
        });
        self.connections += 1;
        let mut new = Connection { stage, client_port, made: self.now, flows };
        let syn = new.packet(Direction::ToServer, Kind::Syn, &[])?;
        self.write_packet(syn, vec![])?;
        self.write_acknowledged(&mut new, Direction::ToClient, Kind::SynAck, &[], vec![])?;
        Ok(new)
    }

    /// Draws a number for `what`, the same for the same run.
    fn draw(&self, what: impl Hash) -> u32 {
        let mut hasher = self.run.clone();
        what.hash(&mut hasher);
        let [a, b, c, d, ..] = hasher.finish().to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// Writes a packet, and the other end's acknowledgement of it.
    fn write_acknowledged(
        &mut self,
        connection: &mut Connection,
        direction: Direction,
        kind: Kind,
        payload: &[u8],
        comments: Vec<String>,
    ) -> Result<()> {
        let packet = connection.packet(direction, kind, payload)?;
        self.write_packet(packet, comments)?;
        let ack = connection.packet(opposite(direction), Kind::Ack, &[])?;
        self.write_packet(ack, vec![])
    }

    fn write_packet(&mut self, packet: Vec<u8>, comments: Vec<String>) -> Result<()> {
        let comment = |text| EnhancedPacketOption::Comment(Cow::Owned(text));
        let packet = EnhancedPacketBlock {
            interface_id: 0,
            timestamp: self.now,
            original_len: packet.len().try_into()?,
            data: Cow::Owned(packet),
            options: comments.into_iter().map(comment).collect(),
        };
        if self.key_log.is_some() {
            self.waiting.push(packet);
        } else {
            self.file.write_pcapng_block(packet).map_err(cause)?;
        }
        Ok(())
    }
}

/// A connection under way.
struct Connection {
    stage: &'static Stage,
    client_port: u16,
    /// When it was made, as time since 1970.
    made: Duration,
    /// To the server, to the client.
    flows: [Flow; 2],
}

/// The purpose of a packet.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Syn,
    SynAck,
    Ack,
    Data,
    Fin,
}

impl Connection {
    /// Makes the next packet in this direction, checksums included.
    fn packet(&mut self, direction: Direction, kind: Kind, payload: &[u8]) -> Result<Vec<u8>> {
        let [source, destination] = match direction {
            Direction::ToServer => [self.client_port, self.stage.port],
            Direction::ToClient => [self.stage.port, self.client_port],
        };
        let acknowledged = self.flows[opposite(direction) as usize].sequence;
        let sequence = &mut self.flows[direction as usize].sequence;
        let mut tcp = TcpHeader::new(source, destination, *sequence, u16::MAX);
        tcp.syn = matches!(kind, Kind::Syn | Kind::SynAck);
        tcp.psh = kind == Kind::Data;
        tcp.fin = kind == Kind::Fin;
        if kind != Kind::Syn {
            tcp.ack = true;
            tcp.acknowledgment_number = acknowledged;
        }
        if tcp.syn {
            tcp.set_options(&[TcpOptionElement::MaximumSegmentSize(MAX_SEGMENT_LEN.try_into()?)])?;
        }
        let passed = u32::try_from(payload.len())? + u32::from(tcp.syn || tcp.fin);
        *sequence = sequence.wrapping_add(passed);
        let packet = PacketBuilder::ipv4(ADDRESS, ADDRESS, 64).tcp_header(tcp);
        let mut bytes = Vec::with_capacity(packet.size(payload.len()));
        packet.write(&mut bytes, payload)?;
        Ok(bytes)
    }
}

/// One direction of a connection.
struct Flow {
    /// TCP's count of its bytes.
    sequence: u32,
    ended: bool,
    comments: Comments,
}

/// Returns the error of the file itself: the crate reports a write error as a read error.
fn cause(error: PcapError) -> anyhow::Error {
    match error {
        PcapError::IoError(error) => error.into(),
        other => other.into(),
    }
}

fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::ToServer => Direction::ToClient,
        Direction::ToClient => Direction::ToServer,
    }
}

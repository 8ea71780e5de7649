//! The secrets of the connections in a capture, out of a key log (RFC 9850).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use messages::tls13::name;
use pcap_file::Endianness;
use pcap_file::pcapng::blocks::section_header::SectionHeaderBlock;
use pcap_file::pcapng::blocks::unknown::UnknownBlock;

/// The number of a block of secrets, and that of secrets of TLS (pcapng, section 4.7: Decryption Secrets Block).
const BLOCK: u32 = 0x0a;
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// Where the random value of a ClientHello is, behind its type, its length and its version.
const RANDOM: std::ops::Range<usize> = 6..38;

/// Connections whose secrets are looked for.
const CONNECTIONS: usize = 1000;

/// A key log, and the connections whose secrets are wanted. It may have those of others too, which are none of a
/// capture's business.
pub struct KeyLog {
    path: PathBuf,
    /// The clients' random values, in hexadecimal.
    randoms: Vec<String>,
}

impl KeyLog {
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), randoms: Vec::new() }
    }

    /// Takes note of a connection, if this message opens one.
    pub fn pass(&mut self, message: &[u8]) {
        if self.randoms.len() < CONNECTIONS
            && name(message) == "ClientHello"
            && let Some(random) = message.get(RANDOM)
        {
            let random = transcript::lines::hex(random).replace(' ', "");
            if !self.randoms.contains(&random) {
                self.randoms.push(random);
            }
        }
    }

    /// Makes the block with their secrets. There is none if the log has none.
    pub fn block(&self) -> Result<Option<UnknownBlock<'static>>> {
        let log = fs::read_to_string(&self.path)
            .with_context(|| format!("cannot read the key log {}", self.path.display()))?;
        let is_meant = |line: &&str| {
            let random = line.split(' ').nth(1).unwrap_or_default();
            self.randoms.iter().any(|known| random.eq_ignore_ascii_case(known))
        };
        let secrets: String = log.lines().filter(is_meant).flat_map(|line| [line, "\n"]).collect();
        if secrets.is_empty() {
            return Ok(None);
        }
        let number = |number: u32| match SectionHeaderBlock::default().endianness {
            Endianness::Big => number.to_be_bytes(),
            Endianness::Little => number.to_le_bytes(),
        };
        let len = u32::try_from(secrets.len())?;
        let mut value = [number(TLS_KEY_LOG), number(len)].concat();
        value.extend_from_slice(secrets.as_bytes());
        value.resize(value.len().next_multiple_of(4), 0);
        Ok(Some(UnknownBlock { type_: BLOCK, length: 0, value: value.into() }))
    }
}

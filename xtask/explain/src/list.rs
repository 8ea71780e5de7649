//! The connections of a capture: what a first look at it finds.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use framing::Direction;
use serde_json::json;
use transcript::visible;
use xtask::views::Table;

use crate::start::{Protocol, Start, client_start, server_start};
use sessions::capture::{Besides, Piece, Wanted, What};
use sessions::keylog::{KeyLog, Random};

/// The longest beginning of a direction that is kept, and what all may take together, in bytes.
const MAX_HEAD_LEN: usize = 64 * 1024;
const MAX_HEADS_LEN: usize = 64 << 20;

/// The connections of a capture, and what else it holds.
pub struct List {
    /// The connections, in the order of their first packets.
    pub connections: Vec<Connection>,
    /// Counts of what else there is.
    pub besides: Besides,
}

/// A connection, at a first look.
pub struct Connection {
    /// Its number, from 1.
    pub number: usize,
    client: SocketAddr,
    server: SocketAddr,
    is_whole: bool,
    began: Duration,
    last: Duration,
    /// Bytes to the server, and to the client.
    bytes: [u64; 2],
    heads: [Head; 2],
}

/// The beginning of a direction.
#[derive(Default)]
struct Head {
    bytes: Vec<u8>,
    /// The number of them that were looked at.
    looked_at: usize,
    start: Start,
}

impl List {
    /// Reads what there is for the first time, by `read`.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn read(read: impl FnOnce(&mut Wanted<'_>) -> Result<Besides>) -> Result<Self> {
        let (mut connections, mut kept) = (Vec::new(), 0);
        let mut piece = |piece: Piece<'_>| look(&mut connections, &mut kept, &piece);
        let mut wanted = Wanted { only: None, piece: Some(&mut piece), key_log: &mut |_| {} };
        let besides = read(&mut wanted)?;
        Ok(Self { connections, besides })
    }

    /// Returns the randoms of the clients, by which a key log knows their connections.
    pub fn randoms(&self) -> HashSet<Random> {
        self.connections.iter().filter_map(Connection::random).copied().collect()
    }

    /// Returns the number of the connection to explain if nobody has chosen one: the only one, or the only one of
    /// TLS 1.3.
    pub fn obvious(&self) -> Option<usize> {
        let tls13 = |it: &&Connection| it.protocol() == Protocol::TLS13;
        let mut found = self.connections.iter().filter(tls13);
        match (&*self.connections, found.next(), found.next()) {
            ([only], _, _) | (_, Some(only), None) => Some(only.number),
            _ => None,
        }
    }

    /// Returns a sentence about the connections that are not explained.
    pub fn others(&self, number: usize) -> Option<String> {
        let others = self.connections.len().checked_sub(1).filter(|others| *others > 0)?;
        let are = if others == 1 { "is 1 other" } else { &format!("are {others} others") };
        Some(format!("this is connection {number}. In the capture {are}"))
    }

    /// Returns a table of the connections, and whether `keylog` has keys for them.
    pub fn table(&self, keylog: &KeyLog) -> String {
        let head = ["N", "client → server", "bytes → / ←", "seconds", "protocol", "name", "keys"];
        let mut table = Table::new(head);
        for it in &self.connections {
            let [to_server, to_client] = it.bytes;
            let keys = match it.random() {
                Some(random) if keylog.of(random).is_some() => "yes",
                Some(_) => "no",
                None => "",
            };
            table.row([
                it.number.to_string(),
                format!("{} → {}", it.client, it.server),
                format!("{to_server} / {to_client}"),
                format!("{:.3}", it.duration().as_secs_f64()),
                it.protocol().to_string(),
                it.name().map(visible).unwrap_or_default(),
                keys.to_owned(),
            ]);
        }
        table.shown(false)
    }

    /// Returns the same for programs: an object a line.
    pub fn json(&self, keylog: &KeyLog) -> String {
        let line = |it: &Connection| {
            let [to_server, to_client] = it.bytes;
            let line = json!({
                "connection": it.number,
                "client": it.client,
                "server": it.server,
                "is_whole": it.is_whole,
                "unix_micros": micros(it.began),
                "micros": micros(it.duration()),
                "bytes_to_server": to_server,
                "bytes_to_client": to_client,
                "protocol": it.protocol().to_string(),
                "name": it.name(),
                "client_random": it.random().map(hex::encode),
                "has_keys": it.random().is_some_and(|random| keylog.of(random).is_some()),
            });
            format!("{line}\n")
        };
        self.connections.iter().map(line).collect()
    }
}

/// Takes note of a piece.
fn look(connections: &mut Vec<Connection>, kept: &mut usize, piece: &Piece<'_>) {
    let at = piece.at;
    if let What::Begin { client, server, is_whole } = piece.what {
        connections.push(Connection {
            number: piece.connection,
            client,
            server,
            is_whole,
            began: at,
            last: at,
            bytes: [0; 2],
            heads: Default::default(),
        });
    }
    let Some(it) = piece.connection.checked_sub(1).and_then(|it| connections.get_mut(it)) else {
        return;
    };
    it.last = it.last.max(at);
    match piece.what {
        What::Bytes(direction, bytes) => {
            if let Some(sum) = it.bytes.get_mut(direction as usize) {
                *sum += u64::try_from(bytes.len()).unwrap_or_default();
            }
            if let Some(head) = it.heads.get_mut(direction as usize) {
                head.push(direction, bytes, kept);
            }
        }
        What::Missing(direction, _) | What::End(direction, _) => {
            if let Some(head) = it.heads.get_mut(direction as usize) {
                head.close(direction, kept);
            }
        }
        What::Begin { .. } => {}
    }
}

impl Head {
    fn push(&mut self, direction: Direction, bytes: &[u8], kept: &mut usize) {
        if self.start != Start::Unknown {
            return;
        }
        let free = (MAX_HEAD_LEN - self.bytes.len()).min(MAX_HEADS_LEN - *kept);
        let added = bytes.get(..free).unwrap_or(bytes);
        self.bytes.extend_from_slice(added);
        *kept += added.len();
        // Bytes that come one by one are not looked at one by one.
        if self.bytes.len() >= 2 * self.looked_at {
            self.look(direction);
        }
        if self.start != Start::Unknown || added.len() < bytes.len() {
            self.close(direction, kept);
        }
    }

    /// Takes whatever has come until now for the beginning.
    fn close(&mut self, direction: Direction, kept: &mut usize) {
        if self.start == Start::Unknown {
            self.look(direction);
        }
        if self.start == Start::Unknown {
            self.start = if self.bytes.is_empty() { Start::Nothing } else { Start::Other };
        }
        *kept -= self.bytes.len();
        self.bytes = Vec::new();
    }

    fn look(&mut self, direction: Direction) {
        self.looked_at = self.bytes.len();
        self.start = match direction {
            Direction::ToServer => client_start(&self.bytes),
            Direction::ToClient => server_start(&self.bytes),
        };
    }
}

impl Connection {
    /// Returns the protocol that it begins with.
    pub fn protocol(&self) -> Protocol {
        let [client, server] = self.heads.each_ref().map(|head| &head.start);
        Protocol::of(client, server, self.is_whole)
    }

    fn random(&self) -> Option<&Random> {
        match self.heads.first().map(|head| &head.start) {
            Some(Start::ClientHello { random, .. }) => Some(random),
            _ => None,
        }
    }

    /// Returns the name that the client asks for.
    fn name(&self) -> Option<&str> {
        match self.heads.first().map(|head| &head.start) {
            Some(Start::ClientHello { name, .. }) => name.as_deref(),
            _ => None,
        }
    }

    fn duration(&self) -> Duration {
        self.last.saturating_sub(self.began)
    }
}

fn micros(since: Duration) -> u64 {
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

//! Connections that passed through a tap, in bounded memory.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use framing::Direction;

use sessions::capture::{Ending, Piece, Wanted, What};

/// The most connections that are recorded.
pub const MAX_CONNECTIONS: usize = 64;

/// Room for all of them, in bytes.
pub const ROOM: usize = 64 << 20;

/// Connections, in the order in which their bytes passed by.
#[derive(Debug)]
pub struct Recording {
    began: Instant,
    /// Since 1970.
    began_at: Duration,
    pieces: Vec<Entry>,
    /// The memory that `pieces` takes, in bytes.
    len: usize,
    connections: usize,
    /// Connections that were passed on and not recorded.
    not_recorded: usize,
    is_full: bool,
    /// Whether each direction of a connection goes on behind what was recorded of it.
    is_cut: [[bool; 2]; MAX_CONNECTIONS],
    /// Requests that the tap refused, and why it refused the first.
    refused: usize,
    first_refusal: Option<String>,
}

/// A piece that is kept.
#[derive(Debug)]
struct Entry {
    connection: usize,
    at: Duration,
    what: Kept,
}

#[derive(Debug)]
enum Kept {
    Begin([SocketAddr; 2]),
    Bytes(Direction, Box<[u8]>),
    Missing(Direction),
    End(Direction),
}

impl Recording {
    /// Records nothing yet. Times count from now.
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            began_at: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            pieces: Vec::new(),
            len: 0,
            connections: 0,
            not_recorded: 0,
            is_full: false,
            is_cut: [[false; 2]; MAX_CONNECTIONS],
            refused: 0,
            first_refusal: None,
        }
    }

    /// Takes note of a connection. Returns its number, unless there is no room for it.
    pub fn begin(&mut self, client: SocketAddr, server: SocketAddr) -> Option<usize> {
        if self.is_full || self.connections == MAX_CONNECTIONS {
            self.not_recorded += 1;
            return None;
        }
        self.connections += 1;
        self.keep(self.connections, Kept::Begin([client, server]));
        Some(self.connections)
    }

    /// Takes the next bytes of a direction, or its end.
    pub fn take(&mut self, connection: usize, direction: Direction, bytes: Option<&[u8]>) {
        let Some(bytes) = bytes else { return self.keep(connection, Kept::End(direction)) };
        self.is_full |= self.len + bytes.len() + size_of::<Entry>() > ROOM;
        if !self.is_full {
            return self.keep(connection, Kept::Bytes(direction, bytes.into()));
        }
        let cut = self.is_cut.get_mut(connection - 1);
        let cut = cut.and_then(|both| both.get_mut(direction as usize));
        if cut.is_some_and(|is_cut| !std::mem::replace(is_cut, true)) {
            self.keep(connection, Kept::Missing(direction));
        }
    }

    /// Takes note of a request that was refused.
    pub fn refuse(&mut self, why: String) {
        self.refused += 1;
        self.first_refusal.get_or_insert(why);
    }

    fn keep(&mut self, connection: usize, what: Kept) {
        let bytes = if let Kept::Bytes(_, bytes) = &what { bytes.len() } else { 0 };
        self.len += bytes + size_of::<Entry>();
        let at = self.began_at + self.began.elapsed();
        self.pieces.push(Entry { connection, at, what });
    }

    /// Returns the number of connections.
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// Returns what is not in it, and why, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(why) = &self.first_refusal {
            notes.push(match self.refused {
                1 => format!("the tap refused a request: {why}"),
                n => format!("the tap refused {n} requests, and said to the first: {why}"),
            });
        }
        if self.is_full {
            let room = ROOM >> 20;
            notes.push(format!(
                "more than {room} MiB passed by: what came behind them was passed on, and not recorded"
            ));
        }
        if self.not_recorded > 0 {
            let (all, some) = (self.connections + self.not_recorded, self.connections);
            notes.push(format!("of {all} connections, the first {some} were recorded"));
        }
        notes
    }

    /// Shows what was recorded from its first piece to its last, as [`sessions::capture::read`] shows a file. A direction
    /// that was open then has no end.
    pub fn read(&self, wanted: &mut Wanted<'_>) {
        let Some(take) = &mut wanted.piece else { return };
        let mut open = Vec::new();
        let mut last = self.began_at;
        for Entry { connection, at, what } in &self.pieces {
            last = *at;
            if wanted.only.is_some_and(|only| only != *connection) {
                continue;
            }
            let what = match what {
                Kept::Begin([client, server]) => {
                    open.extend(
                        [Direction::ToServer, Direction::ToClient].map(|it| (*connection, it)),
                    );
                    What::Begin { client: *client, server: *server, is_whole: true }
                }
                Kept::Bytes(direction, bytes) => What::Bytes(*direction, bytes),
                Kept::Missing(direction) => What::Missing(*direction, None),
                Kept::End(direction) => {
                    open.retain(|it| *it != (*connection, *direction));
                    What::End(*direction, Ending::Closed)
                }
            };
            take(Piece { connection: *connection, at: *at, what });
        }
        for (connection, direction) in open {
            take(Piece { connection, at: last, what: What::End(direction, Ending::Unseen) });
        }
    }
}

impl Default for Recording {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn read(recording: &Recording, only: Option<usize>, mut take: impl FnMut(Piece<'_>)) {
        recording.read(&mut Wanted { only, piece: Some(&mut take), key_log: &mut |_| {} });
    }

    fn told(recording: &Recording, only: Option<usize>) -> Vec<String> {
        let mut told = Vec::new();
        read(recording, only, |Piece { connection, what, .. }| {
            told.push(match what {
                What::Begin { client, .. } => format!("{connection} begins at {}", client.port()),
                What::Bytes(direction, bytes) => {
                    format!("{connection} {direction:?} {}", bytes.len())
                }
                What::Missing(direction, bytes) => {
                    format!("{connection} {direction:?} misses {bytes:?}")
                }
                What::End(direction, ending) => format!("{connection} {direction:?} {ending:?}"),
            });
        });
        told
    }

    #[test]
    fn what_passed_by_is_shown_in_order() {
        let mut recording = Recording::new();
        let (one, two) = (recording.begin(addr(1), addr(9)), recording.begin(addr(2), addr(9)));
        assert_eq!((one, two), (Some(1), Some(2)));
        recording.take(1, Direction::ToServer, Some(b"abc"));
        recording.take(2, Direction::ToServer, Some(b"a"));
        recording.take(1, Direction::ToClient, Some(b"ab"));
        recording.take(1, Direction::ToServer, None);
        let expected = [
            "1 begins at 1",
            "2 begins at 2",
            "1 ToServer 3",
            "2 ToServer 1",
            "1 ToClient 2",
            "1 ToServer Closed",
            "1 ToClient Unseen",
            "2 ToServer Unseen",
            "2 ToClient Unseen",
        ];
        assert_eq!(told(&recording, None), expected);
        let second = expected.map(str::to_owned).into_iter().filter(|it| it.starts_with('2'));
        assert_eq!(told(&recording, Some(2)), second.collect::<Vec<_>>());
        assert_eq!(recording.notes(), [""; 0]);
        let mut times = Vec::new();
        read(&recording, None, |piece| times.push(piece.at));
        assert!(times.is_sorted() && times[0].as_secs() > 1_700_000_000, "{times:?}");
    }

    #[test]
    fn what_does_not_fit_is_missing_once_in_each_direction_and_said() {
        let mut recording = Recording::new();
        assert_eq!(recording.begin(addr(1), addr(9)), Some(1));
        let chunk = vec![0; ROOM / 2];
        for _ in 0..4 {
            recording.take(1, Direction::ToClient, Some(&chunk));
        }
        // A piece that would fit is behind others of its connection: it must not be shown after a gap as if there were none.
        for bytes in [Some(&b"a"[..]), Some(b"b"), None] {
            recording.take(1, Direction::ToServer, bytes);
        }
        let half = format!("1 ToClient {}", ROOM / 2);
        let expected = [
            "1 begins at 1",
            &half,
            "1 ToClient misses None",
            "1 ToServer misses None",
            "1 ToServer Closed",
            "1 ToClient Unseen",
        ];
        assert_eq!(told(&recording, None), expected);
        assert_eq!(recording.begin(addr(2), addr(9)), None);
        assert_eq!(
            recording.notes(),
            [
                "more than 64 MiB passed by: what came behind them was passed on, and not recorded",
                "of 2 connections, the first 1 were recorded"
            ]
        );
    }

    #[test]
    fn small_pieces_take_room_too() {
        let mut recording = Recording::new();
        assert_eq!(recording.begin(addr(1), addr(9)), Some(1));
        let most = ROOM / size_of::<Entry>();
        for _ in 0..most {
            recording.take(1, Direction::ToServer, Some(b"a"));
        }
        assert!(recording.pieces.len() < most && recording.is_full);
    }

    #[test]
    fn there_is_room_for_64_connections() {
        let mut recording = Recording::new();
        let begun: Vec<_> = (0..66).map(|port| recording.begin(addr(port), addr(9))).collect();
        assert_eq!(begun[..64], (1..65).map(Some).collect::<Vec<_>>());
        assert_eq!(begun[64..], [None, None]);
        assert_eq!(recording.notes(), ["of 66 connections, the first 64 were recorded"]);
    }

    #[test]
    fn a_refusal_is_said_with_its_reason_and_the_number_of_others() {
        let mut recording = Recording::new();
        recording.refuse("first".to_owned());
        assert_eq!(recording.notes(), ["the tap refused a request: first"]);
        recording.refuse("second".to_owned());
        assert_eq!(recording.notes(), ["the tap refused 2 requests, and said to the first: first"]);
    }
}

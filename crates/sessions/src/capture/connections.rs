//! Which connection a segment belongs to, and which side of it is the client.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use framing::Direction;

use super::segment::Segment;
use super::stream::{Next, Shared, Stream};
use super::{Ending, Piece, What};

/// Connections that are told apart. More are only counted.
pub const MAX_CONNECTIONS: usize = 1 << 16;

/// The most that a SYN and its data count.
const MAX_EARLY: u32 = 1 << 16;

/// The connections of a capture.
pub struct Connections {
    /// The one whose pieces are wanted; none for all.
    only: Option<usize>,
    /// The latest connection between two addresses, the lower one first.
    latest: HashMap<[SocketAddr; 2], usize>,
    all: Vec<Connection>,
    /// Memory and counts of all their directions.
    pub shared: Shared,
    /// Segments of connections that are too many to be told apart.
    pub uncounted: u64,
}

struct Connection {
    client: SocketAddr,
    /// To the server, and to the client.
    flows: [Flow; 2],
    /// The time at which its last packet passed by.
    last: Duration,
    /// Whether the capture has the SYN that opened it.
    is_whole: bool,
    is_reset: bool,
}

struct Flow {
    /// The number of its SYN, or of the byte before the first one seen.
    syn: Option<u32>,
    stream: Stream,
    is_over: bool,
}

const BOTH: [Direction; 2] = [Direction::ToServer, Direction::ToClient];

impl Connections {
    /// No connection yet. `only` is the number of the one whose pieces are wanted, if not all are.
    pub fn new(only: Option<usize>) -> Self {
        let (latest, all, shared) = (HashMap::new(), Vec::new(), Shared::default());
        Self { only, latest, all, shared, uncounted: 0 }
    }

    /// Takes the next segment. `take` takes what it brings.
    pub fn segment(
        &mut self,
        at: Duration,
        segment: &Segment<'_>,
        take: &mut dyn FnMut(Piece<'_>),
    ) {
        let Segment { from, to, .. } = *segment;
        let between = if from < to { [from, to] } else { [to, from] };
        let known = self.latest.get(&between).copied();
        let is_same = known.and_then(|it| self.all.get(it)).is_some_and(|it| it.has(segment));
        let number = match known {
            Some(number) if is_same => number,
            // What opens no connection and carries nothing says nothing.
            _ if !segment.syn && segment.payload.is_empty() => return,
            _ if self.all.len() >= MAX_CONNECTIONS => {
                self.uncounted += 1;
                return;
            }
            _ => {
                if let Some(known) = known {
                    self.finish(known, take);
                }
                self.begin(at, between, segment, take)
            }
        };
        let is_wanted = self.is_wanted(number);
        let Some(connection) = self.all.get_mut(number) else { return };
        // Also where its pieces are not wanted: a later SYN is told apart from it by that.
        if segment.syn
            && let Some(flow) = connection.flow_mut(segment.from)
        {
            flow.syn.get_or_insert(segment.seq);
        }
        if is_wanted {
            connection.segment(number + 1, at, segment, &mut self.shared, take);
        }
    }

    /// Ends all connections: the capture is over.
    pub fn end(&mut self, take: &mut dyn FnMut(Piece<'_>)) {
        for number in 0..self.all.len() {
            self.finish(number, take);
        }
    }

    fn is_wanted(&self, number: usize) -> bool {
        self.only.is_none_or(|only| only == number + 1)
    }

    fn finish(&mut self, number: usize, take: &mut dyn FnMut(Piece<'_>)) {
        if self.is_wanted(number)
            && let Some(connection) = self.all.get_mut(number)
        {
            connection.finish(number + 1, &mut self.shared, take);
        }
    }

    fn begin(
        &mut self,
        at: Duration,
        between: [SocketAddr; 2],
        segment: &Segment<'_>,
        take: &mut dyn FnMut(Piece<'_>),
    ) -> usize {
        let number = self.all.len();
        let is_by_client = is_by_client(segment);
        let (client, server) =
            if is_by_client { (segment.from, segment.to) } else { (segment.to, segment.from) };
        let flows = BOTH.map(|_| Flow {
            syn: None,
            stream: Stream::new(self.only == Some(number + 1)),
            is_over: false,
        });
        let mut connection =
            Connection { client, flows, last: at, is_whole: segment.syn, is_reset: false };
        if let Some(flow) = connection.flow_mut(segment.from) {
            let before = if segment.syn { segment.seq } else { segment.seq.wrapping_sub(1) };
            flow.syn = Some(before);
        }
        self.latest.insert(between, number);
        self.all.push(connection);
        if self.is_wanted(number) {
            let what = What::Begin { client, server, is_whole: segment.syn };
            take(Piece { connection: number + 1, at, what });
        }
        number
    }
}

impl Connection {
    fn direction(&self, from: SocketAddr) -> Direction {
        if from == self.client { Direction::ToServer } else { Direction::ToClient }
    }

    fn flow_mut(&mut self, from: SocketAddr) -> Option<&mut Flow> {
        let direction = self.direction(from);
        self.flows.get_mut(direction as usize)
    }

    /// Returns whether a segment between the same addresses belongs to it, and does not open another. A SYN may be
    /// sent, or captured, more than once.
    fn has(&self, segment: &Segment<'_>) -> bool {
        if !segment.syn {
            return true;
        }
        let syn = |direction: Direction| self.flows.get(direction as usize).and_then(|it| it.syn);
        let direction = self.direction(segment.from);
        // An answer acknowledges the SYN, and data that it carried.
        let is_answer = segment.ack.is_some_and(|ack| {
            let other = syn(opposite(direction));
            other.is_some_and(|other| (1..=MAX_EARLY).contains(&ack.wrapping_sub(other)))
        });
        syn(direction) == Some(segment.seq) || is_answer
    }

    fn segment(
        &mut self,
        number: usize,
        at: Duration,
        segment: &Segment<'_>,
        shared: &mut Shared,
        take: &mut dyn FnMut(Piece<'_>),
    ) {
        self.last = at;
        let direction = self.direction(segment.from);
        let [to_server, to_client] = &mut self.flows;
        let (flow, back) = match direction {
            Direction::ToServer => (to_server, to_client),
            Direction::ToClient => (to_client, to_server),
        };
        let mut tell = |what: What<'_>| take(Piece { connection: number, at, what });
        let first = segment.seq.wrapping_add(u32::from(segment.syn));
        if segment.syn {
            flow.stream.begin(first);
        }
        if let Some(ack) = segment.ack {
            // The first answer tells where the other direction begins, if its own SYN was not captured.
            let is_first = flow.syn.is_some_and(|syn| syn.wrapping_add(1) == first);
            if self.is_whole && is_first {
                back.stream.begin(ack);
            }
            if !back.is_over {
                let direction = opposite(direction);
                back.stream.acknowledge(ack, shared, &mut |next| tell(next.of(direction)));
            }
        }
        if flow.is_over {
            return;
        }
        if segment.rst {
            // With a number far from what is due it is of someone else, who would like the connection to be over.
            if flow.stream.is_near(segment.seq) {
                self.is_reset = true;
                flow.is_over = true;
                flow.stream.finish(shared, &mut |next| tell(next.of(direction)));
                tell(What::End(direction, Ending::Reset));
            } else {
                shared.astray += 1;
            }
            return;
        }
        if !segment.payload.is_empty() {
            if self.is_whole && !flow.stream.has_begun() {
                tell(What::Missing(direction, None));
            }
            let give = &mut |next: Next<'_>| tell(next.of(direction));
            flow.stream.segment(first, segment.payload, shared, give);
        }
        if segment.fin {
            let len = u32::try_from(segment.payload.len()).unwrap_or(u32::MAX);
            flow.stream.end(first.wrapping_add(len).wrapping_add(segment.cut));
        }
        if flow.stream.is_at_its_end() {
            flow.is_over = true;
            flow.stream.forget(shared);
            tell(What::End(direction, Ending::Closed));
        }
    }

    /// Tells what is left, and that both directions are over.
    fn finish(&mut self, number: usize, shared: &mut Shared, take: &mut dyn FnMut(Piece<'_>)) {
        for (flow, direction) in self.flows.iter_mut().zip(BOTH) {
            if flow.is_over {
                continue;
            }
            let at = self.last;
            let mut tell = |what: What<'_>| take(Piece { connection: number, at, what });
            flow.stream.finish(shared, &mut |next| tell(next.of(direction)));
            flow.is_over = true;
            let ending = if flow.stream.is_at_its_end() {
                Ending::Closed
            } else if self.is_reset {
                Ending::Reset
            } else {
                Ending::Unseen
            };
            tell(What::End(direction, ending));
        }
    }
}

impl<'b> Next<'b> {
    /// Returns it as something that happened in this direction.
    fn of(self, direction: Direction) -> What<'b> {
        match self {
            Self::Bytes(bytes) => What::Bytes(direction, bytes),
            Self::Missing(bytes) => What::Missing(direction, bytes),
        }
    }
}

fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::ToServer => Direction::ToClient,
        Direction::ToClient => Direction::ToServer,
    }
}

/// Tells whether the client has sent this, the first segment of a connection: from its SYN, else from the message of
/// TLS that it begins with, else from its ports, of which a server's is the lower one.
fn is_by_client(segment: &Segment<'_>) -> bool {
    const CLIENT_HELLO: u8 = 1;
    const SERVER_HELLO: u8 = 2;
    if segment.syn {
        return segment.ack.is_none();
    }
    match segment.payload {
        [22, 3, _, _, _, CLIENT_HELLO, ..] => true,
        [22, 3, _, _, _, SERVER_HELLO, ..] => false,
        _ => segment.from.port() >= segment.to.port(),
    }
}

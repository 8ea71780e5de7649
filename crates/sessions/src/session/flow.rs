//! The state of a direction.

use messages::tls13::HandshakeType;
use transcript::{EventKind, Hex, Role};

use super::check::{holds, not_made};
use super::records::Records;

/// One direction.
#[derive(Default)]
pub struct Flow {
    /// Bytes that are not told yet.
    pub records: Records,
    /// The way to take what comes next.
    pub state: State,
    /// Records so far.
    pub seen: u64,
    /// Records of data so far.
    pub data: u64,
    /// The beginning of a message that goes on in another record.
    pub begun: Vec<u8>,
    /// Whether what comes next goes on with a message whose beginning is not known.
    pub is_torn: bool,
    /// The first record under a key, if it did not open: whether it or the key is at fault, the next one tells.
    pub doubtful: Option<Doubtful>,
    /// Labels that the key log lacks, and that was told.
    pub lacking: Vec<String>,
    /// Whether it was told that a key is given up.
    pub is_given_up: bool,
    /// Gaps behind which a record was looked for.
    pub gaps: u32,
    /// Records that were opened.
    pub opened: u64,
    /// Whether the last word was said: an alert.
    pub is_closed: bool,
}

/// A record that did not open.
pub struct Doubtful {
    /// Its place among the records of data.
    pub index: u64,
    /// Its number.
    pub seq: u64,
    /// The name of the secret.
    pub name: String,
    /// Its payload.
    pub record: Hex,
}

/// The way to take what comes next in a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// A record begins where the last one ended.
    #[default]
    Whole,
    /// This is another protocol, in which TLS may begin yet.
    Foreign,
    /// Bytes are missing, and none since was the beginning of a record.
    Gap,
    /// Bytes are missing, and these may be the beginning of a record: the key tells.
    Behind,
    /// It cannot be told any more.
    Lost,
}

impl Flow {
    /// Checks that a direction ends where its sender meant it to. `is_seen` says whether the capture has its end.
    pub fn end(&self, sender: Role, is_seen: bool) -> Option<EventKind> {
        let what = "end";
        if self.is_closed {
            let message = format!(
                "an alert is the last that the {sender} says: nothing was cut off behind it"
            );
            return Some(holds(sender, what, message));
        }
        if self.opened == 0 || !self.lacking.is_empty() {
            return None;
        }
        if !is_seen {
            return Some(not_made(sender, what, "the capture is over before the connection is"));
        }
        let begun = match self.begun.first() {
            Some(kind) => format!(", in the middle of a {}", HandshakeType(*kind).name()),
            None => String::new(),
        };
        let message = format!(
            "the {sender} ends without close_notify{begun}: the other side cannot know whether more was said, and was cut off"
        );
        Some(not_made(sender, what, message))
    }

    /// Returns whether it is worth to look for a record once more.
    pub fn may_look_behind_gap(&mut self) -> bool {
        self.gaps += 1;
        self.gaps <= 64
    }
}

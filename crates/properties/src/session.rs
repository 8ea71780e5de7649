use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::LazyLock;

use channel::{Channel, ChannelError, Sender};
use crypto::{Open, Seal};
use stages::{Role, Stage};

use crate::{Choices, STAGES, opener, sealer};

/// Length beyond which a session shows nothing more.
const MAX_ACTS: usize = 48;

/// A record on its way, its header in front.
type Record = Vec<u8>;

/// A plaintext, its sender, and its index in that direction.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sealed {
    number: usize,
    plaintext: Vec<u8>,
}

/// An earlier session under the same keys, as someone on the path has kept it.
struct Recorded {
    stage: &'static Stage,
    sealed: Vec<Sealed>,
    records: Vec<Record>,
}

impl Recorded {
    fn of(stage: &'static Stage) -> Self {
        let stream = Stream::default();
        let mut sender = Sender::new(stream.clone(), stage.header(), sealer(stage));
        let (mut sealed, mut records) = (Vec::new(), Vec::new());
        for number in 0..4 {
            let plaintext = format!("earlier {number}").into_bytes();
            sender.send(&plaintext).expect("a record can be sent");
            sealed.push(Sealed { number, plaintext });
            records.push(stream.take_outgoing());
        }
        Self { stage, sealed, records }
    }
}

/// One of each stage.
static RECORDED: LazyLock<Vec<Recorded>> =
    LazyLock::new(|| STAGES.iter().copied().map(Recorded::of).collect());

/// Two parties talk, and someone between them delivers, drops, repeats and swaps their records,
/// flips bits, cuts, splices in what an earlier session recorded, and sends records back where they
/// came from. The first byte selects the stage, the others decide what happens.
///
/// What comes out was sealed by someone with the key, if records have a tag. If they are also
/// numbered, it was sealed as exactly this record of its direction; and without splicing and
/// reflection, what a party received is the start of what the other sent. A party that refused
/// something sends and receives nothing more. As long as a direction is only delivered, everything
/// arrives.
///
/// # Panics
/// Where that does not hold.
pub fn session(input: &[u8]) {
    let mut choices = Choices::new(input);
    let recorded = &RECORDED[choices.below(RECORDED.len())];
    let mut parties = [Party::new(recorded.stage), Party::new(recorded.stage)];
    let mut seen: Vec<(usize, Record)> = Vec::new();
    for _ in 0..MAX_ACTS {
        if choices.is_empty() {
            break;
        }
        act(&mut choices, &mut parties, &mut seen, recorded);
    }
    for party in &mut parties {
        party.deliver(usize::MAX);
    }
    let [one, other] = &parties;
    keeps_its_promise(one, other, recorded);
    keeps_its_promise(other, one, recorded);
}

/// What a stage promises of what comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    Nothing,
    /// It was sealed.
    Genuine,
    /// It was sealed as this record of a direction.
    InOrder,
}

impl Promise {
    fn of(stage: &Stage) -> Self {
        match (stage.has(Role::Tag), stage.has(Role::Seq)) {
            (false, _) => Self::Nothing,
            (true, false) => Self::Genuine,
            (true, true) => Self::InOrder,
        }
    }
}

/// A stream both of whose ends are controlled by anyone who has a clone of it.
#[derive(Clone, Default)]
struct Stream {
    incoming: Rc<RefCell<VecDeque<u8>>>,
    outgoing: Rc<RefCell<Record>>,
}

impl Stream {
    fn take_outgoing(&self) -> Record {
        self.outgoing.take()
    }
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.incoming.borrow_mut().read(room)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Party {
    stage: &'static Stage,
    stream: Stream,
    channel: Channel<Stream, Box<dyn Seal + Send>, Box<dyn Open + Send>>,
    sent: Vec<Sealed>,
    received: Vec<Vec<u8>>,
    closed: bool,
    /// What is on its way to this party.
    coming: VecDeque<Record>,
    /// Whether anything was done to what comes to it, and whether that was splicing or reflection.
    tampered: bool,
    foreign: bool,
}

impl Party {
    fn new(stage: &'static Stage) -> Self {
        let stream = Stream::default();
        let (header, sealer, opener) = (stage.header(), sealer(stage), opener(stage));
        Self {
            stage,
            channel: Channel::new(stream.clone(), header, sealer, opener),
            stream,
            sent: Vec::new(),
            received: Vec::new(),
            closed: false,
            coming: VecDeque::new(),
            tampered: false,
            foreign: false,
        }
    }

    /// Sends a plaintext that nobody else sends, unless this party has closed.
    fn send(&mut self, name: usize, padding: usize) -> Option<Record> {
        let number = self.sent.len();
        let plaintext = format!("{name} {number} {:padding$}", "").into_bytes();
        let sent = self.channel.send(&plaintext);
        let record = self.stream.take_outgoing();
        if self.closed {
            assert!(matches!(sent, Err(ChannelError::Closed)), "{sent:?}");
            assert!(record.is_empty(), "a closed channel has written");
            return None;
        }
        sent.expect("an open channel sends");
        assert_eq!(record.len(), self.stage.record_overhead() + plaintext.len());
        self.sent.push(Sealed { number, plaintext });
        Some(record)
    }

    /// Hands over the next `count` records at once, and receives whatever can be received.
    fn deliver(&mut self, count: usize) {
        for record in self.coming.drain(..count.min(self.coming.len())) {
            self.stream.incoming.borrow_mut().extend(record);
        }
        loop {
            match self.channel.recv() {
                Ok(Some(plaintext)) => self.received.push(plaintext.to_vec()),
                Ok(None) => break,
                Err(ChannelError::Closed) if self.closed => break,
                Err(error) if self.closed => panic!("closed, and yet {error}"),
                Err(error) => {
                    assert!(self.tampered, "{error}");
                    assert!(error.rejection().is_some(), "{error:?}");
                    self.closed = true;
                }
            }
        }
        assert!(self.stream.outgoing.borrow().is_empty(), "an answer to a record");
    }
}

/// One thing that a party or the one between them does. `seen` is what has passed: who sent it, and
/// the record.
fn act(
    choices: &mut Choices<'_>,
    parties: &mut [Party; 2],
    seen: &mut Vec<(usize, Record)>,
    recorded: &Recorded,
) {
    let (what, to) = (choices.below(16), choices.below(2));
    let from = 1 - to;
    let [one, other] = parties;
    let (sender, receiver) = if to == 0 { (other, one) } else { (one, other) };
    let count = receiver.coming.len();
    match what {
        0..5 => {
            if let Some(record) = sender.send(from, choices.below(80)) {
                seen.push((from, record.clone()));
                receiver.coming.push_back(record);
            }
            return;
        }
        5..8 => return receiver.deliver(1 + choices.below(3)),
        _ => receiver.tampered = true,
    }
    match what {
        // Splicing: a record of an earlier session.
        8 => {
            let record = recorded.records[choices.below(recorded.records.len())].clone();
            receiver.coming.insert(choices.below(256).min(count), record);
            receiver.foreign = true;
        }
        // Repeating what it has sent, or reflecting what it was sent.
        9 | 10 => {
            if let Some((sender, record)) = choices.one_of(seen) {
                receiver.foreign |= *sender == to;
                receiver.coming.insert(choices.below(256).min(count), record.clone());
            }
        }
        11 if count > 0 => drop(receiver.coming.remove(choices.below(256) % count)),
        12 if count > 0 => {
            receiver.coming.swap(choices.below(256) % count, choices.below(256) % count);
        }
        13 if count > 0 => {
            let record = &mut receiver.coming[choices.below(256) % count];
            let (at, bit) = (choices.below(256), choices.below(8));
            let len = record.len().max(1);
            record.get_mut(at % len).into_iter().for_each(|byte| *byte ^= 1 << bit);
        }
        // A cut, with its length adjusted or as it was.
        14 | 15 if count > 0 => {
            let record = &mut receiver.coming[choices.below(256) % count];
            record.truncate(choices.below(256) % record.len().max(1));
            let header = recorded.stage.header();
            if let (15, Some(payload_len)) = (what, record.len().checked_sub(header.len())) {
                let length = header.prefix_len..header.len();
                record[length.clone()].copy_from_slice(&header.encode(payload_len)[length]);
            }
        }
        _ => {}
    }
}

fn keeps_its_promise(party: &Party, peer: &Party, recorded: &Recorded) {
    let promise = Promise::of(party.stage);
    let sealed = || [&party.sent, &peer.sent, &recorded.sealed].into_iter().flatten();
    for (number, plaintext) in party.received.iter().enumerate() {
        let is_it = |sealed: &Sealed| match promise {
            Promise::Nothing => true,
            Promise::Genuine => sealed.plaintext == *plaintext,
            Promise::InOrder => sealed.plaintext == *plaintext && sealed.number == number,
        };
        assert!(promise == Promise::Nothing || sealed().any(is_it), "{number}: {plaintext:?}");
    }
    let sent: Vec<_> = peer.sent.iter().map(|sealed| &sealed.plaintext).collect();
    let received: Vec<_> = party.received.iter().collect();
    if !party.tampered {
        assert!(!party.closed);
        assert_eq!(received, sent);
    } else if promise == Promise::InOrder && !party.foreign {
        assert!(sent.starts_with(&received), "{received:?} is not the start of {sent:?}");
    }
}

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::LazyLock;

use channel::{Channel, ChannelError, Sender};
use crypto::{aead, ctr, hmac, hmac_seq};
use framing::LENGTH_LEN;

use crate::{Choices, Stage};

/// Longer sessions show nothing more.
const MAX_ACTS: usize = 48;

/// A record on its way, its length in front.
type Record = Vec<u8>;

/// A plaintext, who sealed it and as which of its direction.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sealed {
    number: usize,
    plaintext: Vec<u8>,
}

/// An earlier session under the same keys, as someone on the path has kept it.
struct Recorded {
    sealed: Vec<Sealed>,
    records: Vec<Record>,
}

impl Recorded {
    fn of<S: Stage>() -> Self {
        let stream = Stream::default();
        let mut sender = Sender::new(stream.clone(), S::sealer());
        let (mut sealed, mut records) = (Vec::new(), Vec::new());
        for number in 0..4 {
            let plaintext = format!("earlier {number}").into_bytes();
            sender.send(&plaintext).expect("a record can be sent");
            sealed.push(Sealed { number, plaintext });
            records.push(stream.take_outgoing());
        }
        Self { sealed, records }
    }
}

static RECORDED: LazyLock<[Recorded; 4]> = LazyLock::new(|| {
    [
        Recorded::of::<ctr::Opener>(),
        Recorded::of::<hmac::Opener>(),
        Recorded::of::<hmac_seq::Opener>(),
        Recorded::of::<aead::Opener>(),
    ]
});

/// Two parties talk, and someone between them delivers their records, drops, repeats and swaps them, flips
/// bits, cuts, splices in what an earlier session recorded, and sends records back where they came from. The
/// first byte says at which stage, the others what happens.
///
/// What comes out was sealed by someone with the key, except at ctr. At hmac-seq and aead it was sealed as
/// just this record of a direction; and without splicing and reflection, what a party received is the start
/// of what the other sent. A party that refused something says and hears nothing more. While all that is done
/// to a direction is to deliver it, everything arrives.
///
/// # Panics
/// Where that does not hold.
pub fn session(input: &[u8]) {
    let mut choices = Choices::new(input);
    let stage = choices.below(4);
    let recorded = &RECORDED[stage];
    match stage {
        0 => talk::<ctr::Opener>(choices, recorded, Promise::Nothing),
        1 => talk::<hmac::Opener>(choices, recorded, Promise::Genuine),
        2 => talk::<hmac_seq::Opener>(choices, recorded, Promise::InOrder),
        _ => talk::<aead::Opener>(choices, recorded, Promise::InOrder),
    }
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

/// A stream whose two ends are in the hands of whoever has a clone of it.
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

struct Party<S: Stage> {
    stream: Stream,
    channel: Channel<Stream, S::Sealer, S>,
    sent: Vec<Sealed>,
    received: Vec<Vec<u8>>,
    closed: bool,
    /// What is on its way to this party.
    coming: VecDeque<Record>,
    /// Whether anything was done to what comes to it, and whether by splicing or reflection.
    tampered: bool,
    foreign: bool,
}

impl<S: Stage> Party<S> {
    fn new() -> Self {
        let stream = Stream::default();
        Self {
            channel: Channel::new(stream.clone(), S::sealer(), S::opener()),
            stream,
            sent: Vec::new(),
            received: Vec::new(),
            closed: false,
            coming: VecDeque::new(),
            tampered: false,
            foreign: false,
        }
    }

    /// The record that carries a plaintext nobody else sends, unless this party has closed.
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
        assert_eq!(record.len(), LENGTH_LEN + S::OVERHEAD + plaintext.len());
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

fn talk<S: Stage>(mut choices: Choices<'_>, recorded: &Recorded, promise: Promise) {
    let mut parties = [Party::<S>::new(), Party::<S>::new()];
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
    keeps_its_promise(one, other, recorded, promise);
    keeps_its_promise(other, one, recorded, promise);
}

/// One thing that a party or the one between them does. `seen` is what has passed: who sent it, and the record.
fn act<S: Stage>(
    choices: &mut Choices<'_>,
    parties: &mut [Party<S>; 2],
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
            if let (15, Some((length, payload))) = (what, record.split_first_chunk_mut()) {
                *length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
            }
        }
        _ => {}
    }
}

fn keeps_its_promise<S: Stage>(
    party: &Party<S>,
    peer: &Party<S>,
    recorded: &Recorded,
    promise: Promise,
) {
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
        assert!(sent.starts_with(&received), "{received:?} is no start of {sent:?}");
    }
}

//! Streams in memory, with everything within reach of the test that stands between the two ends.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;

use channel::{Channel, ChannelError, Receiver, Sender};
use crypto::{Open, Seal};
use framing::MAX_PLAINTEXT_LEN;
use stages::Stage;

use crate::common::{opener, sealer};

/// One byte more than a record carries.
pub static TOO_LONG: [u8; MAX_PLAINTEXT_LEN + 1] = [7; MAX_PLAINTEXT_LEN + 1];

/// One end of a connection. A clone is another handle of the same end.
#[derive(Clone, Default)]
pub struct End {
    pub incoming: Rc<RefCell<VecDeque<u8>>>,
    pub outgoing: Rc<RefCell<VecDeque<u8>>>,
    /// When set, makes every read and write fail.
    pub broken: Rc<Cell<bool>>,
    /// Counts the writes.
    pub writes: Rc<Cell<usize>>,
}

impl End {
    /// Two ends, of which one reads what the other writes.
    pub fn pair() -> (Self, Self) {
        let here = Self::default();
        let there = Self {
            incoming: here.outgoing.clone(),
            outgoing: here.incoming.clone(),
            ..Self::default()
        };
        (here, there)
    }

    /// Makes an end with these bytes to read, and nothing after them.
    pub fn with(incoming: Vec<u8>) -> Self {
        let end = Self::default();
        end.incoming.replace(incoming.into());
        end
    }

    fn check(&self) -> io::Result<()> {
        if self.broken.get() { Err(ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Read for End {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.incoming.borrow_mut().read(room)
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check()?;
        self.writes.update(|writes| writes + 1);
        self.outgoing.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.check()
    }
}

/// A channel of the stage over `stream`, as at the start of a connection.
pub fn channel<T: Read + Write + Clone>(
    stage: &Stage,
    stream: T,
) -> Channel<T, Box<dyn Seal + Send>, Box<dyn Open + Send>> {
    Channel::new(stream, stage.header(), sealer(stage), opener(stage))
}

/// What one sender writes for these plaintexts: a record each.
pub fn sent(stage: &Stage, plaintexts: &[impl AsRef<[u8]>]) -> Vec<Vec<u8>> {
    let end = End::default();
    let mut sender = Sender::new(end.clone(), stage.header(), sealer(stage));
    let record = |plaintext: &_| {
        sender.send(AsRef::as_ref(plaintext)).unwrap();
        end.outgoing.take().into()
    };
    plaintexts.iter().map(record).collect()
}

/// What one receiver makes of these bytes: plaintexts, then a clean end or a failure.
pub fn received(stage: &Stage, bytes: &[u8]) -> (Vec<Vec<u8>>, Result<(), ChannelError>) {
    let mut receiver = Receiver::new(bytes, stage.header(), opener(stage));
    let mut plaintexts = Vec::new();
    loop {
        match receiver.recv() {
            Ok(Some(plaintext)) => plaintexts.push(plaintext.to_vec()),
            Ok(None) => return (plaintexts, Ok(())),
            Err(error) => return (plaintexts, Err(error)),
        }
    }
}

/// Fails the test with the value, unless it matches the pattern.
macro_rules! assert_matches {
    ($value:expr, $pattern:pat $(if $guard:expr)?) => {
        match $value {
            $pattern $(if $guard)? => {}
            other => panic!("{other:?} is not {}", stringify!($pattern $(if $guard)?)),
        }
    };
}

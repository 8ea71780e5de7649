//! Streams in memory.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::rc::Rc;
use std::sync::Arc;

/// A stream whose every byte is laid down beforehand. A clone is another handle of it.
#[derive(Clone, Default)]
pub struct Script(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    /// Each is read by itself, however much room there is.
    pieces: VecDeque<Vec<u8>>,
    goes_on: bool,
    written: Vec<u8>,
}

impl Script {
    /// A stream that gives these pieces, and then ends.
    pub fn of(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let pieces = pieces.into_iter().map(|piece| piece.as_ref().to_vec());
        Self(Rc::new(RefCell::new(State { pieces: pieces.collect(), ..State::default() })))
    }

    /// The same, but whoever reads on behind them fails the test.
    pub fn that_goes_on(self) -> Self {
        self.0.borrow_mut().goes_on = true;
        self
    }

    /// What was written to it.
    pub fn written(&self) -> Vec<u8> {
        self.0.borrow().written.clone()
    }
}

impl Read for Script {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.borrow_mut();
        let goes_on = state.goes_on;
        let Some(piece) = state.pieces.front_mut() else {
            assert!(!goes_on, "reads more than it needs to refuse what is there");
            return Ok(0);
        };
        let len = piece.len().min(room.len());
        room[..len].copy_from_slice(&piece[..len]);
        piece.drain(..len);
        if piece.is_empty() {
            state.pieces.pop_front();
        }
        Ok(len)
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One end of a connection between two threads.
#[derive(Clone)]
pub struct End(Arc<(PipeReader, PipeWriter)>);

impl End {
    /// Two ends, of which one reads what the other writes.
    pub fn pair() -> (Self, Self) {
        let ((from_there, there), (from_here, here)) = (io::pipe().unwrap(), io::pipe().unwrap());
        (Self(Arc::new((from_there, here))), Self(Arc::new((from_here, there))))
    }
}

impl Read for End {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        (&self.0.0).read(room)
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0.1).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fails the test with the value, unless the pattern fits it.
macro_rules! assert_matches {
    ($value:expr, $pattern:pat $(if $guard:expr)?) => {
        match $value {
            $pattern $(if $guard)? => {}
            other => panic!("{other:?} is not {}", stringify!($pattern $(if $guard)?)),
        }
    };
}

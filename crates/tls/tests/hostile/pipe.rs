//! Two ends that are connected in memory, over a wire that may do something to what it carries.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What a wire does, by the number of a byte.
#[derive(Clone, Copy, Default)]
pub struct Wire {
    /// Changes this byte.
    pub flip: Option<usize>,
    /// Ends in front of this byte.
    pub cut: Option<usize>,
    /// Delivers at most so many bytes at once.
    pub chunk: Option<usize>,
}

#[derive(Default)]
struct Way {
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Default)]
struct State {
    wire: Wire,
    bytes: VecDeque<u8>,
    written: usize,
    is_closed: bool,
}

#[derive(Clone)]
pub struct End {
    incoming: Arc<Way>,
    outgoing: Arc<Way>,
}

pub fn pair() -> (End, End) {
    let (there, back) = (Arc::<Way>::default(), Arc::<Way>::default());
    (
        End { incoming: back.clone(), outgoing: there.clone() },
        End { incoming: there, outgoing: back },
    )
}

impl End {
    /// Sends what this end writes over such a wire.
    pub fn over(self, wire: Wire) -> Self {
        self.outgoing.state.lock().unwrap().wire = wire;
        self
    }

    /// Says that nothing more will be written.
    pub fn close(&self) {
        self.outgoing.state.lock().unwrap().is_closed = true;
        self.outgoing.ready.notify_all();
    }

    /// How many bytes this end has written.
    pub fn written(&self) -> usize {
        self.outgoing.state.lock().unwrap().written
    }
}

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let state = self.incoming.state.lock().unwrap();
        let waited = Duration::from_secs(20);
        let is_idle = |state: &mut State| state.bytes.is_empty() && !state.is_closed;
        let (mut state, timeout) =
            self.incoming.ready.wait_timeout_while(state, waited, is_idle).unwrap();
        assert!(!timeout.timed_out(), "nobody says anything any more");
        let len = buffer.len().min(state.wire.chunk.unwrap_or(usize::MAX));
        state.bytes.read(&mut buffer[..len])
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.outgoing.state.lock().unwrap();
        for byte in bytes {
            let number = Some(state.written);
            state.written += 1;
            if state.wire.cut == number {
                state.is_closed = true;
            }
            if !state.is_closed {
                let flipped = if state.wire.flip == number { 1 } else { 0 };
                state.bytes.push_back(byte ^ flipped);
            }
        }
        self.outgoing.ready.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

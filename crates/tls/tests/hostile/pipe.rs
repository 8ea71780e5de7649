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
struct Pipe {
    ways: Mutex<[Way; 2]>,
    ready: Condvar,
}

/// One direction.
#[derive(Default)]
struct Way {
    wire: Wire,
    bytes: VecDeque<u8>,
    /// Everything that was written, as it was.
    said: Vec<u8>,
    is_closed: bool,
    /// Whether the reader waits.
    waits: bool,
}

#[derive(Clone)]
pub struct End {
    pipe: Arc<Pipe>,
    incoming: usize,
}

pub fn pair() -> (End, End) {
    let pipe = Arc::<Pipe>::default();
    (End { pipe: pipe.clone(), incoming: 0 }, End { pipe, incoming: 1 })
}

impl End {
    fn with_outgoing<V>(&self, act: impl FnOnce(&mut Way) -> V) -> V {
        let mut ways = self.pipe.ways.lock().unwrap();
        let done = act(&mut ways[1 - self.incoming]);
        self.pipe.ready.notify_all();
        done
    }

    /// Sends what this end writes over such a wire.
    pub fn over(self, wire: Wire) -> Self {
        self.with_outgoing(|way| way.wire = wire);
        self
    }

    /// Says that nothing more will be written.
    pub fn close(&self) {
        self.with_outgoing(|way| way.is_closed = true);
    }

    /// Everything that this end has written, as it was before the wire.
    pub fn said(&self) -> Vec<u8> {
        self.with_outgoing(|way| way.said.clone())
    }
}

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut ways = self.pipe.ways.lock().unwrap();
        while ways[self.incoming].bytes.is_empty() && !ways[self.incoming].is_closed {
            let other = &ways[1 - self.incoming];
            if other.waits && other.bytes.is_empty() {
                // Each waits for the other. On a network one of them would lose its patience.
                ways.iter_mut().for_each(|way| way.is_closed = true);
                self.pipe.ready.notify_all();
                break;
            }
            ways[self.incoming].waits = true;
            let waited = Duration::from_secs(20);
            let (still, timeout) = self.pipe.ready.wait_timeout(ways, waited).unwrap();
            assert!(!timeout.timed_out(), "nobody says anything any more");
            ways = still;
            ways[self.incoming].waits = false;
        }
        let way = &mut ways[self.incoming];
        let len = buffer.len().min(way.wire.chunk.unwrap_or(usize::MAX));
        way.bytes.read(&mut buffer[..len])
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with_outgoing(|way| {
            for byte in bytes {
                let number = Some(way.said.len());
                way.said.push(*byte);
                if way.wire.cut == number {
                    way.is_closed = true;
                }
                if !way.is_closed {
                    way.bytes.push_back(byte ^ u8::from(way.wire.flip == number));
                }
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

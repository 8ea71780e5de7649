//! Output that waits for its reader in memory, and not in the threads that have something to say.
//!
//! A server's output may be piped to something that stops reading. The server must not depend on
//! that reader: a write that blocks would block every connection that reports an event.

use std::io::{self, ErrorKind, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that may wait to be written, and as many may be under way.
const CAPACITY: usize = 256 * 1024;

/// Room for those and a notice. It is reserved at the beginning, and takes memory only as it is
/// used; a buffer that grew would grow to twice what it holds.
const ROOM: usize = CAPACITY + 1024;

/// Bytes written at a time: few, so that a slow reader is seen to read.
const CHUNK_LEN: usize = 16 * 1024;

/// Time within which a reader that is still there takes something.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// A queue in front of an output, which a thread of its own writes. Clones share one queue.
///
/// A `write` accepts all it is given. When the queue is full, it waits for the reader as long as
/// the queue's patience lasts; then it drops what it was given, and counts that.
#[derive(Clone)]
pub struct Queue {
    shared: Arc<Shared>,
    patience: Duration,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// True while bytes that were taken out of `waiting` are not written yet.
    under_way: bool,
    /// Chunks written so far.
    written: u64,
    /// True once the reader has taken nothing for longer than the queue's patience.
    stalled: bool,
    /// Writes dropped since `waiting` was taken out.
    dropped: u64,
    failed: Option<io::Error>,
}

impl Queue {
    /// Starts the thread that writes to `out`. In place of dropped writes, the reader finds
    /// `notice` of how many.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        out: impl Write + Send + 'static,
        patience: Duration,
        notice: impl Fn(u64) -> String + Send + 'static,
    ) -> io::Result<Self> {
        let state = State { waiting: Vec::with_capacity(ROOM), ..State::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let queue = Self { shared: shared.clone(), patience };
        thread::Builder::new().spawn(move || shared.write_out(out, notice))?;
        Ok(queue)
    }

    /// Waits until everything is written, as long as the reader takes something within `patience`.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`] when it does not, or the error of the write that failed, after which
    /// nothing more was written.
    pub fn settle(&self, patience: Duration) -> io::Result<()> {
        let state = self.shared.wait_while(self.shared.lock(), patience, State::is_busy);
        match &state.failed {
            Some(error) => Err(io::Error::new(error.kind(), error.to_string())),
            None if state.is_busy() => Err(ErrorKind::TimedOut.into()),
            None => Ok(()),
        }
    }
}

impl Write for Queue {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_full = |state: &State| state.waiting.len() + bytes.len() > CAPACITY;
        let mut state = self.shared.lock();
        if is_full(&state) && !state.stalled {
            state = self.shared.wait_while(state, self.patience, is_full);
        }
        if state.failed.is_some() {
            return Ok(bytes.len());
        }
        if is_full(&state) {
            state.stalled = true;
            state.dropped += 1;
        } else {
            state.waiting.extend_from_slice(bytes);
        }
        self.shared.changed.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl State {
    fn is_busy(&self) -> bool {
        self.failed.is_none() && (self.under_way || self.dropped > 0 || !self.waiting.is_empty())
    }
}

impl Shared {
    /// Writes what is waiting, as it comes, until a write fails.
    fn write_out(&self, mut out: impl Write, notice: impl Fn(u64) -> String) {
        let mut taken = Vec::with_capacity(ROOM);
        loop {
            let mut state = self.lock();
            state.under_way = false;
            self.changed.notify_all();
            let is_idle = |state: &mut State| !state.is_busy();
            state = self.changed.wait_while(state, is_idle).unwrap_or_else(PoisonError::into_inner);
            taken.clear();
            mem::swap(&mut taken, &mut state.waiting);
            if state.dropped > 0 {
                taken.extend_from_slice(notice(state.dropped).as_bytes());
                state.dropped = 0;
            }
            state.under_way = true;
            drop(state);
            for chunk in taken.chunks(CHUNK_LEN) {
                let written = out.write_all(chunk).and_then(|()| out.flush());
                let mut state = self.lock();
                state.written += 1;
                state.stalled = false;
                state.failed = written.err();
                self.changed.notify_all();
                if state.failed.is_some() {
                    return;
                }
            }
        }
    }

    /// Waits while `condition` holds, as long as something is written within `patience`.
    fn wait_while<'s>(
        &self,
        mut state: MutexGuard<'s, State>,
        patience: Duration,
        condition: impl Fn(&State) -> bool,
    ) -> MutexGuard<'s, State> {
        loop {
            let before = state.written;
            let nothing_moves = |state: &mut State| {
                condition(state) && state.failed.is_none() && state.written == before
            };
            let waited = self.changed.wait_timeout_while(state, patience, nothing_moves);
            let timed_out;
            (state, timed_out) = waited.unwrap_or_else(PoisonError::into_inner);
            if timed_out.timed_out() || state.failed.is_some() || !condition(&state) {
                return state;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, PipeReader, Read, pipe};

    const LINE: &str = "a line of thirty-two bytes here\n";

    fn queue(patience: Duration) -> (Queue, PipeReader) {
        let (reader, writer) = pipe().unwrap();
        (Queue::start(writer, patience, |count| format!("{count} dropped\n")).unwrap(), reader)
    }

    #[test]
    fn a_reader_who_comes_back_gets_what_waited_and_the_number_of_what_was_dropped_in_its_place() {
        let (mut queue, reader) = queue(Duration::ZERO);
        for _ in 0..200_000 {
            queue.write_all(LINE.as_bytes()).unwrap();
        }
        let timed_out = queue.settle(Duration::from_millis(1)).unwrap_err();
        assert_eq!(timed_out.kind(), ErrorKind::TimedOut);

        let mut lines = BufReader::new(reader).lines().map(Result::unwrap);
        let (mut kept, mut dropped) = (0, 0);
        while kept + dropped < 200_000 {
            match lines.next().unwrap().strip_suffix(" dropped") {
                Some(count) => dropped += count.parse::<usize>().unwrap(),
                None => kept += 1,
            }
        }
        assert_eq!(kept + dropped, 200_000);
        assert!(dropped > 0 && kept * LINE.len() >= CAPACITY, "{kept}");
        queue.write_all(b"after that\n").unwrap();
        assert_eq!(lines.next().unwrap(), "after that");
        queue.settle(Duration::from_secs(60)).unwrap();
    }

    #[test]
    fn a_reader_who_reads_slowly_gets_everything_from_a_queue_with_patience() {
        let (mut queue, mut reader) = queue(Duration::from_secs(60));
        let reading = thread::spawn(move || {
            let (mut read, mut piece) = (0, [0; 1000]);
            while let len @ 1.. = reader.read(&mut piece).unwrap() {
                read += len;
                if piece[..len].ends_with(b"the end\n") {
                    return read;
                }
            }
            read
        });
        for _ in 0..200_000 {
            queue.write_all(LINE.as_bytes()).unwrap();
        }
        queue.write_all(b"the end\n").unwrap();
        assert_eq!(reading.join().unwrap(), 200_000 * LINE.len() + b"the end\n".len());
    }

    #[test]
    fn when_nobody_reads_any_more_nothing_waits_and_the_reason_is_kept() {
        let (mut queue, reader) = queue(Duration::MAX);
        drop(reader);
        for _ in 0..200_000 {
            queue.write_all(LINE.as_bytes()).unwrap();
        }
        assert_eq!(queue.settle(Duration::MAX).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}

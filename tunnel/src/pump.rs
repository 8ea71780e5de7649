//! One direction of a connection: bytes become records, or records bytes.

use std::io::{self, Read, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use channel::{Receiver, Sender};
use crypto::{Open, Seal};
use framing::MAX_PLAINTEXT_LEN;
use handshake::Wire;
use program::progress::{Progress, TimeLimits, Way};

use crate::counters::Counters;
use crate::relay::Socket;

/// The most bytes read or written at once: as many as fill eight records.
const READ_LEN: usize = 8 * MAX_PLAINTEXT_LEN;

/// The records that come out of a socket. Once one has begun, it has its time limits; until then only the
/// relay's idle time-out applies.
pub struct Records<'r> {
    socket: &'r Socket<'r>,
    limits: TimeLimits,
    /// The record that has begun, or the one that has to begin in time.
    progress: Mutex<Option<Progress>>,
}

impl<'r> Records<'r> {
    /// Reads from `socket`.
    pub fn new(socket: &'r Socket<'r>, limits: TimeLimits) -> Self {
        Self { socket, limits, progress: Mutex::new(None) }
    }

    /// Reads from `socket`, where a first record must begin before the silence is too long.
    pub fn due(socket: &'r Socket<'r>, limits: TimeLimits) -> Self {
        let progress = Progress::awaited(limits, limits.silence);
        Self { progress: Mutex::new(Some(progress)), ..Self::new(socket, limits) }
    }

    /// Begins a handshake in front of the records, which has its time as a whole.
    pub fn handshake(&self) -> Wire<&Self> {
        *self.progress() = Some(Progress::of_handshake(self.limits));
        Wire::new(self)
    }

    fn progress(&self) -> MutexGuard<'_, Option<Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns to the next record, of which `len` bytes have already arrived.
    fn next(&self, len: usize) {
        *self.progress() = (len > 0).then(|| Progress::begun(self.limits, len));
    }
}

impl Read for &Records<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.socket.try_read(room)?;
            if read == Some(0) {
                return Ok(0);
            }
            let mut progress = self.progress();
            match (&mut *progress, read) {
                (Some(progress), Some(len)) => progress.advance(len),
                (None, Some(len)) => *progress = Some(Progress::begun(self.limits, len)),
                (_, None) => {}
            }
            if let Some(progress) = &*progress {
                progress.check(Way::In, self.socket.peer(), "record")?;
            }
            if let Some(len) = read {
                return Ok(len);
            }
        }
    }
}

impl Write for &Records<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.socket).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.socket).flush()
    }
}

/// Carries bytes into records until they end. What was read goes out at once, in as many records as
/// it takes.
pub fn seal(
    mut from: &Socket<'_>,
    to: &Socket<'_>,
    mut sender: Sender<impl Write, impl Seal>,
    counters: &Counters,
) -> Result<()> {
    let mut buffer = vec![0; READ_LEN];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return to.end();
        }
        let plaintexts = buffer[..read].chunks(MAX_PLAINTEXT_LEN);
        counters.sent(plaintexts.len(), read);
        for plaintext in plaintexts {
            sender.queue(plaintext)?;
        }
        sender.flush()?;
    }
}

/// Carries what records hold until they end. Those that have already arrived go out together, in
/// one write.
pub fn open(
    from: &Records<'_>,
    mut receiver: Receiver<&Records<'_>, impl Open>,
    mut to: &Socket<'_>,
    counters: &Counters,
) -> Result<()> {
    let mut buffer = Vec::with_capacity(READ_LEN);
    loop {
        from.next(receiver.unread_len());
        let Some(plaintext) = receiver.recv()? else { return to.end() };
        buffer.extend_from_slice(plaintext);
        let mut records = 1;
        while buffer.len() + MAX_PLAINTEXT_LEN <= READ_LEN && receiver.is_ready() {
            buffer.extend_from_slice(receiver.recv()?.unwrap_or_default());
            records += 1;
        }
        counters.received(records, buffer.len());
        to.write_all(&buffer)?;
        buffer.clear();
    }
}

//! One direction of a connection: bytes become records, or records bytes.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::time::Instant;

use anyhow::Result;
use channel::{Receiver, Sender};
use crypto::{Open, Seal};
use framing::MAX_PLAINTEXT_LEN;

use crate::counters::Counters;
use crate::relay::Socket;

/// The most bytes read or written at once: as many as fill eight records.
const READ_LEN: usize = 8 * MAX_PLAINTEXT_LEN;

/// The records that come out of a socket. Once one has begun, its rest must come before a deadline; until
/// then only the relay's idle time-out applies.
pub struct Records<'r> {
    socket: &'r Socket<'r>,
    /// When the record that has begun must be whole.
    due: Cell<Option<Instant>>,
}

impl<'r> Records<'r> {
    /// Reads from `socket`. If the first record `has_begun`, it is due from now on.
    pub fn new(socket: &'r Socket<'r>, has_begun: bool) -> Self {
        let records = Self { socket, due: Cell::new(None) };
        records.next(has_begun);
        records
    }

    /// Turns to the next record, of which some bytes are here already or none.
    pub fn next(&self, has_begun: bool) {
        self.due.set(has_begun.then(|| self.socket.record_deadline()));
    }
}

impl Read for &Records<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.socket.read_by(room, self.due.get())?;
        if self.due.get().is_none() {
            // A record has begun with these bytes.
            self.next(true);
        }
        Ok(read)
    }
}

/// Carries bytes into records until their end. What was read goes out at once, in as many records as it
/// takes.
pub fn seal(
    mut from: &Socket<'_>,
    to: &Socket<'_>,
    mut sender: Sender<&Socket<'_>, impl Seal>,
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

/// Carries what records hold until their end. What several of them hold that are here already goes out in
/// one write.
pub fn open(
    from: &Records<'_>,
    mut receiver: Receiver<&Records<'_>, impl Open>,
    mut to: &Socket<'_>,
    counters: &Counters,
) -> Result<()> {
    let mut buffer = Vec::with_capacity(READ_LEN);
    loop {
        from.next(receiver.has_begun());
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

//! One direction of a connection: bytes become records, or records bytes.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::time::Instant;

use anyhow::Result;
use channel::{Receiver, Sender};
use crypto::{Open, Seal};
use framing::MAX_PLAINTEXT_LEN;

use super::relay::Socket;
use super::tally::Tally;

/// Bytes read or written at once, at most: what fills eight records.
const READ_LEN: usize = 8 * MAX_PLAINTEXT_LEN;

/// The records that come out of a socket. The rest of one that has begun is waited for no longer than
/// the timeout; until it begins, the relay's patience is all there is.
pub struct Records<'r> {
    socket: &'r Socket<'r>,
    /// When the record that has begun must be whole.
    due: Cell<Option<Instant>>,
}

impl<'r> Records<'r> {
    /// Out of `socket`. If `at_once`, the first record counts as begun.
    pub fn new(socket: &'r Socket<'r>, at_once: bool) -> Self {
        let records = Self { socket, due: Cell::new(None) };
        records.next(at_once);
        records
    }

    /// Where they come from.
    pub fn socket(&self) -> &'r Socket<'r> {
        self.socket
    }

    /// A record is done. Whether something of the next one is here already, the caller knows.
    pub fn next(&self, has_begun: bool) {
        self.due.set(has_begun.then(|| Instant::now() + self.socket.deadlines().timeout));
    }
}

/// Waits for the rest of a record until it is due.
impl Read for &Records<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.socket.read_by(room, self.due.get())?;
        if self.due.get().is_none() {
            self.next(true);
        }
        Ok(read)
    }
}

/// Carries bytes into records until their end. What was read goes out at once, in as many records as it
/// takes.
///
/// # Errors
/// Those of the sockets and of sealing.
pub fn seal<S: Seal>(
    mut from: &Socket<'_>,
    to: &Socket<'_>,
    mut sender: Sender<&Socket<'_>, S>,
    tally: &Tally,
) -> Result<()> {
    let mut buffer = vec![0; READ_LEN];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return to.end();
        }
        let plaintexts = buffer[..read].chunks(MAX_PLAINTEXT_LEN);
        tally.sent(plaintexts.len(), read);
        for plaintext in plaintexts {
            sender.queue(plaintext)?;
        }
        sender.flush()?;
    }
}

/// Carries what records hold until their end. What several of them hold that are here already goes out in
/// one write.
///
/// # Errors
/// Those of the sockets and of opening.
pub fn open<'r, O: Open>(
    from: &Records<'r>,
    mut receiver: Receiver<&Records<'r>, O>,
    mut to: &Socket<'_>,
    tally: &Tally,
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
        tally.received(records, buffer.len());
        to.write_all(&buffer)?;
        buffer.clear();
    }
}

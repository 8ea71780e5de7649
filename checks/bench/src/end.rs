//! One end of a connection, whatever it speaks: TCP, or a stage's records.

use std::io::{self, BufWriter, Read, Write};
use std::net::{Shutdown, TcpStream};

use anyhow::Result;
use channel::{Receiver, Sender};
use crypto::{Open, Seal};
use demo_keys::SealerAndOpener;
use framing::{Header, MAX_PLAINTEXT_LEN};

/// Room for the bytes of one read: no application write here is longer.
pub const READ_LEN: usize = 256 * 1024;
/// Bytes that [`Tcp::gathered`] collects before it writes: as much as a channel's sender.
const GATHERED_LEN: usize = 256 * 1024;

/// One end of a connection.
pub trait End: Send {
    /// Sends `bytes`, with the next [`flush`](Self::flush) at the latest.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;
    /// Sends what was written.
    fn flush(&mut self) -> Result<()>;
    /// Returns what arrived next, or `None` at the end.
    fn read(&mut self) -> Result<Option<&[u8]>>;
    /// Signals that nothing more will be sent, after a flush.
    fn close(&mut self) -> Result<()>;
}

/// Both ends of a connection.
pub type Ends = (Box<dyn End>, Box<dyn End>);

/// TCP.
pub struct Tcp {
    stream: BufWriter<TcpStream>,
    buffer: Vec<u8>,
}

impl Tcp {
    /// Sends each write as it comes.
    pub fn plain(stream: TcpStream) -> Self {
        Self { stream: BufWriter::with_capacity(0, stream), buffer: vec![0; READ_LEN] }
    }

    /// Gathers writes behind a buffer, as the stages do.
    pub fn gathered(stream: TcpStream) -> Self {
        let stream = BufWriter::with_capacity(GATHERED_LEN, stream);
        Self { stream, buffer: vec![0; READ_LEN] }
    }
}

impl End for Tcp {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes)?)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(self.stream.flush()?)
    }

    fn read(&mut self) -> Result<Option<&[u8]>> {
        let len = self.stream.get_mut().read(&mut self.buffer)?;
        Ok(Some(&self.buffer[..len]).filter(|bytes| !bytes.is_empty()))
    }

    fn close(&mut self) -> Result<()> {
        Ok(self.stream.get_ref().shutdown(Shutdown::Write)?)
    }
}

/// A stage's channel: writes are cut into records and gathered, plaintexts borrowed where they lie.
pub struct Channel {
    stream: TcpStream,
    sender: Sender<TcpStream, Box<dyn Seal + Send>>,
    receiver: Receiver<TcpStream, Box<dyn Open + Send>>,
}

impl Channel {
    pub fn new(
        stream: TcpStream,
        header: Header,
        (sealer, opener): SealerAndOpener,
    ) -> io::Result<Self> {
        Ok(Self {
            sender: Sender::new(stream.try_clone()?, header, sealer),
            receiver: Receiver::new(stream.try_clone()?, header, opener),
            stream,
        })
    }
}

impl End for Channel {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        for plaintext in bytes.chunks(MAX_PLAINTEXT_LEN) {
            self.sender.queue(plaintext)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(self.sender.flush()?)
    }

    fn read(&mut self) -> Result<Option<&[u8]>> {
        Ok(self.receiver.recv()?.map(|plaintext| &*plaintext))
    }

    fn close(&mut self) -> Result<()> {
        Ok(self.stream.shutdown(Shutdown::Write)?)
    }
}

//! One end of a connection, whatever it speaks.

use std::io::{self, BufWriter, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use anyhow::Result;
use channel::{Receiver, Sender};
use clap::ValueEnum;

use crate::stages::{Aead, Ctr, Hmac, HmacSeq, Stage};

/// Room for what one read brings, in bytes: no application write here is longer.
pub const READ_LEN: usize = 256 * 1024;
/// What [`Gathered`] collects before it writes, in bytes: as much as a channel's sender.
const GATHERED_LEN: usize = 256 * 1024;

/// What two ends speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// TCP, each write as it comes
    Plain,
    /// TCP, writes gathered up to 256 KiB
    Gathered,
    /// Part 1's records
    Ctr,
    /// Part 2's first records
    Hmac,
    /// Part 2's second records
    HmacSeq,
    /// Part 2's third records
    Aead,
    /// TLS 1.3 with `TLS_AES_256_GCM_SHA384`
    #[cfg(feature = "peers")]
    Rustls,
}

/// One end of a connection.
pub trait End: Send {
    /// Sends `bytes`, at the latest with the next [`flush`](Self::flush).
    fn write(&mut self, bytes: &[u8]) -> Result<()>;
    /// Sends what was written.
    fn flush(&mut self) -> Result<()>;
    /// What arrived next, or `None` at the end.
    fn read(&mut self) -> Result<Option<&[u8]>>;
    /// Says that nothing more will be sent, after a flush.
    fn close(&mut self) -> Result<()>;
}

/// Both ends of a connection.
pub type Ends = (Box<dyn End>, Box<dyn End>);

impl Protocol {
    /// A connection over loopback: who connected, who accepted.
    pub fn connect(self) -> Result<Ends> {
        let (here, there) = loopback()?;
        Ok(match self {
            Self::Plain => (Box::new(Plain::new(here)), Box::new(Plain::new(there))),
            Self::Gathered => (Box::new(Gathered::new(here)), Box::new(Gathered::new(there))),
            Self::Ctr => (Channel::<Ctr>::boxed(here)?, Channel::<Ctr>::boxed(there)?),
            Self::Hmac => (Channel::<Hmac>::boxed(here)?, Channel::<Hmac>::boxed(there)?),
            Self::HmacSeq => (Channel::<HmacSeq>::boxed(here)?, Channel::<HmacSeq>::boxed(there)?),
            Self::Aead => (Channel::<Aead>::boxed(here)?, Channel::<Aead>::boxed(there)?),
            #[cfg(feature = "peers")]
            Self::Rustls => crate::tls::connect(here, there)?,
        })
    }
}

fn loopback() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let here = TcpStream::connect(listener.local_addr()?)?;
    let (there, _) = listener.accept()?;
    for stream in [&here, &there] {
        stream.set_nodelay(true)?;
    }
    Ok((here, there))
}

/// TCP as it is.
pub struct Plain {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Plain {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: vec![0; READ_LEN] }
    }
}

impl End for Plain {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes)?)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn read(&mut self) -> Result<Option<&[u8]>> {
        let len = self.stream.read(&mut self.buffer)?;
        Ok(Some(&self.buffer[..len]).filter(|bytes| !bytes.is_empty()))
    }

    fn close(&mut self) -> Result<()> {
        Ok(self.stream.shutdown(Shutdown::Write)?)
    }
}

/// TCP behind a buffer, as the stages have one.
struct Gathered {
    stream: BufWriter<TcpStream>,
    buffer: Vec<u8>,
}

impl Gathered {
    fn new(stream: TcpStream) -> Self {
        Self { stream: BufWriter::with_capacity(GATHERED_LEN, stream), buffer: vec![0; READ_LEN] }
    }
}

impl End for Gathered {
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
struct Channel<S: Stage> {
    stream: TcpStream,
    sender: Sender<TcpStream, S::Sealer>,
    receiver: Receiver<TcpStream, S::Opener>,
}

impl<S: Stage + 'static> Channel<S> {
    fn boxed(stream: TcpStream) -> io::Result<Box<dyn End>> {
        let (sealer, opener) = S::pair();
        Ok(Box::new(Self {
            sender: Sender::new(stream.try_clone()?, sealer),
            receiver: Receiver::new(stream.try_clone()?, opener),
            stream,
        }))
    }
}

impl<S: Stage> End for Channel<S> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.sender.write_all(bytes)?)
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

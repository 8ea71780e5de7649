//! Faults that a stranger can commit against a server, one connection at a time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;
use stages::Stage;

/// Pause between two bytes of a slow client.
const SLOW: Duration = Duration::from_millis(200);

/// Time limit for a connection: longer than any deadline of a server.
const PATIENCE: Duration = Duration::from_secs(90);

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Connects and says nothing.
    Silent,
    /// Sends a byte now and then.
    Slow,
    /// Breaks off with a reset somewhere in a genuine record.
    Reset,
    /// Sends bytes that are a record only by their length.
    Garbage,
    /// Sends a recorded record, twice.
    Replay,
    /// Announces 4 GiB.
    Oversize,
    /// Sends recorded records and never reads an answer.
    NeverReads,
}

/// The end of a connection with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// The server closed it, without a word.
    Closed,
    /// The server answered, then closed it.
    Answered,
    /// The other end broke it off.
    BrokenOff,
    /// It was still open when waiting for it was given up.
    Held,
}

impl Fault {
    /// Every kind of fault.
    pub const ALL: [Self; 7] = [
        Self::Silent,
        Self::Slow,
        Self::Reset,
        Self::Garbage,
        Self::Replay,
        Self::Oversize,
        Self::NeverReads,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Slow => "slow",
            Self::Reset => "reset",
            Self::Garbage => "garbage",
            Self::Replay => "replay",
            Self::Oversize => "oversize",
            Self::NeverReads => "never_reads",
        }
    }

    /// Commits the fault on a server, with a genuine `record` of its stage at hand and a number
    /// that differs each time. Returns how the connection ended, and after how long.
    ///
    /// # Errors
    /// When no connection can be made.
    pub fn commit(
        self,
        stage: &Stage,
        server: SocketAddr,
        record: &[u8],
        number: usize,
    ) -> io::Result<(Ending, Duration)> {
        let mut stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let began = Instant::now();
        let sent = match self {
            Self::Silent => Ok(()),
            Self::Slow => slowly(&mut stream, record),
            Self::Reset => {
                _ = stream.write_all(record.get(..number % record.len()).unwrap_or_default());
                SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
                return Ok((Ending::BrokenOff, began.elapsed()));
            }
            Self::Garbage => stream.write_all(&garbage(stage, number)),
            Self::Replay => stream.write_all(&record.repeat(2)),
            Self::Oversize => stream.write_all(&[0xff; 8]),
            Self::NeverReads => {
                let many = record.repeat(200);
                while stream.write_all(&many).is_ok() && began.elapsed() < PATIENCE {}
                let ending = if began.elapsed() < PATIENCE { Ending::Closed } else { Ending::Held };
                return Ok((ending, began.elapsed()));
            }
        };
        if matches!(self, Self::Garbage | Self::Replay | Self::Oversize) && sent.is_ok() {
            _ = stream.shutdown(Shutdown::Write);
        }
        let ending = match read_to_the_end(&mut stream) {
            Ok(0) => Ending::Closed,
            Ok(_) => Ending::Answered,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Ending::Held
            }
            Err(_) => Ending::Closed,
        };
        Ok((ending, began.elapsed()))
    }
}

impl Ending {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Answered => "answered",
            Self::BrokenOff => "broken_off",
            Self::Held => "held",
        }
    }
}

/// Sends a byte now and then, until the server has enough of it.
fn slowly(stream: &mut TcpStream, record: &[u8]) -> io::Result<()> {
    for byte in record {
        stream.write_all(&[*byte])?;
        thread::sleep(SLOW);
    }
    Ok(())
}

/// Makes a record that was sealed with no key, of a length that any receiver accepts.
fn garbage(stage: &Stage, number: usize) -> Vec<u8> {
    let len = stage.overhead() + number % 200;
    let payload: Vec<u8> =
        (0..len).map(|i| (i.wrapping_mul(167) ^ number).to_le_bytes()[0]).collect();
    stage.record(&payload)
}

fn read_to_the_end(stream: &mut TcpStream) -> io::Result<usize> {
    let mut answer = [0; 4096];
    let mut got = 0;
    loop {
        match stream.read(&mut answer) {
            Ok(0) => return Ok(got),
            Ok(n) => got += n,
            Err(error) if error.kind() == ErrorKind::ConnectionReset && got > 0 => return Ok(got),
            Err(error) => return Err(error),
        }
    }
}

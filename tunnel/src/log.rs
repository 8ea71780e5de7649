//! Lines on standard error, none of them over and over.

use std::io::{self, Write};
use std::mem;
use std::time::{Duration, Instant};

/// Time after which a line is said again if it still holds.
const QUIET: Duration = Duration::from_secs(60);

/// An output for lines. One that says the same as the last is only counted, and the count is written before the next
/// other line, or once a minute: a client that tries again and again fills no disk.
pub struct Log<W> {
    out: W,
    unfinished: Vec<u8>,
    last: Vec<u8>,
    /// When the last line was written.
    written: Instant,
    repeated: u64,
}

impl<W: Write> Log<W> {
    /// Makes one in front of `out`.
    pub fn new(out: W) -> Self {
        let (unfinished, last) = (Vec::new(), Vec::new());
        Self { out, unfinished, last, written: Instant::now(), repeated: 0 }
    }

    fn line(&mut self, line: Vec<u8>) -> io::Result<()> {
        if line == self.last {
            self.repeated += 1;
            return if self.written.elapsed() < QUIET { Ok(()) } else { self.count() };
        }
        self.count()?;
        self.out.write_all(&line)?;
        self.last = line;
        Ok(())
    }

    /// Writes how often the last line was repeated.
    fn count(&mut self) -> io::Result<()> {
        self.written = Instant::now();
        match mem::take(&mut self.repeated) {
            0 => Ok(()),
            times => {
                self.out.write_all(self.last.trim_ascii_end())?;
                writeln!(self.out, " ({times} times more)")
            }
        }
    }
}

impl<W: Write> Write for Log<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.unfinished.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = mem::take(&mut self.unfinished);
                self.line(line)?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_repeated_is_written_once_and_counted() {
        let mut log = Log::new(Vec::new());
        // As it comes out of a queue: cut anywhere.
        for piece in ["a", "\nb\nb", "\nb\n", "b\nc\nc\n"] {
            log.write_all(piece.as_bytes()).unwrap();
        }
        assert_eq!(String::from_utf8_lossy(&log.out), "a\nb\nb (3 times more)\nc\n");
        log.written = log.written.checked_sub(QUIET).unwrap();
        log.write_all(b"c\nc\n").unwrap();
        assert!(log.out.ends_with(b"\nc\nc (2 times more)\n"));
        log.write_all(b"d\n").unwrap();
        assert!(log.out.ends_with(b"c (2 times more)\nc (1 times more)\nd\n"));
    }
}

//! Bytes per second in one direction of one connection.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::end::{End, Ends};
use crate::protocol::Protocol;
use crate::window::{Measured, Window};

/// This many bytes are compared with what was sent. Those that follow are only counted: comparing
/// them would be measured too.
const COMPARED: u64 = 256 * 1024;

/// Measures from a thread that writes `write` bytes at a time to one that reads whatever there is.
pub fn measure(protocol: Protocol, write: usize, length: Duration) -> Result<Measured> {
    ensure!(write > 0, "a write of no bytes sends nothing");
    between(protocol.connect()?, write, length)
}

/// Measures like [`measure`], between two ends that are already connected.
pub fn between((mut here, mut there): Ends, write: usize, length: Duration) -> Result<Measured> {
    let bytes: Vec<u8> = (0..=250).cycle().take(write).collect();
    let (bytes, window) = (&bytes, &Window::default());
    thread::scope(|scope| {
        let sender = scope.spawn(move || send(here.as_mut(), bytes, window));
        let receiver = scope.spawn(move || receive(there.as_mut(), bytes, window));
        let measured = window.watch(length);
        // A refusal by the receiver breaks the sender's connection, so the receiver's error comes
        // first.
        let received = receiver.join().ok().context("the receiver panicked")??;
        let sent = sender.join().ok().context("the sender panicked")??;
        ensure!(received == sent, "{sent} bytes were sent, but {received} received");
        Ok(measured)
    })
}

fn send(end: &mut dyn End, bytes: &[u8], window: &Window) -> Result<u64> {
    let mut sent = 0;
    while !window.is_over() || sent < COMPARED {
        end.write(bytes).context("sending")?;
        sent += bytes.len() as u64;
    }
    end.flush()?;
    end.close()?;
    Ok(sent)
}

fn receive(end: &mut dyn End, bytes: &[u8], window: &Window) -> Result<u64> {
    let mut received = 0;
    while let Some(arrived) = end.read().context("receiving")? {
        if received < COMPARED {
            let start = usize::try_from(received)? % bytes.len();
            let expected = bytes.iter().cycle().skip(start).take(arrived.len());
            ensure!(arrived.iter().eq(expected), "other bytes arrived than were sent");
        }
        received += arrived.len() as u64;
        window.set(received);
    }
    Ok(received)
}

#[cfg(test)]
mod tests {
    use stages::PART2_AEAD;

    use super::*;
    use crate::end::End;

    /// Changes one bit, or keeps back the last bytes.
    struct Lossy {
        end: Box<dyn End>,
        flip_at: Option<usize>,
        keep: bool,
        bytes: Vec<u8>,
    }

    impl End for Lossy {
        fn write(&mut self, bytes: &[u8]) -> Result<()> {
            self.bytes.clear();
            self.bytes.extend_from_slice(bytes);
            if let Some(at) = self.flip_at {
                self.bytes[at] ^= 1;
            }
            self.bytes.truncate(bytes.len() - usize::from(self.keep));
            self.end.write(&self.bytes)
        }

        fn flush(&mut self) -> Result<()> {
            self.end.flush()
        }

        fn read(&mut self) -> Result<Option<&[u8]>> {
            self.end.read()
        }

        fn close(&mut self) -> Result<()> {
            self.end.close()
        }
    }

    fn error(flip_at: Option<usize>, keep: bool, write: usize) -> String {
        let (end, there) = Protocol::Stage(&PART2_AEAD).connect().unwrap();
        let here = Box::new(Lossy { end, flip_at, keep, bytes: Vec::new() });
        let measured = between((here, there), write, Duration::ZERO);
        format!("{:#}", measured.unwrap_err())
    }

    #[test]
    fn a_changed_bit_is_no_measurement() {
        assert_eq!(error(Some(999), false, 1000), "other bytes arrived than were sent");
    }

    #[test]
    fn a_missing_byte_is_no_measurement() {
        let write = 2 * usize::try_from(COMPARED).unwrap();
        let error = error(None, true, write);
        assert!(error.contains(" bytes were sent, but "), "{error}");
    }
}

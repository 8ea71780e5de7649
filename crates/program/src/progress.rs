//! A message on its way: how far it is, and whether it may go on.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// Time limit of a handshake, from its beginning to its end. It is absolute: until then nobody knows what the
/// peer is.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(5);

/// Longest wait of a single read or write, after which progress is checked again: a waiting write
/// is not always woken when the peer takes something.
pub const TICK: Duration = Duration::from_secs(1);

/// Time limits of a message.
#[derive(Clone, Copy, Debug)]
pub struct TimeLimits {
    /// For silence: before the first message, and between two bytes of any.
    pub silence: Duration,
    /// For a whole message, from its first byte to its last, however steadily they come.
    pub message: Duration,
}

/// The direction of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The peer sends it.
    In,
    /// The peer is to take it.
    Out,
}

/// A message, and how much of it has passed.
#[derive(Debug)]
pub struct Progress {
    limits: TimeLimits,
    began: Option<Instant>,
    /// When a byte last passed, or else when the wait for the first one began.
    moved: Instant,
    /// Limit for the wait that began then.
    patience: Duration,
    passed: usize,
    longest_stall: Duration,
}

impl Progress {
    /// Waits for a message, which must begin within `patience`.
    pub fn awaited(limits: TimeLimits, patience: Duration) -> Self {
        let moved = Instant::now();
        Self { limits, began: None, moved, patience, passed: 0, longest_stall: Duration::ZERO }
    }

    /// Begins a message of which `len` bytes have already passed.
    pub fn begun(limits: TimeLimits, len: usize) -> Self {
        let mut progress = Self::awaited(limits, limits.silence);
        progress.advance(len);
        progress
    }

    /// Begins a handshake, which has the time of one message as a whole, and no more than
    /// [`HANDSHAKE_TIME`].
    pub fn of_handshake(limits: TimeLimits) -> Self {
        let [silence, message] = [limits.silence, limits.message].map(|it| it.min(HANDSHAKE_TIME));
        Self::begun(TimeLimits { silence, message }, 0)
    }

    /// Returns the number of bytes that have passed.
    pub fn passed(&self) -> usize {
        self.passed
    }

    /// Counts `len` more bytes.
    pub fn advance(&mut self, len: usize) {
        let now = Instant::now();
        if self.began.is_some() {
            self.longest_stall = self.longest_stall.max(now - self.moved);
        }
        self.began.get_or_insert(now);
        self.moved = now;
        self.patience = self.limits.silence;
        self.passed += len;
    }

    /// Returns how long the next read or write may wait. [`check`](Self::check) then says whether
    /// that was too long.
    pub fn wait(&self) -> Duration {
        let silence = self.patience.saturating_sub(self.moved.elapsed());
        let whole = self.began.map(|began| self.limits.message.saturating_sub(began.elapsed()));
        whole.unwrap_or(silence).min(silence).clamp(Duration::from_millis(1), TICK)
    }

    /// Checks that the message may go on.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`], which names the `message`, the `peer` and what took too long.
    pub fn check(&self, way: Way, peer: &str, message: &str) -> io::Result<()> {
        let (stall, len) = (self.moved.elapsed(), self.passed);
        let limit = self.limits.message;
        let elapsed = self.began.map(|began| began.elapsed());
        let why = if let Some(elapsed) = elapsed.filter(|elapsed| *elapsed >= limit) {
            let (taken, came) = match way {
                Way::In => ("", "came"),
                Way::Out => ("taken ", "were taken"),
            };
            let stall = self.longest_stall.max(stall).as_secs_f64();
            format!(
                "the {message} was not {taken}whole within {} s: {len} of its bytes {came}, {:.0} B/s, \
                 the longest stall {stall:.1} s",
                limit.as_secs_f64(),
                per_second(len, elapsed),
            )
        } else if stall < self.patience {
            return Ok(());
        } else {
            let silence = self.patience.as_secs_f64();
            match (way, elapsed) {
                (Way::In, None) => format!("{peer} sent nothing for {silence} s"),
                (Way::In, Some(_)) => format!(
                    "{peer} was silent for {silence} s in the middle of a {message}, after {len} bytes"
                ),
                (Way::Out, _) => {
                    format!("{peer} took nothing of a {message} for {silence} s, after {len} bytes")
                }
            }
        };
        Err(io::Error::new(ErrorKind::TimedOut, why))
    }
}

#[allow(clippy::cast_precision_loss, reason = "no message is that long")]
fn per_second(len: usize, elapsed: Duration) -> f64 {
    len as f64 / elapsed.as_secs_f64()
}

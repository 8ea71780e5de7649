//! The cost of a record, from plaintext to plaintext: sealed and opened in memory, one after the
//! other.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use crypto::{Open, Seal};

use crate::protocol::{Protocol, sealer_and_opener};
use crate::window::Measured;

/// Records between two looks at the clock.
const BATCH: u64 = 100;

/// Measures records of `len` bytes of plaintext.
pub fn measure(protocol: Protocol, len: usize, length: Duration) -> Result<Measured> {
    let Protocol::Stage(stage) = protocol else { bail!("{protocol:?} has no records to seal") };
    let (mut sealer, mut opener) = sealer_and_opener(stage)?;
    let header = stage.header().encode(len + sealer.overhead());
    let plaintext = vec![b'a'; len];
    let mut payload = Vec::new();
    let (mut count, began) = (0, Instant::now());
    while began.elapsed() < length {
        for _ in 0..BATCH {
            payload.clear();
            sealer.seal(&header, &plaintext, &mut payload)?;
            ensure!(opener.open(&header, &mut payload)? == plaintext, "another plaintext came out");
        }
        count += BATCH;
    }
    Ok(Measured { count, seconds: began.elapsed().as_secs_f64(), latency: None })
}

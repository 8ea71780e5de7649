//! The throughput that opening records in memory would allow, if nothing else took any time.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use crypto::{Open, Seal};

use crate::protocol::{Protocol, sealer_and_opener};
use crate::window::Measured;

/// Plaintext in a record, in bytes: the most it carries.
const PLAINTEXT_LEN: usize = 16 * 1024;
/// Records in a row, about as many as a receiver reads at once. Sealing them is not measured.
const RECORDS: usize = 8;

/// Measures bytes of plaintext per second.
pub fn measure(protocol: Protocol, length: Duration) -> Result<Measured> {
    let Protocol::Stage(stage) = protocol else { bail!("{protocol:?} has no records to open") };
    let (mut sealer, mut opener) = sealer_and_opener(stage)?;
    let header = stage.header().encode(PLAINTEXT_LEN + sealer.overhead());
    let mut payloads = vec![Vec::new(); RECORDS];
    let (mut count, mut spent) = (0, Duration::ZERO);
    while spent < length {
        for payload in &mut payloads {
            payload.clear();
            sealer.seal(&header, &[b'a'; PLAINTEXT_LEN], payload)?;
        }
        let began = Instant::now();
        for payload in &mut payloads {
            count += opener.open(&header, payload)?.len() as u64;
        }
        spent += began.elapsed();
    }
    Ok(Measured { count, seconds: spent.as_secs_f64(), latency: None })
}

//! What opening records in memory would allow, if nothing else took any time.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use crypto::{Open, Seal};

use crate::end::Protocol;
use crate::stages::{Aead, Ctr, Hmac, HmacSeq, Stage};
use crate::window::Measured;

/// Plaintext in a record, in bytes: the most it carries.
const PLAINTEXT_LEN: usize = 16 * 1024;
/// Records in a row, about as many as a receiver reads at once. Sealing them is not measured.
const RECORDS: usize = 8;

/// Bytes of plaintext a second.
pub fn measure(protocol: Protocol, length: Duration) -> Result<Measured> {
    match protocol {
        Protocol::Ctr => open::<Ctr>(length),
        Protocol::Hmac => open::<Hmac>(length),
        Protocol::HmacSeq => open::<HmacSeq>(length),
        Protocol::Aead => open::<Aead>(length),
        other => bail!("{other:?} has no records to open"),
    }
}

fn open<S: Stage>(length: Duration) -> Result<Measured> {
    let (mut sealer, mut opener) = S::pair();
    let mut payloads = vec![Vec::new(); RECORDS];
    let (mut count, mut spent) = (0, Duration::ZERO);
    while spent < length {
        for payload in &mut payloads {
            payload.clear();
            sealer.seal(&[b'a'; PLAINTEXT_LEN], payload)?;
        }
        let began = Instant::now();
        for payload in &mut payloads {
            count += opener.open(payload)?.len() as u64;
        }
        spent += began.elapsed();
    }
    Ok(Measured { count, seconds: spent.as_secs_f64(), latency: None })
}

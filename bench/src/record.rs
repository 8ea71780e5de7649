//! What a record costs, from plaintext to plaintext: sealed and opened in memory, one after the other.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use crypto::{Open, Seal};

use crate::end::Protocol;
use crate::stages::{Aead, Ctr, Hmac, HmacSeq, Stage};
use crate::window::Measured;

/// Records between two looks at the clock.
const BATCH: u64 = 100;

/// Records of `len` bytes of plaintext.
pub fn measure(protocol: Protocol, len: usize, length: Duration) -> Result<Measured> {
    match protocol {
        Protocol::Ctr => seal_and_open::<Ctr>(len, length),
        Protocol::Hmac => seal_and_open::<Hmac>(len, length),
        Protocol::HmacSeq => seal_and_open::<HmacSeq>(len, length),
        Protocol::Aead => seal_and_open::<Aead>(len, length),
        other => bail!("{other:?} has no records to seal"),
    }
}

fn seal_and_open<S: Stage>(len: usize, length: Duration) -> Result<Measured> {
    let (mut sealer, mut opener) = S::pair();
    let plaintext = vec![b'a'; len];
    let mut payload = Vec::new();
    let (mut count, began) = (0, Instant::now());
    while began.elapsed() < length {
        for _ in 0..BATCH {
            payload.clear();
            sealer.seal(&plaintext, &mut payload)?;
            ensure!(opener.open(&mut payload)? == plaintext, "another plaintext came out");
        }
        count += BATCH;
    }
    Ok(Measured { count, seconds: began.elapsed().as_secs_f64(), latency: None })
}

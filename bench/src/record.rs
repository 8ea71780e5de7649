//! What a record costs, from plaintext to plaintext: sealed and opened in memory, one after the other.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use crypto::{Open, Seal, aead, ctr, hmac, hmac_seq};

use crate::end::Protocol;
use crate::window::Measured;

/// Records between two looks at the clock.
const BATCH: u64 = 100;

/// Records of `len` bytes of plaintext.
pub fn measure(protocol: Protocol, len: usize, length: Duration) -> Result<Measured> {
    match protocol {
        Protocol::Ctr => {
            let keys = ctr::Keys::demo();
            seal_and_open(ctr::Sealer::new(&keys), ctr::Opener::new(&keys), len, length)
        }
        Protocol::Hmac => {
            let keys = hmac::Keys::demo();
            seal_and_open(hmac::Sealer::new(&keys), hmac::Opener::new(&keys), len, length)
        }
        Protocol::HmacSeq => {
            let keys = hmac_seq::Keys::demo();
            seal_and_open(hmac_seq::Sealer::new(&keys), hmac_seq::Opener::new(&keys), len, length)
        }
        Protocol::Aead => {
            let keys = aead::Keys::demo();
            seal_and_open(aead::Sealer::new(&keys), aead::Opener::new(&keys), len, length)
        }
        other => bail!("{other:?} has no records to seal"),
    }
}

fn seal_and_open(
    mut sealer: impl Seal,
    mut opener: impl Open,
    len: usize,
    length: Duration,
) -> Result<Measured> {
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

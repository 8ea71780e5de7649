//! What opening records in memory would allow, if nothing else took any time.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use crypto::{Open, Seal, aead, ctr, hmac, hmac_seq};

use crate::end::Protocol;
use crate::window::Measured;

/// Plaintext in a record, in bytes: the most it carries.
const PLAINTEXT_LEN: usize = 16 * 1024;
/// Records in a row, about as many as a receiver reads at once. Sealing them is not measured.
const RECORDS: usize = 8;

/// Bytes of plaintext a second.
pub fn measure(protocol: Protocol, length: Duration) -> Result<Measured> {
    match protocol {
        Protocol::Ctr => {
            let keys = ctr::Keys::demo();
            open(ctr::Sealer::new(&keys), ctr::Opener::new(&keys), length)
        }
        Protocol::Hmac => {
            let keys = hmac::Keys::demo();
            open(hmac::Sealer::new(&keys), hmac::Opener::new(&keys), length)
        }
        Protocol::HmacSeq => {
            let keys = hmac_seq::Keys::demo();
            open(hmac_seq::Sealer::new(&keys), hmac_seq::Opener::new(&keys), length)
        }
        Protocol::Aead => {
            let keys = aead::Keys::demo();
            open(aead::Sealer::new(&keys), aead::Opener::new(&keys), length)
        }
        other => bail!("{other:?} has no records to open"),
    }
}

fn open(mut sealer: impl Seal, mut opener: impl Open, length: Duration) -> Result<Measured> {
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

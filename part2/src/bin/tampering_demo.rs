//! Tries what worked on part 1's records on those of part 2: flips bits without the key.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use crypto::{Open, Seal};
use stages::{PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, Stage};

fn main() -> ExitCode {
    let about = "Tries to change records of part 2 without the key, bit by bit";
    program::demo("tampering_demo", about, |out| {
        [&PART2_HMAC, &PART2_HMAC_SEQ, &PART2_AEAD]
            .into_iter()
            .try_for_each(|stage| tamper(out, stage))
    })
}

/// Seals `amount=100` and changes the payload, first as the article does, then in each bit. A new
/// opener judges each change, as a new connection would.
fn tamper(out: &mut Vec<u8>, stage: &Stage) -> Result<()> {
    let new_pair = || demo_keys::sealer_and_opener(stage).context("this stage has no keys");
    let mut sealed = Vec::new();
    new_pair()?.0.seal(&[], b"amount=100", &mut sealed)?;
    let open_with_flip = |byte: usize, flip: u8| -> Result<_> {
        let mut changed = sealed.clone();
        changed[byte] ^= flip;
        let (_, mut opener) = new_pair()?;
        Ok(opener.open(&[], &mut changed).map(|plaintext| plaintext.to_vec()))
    };

    writeln!(out, "{}: amount=100 sealed in {} bytes", stage.name, sealed.len())?;
    match open_with_flip(20, 0x08)? {
        Ok(plaintext) => writeln!(out, "  byte 20 xor 08  accepted: {}", plaintext.escape_ascii())?,
        Err(error) => writeln!(out, "  byte 20 xor 08  refused: {error}")?,
    }
    let bits = sealed.len() * 8;
    let mut refused = 0;
    for bit in 0..bits {
        refused += usize::from(open_with_flip(bit / 8, 1 << (bit % 8))?.is_err());
    }
    writeln!(out, "  every bit       {refused} of {bits} changes refused\n")?;
    ensure!(refused == bits, "a changed record was accepted");
    Ok(())
}

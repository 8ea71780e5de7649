//! Tries on the records of part 2 what worked on part 1's: flips bits without the key.

use std::io::Write;

use anyhow::{Result, ensure};
use crypto::{Open, Seal, aead, hmac, hmac_seq};
use framing::Stage;
use framing::stage::{PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ};

fn main() -> Result<()> {
    let about = "Tries to change records of part 2 without the key, bit by bit";
    program::demo("tampering_demo", about, |out| {
        let keys = hmac::Keys::demo();
        tamper(out, &PART2_HMAC, hmac::Sealer::new(&keys), || hmac::Opener::new(&keys))?;

        let keys = hmac_seq::Keys::demo();
        tamper(out, &PART2_HMAC_SEQ, hmac_seq::Sealer::new(&keys), || {
            hmac_seq::Opener::new(&keys)
        })?;

        let keys = aead::Keys::demo();
        tamper(out, &PART2_AEAD, aead::Sealer::new(&keys), || aead::Opener::new(&keys))
    })
}

/// Seals `amount=100` and changes the payload, first as the article does, then in each bit. A new
/// opener judges each change, as a new connection would.
fn tamper<O: Open>(
    out: &mut Vec<u8>,
    stage: &Stage,
    mut sealer: impl Seal,
    new_opener: impl Fn() -> O,
) -> Result<()> {
    let mut sealed = Vec::new();
    sealer.seal(b"amount=100", &mut sealed)?;
    let open_with_flip = |byte: usize, flip: u8| {
        let mut changed = sealed.clone();
        changed[byte] ^= flip;
        new_opener().open(&mut changed).map(|plaintext| plaintext.to_vec())
    };

    writeln!(out, "{}: amount=100 sealed in {} bytes", stage.name, sealed.len())?;
    match open_with_flip(20, 0x08) {
        Ok(plaintext) => writeln!(out, "  byte 20 xor 08  accepted: {}", plaintext.escape_ascii())?,
        Err(error) => writeln!(out, "  byte 20 xor 08  refused: {error}")?,
    }
    let bits = sealed.len() * 8;
    let refused = (0..bits).filter(|bit| open_with_flip(bit / 8, 1 << (bit % 8)).is_err()).count();
    writeln!(out, "  every bit       {refused} of {bits} changes refused\n")?;
    ensure!(refused == bits, "a changed record was accepted");
    Ok(())
}

//! Turns `amount=100` into `amount=900` in a sealed record, without the key.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use crypto::ctr::{Opener, Sealer};
use crypto::{Open, Seal};
use stages::PART1_CTR;

// ANCHOR: on_the_path
/// Someone on the path: sees the payload, knows where its fields lie, and guesses what it says. There
/// is no key in this module, and none comes in.
mod on_the_path {
    use stages::{PART1_CTR, Role};

    /// The byte of the plaintext that holds the `1` of `amount=100`.
    const DIGIT: usize = "amount=".len();
    /// The one bit in which `1` and `9` differ. A bit flipped in the ciphertext is the same bit flipped
    /// in the plaintext.
    const FLIP: u8 = b'1' ^ b'9';

    pub fn raise_the_amount(payload: &mut [u8]) {
        let parts = PART1_CTR.split_payload(payload).unwrap_or_default();
        let ciphertext = parts.iter().find(|part| part.field.role == Role::Ciphertext);
        let at = ciphertext.map(|part| part.offset + DIGIT);
        if let Some(byte) = at.and_then(|at| payload.get_mut(at)) {
            *byte ^= FLIP;
        }
    }
}
// ANCHOR_END: on_the_path

fn main() -> ExitCode {
    let about = "Turns amount=100 into amount=900 in a sealed record, without the key";
    program::demo("ctr_malleability_demo", about, |out| {
        let keys = demo_keys::ctr();
        let mut sealed = Vec::new();
        Sealer::new(&keys).seal(&[], b"amount=100", &mut sealed)?;

        let mut changed = sealed.clone();
        on_the_path::raise_the_amount(&mut changed);

        writeln!(
            out,
            "What was sealed, what arrived, and in brackets what was changed on the way:\n"
        )?;
        write_fields(out, "sealed", &sealed, &sealed)?;
        write_fields(out, "arrived", &changed, &sealed)?;

        let mut opener = Opener::new(&keys);
        writeln!(out, "\nOriginal: {}", opener.open(&[], &mut sealed)?.escape_ascii())?;
        writeln!(out, "Modified: {}", opener.open(&[], &mut changed)?.escape_ascii())?;
        writeln!(out, "\nNo key was used for the change, and the receiver noticed nothing.")?;
        Ok(())
    })
}

/// Writes a payload field by field, the bytes that differ from `before` in brackets.
fn write_fields(out: &mut impl Write, name: &str, payload: &[u8], before: &[u8]) -> Result<()> {
    write!(out, "{name:<8}")?;
    for part in PART1_CTR.split_payload(payload).unwrap_or_default() {
        write!(out, "  {} ", part.field.name)?;
        for (byte, before) in part.bytes.iter().zip(&before[part.offset..]) {
            let (open, close) = if byte == before { (" ", "") } else { ("[", "]") };
            write!(out, "{open}{byte:02x}{close}")?;
        }
    }
    writeln!(out)?;
    Ok(())
}

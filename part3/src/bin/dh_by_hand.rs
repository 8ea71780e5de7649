//! Diffie-Hellman with numbers that one can check by head: p = 23 and g = 5.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;

/// A prime of which (p - 1) / 2 is prime too, as with the one of `part3-dh`, which has 617 digits.
const P: u32 = 23;

/// A number whose powers are all the numbers from 1 to p - 1.
const G: u32 = 5;

fn main() -> ExitCode {
    let about = "Diffie-Hellman with p = 23 and g = 5: the agreement, and what can go wrong";
    program::demo("dh_by_hand", about, |out| {
        let (client, server) = (Side::new("client", 'a', 6), Side::new("server", 'b', 15));
        writeln!(out, "p = {P}, g = {G}: everyone may know them\n")?;

        writeln!(out, "Two strangers agree")?;
        client.draw(out)?;
        server.draw(out)?;
        client.agree(out, 'B', server.public_value())?;
        server.agree(out, 'A', client.public_value())?;

        writeln!(out, "\nSomeone who listens looks A up in the powers of {G}")?;
        write_powers(out)?;

        writeln!(out, "\nSomeone in the middle agrees with both")?;
        let middle = Side::new("middle", 'm', 3);
        middle.draw(out)?;
        client.agree(out, 'M', middle.public_value())?;
        middle.agree(out, 'A', client.public_value())?;
        server.agree(out, 'M', middle.public_value())?;
        middle.agree(out, 'B', server.public_value())?;

        for forced in [1, P - 1] {
            writeln!(out, "\nSomeone in the middle sends both {forced}, and calculates nothing")?;
            client.agree(out, 'M', forced)?;
            server.agree(out, 'M', forced)?;
        }
        Ok(())
    })
}

// ANCHOR: side
/// Someone who agrees on a secret.
struct Side {
    name: &'static str,
    /// The letter of the exponent. In capitals it is that of the public value.
    letter: char,
    /// Known to nobody else.
    exponent: u32,
}

impl Side {
    /// The only number that crosses.
    fn public_value(&self) -> u32 {
        power(G, self.exponent)
    }

    /// The number that both sides end up with.
    fn secret(&self, theirs: u32) -> u32 {
        power(theirs, self.exponent)
    }
}

/// Computes `base`^`exponent` mod p, one multiplication after the other. With an exponent of 32 bytes nobody would
/// live to see the end: `crates/crypto/src/primitives/group14.rs` squares.
fn power(base: u32, exponent: u32) -> u32 {
    (0..exponent).fold(1, |power, _| power * base % P)
}
// ANCHOR_END: side

impl Side {
    fn new(name: &'static str, letter: char, exponent: u32) -> Self {
        Self { name, letter, exponent }
    }

    fn draw(&self, out: &mut impl Write) -> Result<()> {
        let Self { name, letter, exponent } = self;
        let (capital, value) = (letter.to_ascii_uppercase(), self.public_value());
        let sum = format!("{capital} = {G}^{exponent} mod {P} = {value}");
        Ok(writeln!(out, "  {name}  draws {letter} = {exponent:<2}  sends    {sum}")?)
    }

    fn agree(&self, out: &mut impl Write, letter: char, theirs: u32) -> Result<()> {
        let Self { name, exponent, .. } = self;
        let power = format!("{letter}^{}", self.letter);
        let (sum, secret) = (format!("{theirs}^{exponent} mod {P}"), self.secret(theirs));
        Ok(writeln!(
            out,
            "  {name}  gets {letter} = {theirs:<2}   computes {power} = {sum} = {secret}"
        )?)
    }
}

/// Writes all powers of g, each below its exponent.
fn write_powers(out: &mut impl Write) -> Result<()> {
    let row = |number: fn(u32) -> u32| {
        let numbers = (1..P).map(|exponent| format!("{:3}", number(exponent)));
        numbers.collect::<Vec<_>>().concat()
    };
    writeln!(out, "  exponent {}", row(|exponent| exponent))?;
    writeln!(out, "  power    {}", row(|exponent| power(G, exponent)))?;
    Ok(())
}

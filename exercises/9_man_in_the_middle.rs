//! Exercise 9: be the man in the middle.
//!
//! **You have** two connections, and nobody has said a word on either: `middle.client` is a client that means to talk
//! to a server, `middle.server` a server that waits for a client. Both are of `part3-hkdf`.
//!
//! ```text
//! side.take_key()?                takes the Hello that comes next, and returns the public key in it
//! side.send_key(&public)?         sends a Hello with this public key
//! side.take()?                    takes the next record
//! side.send(&text)?               sends a record
//! side.protect(&seals, &opens)    from now on: send seals with one key, take opens with the other
//!
//! let private = draw()?;          a private key of your own, for one agreement
//! private.public_key()            the public key that belongs to it
//! agree(private, &theirs)?        the keys of a connection: keys.client seals what the client of it sends,
//!                                 keys.server what the server sends
//! ```
//!
//! `take` fails when no record comes any more, or one that does not open.
//!
//! **You want** the server to receive the client's request with another amount, and the client to receive the
//! server's answer. Neither notices anything.
//!
//! **Write** the function `attack`. The amount that the server must receive may be longer than the client's.
//!
//! **The checker**, `cargo xtask exercise 9`, puts you between the real `hkdf_client` and the real `hkdf_server`, and
//! asks both what they received.

use std::io;
use std::process::ExitCode;

use harness::middle::{Middle, agree, draw};

/// Does what it likes with what comes along. `amount` is what the server must receive.
fn attack(middle: &mut Middle, amount: &str) -> io::Result<()> {
    // Your turn. This is an honest line: the two agree with each other, and what they say passes by unread.
    let _ = (amount, agree, draw);

    let of_the_client = middle.client.take_key()?;
    middle.server.send_key(&of_the_client)?;
    let of_the_server = middle.server.take_key()?;
    middle.client.send_key(&of_the_server)?;

    let request = middle.client.take()?;
    middle.server.send(&request)?;
    let answer = middle.server.take()?;
    middle.client.send(&answer)
}

fn main() -> ExitCode {
    harness::middle::run(attack)
}

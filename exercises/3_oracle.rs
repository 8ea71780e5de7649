//! Exercise 3: read a recorded request through an oracle.
//!
//! **You have** a request of `part1-ctr` that you recorded, and no key. The server behaves like the
//! articles': it decrypts what it gets and answers if that is valid UTF-8. If not, it closes
//! without a word. You may send it whatever you like, each time in a new connection:
//!
//! ```text
//! oracle.answers(&payload)   sends a payload, nonce and ciphertext; returns whether an answer came
//! ```
//!
//! **You want** the text. It is ASCII, as requests are, and ends in `\r\n\r\n`, as requests do.
//! UTF-8 has these characters of several bytes, and allows no others (RFC 3629, section 4):
//!
//! ```text
//! c2..df  80..bf                       f0      90..bf  80..bf  80..bf
//! e0      a0..bf  80..bf               f1..f3  80..bf  80..bf  80..bf
//! e1..ec  80..bf  80..bf               f4      80..8f  80..bf  80..bf
//! ed      80..9f  80..bf
//! ee..ef  80..bf  80..bf
//! ```
//!
//! **Write** the function `read`. It may ask 256 questions for each byte of the text.
//!
//! **The checker**, `cargo xtask exercise 3`, has the real `ctr_client` send a request that nobody knows, gives
//! you its payload, and compares what you read with what the client says it sent.

use std::process::ExitCode;

use harness::oracle::Oracle;

/// Returns the text that the recorded `payload` carries.
fn read(oracle: &mut Oracle, payload: &[u8]) -> Vec<u8> {
    // Your turn. This asks one question, and learns that what the client sent is text.
    if !oracle.answers(payload) {
        eprintln!("no answer");
    }
    Vec::new()
}

fn main() -> ExitCode {
    harness::oracle::run(read)
}

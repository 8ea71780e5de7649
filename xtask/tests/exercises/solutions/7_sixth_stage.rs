//! Exercise 7, solved: design a sixth stage that closes `truncate`.
//!
//! The first byte of each plaintext says what the record is, as the last one does in TLS 1.3 (RFC 8446, section
//! 5.4). It is sealed with the rest, so that nobody on the path can make an end or hide one, and it stands in
//! front of every message, so that no message can look like the end.

use std::process::ExitCode;

use harness::sixth_stage::{Design, Said};

/// First byte of a message.
const MESSAGE: u8 = 0;
/// The whole end mark.
const END: u8 = 1;

fn sealed_message(text: &[u8]) -> Vec<u8> {
    [&[MESSAGE], text].concat()
}

fn sealed_end() -> Option<Vec<u8>> {
    Some(vec![END])
}

fn opened(plaintext: &[u8]) -> Said {
    match plaintext {
        [MESSAGE, text @ ..] => Said::Message(text.to_vec()),
        _ => Said::End,
    }
}

fn was_meant_to_end(said: &[Said]) -> bool {
    let ends = said.iter().filter(|said| **said == Said::End).count();
    ends == 1 && said.last() == Some(&Said::End)
}

fn main() -> ExitCode {
    harness::sixth_stage::run(Design {
        message: sealed_message,
        end: sealed_end,
        read: opened,
        is_whole: was_meant_to_end,
    })
}

//! Exercise 7 with a mistake that the checker must catch: what comes after the end is accepted too.

use std::process::ExitCode;

use harness::sixth_stage::{Design, Said};

fn sealed_message(text: &[u8]) -> Vec<u8> {
    [&[0], text].concat()
}

fn sealed_end() -> Option<Vec<u8>> {
    Some(vec![1])
}

fn opened(plaintext: &[u8]) -> Said {
    if plaintext == [1] { Said::End } else { Said::Message(plaintext[1..].to_vec()) }
}

fn was_meant_to_end(said: &[Said]) -> bool {
    said.contains(&Said::End)
}

fn main() -> ExitCode {
    harness::sixth_stage::run(Design {
        message: sealed_message,
        end: sealed_end,
        read: opened,
        is_whole: was_meant_to_end,
    })
}

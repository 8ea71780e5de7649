//! Exercise 7 with a mistake that the checker must catch: it counts, and knows how many the lab's clients send.

use std::process::ExitCode;

use harness::sixth_stage::{Design, Said};

fn sealed_message(text: &[u8]) -> Vec<u8> {
    text.to_vec()
}

fn sealed_end() -> Option<Vec<u8>> {
    None
}

fn opened(plaintext: &[u8]) -> Said {
    Said::Message(plaintext.to_vec())
}

fn was_meant_to_end(said: &[Said]) -> bool {
    said.len() == 3
}

fn main() -> ExitCode {
    harness::sixth_stage::run(Design {
        message: sealed_message,
        end: sealed_end,
        read: opened,
        is_whole: was_meant_to_end,
    })
}

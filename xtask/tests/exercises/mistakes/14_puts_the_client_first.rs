//! Exercise 14 with a mistake that the checker must catch: all that the client said stands in front.

use std::process::ExitCode;

use harness::finished::{HANDSHAKE, LEN, Record, expand_label, hmac, sha256};

/// Returns what one side said in the handshake, whatever records it was in.
fn handshake(records: &[Record]) -> Vec<u8> {
    let records = records.iter().filter(|record| record.kind == HANDSHAKE);
    records.flat_map(|record| record.content.clone()).collect()
}

/// Returns what the side with this secret sends in its Finished, after all that the two have said.
fn verify_data(secret: &[u8; LEN], client: &[Record], server: &[Record]) -> [u8; LEN] {
    let (client, server) = (handshake(client), handshake(server));
    let said = [client, server].concat();
    hmac(&expand_label(secret, "finished"), &sha256(&said))
}

fn main() -> ExitCode {
    harness::finished::run(verify_data)
}

//! Exercise 14 with a mistake that the checker must catch: the secret is the key.

use std::process::ExitCode;

use harness::finished::{HANDSHAKE, LEN, Record, hmac, messages, sha256};

/// Returns what one side said in the handshake, whatever records it was in.
fn handshake(records: &[Record]) -> Vec<u8> {
    let records = records.iter().filter(|record| record.kind == HANDSHAKE);
    records.flat_map(|record| record.content.clone()).collect()
}

/// Returns what the side with this secret sends in its Finished, after all that the two have said.
fn verify_data(secret: &[u8; LEN], client: &[Record], server: &[Record]) -> [u8; LEN] {
    let (client, server) = (handshake(client), handshake(server));
    let hello_len = messages(&client)[0].len();
    let (hello, later) = client.split_at(hello_len);
    let said = [hello, &server, later].concat();
    hmac(secret, &sha256(&said))
}

fn main() -> ExitCode {
    harness::finished::run(verify_data)
}

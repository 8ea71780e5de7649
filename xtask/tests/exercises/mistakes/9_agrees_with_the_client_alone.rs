//! Exercise 9 with a mistake that the checker must catch: it has the keys of one side and uses them for both.

use std::io;
use std::process::ExitCode;

use harness::middle::{Middle, agree, draw};

fn between_the_two(middle: &mut Middle, amount: &str) -> io::Result<()> {
    let Middle { client, server } = middle;

    let (as_server, theirs) = (draw()?, client.take_key()?);
    client.send_key(&as_server.public_key())?;
    let keys = agree(as_server, &theirs)?;
    client.protect(&keys.server, &keys.client);

    server.send_key(&theirs)?;
    let _unused = server.take_key()?;
    server.protect(&keys.client, &keys.server);

    let request = client.take()?;
    server.send(&with(&request, amount))?;
    client.send(&server.take()?)
}

fn with(request: &[u8], amount: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(request);
    let (before, rest) = text.split_once("amount=").unwrap_or((&text, ""));
    let behind = rest.trim_start_matches(|it: char| it.is_ascii_digit());
    format!("{before}amount={amount}{behind}").into_bytes()
}

fn main() -> ExitCode {
    harness::middle::run(between_the_two)
}

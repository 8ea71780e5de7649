//! Stage `part1-plain`, the client: a request and a response, readable by anyone on the path.

use std::process::ExitCode;

use framing::stage::PART1_PLAIN;
use part1::plain::PlainExchange;
use program::NoAnswer;

fn main() -> ExitCode {
    program::client(&PART1_PLAIN, |connection, batches| {
        let mut exchange = PlainExchange::new(connection);

        for request in batches.flatten() {
            exchange.send_request(request)?;
            exchange.recv_response()?.ok_or(NoAnswer)?;
        }
        Ok(())
    })
}

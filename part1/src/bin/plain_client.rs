//! Stage `part1-plain`, the client: a request and a response, readable by anyone on the path.

use std::process::ExitCode;

use part1::plain::PlainExchange;
use program::NoAnswer;
use stages::PART1_PLAIN;

fn main() -> ExitCode {
    program::client(&PART1_PLAIN, |connection, requests| {
        let mut exchange = PlainExchange::new(connection);

        for request in requests {
            exchange.send_request(request)?;
            exchange.recv_response()?.ok_or(NoAnswer)?;
        }
        Ok(())
    })
}

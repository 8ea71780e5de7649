//! Stage `part1-plain`, the server: a request and a response, readable by anyone on the path.

use std::process::ExitCode;

use part1::plain::PlainExchange;
use program::RESPONSE;
use stages::PART1_PLAIN;

fn main() -> ExitCode {
    program::server(&PART1_PLAIN, |connection| {
        let mut exchange = PlainExchange::new(connection);

        if exchange.recv_request()?.is_some() {
            exchange.send_response(RESPONSE)?;
        }
        Ok(())
    })
}

//! A client of stage `part5-tls13` for the lab: sends all its requests before it reads the first answer, so that someone
//! on the path has several records in hand.

use std::env;
use std::process::ExitCode;

use part5::handshake;
use part5::http::{Reader, with_end};
use part5::options::TlsClientOptions;
use program::NoAnswer;
use stages::PART5_TLS13;

fn main() -> ExitCode {
    program::client_of::<TlsClientOptions>(
        &PART5_TLS13,
        env::args_os(),
        |connection, requests, wanted| {
            let mut stream = handshake::connect(connection, &wanted.name, &wanted.config)?;

            let mut unanswered = 0;
            for request in requests {
                stream.write(&with_end(request))?;
                unanswered += 1;
            }
            let mut answers = Reader::default();
            for _ in 0..unanswered {
                answers.answer(&mut stream)?.ok_or(NoAnswer)?;
            }
            stream.close()?;
            Ok(())
        },
    )
}

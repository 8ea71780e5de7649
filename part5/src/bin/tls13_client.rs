//! Stage `part5-tls13`, the client: makes sure that it talks to the server it wants, sends its requests and reads an
//! answer to each.

use std::env;
use std::process::ExitCode;

use part5::handshake;
use part5::http::Reader;
use part5::options::TlsClientOptions;
use program::NoAnswer;
use stages::PART5_TLS13;

fn main() -> ExitCode {
    program::client_of::<TlsClientOptions>(
        &PART5_TLS13,
        env::args_os(),
        |connection, requests, wanted| {
            let mut stream = handshake::connect(connection, &wanted.name, &wanted.config)?;

            if let Some(request) = &wanted.request {
                // The answer ends where the server says that it sends no more.
                stream.write(request)?;
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer)? > 0 {}
            } else {
                let mut answers = Reader::new();
                for request in requests {
                    stream.write(request)?;
                    answers.answer(&mut stream)?.ok_or(NoAnswer)?;
                }
            }
            stream.close()?;
            Ok(())
        },
    )
}

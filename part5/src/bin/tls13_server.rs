//! Stage `part5-tls13`, the server: accepts clients of TLS 1.3, and answers each request until the client closes.

use std::process::ExitCode;

use part5::http::Reader;
use part5::options::TlsServerOptions;
use part5::{handshake, page};
use program::RESPONSE;
use stages::PART5_TLS13;

fn main() -> ExitCode {
    program::server_of::<TlsServerOptions>(&PART5_TLS13, |connection, config| {
        let (mut stream, hello) = handshake::accept(connection, config)?;

        let mut requests = Reader::new();
        while let Some(request) = requests.request(&mut stream)? {
            if request.wants_page {
                stream.write(&page::answer(&stream.agreed, &hello))?;
            } else {
                stream.write(RESPONSE)?;
            }
            if request.is_last {
                break;
            }
        }
        stream.close()?;
        Ok(())
    })
}

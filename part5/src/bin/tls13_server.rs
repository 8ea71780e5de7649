//! Stage `part5-tls13`, the server: accepts clients of TLS 1.3, and answers each request until the client closes.

use std::process::ExitCode;

use part5::http::{Reader, Refused};
use part5::options::TlsServerOptions;
use part5::{handshake, page};
use stages::PART5_TLS13;

fn main() -> ExitCode {
    program::server_of::<TlsServerOptions>(&PART5_TLS13, |connection, config| {
        let (mut stream, hello) = handshake::accept(connection, config)?;

        let mut requests = Reader::default();
        loop {
            let request = match requests.request(&mut stream) {
                Ok(Some(request)) => request,
                Ok(None) => break,
                Err(error) => {
                    if let Some(refused) = error.downcast_ref::<Refused>() {
                        stream.write(&page::refusal(refused))?;
                        stream.close()?;
                    }
                    return Err(error);
                }
            };
            let mut nonce = [0; 16];
            stream.export("EXPORTER-style", b"", &mut nonce);
            stream.write(&page::answer(&request, &stream.agreed, &hello, nonce))?;
            if request.is_last {
                break;
            }
        }
        stream.close()?;
        Ok(())
    })
}

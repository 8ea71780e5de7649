//! Stage `part5-tls13`, the client: makes sure that it talks to the server it wants, sends its requests and reads an
//! answer to each.

use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use part5::handshake;
use part5::http::{Reader, with_end};
use part5::options::TlsClientOptions;
use program::NoAnswer;
use stages::PART5_TLS13;
use transcript::{output, visible_lines};

fn main() -> ExitCode {
    let mut page = Vec::new();
    let code = program::client_of::<TlsClientOptions>(
        &PART5_TLS13,
        env::args_os(),
        |connection, requests, wanted| {
            let mut stream = handshake::connect(connection, &wanted.name, &wanted.config)?;

            let mut answers = Reader::default();
            if let Some(request) = &wanted.request {
                stream.write(request)?;
                page = answers.answer(&mut stream)?.ok_or(NoAnswer)?;
            } else {
                for request in requests {
                    stream.write(&with_end(request))?;
                    answers.answer(&mut stream)?.ok_or(NoAnswer)?;
                }
            }
            stream.close()?;
            Ok(())
        },
    );
    print(&page).map_or_else(
        |error| {
            _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(3)
        },
        |()| code,
    )
}

/// Prints a page as it came, for a file or a program; at a terminal, without what a terminal would obey.
fn print(page: &[u8]) -> io::Result<()> {
    let mut out = io::stdout();
    output::all(if out.is_terminal() {
        let text = visible_lines(&String::from_utf8_lossy(page));
        out.write_all(text.as_bytes())
    } else {
        out.write_all(page).and_then(|()| out.flush())
    })
}

//! Gives an exercise a payload that somebody recorded, and a server that answers only text.

use std::env;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use stages::PART1_CTR;
use transcript::{Event, EventKind, EventWriter, Format, Hex, Record, Role};

/// Questions that may be asked for each byte of the text.
const QUESTIONS: usize = 256;

/// Time limit for a program: it makes thousands of connections.
const LIMIT: Duration = Duration::from_secs(60);

/// Reads the text that a payload of ctr carries.
pub type ReadText = fn(&mut Oracle, &[u8]) -> Vec<u8>;

/// A server that answers a record if its plaintext is valid UTF-8, and closes if not.
#[derive(Debug)]
pub struct Oracle {
    server: SocketAddr,
    asked: usize,
    may_ask: usize,
}

impl Oracle {
    /// Sends a payload as one record, in a connection of its own. Returns whether an answer came.
    pub fn answers(&mut self, payload: &[u8]) -> bool {
        if self.asked == self.may_ask {
            crate::fault(&format!(
                "your code has asked {} questions, {QUESTIONS} for each byte of the text, and asks another",
                self.asked
            ));
        }
        self.asked += 1;
        self.ask(payload).unwrap_or_else(|error| {
            crate::fault(&format!("question {} got no reply: {error}", self.asked))
        })
    }

    fn ask(&self, payload: &[u8]) -> io::Result<bool> {
        let mut stream = TcpStream::connect(self.server)?;
        stream.write_all(&PART1_CTR.record(payload))?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(!answer.is_empty())
    }
}

/// Takes the server's address and the payload, as hexadecimal digits in JSON, from the start of the
/// command line. Reports the record as it would be received by someone on the wire who could read
/// it.
pub fn run(read: ReadText) -> ExitCode {
    crate::begin(LIMIT);
    let args: Vec<_> = env::args().skip(1).collect();
    let given = args.first().and_then(|server| server.parse().ok());
    let payload = args.get(1).and_then(|payload| serde_json::from_str::<Hex>(payload).ok());
    let (Some(server), Some(payload)) = (given, payload) else {
        eprintln!("{args:?} does not begin with an address and a payload");
        return ExitCode::from(2);
    };
    let len = payload.len().saturating_sub(crypto::ctr::OVERHEAD);
    let mut oracle = Oracle { server, asked: 0, may_ask: QUESTIONS * len };
    let text = read(&mut oracle, &payload);
    let record = Record::new(&PART1_CTR, 0, &text, &payload);
    let event = Event { role: Role::Wire, stage: &PART1_CTR, kind: EventKind::Received(record) };
    EventWriter::new(Format::Json).write(&event);
    ExitCode::SUCCESS
}

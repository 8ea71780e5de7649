//! Checks the record reader: what a real client sent, cut at every byte, must be answered as the real server
//! answers it.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;

use stages::PART2_AEAD;
use transcript::{EventKind, Role};

use super::check::{Check, Checked, run};
use super::defences::{honest, try_it};
use crate::lab::victims::Victim;

/// Exercise 1: a server that reads its records with the reader's code.
pub(super) fn record_reader(check: &mut Check) -> Checked {
    let what = "the real client is served, its bytes one at a time";
    let played = try_it(check, what, &honest(), (&PART2_AEAD, Role::Server), None)?;
    let records =
        played.clients[0].sent().into_iter().map(|record| PART2_AEAD.record(&record.record));
    let [first, second, ..] = &records.collect::<Vec<_>>()[..] else {
        return check.note(what, Some("the client sent less than two records".to_owned()));
    };
    let stream = [&first[..], second].concat();
    let (between, end) = (first.len(), stream.len());
    let whole = [between, end];
    let in_length =
        |place: &usize| (1..PART2_AEAD.header().len()).any(|at| [at, between + at].contains(place));
    let cut_at = |places: &dyn Fn(&usize) -> bool| -> Vec<_> {
        (1..=end).filter(places).map(|place| stream[..place].to_vec()).collect()
    };
    for (what, streams) in [
        ("a stream that ends after a record ends cleanly", cut_at(&|place| whole.contains(place))),
        ("one cut inside a length is refused", cut_at(&in_length)),
        (
            "one cut inside a payload is refused",
            cut_at(&|place| !whole.contains(place) && !in_length(place)),
        ),
        (
            "a length that no record has is refused at once",
            [u32::MAX, 35].map(|length| length.to_be_bytes().to_vec()).to_vec(),
        ),
    ] {
        same_answers(check, what, &streams)?;
    }
    Ok(())
}

/// A server's reaction to a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    received: usize,
    refused: Option<String>,
}

/// Sends each of the streams to both servers, and compares their answers.
fn same_answers(check: &mut Check, what: &str, streams: &[Vec<u8>]) -> Checked {
    let connections = streams.len().to_string();
    let args = ["--addr", "127.0.0.1:0", "--connections", &connections];
    let real = check.programs.of(&PART2_AEAD, Role::Server)?;
    let real = answers(&run(real, &args, |addr| send_each(addr, streams))?);
    let mut answered = answers(&check.run(what, &args, |addr| send_each(addr, streams))?);
    answered.resize_with(streams.len(), Answer::default);
    let mut both = streams.iter().zip(real).zip(answered);
    let other = both.find(|((_, real), answered)| real != answered);
    check.note(
        what,
        other.map(|((stream, real), answered)| {
            format!(
                "cut after byte {}, your server {}; the real one {}",
                stream.len(),
                told(&answered),
                told(&real)
            )
        }),
    )
}

/// Sends each stream over a connection of its own, and waits for the other end to close it.
fn send_each(server: SocketAddr, streams: &[Vec<u8>]) {
    let streams = streams.to_vec();
    let send = move |bytes: &[u8]| -> io::Result<()> {
        let mut stream = TcpStream::connect(server)?;
        stream.write_all(bytes)?;
        stream.shutdown(Shutdown::Write)?;
        io::copy(&mut stream, &mut io::sink())?;
        Ok(())
    };
    // A server that is gone takes no more: it is judged by what it said until then.
    thread::spawn(move || streams.iter().try_for_each(|bytes| send(bytes)));
}

/// Returns a server's reaction to each connection, in order.
fn answers(server: &Victim) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for event in &server.events {
        match (&event.kind, answers.last_mut()) {
            (EventKind::Connected { .. }, _) => answers.push(Answer::default()),
            (EventKind::Received(_), Some(answer)) => answer.received += 1,
            (EventKind::Rejected { message, .. }, Some(answer)) => {
                answer.refused = Some(message.clone());
            }
            _ => {}
        }
    }
    answers
}

fn told(Answer { received, refused }: &Answer) -> String {
    match refused {
        Some(message) => format!("says: {message}"),
        None if *received == 1 => "receives 1 record and refuses nothing".to_owned(),
        None => format!("receives {received} records and refuses nothing"),
    }
}

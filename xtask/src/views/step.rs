//! A run or an attack message by message, those of a handshake included: asks what a receiver will make
//! of each.

use std::io::{self, BufRead, BufReader, IsTerminal, Stdin, Write, stdin, stdout};

use anstream::AutoStream;
use anyhow::{Result, ensure};
use transcript::certified::sender;
use transcript::{Event, EventKind, Way, visible};

use crate::WrongArgument;

/// A person who is asked, and the answers so far.
pub struct Step<R, W> {
    answers: R,
    out: W,
    /// True once nothing more is asked: there are no more answers, or one was `q`.
    is_over: bool,
    expected: Option<bool>,
    /// Columns left of the bar behind a speaker's name.
    margin: usize,
}

/// What is asked before an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    /// Whether to go on.
    Next,
    /// Whether the receiver will accept what it is about to judge.
    Verdict,
}

impl Question {
    fn before(event: &Event) -> Option<Self> {
        match &event.kind {
            EventKind::Sent(_) => Some(Self::Next),
            EventKind::Handshake(message) if message.direction == Way::Sent => Some(Self::Next),
            EventKind::Handshake(_) | EventKind::Received(_) | EventKind::Rejected { .. } => {
                Some(Self::Verdict)
            }
            _ => None,
        }
    }
}

/// Whom the certificates in a message are for that is about to be judged.
fn name_in(event: &Event) -> Option<String> {
    let message = match &event.kind {
        EventKind::Handshake(message) => &message.message,
        EventKind::Rejected { step: Some(_), record: Some(record), .. } => record,
        _ => return None,
    };
    sender(message).map(|name| visible(&name))
}

impl Step<BufReader<Stdin>, AutoStream<io::Stdout>> {
    /// Asks the person at the terminal, below a bar in this column.
    ///
    /// # Errors
    /// When there is none.
    pub fn at_terminal(margin: usize) -> Result<Self> {
        let has_terminal = stdin().is_terminal() && stdout().is_terminal();
        let why = "--step asks a person: it needs a terminal for input and output";
        ensure!(has_terminal, WrongArgument(why.to_owned()));
        Ok(Self::new(BufReader::new(stdin()), anstream::stdout(), margin))
    }
}

impl<R: BufRead, W: Write> Step<R, W> {
    /// Asks whoever gives `answers`, on `out`, below a bar in this column.
    pub fn new(answers: R, out: W, margin: usize) -> Self {
        Self { answers, out, is_over: false, expected: None, margin }
    }

    /// Returns whether it asks something before `event` is told.
    pub fn stops_before(&self, event: &Event) -> bool {
        !self.is_over && Question::before(event).is_some()
    }

    /// Stops before `event` is told, if it is one to stop at.
    pub fn before(&mut self, event: &Event) {
        match Question::before(event) {
            Some(Question::Next) => {
                let answer = self.ask("Enter: the next message; q: all the rest");
                self.is_over |= answer.is_some_and(|answer| answer.trim() == "q");
            }
            Some(Question::Verdict) => match name_in(event) {
                Some(name) => {
                    self.ask_whether(&format!(
                        "will the {} believe that it talks to {name}?",
                        event.role
                    ));
                }
                None => self.ask_whether_accepted(&event.role.to_string()),
            },
            None => {}
        }
    }

    /// Says whether the answer was right, once `event` has been told.
    pub fn after(&mut self, event: &Event) {
        self.answer(matches!(event.kind, EventKind::Received(_) | EventKind::Handshake(_)));
    }

    /// Asks whether the message that is due will be accepted.
    pub fn ask_whether_accepted(&mut self, who: &str) {
        self.ask_whether(&format!("will the {who} accept it?"));
    }

    fn ask_whether(&mut self, question: &str) {
        let mut question = format!("{question} y or n:");
        while let Some(answer) = self.ask(&question) {
            self.expected = match answer.trim() {
                "y" | "Y" | "yes" => Some(true),
                "n" | "N" | "no" => Some(false),
                _ => None,
            };
            if self.expected.is_some() {
                return;
            }
            "y or n, please:".clone_into(&mut question);
        }
    }

    /// Says whether what was expected is so, if something was.
    pub fn answer(&mut self, accepted: bool) {
        if let Some(expected) = self.expected.take() {
            let verdict = if expected == accepted { "as you said" } else { "not as you said" };
            _ = writeln!(self.out, "{:1$}╰ {verdict}", "", self.margin);
        }
    }

    /// Prints what is to be seen between the questions.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn tell(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush())
    }

    fn ask(&mut self, question: &str) -> Option<String> {
        if self.is_over {
            return None;
        }
        let asked = write!(self.out, "{:1$}╭ {question} ", "", self.margin);
        _ = asked.and_then(|()| self.out.flush());
        let mut answer = String::new();
        if !self.answers.read_line(&mut answer).is_ok_and(|len| len > 0) {
            self.is_over = true;
            _ = writeln!(self.out);
        }
        (!self.is_over).then_some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::fields::CERTIFICATE;
    use stages::PART2_AEAD;
    use transcript::{HandshakeMessage, Record, Role};

    const NEXT: &str = "       ╭ Enter: the next message; q: all the rest ";
    const ASK: &str = "       ╭ will the server accept it? y or n: ";
    const RIGHT: &str = "       ╰ as you said\n";
    const WRONG: &str = "       ╰ not as you said\n";

    fn told(answers: &str, kinds: &[EventKind]) -> String {
        let mut out = Vec::new();
        let mut step = Step::new(answers.as_bytes(), &mut out, 7);
        for kind in kinds {
            let event = Event { role: Role::Server, stage: &PART2_AEAD, kind: kind.clone() };
            step.before(&event);
            step.after(&event);
        }
        String::from_utf8(out).unwrap()
    }

    fn sent_received_rejected() -> [EventKind; 3] {
        let record = Record::new(&PART2_AEAD, 0, b"", &[0; 36]);
        let rejected = EventKind::Rejected {
            index: 0,
            error: "bad_tag".to_owned(),
            message: String::new(),
            step: None,
            expected_seq: None,
            record: None,
        };
        [EventKind::Sent(record.clone()), EventKind::Received(record), rejected]
    }

    #[test]
    fn it_stops_before_each_message_and_asks_whether_it_will_be_accepted() {
        let [sent, received, rejected] = sent_received_rejected();
        let kinds = [sent.clone(), received.clone(), sent, received, rejected];
        let text = told("\ny\n\nn\nx\nn\n", &kinds);
        let again = "       ╭ y or n, please: ";
        assert_eq!(text, [NEXT, ASK, RIGHT, NEXT, ASK, WRONG, ASK, again, RIGHT].concat());
        assert_eq!(told("q\n", &kinds), NEXT);
    }

    #[test]
    fn it_stops_before_the_messages_of_a_handshake_too_and_not_before_what_is_derived() {
        let message =
            |way| EventKind::Handshake(HandshakeMessage::new("ClientHello", way, b"", &[]));
        let derived = EventKind::Derived {
            label: "key".to_owned(),
            from: "secret".to_owned(),
            direction: None,
            fingerprint: None,
        };
        let kinds = [message(Way::Sent), message(Way::Received), derived];
        assert_eq!(told("\ny\n", &kinds), [NEXT, ASK, RIGHT].concat());
        assert_eq!(told("\nn\n", &kinds), [NEXT, ASK, WRONG].concat());

        let step = Step::new(&b""[..], Vec::new(), 7);
        let stops = kinds
            .map(|kind| step.stops_before(&Event { role: Role::Server, stage: &PART2_AEAD, kind }));
        assert_eq!(stops, [true, true, false]);
    }

    #[test]
    fn before_certificates_it_asks_whom_the_client_will_believe_that_it_talks_to() {
        let mut message = Vec::new();
        CERTIFICATE.append(&certificate_for_bank_example(), &mut message);
        let accepted =
            EventKind::Handshake(HandshakeMessage::new("ServerAuth", Way::Received, &message, &[]));
        let rejected = EventKind::Rejected {
            index: 1,
            step: Some("ServerAuth".to_owned()),
            error: "bad_signature".to_owned(),
            message: String::new(),
            expected_seq: None,
            record: Some(message.as_slice().into()),
        };
        let question =
            r#"       ╭ will the server believe that it talks to "bank.example"? y or n: "#;
        assert_eq!(
            told("y\ny\n", &[accepted, rejected]),
            [question, RIGHT, question, WRONG].concat()
        );
    }

    /// A certificate in form, signed by nobody.
    fn certificate_for_bank_example() -> Vec<u8> {
        let element = |tag: u8, content: &[u8]| {
            [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
        };
        let (algorithm, nobody) = (element(0x30, &element(6, &[0x2a])), element(0x30, &[]));
        let validity = element(0x30, &element(0x17, b"260101000000Z").repeat(2));
        let key = element(0x30, &[algorithm.clone(), element(3, &[0])].concat());
        let name = element(0x30, &element(0x82, b"bank.example"));
        let name = [element(6, &[0x55, 0x1d, 0x11]), element(4, &name)].concat();
        let extensions = element(0xa3, &element(0x30, &element(0x30, &name)));
        let number = element(2, &[1]);
        let statement =
            [number, algorithm.clone(), nobody.clone(), validity, nobody, key, extensions];
        let signed = [element(0x30, &statement.concat()), algorithm, element(3, &[0])];
        element(0x30, &signed.concat())
    }

    #[test]
    fn a_refusal_that_was_expected_is_right_and_when_input_ends_nothing_is_asked_any_more() {
        let [.., rejected] = sent_received_rejected();
        let text = told("n\n", &[rejected.clone(), rejected.clone(), rejected]);
        assert_eq!(text, [ASK, RIGHT, ASK, "\n"].concat());
    }
}

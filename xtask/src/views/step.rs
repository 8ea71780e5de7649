//! A run or an attack message by message: asks what a receiver will make of each.

use std::io::{self, BufRead, BufReader, IsTerminal, Stdin, Write, stdin, stdout};

use anstream::AutoStream;
use anyhow::{Result, ensure};
use transcript::{Event, EventKind};

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

    /// Stops before `event` is told, if it is one to stop at.
    pub fn before(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Sent(_) => {
                let answer = self.ask("Enter: the next message; q: all the rest");
                self.is_over |= answer.is_some_and(|answer| answer.trim() == "q");
            }
            EventKind::Received(_) | EventKind::Rejected { .. } => {
                self.ask_whether_accepted(&event.role.to_string());
            }
            _ => {}
        }
    }

    /// Says whether the answer was right, once `event` has been told.
    pub fn after(&mut self, event: &Event) {
        self.answer(matches!(event.kind, EventKind::Received(_)));
    }

    /// Asks whether the message that is due will be accepted.
    pub fn ask_whether_accepted(&mut self, who: &str) {
        let mut question = format!("will the {who} accept it? y or n:");
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
    use stages::PART2_AEAD;
    use transcript::{Record, Role};

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
    fn a_refusal_that_was_expected_is_right_and_when_input_ends_nothing_is_asked_any_more() {
        let [.., rejected] = sent_received_rejected();
        let text = told("n\n", &[rejected.clone(), rejected.clone(), rejected]);
        assert_eq!(text, [ASK, RIGHT, ASK, "\n"].concat());
    }
}

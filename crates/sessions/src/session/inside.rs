//! The content of a record: data, an alert, messages of the handshake, or a part of one.

use crypto::tls13::record::ContentType;
use framing::Direction;
use messages::tls13::hello::RETRY_RANDOM;
use messages::tls13::{HandshakeType, handshake::HEADER_LEN, names};
use transcript::event::EventKind;
use transcript::{HandshakeMessage, Hex, Opened, Record, Role, Way};

use super::Session;
use super::check::{Findings, fails, not_made, reader};
use super::flow::State;

/// The longest message that is kept: certificates are far shorter.
const MAX_MESSAGE_LEN: usize = 256 * 1_024;

/// The content of a record, and how that was opened if it was encrypted.
pub(super) struct Inside<'r> {
    pub(super) kind: Option<ContentType>,
    pub(super) content: &'r [u8],
    /// Payload of the record, and how it was opened.
    pub(super) sealed: Option<(Hex, Opened)>,
}

impl Session<'_> {
    /// Tells what was in a record.
    pub(super) fn inside(
        &mut self,
        direction: Direction,
        inside: Inside<'_>,
        findings: &mut Findings,
    ) {
        let sender = Role::sender(direction);
        let content = inside.content;
        let is_sealed = inside.sealed.is_some();
        if inside.kind != Some(ContentType::Handshake) && is_sealed {
            self.flows.of_mut(sender).is_torn = false;
        }
        match inside.kind {
            Some(ContentType::Handshake) => self.messages(direction, inside, findings),
            Some(ContentType::ChangeCipherSpec) => {
                self.message(direction, "ChangeCipherSpec", content, inside.sealed);
            }
            Some(ContentType::Alert) => {
                let alert = content.last().copied().unwrap_or_default();
                let step = format!("Alert {}", names::alert(alert));
                self.message(direction, &step, content, inside.sealed);
                let flow = self.flows.of_mut(sender);
                flow.is_closed |= is_sealed || self.handshake.is_tls13().is_none();
                if alert == 70 && self.handshake.is_tls13().is_none() {
                    let message = format!(
                        "the {sender} speaks none of the versions that the other side offers"
                    );
                    findings.add(Role::Wire, [not_made(None, "version", message)]);
                }
            }
            Some(ContentType::ApplicationData) | None => {
                if inside.kind.is_none() {
                    let message = "the record has no type inside that TLS 1.3 has: a receiver has to refuse it";
                    findings.add(Role::KeyLog, [fails(sender, "records", message)]);
                }
                let flow = self.flows.of_mut(sender);
                let index = flow.data;
                flow.data += 1;
                let (record, opened) = match inside.sealed {
                    Some((record, opened)) => (record, Some(opened)),
                    None => (content.into(), None),
                };
                let record = Record { index, seq: None, plaintext: content.into(), record, opened };
                self.tell(sender, EventKind::Sent(record));
            }
        }
    }

    /// Tells the messages of a handshake that a record completes, and the part of one that goes on in the next.
    fn messages(&mut self, direction: Direction, inside: Inside<'_>, findings: &mut Findings) {
        let sender = Role::sender(direction);
        let is_sealed = inside.sealed.is_some();
        let mut carrier = inside.sealed;
        let flow = self.flows.of_mut(sender);
        if flow.is_torn {
            // It goes on with a message whose beginning is not known.
            return self.fragment(direction, "message", inside.content, carrier);
        }
        let mut stream = std::mem::take(&mut flow.begun);
        let begun = stream.len();
        let content = if begun == 0 {
            inside.content
        } else {
            stream.extend_from_slice(inside.content);
            &stream
        };
        let mut rest = content;
        while let Some((message, behind)) = split_message(rest) {
            rest = behind;
            if matches!(message.first(), Some(0 | 3 | 12 | 14 | 16)) && !is_sealed {
                return self.tell_older(findings);
            }
            self.message(direction, name(message), message, carrier.take());
            self.handshake.take(direction, message, is_sealed, &mut self.keys, findings);
            if self.handshake.is_tls13() == Some(false) {
                return self.lose_both();
            }
        }
        if rest.is_empty() {
            return;
        }
        let step = HandshakeType(rest.first().copied().unwrap_or_default()).name();
        let new = rest.get(rest.len().saturating_sub(content.len() - begun)..).unwrap_or_default();
        self.fragment(direction, step, new, carrier);
        let flow = self.flows.of_mut(sender);
        match message_len(rest) {
            Some(len) if len > MAX_MESSAGE_LEN => {
                flow.state = State::Lost;
                let message = format!(
                    "a {step} of {len} bytes begins, and no more than {MAX_MESSAGE_LEN} are kept of one: what the {sender} \
                     sends is not told from here on"
                );
                self.handshake.tear("a message before it is too long to be kept");
                findings.add(reader(is_sealed), [not_made(sender, "message", message)]);
            }
            _ => flow.begun = rest.to_vec(),
        }
    }

    /// Tells that there are messages that only versions before TLS 1.3 have.
    fn tell_older(&mut self, findings: &mut Findings) {
        let message = "these are the messages of TLS 1.2 or of a version before it. It is recognised here, and not explained";
        findings.add(Role::Wire, [not_made(None, "version", message)]);
        self.lose_both();
    }

    fn lose_both(&mut self) {
        self.flows.client.state = State::Lost;
        self.flows.server.state = State::Lost;
    }

    fn message(
        &mut self,
        direction: Direction,
        step: &str,
        message: &[u8],
        sealed: Option<(Hex, Opened)>,
    ) {
        let (record, opened) = sealed.unzip();
        let told = HandshakeMessage {
            record,
            opened,
            ..HandshakeMessage::new(step, Way::Sent, message, &[])
        };
        self.tell(Role::sender(direction), EventKind::Handshake(told));
    }

    fn fragment(
        &mut self,
        direction: Direction,
        step: &str,
        bytes: &[u8],
        sealed: Option<(Hex, Opened)>,
    ) {
        let (step, bytes) = (step.to_owned(), bytes.into());
        let (record, opened) = sealed.unzip();
        let kind = EventKind::Fragment { direction, step, bytes, record, opened };
        self.tell(Role::sender(direction), kind);
    }
}

/// Returns the length of the message that begins here, type and length in front.
fn message_len(bytes: &[u8]) -> Option<usize> {
    let [_, a, b, c, ..] = bytes else { return None };
    Some(HEADER_LEN + usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).ok()?)
}

/// Splits the first message off, type and length in front, if it is whole.
fn split_message(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = message_len(bytes)?;
    if len > MAX_MESSAGE_LEN { None } else { bytes.split_at_checked(len) }
}

/// Names a message, whether or not it can be read.
fn name(message: &[u8]) -> &'static str {
    // Type, length and version stand in front of the random.
    let is_retry = message.get(6..).is_some_and(|rest| rest.starts_with(&RETRY_RANDOM));
    match message.first() {
        Some(2) if is_retry => "HelloRetryRequest",
        kind => HandshakeType(kind.copied().unwrap_or_default()).name(),
    }
}

//! Every field of every event: of a run, and of a connection out of a capture, whose records are opened one by one.

use stages::{Part, Stage, field};

use crate::lines::{DIM, Lines, PLAIN, field_style, width};
use crate::schedule::LEVELS;
use crate::text;
use crate::within::Within;
use crate::{Event, EventKind, Opened};

/// Tells events with every field.
#[derive(Debug, Default)]
pub struct Detailed {
    within: Within,
}

impl Detailed {
    /// The lines of an event, but for those of the wire: see [`WireLane`](crate::WireLane).
    pub fn event(&mut self, event: &Event) -> String {
        let place = self.within.event(event);
        match &event.kind {
            EventKind::Chunk { .. } => {
                self.within.take();
            }
            EventKind::End { direction, .. } if self.within.is_captured => {
                let mut lines = Lines::of(event.role);
                lines.say(DIM, &format!("TCP ends, {direction}"));
                return lines.text;
            }
            _ => {}
        }
        text::event_at(width(), event, place)
    }
}

/// Adds a record as it travels, encrypted, and how it was opened. `kind` is its true type.
pub(crate) fn opened(
    lines: &mut Lines,
    stage: &Stage,
    payload: &[u8],
    opened: Option<&Opened>,
    kind: Option<u8>,
) {
    let padding = opened.map_or(0, |opened| opened.padding);
    let record = stage.record(payload);
    lines.sent(&stage.split_opened(&record, padding).unwrap_or_default());
    let Some(Opened { key, seq, nonce, padding }) = opened else { return };
    lines.say(DIM, "a key log opens it");
    lines.check("key", DIM, "", &format!("made of {key}"));
    lines.check("number", DIM, "", &format!("{seq} under this key: counted, not sent"));
    let value = format!(" = iv xor {seq}");
    lines.bytes("", "nonce", field_style(field::Role::Nonce), nonce, &value);
    if let Some(kind) = kind {
        let style = field_style(field::Role::InnerType);
        lines.bytes("", "inner type", style, &[kind], &format!(" = {kind}"));
    }
    let zeros = if *padding == 0 { "none" } else { "zero bytes, of which only the key tells" };
    lines.check("padding", DIM, &format!("{padding} B"), zeros);
}

/// Returns the type of the record of such a message, as it stands in front of one that is not encrypted.
pub(crate) fn kind(stage: &Stage, message: &[u8]) -> Option<u8> {
    // Its first bytes tell; all of them may be more than fit into one.
    let begin = message.get(..3).unwrap_or(message);
    stage.record_of_message(begin).first().copied()
}

/// Returns the bytes of a message as a part, whatever its records are.
pub(crate) fn message<'m>(stage: &Stage, bytes: &'m [u8]) -> Vec<Part<'m>> {
    let is_message = |field: &&'static stages::Field| field.role == field::Role::Message;
    let field = stage.fields_of_messages().iter().find(is_message);
    field.map(|field| Part { field, offset: 0, bytes }).into_iter().collect()
}

/// Says that someone has the secret of this name, and what it opens.
pub(crate) fn knows(lines: &mut Lines, label: &str) {
    lines.say(PLAIN, &format!("knows {label}"));
    let secret = LEVELS.iter().flat_map(|level| level.secrets).find(|it| it.name == label);
    if let Some(secret) = secret {
        lines.check("opens", DIM, "", &secret.purpose.replacen("protects ", "", 1));
    }
}

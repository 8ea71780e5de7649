//! The bytes of a record or a message, field by field, and what each field is.

use std::fmt::Write;

use stages::{Field, Part, Place, Stage, field};

use super::message;

/// A field with more bytes than these is shortened until it is selected.
pub const LONG: usize = 256;

/// Bytes of it that are shown until then.
const HEAD: usize = 64;

/// Bytes of a part of something that are shown before it is selected.
const SHORT: usize = 8;

/// The deepest that a part of something is set in.
const DEEPEST: usize = 3;

/// A stand-in for the fields of a payload that is too short for them.
const PAYLOAD: Field = Field {
    name: "payload",
    len: None,
    role: field::Role::Plaintext,
    is_covered: false,
    what: "",
    readers: "",
    protection: "",
};

/// What a field is, without its bytes.
#[derive(Clone, Copy, PartialEq)]
pub struct Meaning {
    pub name: &'static str,
    /// Its class in the style sheet.
    pub class: &'static str,
    pub what: &'static str,
    pub readers: &'static str,
    pub protection: &'static str,
}

/// What the fields of messages are.
#[derive(Default)]
pub struct Meanings(pub Vec<Meaning>);

/// A message or a record as it travels.
pub struct Carried {
    stage: &'static Stage,
    pub record: Vec<u8>,
    form: Form,
    /// The one it is compared with.
    before: Option<Vec<u8>>,
    payload: Payload,
    /// Bytes of a field that are shown when it is selected.
    pub shown: usize,
}

/// The knowledge of a record's payload.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// Its fields are the stage's, and so many bytes of padding.
    Known { padding: usize },
    /// It is encrypted, and nobody could open it.
    Closed,
    /// It is a part of a message in the clear, or several.
    Open,
}

/// The form of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A record, whose fields are the stage's.
    Record,
    /// A record that carries a message in the clear.
    Open,
    /// A message that was encrypted, without its record.
    Inside,
}

/// One field of a message or a record.
pub struct FieldView<'r> {
    pub meaning: Meaning,
    /// The field of the message that it belongs to.
    pub part_of: Option<&'static str>,
    /// Whether another field of the message ends in front of it.
    pub begins: bool,
    /// How many others it is part of.
    pub depth: usize,
    /// Its length, with those of its parts that are fields of their own.
    pub len: usize,
    /// Its offset in bytes from the start of the record.
    pub offset: usize,
    pub bytes: &'r [u8],
    /// What its bytes say, where they say something a person can read.
    pub says: String,
    before: Before<'r>,
}

/// What a field was before.
#[derive(Clone, Copy)]
pub enum Before<'r> {
    /// It is compared with none.
    Unknown,
    /// It was there, with these bytes.
    Bytes(&'r [u8]),
    /// It was not there.
    Nothing,
}

/// Bytes in a row that look alike.
pub struct Run {
    pub text: String,
    /// Different from what was sent.
    pub changed: bool,
    /// Not printable, so written as escapes.
    pub escaped: bool,
}

/// Writes bytes in runs of those that are changed, and those that are not.
pub fn runs_of(
    bytes: &[u8],
    changed: &[bool],
    gap: &str,
    write: impl Fn(u8) -> String,
) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (byte, changed) in bytes.iter().zip(changed) {
        match runs.last_mut() {
            Some(run) if run.changed == *changed => run.text += &(gap.to_owned() + &write(*byte)),
            _ => runs.push(Run { text: write(*byte), changed: *changed, escaped: false }),
        }
    }
    runs
}

impl Carried {
    /// Puts the header in front of a payload, to be compared with the payload `before`.
    pub fn new(stage: &'static Stage, form: Form, payload: &[u8], before: Option<&[u8]>) -> Self {
        let whole = |payload: &[u8]| match form {
            Form::Record => stage.record(payload),
            Form::Open => stage.record_of_message(payload),
            Form::Inside => payload.to_vec(),
        };
        Self {
            stage,
            form,
            record: whole(payload),
            before: before.map(whole),
            payload: Payload::Known { padding: 0 },
            shown: usize::MAX,
        }
    }

    /// Takes a whole record, of whose payload this is known.
    pub fn record(stage: &'static Stage, record: &[u8], payload: Payload) -> Self {
        let record = record.to_vec();
        Self { stage, form: Form::Record, record, before: None, payload, shown: usize::MAX }
    }

    /// Returns the same, of whose fields no more than the first `shown` bytes are to be seen.
    pub fn up_to(self, shown: usize) -> Self {
        Self { shown, ..self }
    }

    pub fn fields(&self) -> Vec<FieldView<'_>> {
        if self.form != Form::Record {
            return self.message_fields();
        }
        let mut before =
            self.before.iter().flat_map(|before| parts(self.stage, before, self.payload));
        let parts = parts(self.stage, &self.record, self.payload).into_iter();
        parts.map(|part| FieldView::new(part, before.next().map(|part| part.bytes))).collect()
    }

    /// Names what a message travels as, whatever its record says.
    pub fn content_type(&self) -> &'static str {
        let record = self.stage.record_of_message(&self.record);
        content_type(record.first().copied().unwrap_or_default())
    }

    /// Returns whether its fields are many, with long names.
    pub fn is_wide(&self) -> bool {
        self.stage.has_types() && self.form != Form::Record
    }

    /// Cuts a message into its header, if it stands in a record of its own, and each of its fields as its decoder
    /// read it.
    fn message_fields(&self) -> Vec<FieldView<'_>> {
        let header_len = if self.form == Form::Open { self.stage.header().len() } else { 0 };
        let message = self.record.get(header_len..).unwrap_or_default();
        let before = self.before.as_ref().and_then(|before| before.split_at_checked(header_len));
        let header = |record| {
            let parts = self.stage.split_message(record).filter(|_| header_len > 0);
            let is_header = |part: &Part<'_>| part.field.role != field::Role::Message;
            parts.unwrap_or_default().into_iter().filter(is_header)
        };
        let mut header_before = self.before.iter().flat_map(|before| header(before));
        let header = header(&self.record)
            .map(|part| FieldView::new(part, header_before.next().map(|part| part.bytes)))
            .collect::<Vec<_>>();
        let pairs = message::compare(before.map_or(message, |(_, before)| before), message);
        let is_compared = before.is_some();
        let fields = pairs.iter().filter_map(|pair| Some((pair.after.as_ref()?, &pair.before)));
        let leaves = fields.enumerate().flat_map(|(number, (field, before))| {
            let mut before = before.iter().flat_map(message::Field::items);
            let items = field.items().into_iter().enumerate();
            let views: Vec<_> = items
                .map(|(at, (item, bytes))| FieldView {
                    meaning: Meaning::of_span(self.stage, self.form, item.span),
                    part_of: (!field.span.inside.is_empty()).then_some(field.span.name),
                    begins: number > 0 && at == 0,
                    depth: item.depth.min(DEEPEST),
                    len: item.span.len,
                    offset: header_len + item.span.offset,
                    bytes,
                    says: item.says.to_owned(),
                    before: match before.next() {
                        _ if !is_compared => Before::Unknown,
                        Some((_, bytes)) => Before::Bytes(bytes),
                        None => Before::Nothing,
                    },
                })
                .collect();
            views
        });
        header.into_iter().chain(leaves).collect()
    }
}

impl Meaning {
    pub fn of(field: &'static Field) -> Self {
        let Field { name, what, readers, protection, .. } = field;
        Self { name, class: name, what, readers, protection }
    }

    /// What a span of a message is. Who can read it, and what protects it, is the same for all of a message.
    fn of_span(stage: &Stage, form: Form, span: &messages::Span) -> Self {
        let sealed = stage.field(field::Role::Ciphertext).filter(|_| form == Form::Inside);
        let mut fields = stage.fields_of_messages().iter();
        let message = fields.find(|field| field.role == field::Role::Message);
        let readers = sealed.or(message).map_or("", |field| field.readers);
        let protection =
            sealed.map_or_else(|| stage.protection_of_messages(), |field| field.protection);
        Self { name: span.name, class: "message", what: span.what, readers, protection }
    }
}

impl Meanings {
    /// Adds the fields of what is shown, if it is a message.
    pub fn add<'c>(&mut self, shown: impl Iterator<Item = &'c Carried>) {
        let messages = shown.filter(|carried| carried.form != Form::Record);
        for field in messages.flat_map(Carried::fields) {
            if !self.0.contains(&field.meaning) {
                self.0.push(field.meaning);
            }
        }
    }
}

/// Cuts a record into its fields. A payload that is too short for them stays whole.
fn parts<'r>(stage: &Stage, record: &'r [u8], payload: Payload) -> Vec<Part<'r>> {
    let parts = match payload {
        Payload::Known { padding } => stage.split_opened(record, padding),
        Payload::Closed => stage.split_closed(record),
        Payload::Open => None,
    };
    parts.unwrap_or_else(|| {
        let header_len = stage.header().len();
        let header = stage.places().take_while(|place| place.offset < header_len);
        let payload = Place { field: &PAYLOAD, offset: header_len, is_behind_text: false };
        let part = |Place { field, offset, .. }| {
            let rest = record.get(offset..)?;
            let bytes = rest.get(..field.len.unwrap_or(rest.len()))?;
            Some(Part { field, offset, bytes })
        };
        header.chain([payload]).filter_map(part).collect()
    })
}

impl<'r> FieldView<'r> {
    fn new(part: Part<'r>, before: Option<&'r [u8]>) -> Self {
        Self {
            meaning: Meaning::of(part.field),
            part_of: None,
            begins: false,
            depth: 0,
            len: part.bytes.len(),
            offset: part.offset,
            bytes: part.bytes,
            says: match (part.field.role, part.bytes) {
                (field::Role::ContentType, [kind]) => content_type(*kind).to_owned(),
                _ => part.number().map(|number| number.to_string()).unwrap_or_default(),
            },
            before: before.map_or(Before::Unknown, Before::Bytes),
        }
    }

    /// Returns whether there is more to see of it than at first.
    pub fn is_long(&self) -> bool {
        self.is_told() || self.bytes.len() > if self.depth > 0 { SHORT } else { LONG }
    }

    /// Returns whether what it says stands for its bytes, until it is selected: so a part does.
    pub fn is_told(&self) -> bool {
        self.depth > 0 && !self.says.is_empty()
    }

    /// Returns the bytes that are shown when it is selected: all, or as many as this.
    pub fn all(&self, shown: usize) -> Vec<Run> {
        self.first(self.bytes.len().min(shown))
    }

    /// Returns the bytes that are shown before it is selected.
    pub fn head(&self) -> Vec<Run> {
        let shown = if self.depth > 0 { SHORT } else { HEAD };
        self.first(if self.is_long() { shown } else { self.bytes.len() })
    }

    fn first(&self, len: usize) -> Vec<Run> {
        let shown = self.bytes.get(..len).unwrap_or_default();
        match self.before {
            Before::Bytes(before) if before.len() == self.bytes.len() => {
                hex(shown, before.get(..len))
            }
            Before::Bytes(_) | Before::Unknown => hex(shown, None),
            Before::Nothing => {
                let text = hex(shown, None).into_iter().map(|run| run.text).collect();
                vec![Run { text, changed: true, escaped: false }]
            }
        }
    }

    /// Returns the offset of its last byte.
    pub fn last(&self) -> usize {
        (self.offset + self.len).saturating_sub(1)
    }
}

/// Names what a record carries (RFC 8446, section 5.1).
fn content_type(kind: u8) -> &'static str {
    match kind {
        20 => "change_cipher_spec",
        21 => "alert",
        22 => "handshake",
        23 => "application_data",
        _ => "unknown",
    }
}

/// Writes bytes in hexadecimal.
fn hex(bytes: &[u8], before: Option<&[u8]>) -> Vec<Run> {
    runs(
        bytes,
        before,
        |_| false,
        |text, byte| {
            let gap = if text.is_empty() { "" } else { " " };
            write!(text, "{gap}{byte:02x}")
        },
    )
}

/// Writes bytes as text, with escapes for what is not printable ASCII, in the lines they are.
pub fn text(bytes: &[u8], before: Option<&[u8]>) -> Vec<Run> {
    let is_escaped = |byte| byte == b'\\' || !matches!(byte, b' '..=b'~');
    runs(bytes, before, is_escaped, |text, byte| match byte {
        b'\n' => text.write_str("\\n\n"),
        byte if is_escaped(byte) => write!(text, "{}", byte.escape_ascii()),
        byte => text.write_char(byte.into()),
    })
}

/// Writes bytes in runs that look alike. Those that differ from as many bytes `before` are changed.
fn runs(
    bytes: &[u8],
    before: Option<&[u8]>,
    is_escaped: impl Fn(u8) -> bool,
    write: impl Fn(&mut String, u8) -> std::fmt::Result,
) -> Vec<Run> {
    let before = before.filter(|before| before.len() == bytes.len()).unwrap_or(bytes);
    let mut runs: Vec<Run> = Vec::new();
    for (byte, before) in bytes.iter().zip(before) {
        let look = (byte != before, is_escaped(*byte));
        if runs.last().is_none_or(|run| (run.changed, run.escaped) != look) {
            runs.push(Run { text: String::new(), changed: look.0, escaped: look.1 });
        }
        if let Some(run) = runs.last_mut() {
            _ = write(&mut run.text, *byte);
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(runs: &[Run]) -> String {
        let parts = runs.iter().map(|run| match (run.changed, run.escaped) {
            (true, _) => format!("<{}>", run.text),
            (false, true) => format!("({})", run.text),
            (false, false) => run.text.clone(),
        });
        parts.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn changed_bytes_stand_out() {
        let (before, after) = (b"amount=100\r\n", b"amount=900\r\n");
        assert_eq!(marked(&text(after, Some(before))), "amount=|<9>|00|(\\r\\n\n)");
        assert_eq!(marked(&hex(&after[6..9], Some(&before[6..9]))), "3d|<39>|30");
        assert_eq!(marked(&text(after, Some(b"other"))), "amount=900|(\\r\\n\n)");
    }

    #[test]
    fn what_is_not_printable_is_escaped() {
        let text = text(b"\xff\x1b[31m\\\xc3(", None);
        assert_eq!(marked(&text), "(\\xff\\x1b)|[31m|(\\\\\\xc3)|(");
    }
}

//! Recorded sessions as tshark reads them, and as they are explained here: the same records, messages, fields and data.

mod recorded;

use std::ops::Range;
use std::process::Command;

use framing::Direction;
use recorded::explained::{Explained, explain};
use recorded::session::Session;
use recorded::table::SESSIONS;
use recorded::{each, recordings};
use transcript::event::Span;
use transcript::{EventKind, Role};

/// What tshark takes apart further than anyone needs: into halves that mean nothing at TLS 1.3.
const TOO_FAR: [&str; 4] = ["random_time", "random_bytes", "sig_hash_hash", "sig_hash_sig"];

/// Fields whose values have names, and those are the same here.
const NAMED: [&str; 6] = [
    "tls.handshake.ciphersuite",
    "tls.handshake.extension.type",
    "tls.handshake.extensions_supported_group",
    "tls.handshake.extensions_key_share_group",
    "tls.handshake.sig_hash_alg",
    "tls.alert_message.desc",
];

/// What it says where it has no name for a value, or an older one or, for `delegated_credential`, a wrong one.
const NAMELESS: [&str; 4] = ["Unknown", "Reserved", "SHA", "delegated_credentials"];

/// Of these it names each in a list that is told as one here.
const FINER: [&str; 2] = ["tls.extension.psk_ke_mode", "tls.handshake.dname"];

/// The length of a record's header, and the first byte of one that is encrypted.
const HEADER: usize = 5;
const ENCRYPTED: u8 = 23;

/// A message, as either reads it.
#[derive(Default)]
struct Message {
    /// Its bytes; none where tshark shows none.
    bytes: Vec<Option<u8>>,
    fields: Vec<Field>,
}

/// Some bytes of a message.
struct Field {
    name: String,
    offset: usize,
    len: usize,
    says: String,
    /// Whether it is made of others.
    is_list: bool,
}

impl Field {
    fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.len
    }
}

/// What one side sent.
#[derive(Default)]
struct Sent {
    /// The lengths of the records.
    records: Vec<usize>,
    messages: Vec<Message>,
    /// What was in those that were encrypted.
    opened: Vec<u8>,
}

/// Runs tshark on a recording.
fn tshark(session: &Session, args: &[&str]) -> String {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(recorded::capture(recordings(), session)).args(args);
    if let Some(keylog) = recorded::secrets(recordings(), session, "keys") {
        command.arg("-o").arg(format!("tls.keylog_file:{}", keylog.display()));
    }
    // It names the server's port what it likes.
    let output = command.args(["-n"]).env("LC_ALL", "C").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns an attribute of an element that stands on a line.
fn attribute<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (_, rest) = line.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// What tshark reads of a connection, of the client and of the server.
fn read_by_tshark(session: &Session, number: usize) -> [Sent; 2] {
    let stream = number.to_string();
    let pdml = tshark(session, &["-T", "pdml", "-Y", &format!("tcp.stream == {stream}")]);
    let mut sides = [Sent::default(), Sent::default()];
    let mut client = None;
    let mut side = 0;
    // Whether a message is read, and the position of its first byte.
    let mut is_inside = false;
    let mut begun = None;
    for line in pdml.lines() {
        let Some(name) = attribute(line, "name") else { continue };
        let number = |name| attribute(line, name).and_then(|it| it.parse::<usize>().ok());
        let shown = attribute(line, "show").unwrap_or_default();
        match name {
            "tcp.srcport" => {
                let client = client.get_or_insert_with(|| shown.to_owned());
                side = usize::from(client != shown);
            }
            "tls.record.length" => sides[side].records.push(shown.parse().unwrap()),
            "tls.handshake" | "tls.alert_message" | "tls.change_cipher_spec" => {
                let bytes = vec![None; number("size").unwrap()];
                sides[side].messages.push(Message { bytes, fields: Vec::new() });
                // Of what was encrypted, this position is that of the record.
                is_inside = true;
                begun = None;
            }
            // What follows stands in no message.
            "tls.record" => is_inside = false,
            _ if line.trim_start().starts_with("<proto") => is_inside = false,
            _ if is_inside => {
                let (Some(pos), Some(len @ 1..)) = (number("pos"), number("size")) else {
                    continue;
                };
                // It counts that of a KeyUpdate's one field from elsewhere.
                let offset = match name {
                    "tls.handshake.key_update.request_update" => 4,
                    _ => pos - *begun.get_or_insert(pos),
                };
                let message = sides[side].messages.last_mut().unwrap();
                let value = attribute(line, "value").and_then(|it| hex::decode(it).ok());
                for (place, byte) in
                    message.bytes[offset..].iter_mut().zip(value.unwrap_or_default())
                {
                    *place = Some(byte);
                }
                if name.starts_with("tls.") && !TOO_FAR.iter().any(|it| name.ends_with(it)) {
                    let says = attribute(line, "showname").unwrap_or_default();
                    let says = says.split_once(": ").map_or(says, |(_, says)| says);
                    let says = says.split_once(" (").map_or(says, |(says, _)| says).to_owned();
                    message.fields.push(Field {
                        name: name.to_owned(),
                        offset,
                        len,
                        says,
                        // It does not take apart what it does not know.
                        is_list: !line.ends_with("/>") || name == "tls.handshake.extension.data",
                    });
                }
            }
            _ => {}
        }
    }
    let columns = "gui.column.format:\"from\",\"%uS\"";
    let dump =
        tshark(session, &["-P", "-x", "-o", columns, "-Y", &format!("tcp.stream == {stream}")]);
    let mut is_opened = false;
    for line in dump.lines() {
        // A packet begins with its one column, the port that it is from.
        if let Ok(_port @ 1..) = line.trim().parse::<u16>() {
            side = usize::from(client.as_deref() != Some(line.trim()));
            is_opened = false;
        } else if line.ends_with("bytes):") {
            is_opened = line.starts_with("Decrypted TLS (");
        } else if let (true, Some((_, rest))) = (is_opened, line.split_once("  ")) {
            let digits = rest.split_once("   ").map_or(rest, |(digits, _)| digits);
            sides[side].opened.extend(hex::decode(digits.replace(' ', "")).unwrap());
        }
    }
    sides
}

/// What is told here of a connection, of the client and of the server.
fn told_here(explained: &Explained) -> [Sent; 2] {
    let mut sides = [Sent::default(), Sent::default()];
    // What is in the record that passes by next, and how much of the message that it completes was in others.
    let mut inside = [Vec::new(), Vec::new()];
    let mut begun = [0; 2];
    for event in &explained.events {
        let from = usize::from(event.role == Role::Server);
        match &event.kind {
            EventKind::Handshake(message) => {
                let behind = std::mem::take(&mut begun[from]);
                inside[from].extend_from_slice(&message.message[behind..]);
                let bytes = message.message.iter().copied().map(Some).collect();
                let mut fields = Vec::new();
                list(&message.spans, &mut fields);
                sides[from].messages.push(Message { bytes, fields });
            }
            EventKind::Fragment { bytes, .. } => {
                begun[from] += bytes.len();
                inside[from].extend_from_slice(bytes);
            }
            EventKind::Sent(record) => inside[from].extend_from_slice(&record.plaintext),
            EventKind::Chunk { direction, bytes, .. } => {
                let from = usize::from(*direction == Direction::ToClient);
                let inside = std::mem::take(&mut inside[from]);
                sides[from].records.push(bytes.len() - HEADER);
                if bytes[0] == ENCRYPTED {
                    sides[from].opened.extend(inside);
                }
            }
            _ => {}
        }
    }
    sides
}

fn list(spans: &[Span], fields: &mut Vec<Field>) {
    for span in spans {
        let Span { name, offset, len, says, inside } = span;
        fields.push(Field {
            name: name.clone(),
            offset: *offset,
            len: *len,
            says: says.clone(),
            is_list: !inside.is_empty(),
        });
        list(inside, fields);
    }
}

/// Lists the fields of tshark's that are none here, or whose value has another name.
fn other_fields(theirs: &[Field], ours: &[Field]) -> Vec<String> {
    let mut other = Vec::new();
    for field in theirs {
        let Field { name, says, .. } = field;
        let range = field.range();
        let said: Vec<_> =
            ours.iter().filter(|it| it.range() == range).map(|it| &*it.says).collect();
        let is_here = if FINER.contains(&&**name) {
            ours.iter().any(|it| it.range().start <= range.start && it.range().end >= range.end)
        } else if field.is_list {
            // What it takes together need not be one here, if it begins and ends where some do.
            ours.iter().any(|it| it.range().start == range.start)
                && ours.iter().any(|it| it.range().end == range.end)
        } else {
            !said.is_empty()
        };
        if !is_here {
            other.push(format!("{name} at {range:?}: {says}"));
        }
        let is_same = |it: &&str| {
            // Here, names are as in the registries; of the suites of TLS 1.2, not all have one.
            says.replace(' ', "_").eq_ignore_ascii_case(it)
                || (name.ends_with("ciphersuite") && it.starts_with("unknown ("))
        };
        let has_name = !NAMELESS.iter().any(|it| says.starts_with(it));
        if NAMED.contains(&&**name) && has_name && !said.iter().any(is_same) {
            other.push(format!("{name}: {says}, and not {said:?}"));
        }
    }
    other
}

#[test]
#[ignore = "needs tshark, from outside"]
fn what_tshark_reads_of_a_recorded_session_is_what_is_told_here() {
    each(SESSIONS, |session| {
        let told = explain(recordings(), session);
        for (number, (explained, connection)) in told.iter().zip(session.connections).enumerate() {
            // Others than TLS 1.3 are not explained.
            if connection.suite.is_empty() {
                continue;
            }
            let sides = read_by_tshark(session, number).into_iter().zip(told_here(explained));
            for (side, (theirs, ours)) in ["client", "server"].into_iter().zip(sides) {
                assert_same(
                    &format!("{}, connection {}, {side}", session.name, number + 1),
                    &theirs,
                    &ours,
                );
            }
        }
    });
}

/// Makes sure that one side sent the same, as tshark reads it and as it is told here.
fn assert_same(name: &str, theirs: &Sent, ours: &Sent) {
    assert_eq!(ours.records, theirs.records, "{name}");
    assert_eq!(hex::encode(&ours.opened), hex::encode(&theirs.opened), "{name}");
    assert_eq!(ours.messages.len(), theirs.messages.len(), "{name}");
    for (ours, theirs) in ours.messages.iter().zip(&theirs.messages) {
        assert_eq!(ours.bytes.len(), theirs.bytes.len(), "{name}");
        let mut both = ours.bytes.iter().zip(&theirs.bytes);
        assert!(both.all(|(ours, theirs)| theirs.is_none() || ours == theirs), "{name}");
        assert_eq!(other_fields(&theirs.fields, &ours.fields), <[String; 0]>::default(), "{name}");
    }
}

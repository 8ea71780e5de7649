//! What Wireshark's dissector, `docs/wireshark/rebuilding_tls.lua`, has to know of the stages, and of the fields of a
//! handshake's messages.

use std::fmt::Write;

use framing::{Direction, MAX_PLAINTEXT_LEN};
use messages::fields::{CERTIFICATE, TAGS};
use stages::handshake::MAX_MESSAGE_LEN;
use stages::{Field, Message, STAGES, Stage};

/// The line of the dissector before the part that is made here.
pub const BEGIN: &str = "-- BEGIN: printed by `cargo run --package render -- --dissector`\n";
/// The line after it.
pub const END: &str = "-- END\n";

/// Lists the stages that it reads. TLS itself is read by a dissector that Wireshark has.
pub fn stages() -> impl Iterator<Item = &'static Stage> {
    STAGES.iter().copied().filter(|stage| !stage.has_types())
}

/// Makes the tables of the dissector: the stages with records by the server's port, the ports of those without,
/// the names of the fields of messages by their tags, and the tag of a certificate.
pub fn lua() -> String {
    let mut lua = format!(
        "local MAX_PLAINTEXT_LEN = {MAX_PLAINTEXT_LEN}\nlocal MAX_MESSAGE_LEN = {MAX_MESSAGE_LEN}\nlocal STAGES = {{\n"
    );
    for stage in stages().filter(|stage| stage.has_records()) {
        lua += &row(stage);
    }
    let plain = stages().filter(|stage| !stage.has_records());
    let ports: Vec<_> = plain.map(|stage| format!("[{}] = true", stage.port)).collect();
    _ = writeln!(lua, "}}\nlocal PLAIN_PORTS = {{ {} }}\nlocal TAGS = {{", ports.join(", "));
    for tag in TAGS {
        _ = writeln!(lua, "    [{:#06x}] = {:?},", tag.number, tag.name);
    }
    _ = writeln!(lua, "}}\nlocal CERTIFICATE = {:#06x}", CERTIFICATE.number);
    lua
}

/// Makes the row of a stage: its name, the lengths around the text, the messages of its handshake by direction if
/// it has any, each with the tag that it begins with, and its fields in order.
fn row(stage: &Stage) -> String {
    let Stage { name, port, fields, handshake, .. } = stage;
    let header = stage.header();
    let fields: String = fields.iter().map(field).collect();
    let names = |direction: Direction| {
        let this_way = handshake.iter().filter(|message| message.direction == direction);
        let name_and_tag = |message: &Message| {
            let first = message.fields.first().map_or(0, |field| field.tag.number);
            format!("{{ {:?}, {first:#06x} }}", message.name)
        };
        this_way.map(name_and_tag).collect::<Vec<_>>().join(", ")
    };
    let messages = if handshake.is_empty() {
        String::new()
    } else {
        let (to_server, to_client) = (names(Direction::ToServer), names(Direction::ToClient));
        format!("        to_server = {{ {to_server} }}, to_client = {{ {to_client} }},\n")
    };
    format!(
        "    [{port}] = {{\n        name = \"{name}\", header_len = {}, length_len = {}, overhead = {},\n{messages}       \
         {fields}\n    }},\n",
        header.len(),
        header.length_len,
        stage.overhead(),
    )
}

/// Makes the cell of a field: its role, by which the dissector shows it, and its length, if that is fixed.
fn field(field: &Field) -> String {
    let role = format!("{:?}", field.role).to_lowercase();
    match field.len {
        Some(len) => format!(" {{ \"{role}\", {len} }},"),
        None => format!(" {{ \"{role}\" }},"),
    }
}

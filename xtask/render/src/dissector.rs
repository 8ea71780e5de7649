//! What Wireshark's dissector, `docs/wireshark/rebuilding_tls.lua`, has to know of the stages.

use framing::MAX_PLAINTEXT_LEN;
use stages::{Field, STAGES, Stage};

/// The line of the dissector before the part that is made here.
pub const BEGIN: &str = "-- BEGIN: printed by `cargo run --package render -- --dissector`\n";
/// The line after it.
pub const END: &str = "-- END\n";

/// Makes the tables of the dissector: the stages with records by the server's port, and the ports of those
/// without.
pub fn lua() -> String {
    let mut lua = format!("local MAX_PLAINTEXT_LEN = {MAX_PLAINTEXT_LEN}\nlocal STAGES = {{\n");
    for stage in STAGES.iter().filter(|stage| stage.has_records()) {
        lua += &row(stage);
    }
    let plain = STAGES.iter().filter(|stage| !stage.has_records());
    let ports: Vec<_> = plain.map(|stage| format!("[{}] = true", stage.port)).collect();
    lua + "}\nlocal PLAIN_PORTS = { " + &ports.join(", ") + " }\n"
}

/// Makes the row of a stage: its name, the lengths around the text, and its fields in order.
fn row(stage: &Stage) -> String {
    let Stage { name, port, fields, .. } = stage;
    let header = stage.header();
    let fields: String = fields.iter().map(field).collect();
    format!(
        "    [{port}] = {{\n        name = \"{name}\", header_len = {}, length_len = {}, overhead = {},\n       \
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

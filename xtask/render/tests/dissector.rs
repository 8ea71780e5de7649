//! The dissector in `docs/wireshark` knows the stages as the catalogue has them.

use std::fs;

use render::dissector::{BEGIN, END, lua, stages};

const DISSECTOR: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/wireshark/rebuilding_tls.lua");

#[test]
fn its_tables_are_those_of_the_catalogue() {
    let dissector = fs::read_to_string(DISSECTOR).unwrap();
    let (_, behind) = dissector.split_once(BEGIN).unwrap();
    let (tables, _) = behind.split_once(END).unwrap();
    assert_eq!(tables, lua(), "print them with `cargo run --package render -- --dissector`");
}

#[test]
fn it_can_show_a_field_of_any_role() {
    let dissector = fs::read_to_string(DISSECTOR).unwrap();
    for field in stages().filter(|stage| stage.has_records()).flat_map(|stage| stage.fields) {
        let role = format!("{:?}", field.role).to_lowercase();
        assert!(dissector.contains(&format!("\n    {role} = ProtoField.")), "{role}");
    }
}

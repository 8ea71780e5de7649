//! The page of an attack, read as text: the messages of a handshake in it.

mod html;

use messages::fields::{DH_GENERATOR, DH_PUBLIC_VALUE, Tag, X25519_KEY};
use render::page::attack;
use stages::{PART3_X25519, Stage};
use transcript::Hex;
use xtask::lab::story::{Act, Change, Deed, Message, Story, Who};
use xtask::lab::verdict::Verdict;

use crate::html::{certified, text};

const STAGE: &Stage = &PART3_X25519;
const STRANGE: Tag = Tag { number: 0x4242, name: "", what: "" };
const CLIENT_HELLO: Message =
    Message { from: Who::Client, connection: 0, index: 0, is_hello: true, is_alert: false };

/// The record of a message with these fields.
fn record(fields: &[(&Tag, &[u8])]) -> Hex {
    let mut message = vec![];
    for (tag, value) in fields {
        tag.append(value, &mut message);
    }
    STAGE.record(&message).as_slice().into()
}

fn takes(bytes: &Hex) -> Act {
    let deed = Deed::Takes { message: CLIENT_HELLO, bytes: bytes.clone(), kept: false };
    Act { who: Who::Attacker, connection: 0, deed }
}

/// The attacker passes on `after` in place of `before`.
fn puts(before: &Hex, after: &Hex) -> Act {
    let field = STAGE.field(stages::Role::Message).unwrap().name.to_owned();
    let (was, is) = (before[4..].into(), after[4..].into());
    let deed = Deed::Puts {
        message: CLIENT_HELLO,
        to: Who::Server,
        bytes: after.clone(),
        again: false,
        changes: vec![Change { field, offset: 4, before: was, after: is }],
    };
    Act { who: Who::Attacker, connection: 0, deed }
}

fn page(acts: Vec<Act>) -> String {
    let story = Story {
        attack: "an attack".to_owned(),
        stage: STAGE.name.to_owned(),
        verdict: Verdict::Succeeded,
        by: None,
        why: String::new(),
        as_known: true,
        tries: String::new(),
        at_stake: String::new(),
        because: String::new(),
        closed_by: String::new(),
        client_stage: STAGE.name.to_owned(),
        server_stage: STAGE.name.to_owned(),
        acts,
        beliefs: vec![],
        clients: vec![],
        server: vec![],
        detail: None,
    };
    let mut html = vec![];
    attack::write(&mut html, &[story]).unwrap();
    String::from_utf8(html).unwrap()
}

/// The cells of the table of both versions, before and after in turn, and the marked bytes.
fn versions(before: &Hex, after: &Hex) -> (Vec<String>, Vec<String>) {
    let html = page(vec![takes(before), puts(before, after)]);
    let table = html.split_once("<div class=\"versions\">").unwrap().1;
    let table = table.split_once("</li>").unwrap().0;
    let in_words = |cell: &str| text(cell).split_whitespace().collect::<Vec<_>>().join(" ");
    let cell = |cell: &str| in_words(&format!("<{}", cell.split("</div>").next().unwrap()));
    let cells = table.replace("<p class=\"quiet\">", "<div class=\"version quiet\">");
    let cells = cells.split("<div class=\"version ").skip(1).map(cell).collect();
    let marks = table.split("<mark>").skip(1).map(|it| it.split_once('<').unwrap().0.to_owned());
    (cells, marks.collect())
}

#[test]
fn a_message_that_has_grown_stands_beside_what_it_was() {
    let key = (&X25519_KEY, &[7; 32][..]);
    let before = record(&[key]);
    let same = "X25519 key 32 B 07 07 07 07 07 07 07 07 …";
    let (cells, marks) = versions(&before, &record(&[key, (&STRANGE, b"hi")]));
    assert_eq!(cells, [same, same, "not there", "unknown field 2 B 68 69"]);
    assert_eq!(marks, ["68 69"]);
    let (cells, _) = versions(&before, &record(&[(&STRANGE, b""), key]));
    assert_eq!(cells, ["not there", "unknown field 0 B", same, same]);
}

#[test]
fn the_bytes_of_a_field_that_were_changed_are_marked() {
    let mut key = [7; 32];
    let before = record(&[(&X25519_KEY, &key)]);
    key[31] ^= 0x80;
    let (cells, marks) = versions(&before, &record(&[(&X25519_KEY, &key)]));
    let value = |last: &str| format!("X25519 key 32 B 07 07 07 07 07 07 07 {last} …");
    assert_eq!(cells, [value("07"), value("87")]);
    assert_eq!(marks, ["07", "87"]);
    // Where all is new there is nothing to mark.
    let (cells, marks) = versions(&before, &record(&[(&X25519_KEY, &[9; 32])]));
    assert_eq!((cells.len(), marks.len()), (2, 0));
}

#[test]
fn a_field_that_was_taken_out_is_shown_as_it_was() {
    let (generator, value) = ((&DH_GENERATOR, &[2][..]), (&DH_PUBLIC_VALUE, &[5][..]));
    let (cells, marks) = versions(&record(&[generator, value]), &record(&[value]));
    let same = "public value 1 B 05";
    assert_eq!(cells, [same, same, "generator g 1 B 02", "not there"]);
    assert_eq!(marks, ["02"]);
}

#[test]
fn a_message_that_is_taken_is_shown_field_by_field() {
    let html = page(vec![takes(&record(&[(&X25519_KEY, &[7; 32]), (&STRANGE, b"hi")]))]);
    let fields = html.split_once("<ul class=\"fields\">").unwrap().1.split_once("</ul>").unwrap().0;
    let fields: Vec<_> = fields.split("</li>").map(text).collect();
    assert_eq!(fields[0].trim(), "X25519 key 07070707…");
    assert_eq!(fields[1].trim(), "unknown field 6869");
    assert!(text(&html).contains("46 B: ClientHello"));
}

#[test]
fn a_certificate_says_whom_it_is_for_and_one_that_was_changed_where() {
    let [.., auth] = certified();
    let before: Hex = STAGE.record(&auth).as_slice().into();
    let html = page(vec![takes(&before)]);
    let fields = html.split_once("<ul class=\"fields\">").unwrap().1.split_once("</ul>").unwrap().0;
    let fields: Vec<_> = fields.split("</li>").map(|field| text(field).trim().to_owned()).collect();
    // By their numbers, which tell a certificate from another for the same name.
    let certificates =
        ["certificate 34d4a776… of localhost", "certificate 13ae64c9… of Intermediate CA"];
    assert_eq!(fields[..2], certificates);

    let mut changed = before.to_vec();
    changed[1001] ^= 1;
    let (cells, marks) = versions(&before, &changed.as_slice().into());
    let leaf = r#"certificate 994 B "localhost", signed by "Intermediate CA" "#;
    assert!(cells[..2].iter().all(|cell| cell.starts_with(leaf)), "{cells:?}");
    assert_eq!(marks, [format!("{:02x}", before[1001]), format!("{:02x}", changed[1001])]);
}

#[test]
fn a_strangers_message_has_no_power_over_the_page() {
    let (short, many): (Hex, Hex) = (b"\0".as_slice().into(), vec![0; 65_000].as_slice().into());
    for bytes in [&short, &many] {
        let html = page(vec![takes(bytes), puts(&record(&[]), &record(&[]))]);
        assert!(html.len() < 100_000, "{}", html.len());
    }
}

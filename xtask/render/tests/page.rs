//! The page of a run, read as text. What a browser makes of it: `checks/browser`.

mod html;

use std::io::{self, Write};

use render::page::{Page, SHOWN};
use stages::{
    PART1_CTR, PART1_PLAIN, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, STAGES, Stage, field,
};
use transcript::{Event, EventKind, Hex, Record, Role};

use crate::html::{fields, page, text};

fn event(stage: &'static Stage, role: Role, kind: EventKind) -> Event {
    Event { role, stage, kind }
}

/// A record that looks like one of the stage, filled with `fill`.
fn record(stage: &Stage, index: u64, plaintext: &[u8], fill: u8) -> Record {
    let mut payload = vec![fill; plaintext.len() + stage.overhead()];
    let mut parts = stage.split_payload(&payload).unwrap().into_iter();
    if let Some(seq) = parts.find(|part| part.field.role == field::Role::Seq) {
        let range = seq.offset..seq.offset + seq.bytes.len();
        payload[range].copy_from_slice(&index.to_be_bytes());
    }
    Record::new(stage, index, plaintext, &payload)
}

fn sent(stage: &'static Stage, index: u64, plaintext: &[u8]) -> Event {
    event(stage, Role::Client, EventKind::Sent(record(stage, index, plaintext, 7)))
}

fn received(stage: &'static Stage, index: u64, plaintext: &[u8]) -> Event {
    event(stage, Role::Server, EventKind::Received(record(stage, index, plaintext, 7)))
}

fn one_record_of_each() -> Vec<Event> {
    STAGES.iter().map(|stage| sent(stage, 0, b"hi")).collect()
}

fn rejected(
    stage: &'static Stage,
    index: u64,
    error: &str,
    message: &str,
    record: Option<&[u8]>,
) -> Event {
    let (error, message) = (error.to_owned(), message.to_owned());
    let record = record.map(Hex::from);
    let kind =
        EventKind::Rejected { index, error, message, step: None, expected_seq: None, record };
    event(stage, Role::Server, kind)
}

#[test]
fn a_long_field_is_there_to_its_last_byte() {
    let plaintext: Vec<u8> = (0..=255).cycle().take(16_384).collect();
    let payload: Vec<u8> = [7; 16].into_iter().chain((0..=250).cycle().take(16_384)).collect();
    let record = Record::new(&PART1_CTR, 0, &plaintext, &payload);
    let html = page(&[event(&PART1_CTR, Role::Client, EventKind::Sent(record))]);
    let fields = fields(&html, "sent");
    assert_eq!(fields[2].0, "ciphertext");
    assert!(fields[2].1 == payload[16..]);
    assert!(text(&html).contains("Offset 20, length 16384: bytes 20 to 16403 of the 16404"));
}

#[test]
fn every_field_is_explained_where_it_is_and_below() {
    for stage in STAGES {
        let html = page(&[sent(stage, 0, b"amount=100"), received(stage, 0, b"amount=100")]);
        let fields = fields(&html, "sent");
        let parts: Vec<_> = html.split("<details ").skip(1).map(text).collect();
        let below = text(html.split_once("class=\"meanings\"").unwrap().1);
        let record_len = fields.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        let mut offset = 0;
        assert_eq!(fields.len(), stage.fields.len());
        for (((name, bytes), shown), field) in fields.iter().zip(parts).zip(stage.fields) {
            assert_eq!(name, field.name);
            let (len, next) = (bytes.len(), offset + bytes.len());
            let last = next - 1;
            let place = format!(
                "Offset {offset}, length {len}: bytes {offset} to {last} of the {record_len}"
            );
            assert!(shown.contains(&place), "{place}: {shown}");
            for said in [field.what, field.readers, field.protection] {
                assert!(!said.is_empty(), "{name} at {}", stage.name);
                assert!(shown.contains(said) && below.contains(said), "{said}");
            }
            offset = next;
        }
        for said in [stage.title, stage.adds, stage.stops, stage.lets_through] {
            assert!(text(&html).contains(said), "{said}");
        }
    }
}

#[test]
fn what_was_checked_is_told() {
    let told = |stage| text(&page(&[sent(stage, 0, b"hi"), received(stage, 0, b"hi")]));
    let unproven = "Nothing here tells a genuine message from a changed one.";
    assert!(told(&PART1_PLAIN).contains(unproven));
    let ctr = told(&PART1_CTR);
    assert!(ctr.contains(unproven) && ctr.contains("length 18 is between 16 and 16400"), "{ctr}");
    let hmac = told(&PART2_HMAC);
    assert!(hmac.contains("tag verifies: nonce and ciphertext are as they were sealed"), "{hmac}");
    assert!(!hmac.contains(unproven));
    for stage in [&PART2_HMAC_SEQ, &PART2_AEAD] {
        let told = told(stage);
        assert!(told.contains("tag verifies: seq, nonce and ciphertext are as they were sealed"));
        assert!(told.contains("seq 0 is the one expected"), "{told}");
        assert!(told.contains("The plaintext, 2 bytes, is what the client sent."), "{told}");
    }
}

#[test]
fn a_flipped_bit_that_goes_through_stands_out() {
    let mut changed = record(&PART1_CTR, 0, b"amount=900", 7).record.to_vec();
    changed[16 + 7] ^= 0x08;
    let changed = Record::new(&PART1_CTR, 0, b"amount=900", &changed);
    let html = page(&[
        sent(&PART1_CTR, 0, b"amount=100"),
        event(&PART1_CTR, Role::Server, EventKind::Received(changed.clone())),
    ]);
    assert!(html.contains("amount=<mark>9</mark>00"));
    assert!(html.contains("07 07 07 07 07 07 07 <mark>0f</mark> 07 07"), "{html}");
    assert_eq!(fields(&html, "arrived")[2].1, changed.record[16..]);
    assert!(text(&html).contains("The plaintext is not what the client sent"));
}

#[test]
fn a_refusal_says_what_was_checked_and_why() {
    let message = "record 1 refused: its tag is valid, so it is in the wrong place";
    let replay = record(&PART2_AEAD, 0, b"once", 7).record;
    let html = page(&[
        sent(&PART2_AEAD, 0, b"once"),
        received(&PART2_AEAD, 0, b"once"),
        rejected(&PART2_AEAD, 1, "out_of_order", message, Some(&replay)),
    ]);
    let told = text(&html);
    assert!(told.contains("It sent no record 1: someone on the path did."), "{told}");
    assert!(told.contains(message) && told.contains("seq refused"), "{told}");
    assert_eq!(html.matches("class=\"passed\"").count(), 3 + 2);
    assert_eq!(fields(&html, "arrived"), fields(&html, "sent"));

    let html = page(&[
        sent(&PART2_AEAD, 0, b"once"),
        rejected(&PART2_AEAD, 0, "bad_tag", "its tag does not verify", Some(&[9; 40])),
    ]);
    assert!(text(&html).contains("seq not looked at"));
    let html = page(&[rejected(&PART2_AEAD, 0, "too_long", "more than accepted", None)]);
    assert!(text(&html).contains("length refused") && text(&html).contains("more than accepted"));
}

#[test]
fn a_record_that_never_arrived_is_said_to_be_lost() {
    let html = page(&[sent(&PART2_HMAC, 0, b"one"), sent(&PART2_HMAC, 1, b"two")]);
    assert_eq!(text(&html).matches("server never received it").count(), 2);
}

#[test]
fn the_highest_index_a_file_can_name_is_shown_like_any_other() {
    let html =
        page(&[sent(&PART2_HMAC, u64::MAX, b"hello"), received(&PART2_HMAC, u64::MAX, b"hello")]);
    assert!(text(&html).contains("18446744073709551615"));
}

#[test]
fn records_sent_ahead_stand_beside_what_became_of_them() {
    let plaintexts = [b"one", b"two", b"six"];
    let mut events: Vec<_> =
        (0..).zip(plaintexts).map(|(i, it)| sent(&PART2_AEAD, i, it)).collect();
    events.extend((0..).zip(plaintexts).map(|(i, it)| received(&PART2_AEAD, i, it)));
    let html = page(&events);
    let rows: Vec<_> = html.split("<li class=\"exchange").skip(1).map(text).collect();
    assert_eq!(rows.len(), 3);
    for (index, (row, plaintext)) in rows.iter().zip(["one", "two", "six"]).enumerate() {
        assert!(row.contains(plaintext) && row.contains(&format!("seq {index} is the one")));
    }
}

#[test]
fn markup_in_a_run_stays_text() {
    let hostile = b"<script>alert(1)</script>&amp;\"'><img src=x onerror=alert(1)>\x1b[31m\0";
    let message = "<b onclick='x'>\"refused\"</b>";
    let html = page(&[
        sent(&PART1_PLAIN, 0, hostile),
        rejected(&PART1_PLAIN, 0, "<i>", message, Some(b"<script>")),
    ]);
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<b onclick"));
    assert!(!html.contains('\x1b') && !html.contains('\0'));
    let shown = text(&html);
    assert!(shown.contains("<script>alert(1)</script>&amp;\"'><img src=x onerror=alert(1)>"));
    assert!(shown.contains(r"\x1b[31m\x00") && shown.contains(message), "{shown}");
}

#[test]
fn it_needs_nothing_but_itself() {
    let html = page(&one_record_of_each());
    assert!(html.contains("http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"));
    for outside in ["http:", "https:", "//", "src=", "url(", "@import", "<script", "<iframe"] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert_eq!(
        html.matches("<link").count(),
        html.matches("<link rel=\"icon\" href=\"data:").count()
    );
}

#[test]
fn stages_follow_one_another_each_in_its_section() {
    let html = page(&one_record_of_each());
    let sections: Vec<_> = html
        .split("<section class=\"stage\" id=\"")
        .skip(1)
        .map(|section| section.split_once('"').unwrap().0)
        .collect();
    assert_eq!(sections, STAGES.iter().map(|stage| stage.name).collect::<Vec<_>>());
    assert_eq!(html.matches("<section").count(), html.matches("</section>").count());
    assert!(page(&[]).ends_with("</html>"), "a run of nothing is a page too");
}

/// Counts what is written, and keeps the end of it.
#[derive(Default)]
struct Counter {
    len: usize,
    end: Vec<u8>,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.len += bytes.len();
        self.end.extend_from_slice(bytes);
        self.end.drain(..self.end.len().saturating_sub(20_000));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn ten_thousand_records_take_little_room() {
    const RECORDS: u64 = 10_000;
    let plaintext = vec![b'a'; 16_384];
    let (sent, received) = (sent(&PART2_AEAD, 0, &plaintext), received(&PART2_AEAD, 0, &plaintext));
    let numbered = |event: &Event, number| {
        let mut event = event.clone();
        if let EventKind::Sent(record) | EventKind::Received(record) = &mut event.kind {
            record.index = number;
        }
        event
    };
    for ahead in [1, RECORDS] {
        let mut counter = Counter::default();
        let used = allocation_counter::measure(|| {
            let mut page = Page::new(&mut counter);
            for batch in 0..RECORDS / ahead {
                for event in [&sent, &received] {
                    for number in batch * ahead..(batch + 1) * ahead {
                        page.write(&numbered(event, number)).unwrap();
                    }
                }
            }
            page.finish().unwrap();
        });
        assert!(used.bytes_max < 10 << 20, "{} bytes of memory", used.bytes_max);
        assert!(counter.len < 10 << 20, "{} bytes of page", counter.len);
        let end = text(&String::from_utf8_lossy(&counter.end));
        let more = RECORDS - SHOWN;
        assert!(end.contains(&format!("The first {SHOWN} are shown. {more} more followed.")));
    }
}

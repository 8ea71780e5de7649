//! The page of a run, in a real browser.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use browser_checks::{Conditions, PHONE};
use headless_chrome::browser::tab::point::Point;
use headless_chrome::protocol::cdp::Input;
use messages::fields::{TAGS, Tag, X25519_KEY};
use serde::de::DeserializeOwned;
use serde_json::json;
use stages::{PART1_CTR, PART2_AEAD, PART2_HMAC_SEQ, PART3_HKDF, STAGES, Stage, field, handshake};
use transcript::outline::{FOLDED, outline};
use transcript::{Direction, Event, EventKind, HandshakeMessage, Hex, Record, Role, Way};

use crate::common::Open;

/// The events of a run of all stages, by the programs themselves.
fn real_run() -> &'static [Event] {
    static RUN: OnceLock<Vec<Event>> = OnceLock::new();
    RUN.get_or_init(|| {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let output = Command::new(env!("CARGO"))
            .args([
                "run",
                "--quiet",
                "--package=xtask",
                "--",
                "run",
                "all",
                "--requests=1",
                "--json",
            ])
            .current_dir(workspace)
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).expect("an event")).collect()
    })
}

/// Events that only someone on the path brings about: a flipped bit that goes through, and one that
/// does not; a replay; markup and long lines in a plaintext; 16 KiB; an empty plaintext; a handshake with
/// fields added, one that is refused, and secrets that differ.
fn eventful_run() -> Vec<Event> {
    let sealed = |stage: &'static Stage, index: u64, plaintext: &[u8]| {
        let (mut payload, mut noise) = (Vec::new(), 1_u8);
        for field in stage.fields.iter().filter(|field| field.role != field::Role::Length) {
            let len = field.len.unwrap_or(plaintext.len());
            payload.extend((0..len).map(|_| {
                noise = noise.wrapping_mul(77).wrapping_add(41);
                noise
            }));
        }
        if stage.has(field::Role::Seq) {
            payload[..8].copy_from_slice(&index.to_be_bytes());
        }
        Record::new(stage, index, plaintext, &payload)
    };
    let event = |stage, role, kind| Event { role, stage, kind };
    let (client, server) = (Role::Client, Role::Server);
    let rejected = |index, error: &str, message: &str, record: &[u8]| EventKind::Rejected {
        index,
        error: error.to_owned(),
        message: message.to_owned(),
        step: None,
        expected_seq: None,
        record: Some(Hex::from(record)),
    };
    let flipped = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 0x08;
        bytes
    };

    let ctr = &PART1_CTR;
    let transfer = sealed(ctr, 0, b"amount=100");
    let changed =
        Record::new(ctr, 0, &flipped(&transfer.plaintext, 7), &flipped(&transfer.record, 23));
    let mut events = vec![
        event(ctr, client, EventKind::Sent(transfer)),
        event(ctr, server, EventKind::Received(changed)),
    ];
    let markup =
        "<script>console.log('ran')</script><img src=x onerror=alert(1)>\u{1b}[31m&amp;\"'";
    let all_bytes: Vec<u8> = (0..=255).cycle().take(16_384).collect();
    for (index, plaintext) in (1..).zip([markup.as_bytes(), &[b'w'; 3000], &all_bytes, b""]) {
        let record = sealed(ctr, index, plaintext);
        events.push(event(ctr, client, EventKind::Sent(record.clone())));
        events.push(event(ctr, server, EventKind::Received(record)));
    }

    let numbered = &PART2_HMAC_SEQ;
    let first = sealed(numbered, 0, b"once");
    let why = "record 1 refused: it carries seq 0, expected 1: a replay or a reordering";
    let replayed = rejected(1, "out_of_order", why, &first.record);
    events.push(event(numbered, client, EventKind::Sent(first.clone())));
    events.push(event(numbered, server, EventKind::Received(first)));
    events.push(event(numbered, server, replayed));

    let aead = &PART2_AEAD;
    let sent = sealed(aead, 0, b"amount=100");
    let refused = rejected(0, "bad_tag", "its tag does not verify", &flipped(&sent.record, 27));
    events.push(event(aead, client, EventKind::Sent(sent)));
    events.push(event(aead, server, refused));
    events.push(event(aead, client, EventKind::Sent(sealed(aead, 1, b"too late"))));

    let hkdf = &PART3_HKDF;
    let strange = Tag { number: 0x4242, name: "", what: "" };
    let mut hello = Vec::new();
    X25519_KEY.append(&[7; 32], &mut hello);
    let mut grown = hello.clone();
    (0..40).for_each(|len| strange.append(&[9; 40][..len], &mut grown));
    let message = |step, direction, payload: &[u8], checked: &[&str]| {
        EventKind::Handshake(HandshakeMessage::new(step, direction, payload, checked))
    };
    let derived = |label: &str, direction, fingerprint: Option<&[u8]>| EventKind::Derived {
        label: label.to_owned(),
        from: "HKDF-SHA256 of the shared secret".to_owned(),
        direction,
        fingerprint: fingerprint.map(Hex::from),
    };
    let why = "ServerHello refused: the message ends inside a X25519 key";
    let mut refused = rejected(0, "malformed", why, &hello[..20]);
    if let EventKind::Rejected { step, .. } = &mut refused {
        *step = Some("ServerHello".to_owned());
    }
    let (there, back) = (Some(Direction::ToServer), Some(Direction::ToClient));
    let handshake = [
        (client, message("ClientHello", Way::Sent, &hello, &[])),
        (server, message("ClientHello", Way::Received, &grown, &["its fields are there"])),
        (server, derived("shared secret", None, Some(b"abcd"))),
        (client, derived("shared secret", None, Some(b"efgh"))),
        (client, derived("part3 client write key", there, None)),
        (client, derived("part3 server write key", back, None)),
        (client, derived(&"a key with a long name ".repeat(9), back, None)),
        (server, message("ServerHello", Way::Sent, &hello, &[])),
        (client, refused),
    ];
    events.extend(handshake.map(|(role, kind)| event(hkdf, role, kind)));
    events
}

impl Open {
    /// Returns the value of an expression.
    fn ask<T: DeserializeOwned>(&self, expression: &str) -> Result<T> {
        self.tab.ask(expression)
    }

    /// Returns how many fields there are to select.
    fn fields(&self) -> Result<usize> {
        self.ask("document.querySelectorAll('details').length")
    }

    /// Returns the middle of what field number `at` shows, scrolled into view.
    fn middle(&self, at: usize) -> Result<Point> {
        let (x, y): (f64, f64) = self.ask(&format!(
            "(() => {{ const it = document.querySelectorAll('summary')[{at}];
               it.scrollIntoView({{ block: 'center', behavior: 'instant' }});
               const box = it.getBoundingClientRect();
               return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ))?;
        Ok(Point { x, y })
    }

    /// Checks that it has loaded nothing but itself, says nothing, and runs nothing.
    fn has_been_alone(&self) -> Result<()> {
        assert_eq!(self.ask::<String>("document.title")?, "A run of Rebuilding TLS, byte by byte");
        assert_eq!(self.tab.requests(), [self.url.as_str()]);
        assert_eq!(self.tab.messages(), Vec::<String>::new());
        let others = "document.querySelectorAll('script, img, iframe').length";
        assert_eq!(self.ask::<usize>(others)?, 0);
        Ok(())
    }

    /// Checks that field number `at` shows all there is to say about it, or nothing if it is not
    /// `selected`.
    fn is_explained(&self, at: usize, selected: bool) -> Result<()> {
        let (stage, name, [in_message, is_span, is_inside], shown): (
            String,
            String,
            [bool; 3],
            Option<String>,
        ) = self.ask(&format!(
                "(field => [field.closest('.stage').id, field.dataset.field,
                    [field.parentElement.querySelector('.f-message') !== null,
                        field.classList.contains('f-message'),
                        field.closest('.inside') !== null],
                    field.lastElementChild.checkVisibility() ? field.lastElementChild.innerText : null]
                 )(document.querySelectorAll('details')[{at}])"
            ))?;
        let fields = match Stage::find(&stage) {
            Some(stage) if !in_message || is_inside => stage.fields,
            Some(stage) => stage.fields_of_messages(),
            None => handshake::FIELDS,
        };
        // What protects a message protects all of it, and what is inside a record has the protection of its ciphertext.
        let meant = |field: &&stages::Field| match (is_span, is_inside) {
            (true, false) => field.role == field::Role::Message,
            (true, true) => field.role == field::Role::Ciphertext,
            (false, _) => field.name == name,
        };
        let meaning = fields.iter().find(meant);
        let meaning = meaning.with_context(|| format!("no {name} at {stage}"))?;
        ensure!(shown.is_some() == selected, "{name} at {stage} shows {shown:?}");
        // Things of one name may mean several.
        let said = |what: &str| shown.as_ref().is_none_or(|shown| shown.contains(what));
        let mut meanings = spans().iter().filter(|(of, _)| is_span && *of == name).peekable();
        let is_said = match meanings.peek() {
            Some(_) => meanings.any(|(_, what)| said(what)),
            None => said(meaning.what),
        };
        ensure!(is_said, "{name} at {stage}: its meaning is missing: {shown:?}");
        let protection = match Stage::find(&stage) {
            Some(stage) if is_span && !is_inside => stage.protection_of_messages(),
            _ => meaning.protection,
        };
        for part in ["Offset", "length", meaning.readers, protection] {
            ensure!(said(part), "{name} at {stage}: {part:?} is missing: {shown:?}");
        }
        Ok(())
    }
}

/// Names and meanings of what is in a message, certificates and their parts among it.
fn spans() -> &'static [(&'static str, &'static str)] {
    static SPANS: OnceLock<Vec<(&str, &str)>> = OnceLock::new();
    SPANS.get_or_init(|| {
        let mut message = Vec::new();
        for tag in TAGS {
            tag.append(b"it", &mut message);
        }
        let mut stack = messages::explain(&message).spans;
        for event in real_run() {
            if let EventKind::Handshake(message) = &event.kind {
                stack.extend(messages::explain(&message.message).spans);
            }
        }
        let mut spans = Vec::new();
        while let Some(span) = stack.pop() {
            spans.push((span.name, span.what));
            stack.extend(span.inside);
        }
        spans
    })
}

/// The place where a picture is kept, to be looked at.
fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The messages and records of a run on the wire, in the order they were sent.
fn on_the_wire(events: &[Event]) -> Vec<Vec<u8>> {
    let sent = events.iter().filter_map(|event| match &event.kind {
        EventKind::Handshake(message) if message.direction == Way::Sent => {
            Some(match &message.record {
                Some(payload) => event.stage.record(payload),
                None => event.stage.record_of_message(&message.message),
            })
        }
        EventKind::Sent(record) => Some(event.stage.record(&record.record)),
        _ => None,
    });
    sent.collect()
}

#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn it_loads_nothing_but_itself_and_says_nothing() -> Result<()> {
    // Those of a run are selected below.
    let page = Open::new(&eventful_run(), Conditions::default())?;
    for at in 0..page.fields()? {
        page.tab.tab.click_point(page.middle(at)?)?;
    }
    page.has_been_alone()
}

#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn selecting_a_field_with_the_mouse_explains_it() -> Result<()> {
    let page = Open::new(real_run(), Conditions::default())?;
    let fields = page.fields()?;
    // A row for each field of a record, for the header of a message in the clear, and for whatever is in a message.
    let rows = real_run().iter().map(|event| match &event.kind {
        EventKind::Handshake(message) if message.direction == Way::Sent => {
            let around = match message.record {
                Some(_) => event.stage.fields.len(),
                None => event.stage.fields_of_messages().len() - 1,
            };
            around + outline(&messages::explain(&message.message).spans, FOLDED).len()
        }
        EventKind::Sent(_) => event.stage.fields.len(),
        _ => 0,
    });
    assert_eq!(fields, rows.sum::<usize>());
    for at in 0..fields {
        page.tab.tab.click_point(page.middle(at)?)?;
        page.is_explained(at, true)?;
    }
    let selected: usize = page.ask("document.querySelectorAll('details[open]').length")?;
    let is_inside = |event: &&Event| matches!(&event.kind, EventKind::Handshake(it) if it.direction == Way::Sent && it.record.is_some());
    let inside = real_run().iter().filter(is_inside).count();
    let all = on_the_wire(real_run()).len() + inside;
    assert_eq!(selected, all, "one field a message, one a record");
    page.has_been_alone()
}

#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn selecting_a_field_with_a_finger_explains_it() -> Result<()> {
    let page = Open::new(real_run(), Conditions { phone: true, ..Default::default() })?;
    // What is said of each, the mouse finds out.
    for at in (0..page.fields()?).step_by(5) {
        let Point { x, y } = page.middle(at)?;
        let finger = json!({ "type": "touchStart", "touchPoints": [{ "x": x, "y": y }] });
        page.tab.call::<Input::DispatchTouchEvent>(finger)?;
        let no_finger = json!({ "type": "touchEnd", "touchPoints": [] });
        page.tab.call::<Input::DispatchTouchEvent>(no_finger)?;
        page.is_explained(at, true)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn the_keyboard_reaches_every_field_and_explains_them() -> Result<()> {
    let page = Open::new(real_run(), Conditions::default())?;
    let fields = page.fields()?;
    let mut reached = BTreeSet::new();
    let focused = "[...document.querySelectorAll('summary')].indexOf(document.activeElement)";
    for tabs in 0.. {
        ensure!(tabs < 4 * fields, "Tab never got to the last field: {reached:?}");
        page.tab.tab.press_key("Tab")?;
        let Ok(at) = usize::try_from(page.ask::<i64>(focused)?) else { continue };
        // What is said of each, the mouse finds out.
        if at % 5 == 0 {
            let keys = if at % 2 == 0 { ["Enter", " "] } else { [" ", "Enter"] };
            for (key, selected) in keys.into_iter().zip([true, false]) {
                page.tab.tab.press_key(key)?;
                page.is_explained(at, selected)?;
            }
        }
        reached.insert(at);
        if reached.len() == fields {
            return Ok(());
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn the_bytes_shown_are_the_runs() -> Result<()> {
    for events in [real_run().to_vec(), eventful_run()] {
        let page = Open::new(&events, Conditions::default())?;
        page.ask::<usize>(
            "[...document.querySelectorAll('details')].map(it => { it.name = ''; it.open = true }).length",
        )?;
        let shown: Vec<Vec<String>> = page.ask(
            "[...document.querySelectorAll('.record.sent')].map(record =>
               [...record.querySelectorAll('details')].map(field =>
                 (field.querySelector('.all') ?? field.querySelector('code')).innerText))",
        )?;
        let bytes = |text: &String| -> Result<Vec<u8>> {
            text.split_whitespace().map(|byte| Ok(u8::from_str_radix(byte, 16)?)).collect()
        };
        let shown: Vec<_> = shown
            .iter()
            .map(|fields| Ok(fields.iter().map(bytes).collect::<Result<Vec<_>>>()?.concat()))
            .collect::<Result<_>>()?;
        assert!(shown == on_the_wire(&events));
    }
    Ok(())
}

#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn nothing_is_wider_than_a_phone() -> Result<()> {
    for events in [real_run(), &eventful_run()] {
        let page = Open::new(events, Conditions { phone: true, ..Default::default() })?;
        for open in ["false", "true"] {
            let widths: (u32, u32) = page.ask(&format!(
                "(document.querySelectorAll('details').forEach(it => {{ it.name = ''; it.open = {open} }}),
                 [document.documentElement.scrollWidth, innerWidth])"
            ))?;
            assert_eq!(widths, (PHONE.0, PHONE.0));
            let wide: Vec<String> = page.ask(&format!(
                "[...document.querySelectorAll('body *')].filter(it => it.checkVisibility()
                   && (it.getBoundingClientRect().right > {} || it.scrollWidth > it.clientWidth + 1
                       && getComputedStyle(it).display !== 'inline' && !it.closest('h3'))).map(it => it.outerHTML.slice(0, 200))",
                PHONE.0
            ))?;
            assert_eq!(wide, Vec::<String>::new());
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn everything_is_there_without_javascript() -> Result<()> {
    let page = Open::new(real_run(), Conditions { no_javascript: true, ..Default::default() })?;
    let text: String = page.ask("document.body.innerText")?;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    for stage in STAGES {
        let meanings = stage.fields.iter().flat_map(|it| [it.what, it.readers, it.protection]);
        let said = [stage.name, stage.title, stage.adds, stage.stops, stage.lets_through];
        for part in said.into_iter().chain(meanings) {
            assert!(text.contains(&part.to_lowercase()), "{}: {part:?} is missing", stage.name);
        }
    }
    let sent = real_run().iter().filter_map(|event| match &event.kind {
        // Behind the tag and the length of its first field, as far as it is not told part by part.
        EventKind::Handshake(message) if !event.stage.has_types() => {
            let explained = messages::explain(&message.message);
            let own = outline(&explained.spans, FOLDED)[2].own;
            Some(&message.message[4..4 + own.min(8)])
        }
        EventKind::Handshake(HandshakeMessage { record: Some(record), .. }) => {
            Some(&record[..8.min(record.len() - event.stage.overhead())])
        }
        EventKind::Sent(record) => Some(&record.record[..8]),
        _ => None,
    });
    for bytes in sent {
        let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(text.contains(&bytes.join(" ")), "{bytes:?}");
    }
    page.tab.tab.click_point(page.middle(0)?)?;
    page.is_explained(0, true)
}

#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn text_stands_out_from_what_is_behind_it() -> Result<()> {
    for events in [real_run(), &eventful_run()] {
        let page = Open::new(events, Conditions::default())?;
        for dark in [false, true] {
            page.tab.prefer(dark)?;
            let (_, faint) = page.tab.faint("body", "style")?;
            assert_eq!(faint, Vec::<String>::new(), "dark: {dark}");
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn it_has_a_light_look_and_a_dark_one() -> Result<()> {
    let background = "getComputedStyle(document.body).backgroundColor";
    for phone in [false, true] {
        let page = Open::new(&eventful_run(), Conditions { phone, ..Default::default() })?;
        let light: String = page.ask(background)?;
        page.tab.prefer(true)?;
        assert_ne!(page.ask::<String>(background)?, light);
    }
    Ok(())
}

/// The pictures stay in the target directory.
#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn it_is_there_to_be_looked_at() -> Result<()> {
    let of = |stage: &'static Stage| -> Vec<_> {
        real_run().iter().filter(|event| event.stage == stage).cloned().collect()
    };
    let certified = STAGES.iter().find(|stage| stage.has_certificates());
    let certified = certified.context("no stage has certificates")?;
    let runs = [
        (of(&PART2_AEAD), "aead"),
        (of(&PART3_HKDF), "hkdf"),
        (of(certified), "certificates"),
        (eventful_run(), "eventful"),
    ];
    for (size, scheme) in
        [("desktop", "light"), ("desktop", "dark"), ("phone", "light"), ("phone", "dark")]
    {
        let conditions =
            Conditions { phone: size == "phone", dark: scheme == "dark", no_javascript: false };
        for (events, name) in &runs {
            let page = Open::new(events, conditions)?;
            page.tab.tab.click_point(page.middle(3)?)?;
            let file = picture(&format!("{name}-{size}-{scheme}.png"));
            fs::write(file, page.tab.picture()?)?;
        }
    }
    let page = Open::new(real_run(), Conditions::default())?;
    let pdf = page.tab.tab.print_to_pdf(None)?;
    Ok(fs::write(picture("print.pdf"), pdf)?)
}

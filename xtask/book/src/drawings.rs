//! The pictures of the book: each stage's record, and an exchange as it went.
//!
//! Lengths and offsets come from the catalogue of stages, and the exchange from a run of the programs.

mod tls;

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use askama::Template;
use stages::{Field, Place, STAGES, Stage, field, handshake, part};
use transcript::certified::{Chain, chain};
use transcript::schedule::is_over_what_was_said;
use transcript::{Direction, Event, EventKind, HandshakeMessage, Record, Role, Way};
use xtask::complain;
use xtask::launch::{Pair, Programs, Wire};
use xtask::views::{NewFile, layout};

use self::tls::{KeysView, LadderView};
use crate::{Finding, SOURCE};

/// Width of a picture.
const WIDTH: u32 = 440;
/// Where its contents begin, and end.
const LEFT: u32 = 20;
const RIGHT: u32 = WIDTH - LEFT;
/// Width of a chain, and how far apart the tops of its links are.
const CHAIN: u32 = 210;
const ROW: u32 = 71;
/// Whose keys it ends with, and where they are.
const KEYS: [(Role, u32); 2] = [(Role::Client, LEFT), (Role::Server, LEFT + CHAIN / 2 + 2)];

/// Draws all pictures; or, to `check`, reports those that would be drawn differently.
///
/// # Errors
/// When the programs cannot be run, or a picture cannot be written.
pub fn remake(root: &Path, check: bool) -> Result<Vec<Finding>> {
    let programs = Programs::of_stages(STAGES, false)?;
    let folder = Path::new(SOURCE).join("images");
    let mut findings = Vec::new();
    for stage in STAGES {
        let record = RecordView::new(stage).render()?;
        let events = run(&programs, stage)?;
        let mut drawings = vec![("record", record)];
        if stage.has_types() {
            drawings.push(("exchange", LadderView::new(stage, &events).render()?));
            drawings.push(("keys", KeysView::new(stage, &events).render()?));
        } else {
            drawings.push(("exchange", ExchangeView::new(stage, &events).render()?));
        }
        if let Some(chain) = ChainView::new(stage, &events) {
            drawings.push(("chain", chain.render()?));
        }
        for (what, drawn) in drawings {
            let path = folder.join(format!("{}-{what}.svg", stage.name));
            let there = fs::read_to_string(root.join(&path)).unwrap_or_default();
            if there == drawn {
                continue;
            }
            if check {
                let same = there.lines().zip(drawn.lines()).take_while(|(a, b)| a == b).count();
                let shown = |text: &str| text.lines().nth(same).unwrap_or("nothing").to_owned();
                let what = format!(
                    "`cargo xtask book` draws something else\n  the file has   {}\n  it draws       {}",
                    shown(&there),
                    shown(&drawn)
                );
                findings.push(Finding { path, line: same + 1, what });
            } else {
                fs::create_dir_all(root.join(&folder))?;
                NewFile::write(&root.join(&path), drawn.as_bytes())?;
                complain(&format!("{}: drawn anew", path.display()));
            }
        }
    }
    Ok(findings)
}

/// Runs an exchange, and returns its events.
fn run(programs: &Programs, stage: &'static Stage) -> Result<Vec<Event>> {
    let has_more = stage.has_records() && stage.has_data() && !stage.has_types();
    let client_args: &[_] = if has_more { &["--requests", "2"] } else { &[] };
    let mut events = Vec::new();
    let pair = Pair { stage, server_args: &[], client_args, wire: Wire::Unwatched };
    let outcome = pair.run(programs, |event| events.push(event.clone()))?;
    ensure!(outcome.code() == 0, "{} did not finish", stage.name);
    Ok(events)
}

/// A field in a row of them.
struct FieldView {
    place: Place,
    x: u32,
    width: u32,
}

impl FieldView {
    fn middle(&self) -> u32 {
        self.x + self.width / 2
    }

    fn end(&self) -> u32 {
        self.x + self.width
    }

    fn len(&self) -> String {
        layout::len(self.place.field.len) + " B"
    }
}

/// Lays the fields of a record side by side, from `left` to `right`. The longer ones are wider, but none is too
/// narrow for its name; the text takes what the others leave.
fn row(places: impl Iterator<Item = Place>, left: u32, right: u32) -> Vec<FieldView> {
    let width = |field: &Field| {
        let [len, letters] =
            [field.len?, field.name.len()].map(|it| u32::try_from(it).unwrap_or(0));
        Some((42 + len * 5 / 4).max(8 + 13 * letters / 2))
    };
    let places: Vec<_> = places.collect();
    let fixed: u32 = places.iter().filter_map(|place| width(place.field)).sum();
    let mut x = left;
    let field = |place: Place| {
        let width = width(place.field).unwrap_or(right - left - fixed);
        let field = FieldView { place, x, width };
        x = field.end();
        field
    };
    places.into_iter().map(field).collect()
}

/// A record.
#[derive(Template)]
#[template(path = "record.svg")]
struct RecordView {
    stage: &'static Stage,
    fields: Vec<FieldView>,
}

/// A bracket under some of its fields.
struct Mark {
    from: u32,
    to: u32,
    y: u32,
    words: &'static str,
}

impl Mark {
    fn middle(&self) -> u32 {
        self.from.midpoint(self.to)
    }
}

impl RecordView {
    fn new(stage: &'static Stage) -> Self {
        Self { stage, fields: row(stage.places(), LEFT, RIGHT) }
    }

    fn title(&self) -> String {
        let what = if self.stage.has_records() { "record" } else { "message" };
        format!("A {what} of {}", self.stage.name)
    }

    fn marks(&self) -> Vec<Mark> {
        let mark = |words, is_meant: fn(&Field) -> bool| {
            let mut meant = self.fields.iter().filter(|field| is_meant(field.place.field));
            let first = meant.next()?;
            let last = meant.next_back().unwrap_or(first);
            Some(Mark { from: first.x + 2, to: last.end() - 2, y: 0, words })
        };
        let marks = [
            mark("encrypted", Field::is_encrypted),
            mark("under the tag", |field| field.is_covered),
        ];
        let marks = marks.into_iter().flatten();
        (0..).zip(marks).map(|(row, mark)| Mark { y: 117 + 34 * row, ..mark }).collect()
    }

    /// A note on what the brackets do not show.
    fn warning(&self) -> Option<&'static str> {
        let has = |is: fn(&Field) -> bool| self.stage.fields.iter().any(is);
        match (has(Field::is_encrypted), has(|field| field.is_covered)) {
            (_, true) => None,
            (true, false) => Some("No tag: nothing here tells whether any of it was changed."),
            (false, false) => Some("Everyone on the path can read it and change it."),
        }
    }

    fn height(&self) -> u32 {
        let marks = u32::try_from(self.marks().len()).unwrap_or(0);
        116 + 34 * marks + if self.warning().is_some() { 22 } else { 0 }
    }

    fn told(&self) -> String {
        let field = |field: &Field| {
            let as_text = || "as long as the plaintext".to_owned();
            let len = field.len.map_or_else(as_text, |len| format!("{len} bytes"));
            let encrypted = if field.is_encrypted() { ", encrypted" } else { "" };
            let covered = if field.is_covered { ", under the tag" } else { "" };
            format!("{}, {len}{encrypted}{covered}", field.name)
        };
        self.stage.fields.iter().map(field).collect::<Vec<_>>().join("; ")
    }
}

/// An exchange.
#[derive(Template)]
#[template(path = "exchange.svg")]
struct ExchangeView {
    stage: &'static Stage,
    steps: Vec<StepView>,
}

/// A step of it.
struct StepView {
    y: u32,
    what: What,
}

enum What {
    /// A record goes from one side to the other.
    Carried(CarriedView),
    /// Both sides make a secret or keys, each by itself.
    Made(Vec<String>),
}

/// A record on its way.
struct CarriedView {
    from: Role,
    sent: String,
    boxes: Vec<BoxView>,
    /// What its receiver checks.
    checked: Vec<String>,
}

/// A field of it, or a part of the message that it carries.
struct BoxView {
    field: &'static Field,
    name: String,
    x: u32,
    width: u32,
}

impl ExchangeView {
    /// An exchange as its client tells it: in which order the events of two processes come is up to them.
    fn new(stage: &'static Stage, events: &[Event]) -> Self {
        let mut told: Vec<What> = Vec::new();
        for event in events.iter().filter(|event| event.role == Role::Client) {
            match &event.kind {
                EventKind::Handshake(message) => {
                    let from = match message.direction {
                        Way::Sent => Role::Client,
                        Way::Received => Role::Server,
                    };
                    told.push(What::Carried(CarriedView::message(from, message, events)));
                }
                EventKind::Sent(record) => {
                    told.push(What::Carried(CarriedView::record(stage, Role::Client, record)));
                }
                EventKind::Received(record) => {
                    told.push(What::Carried(CarriedView::record(stage, Role::Server, record)));
                }
                EventKind::Derived { label, direction, .. } => {
                    let label = match direction {
                        None => label.clone(),
                        Some(Direction::ToServer) => format!("{label} →"),
                        Some(Direction::ToClient) => format!("← {label}"),
                    };
                    match told.last_mut() {
                        Some(What::Made(labels)) => labels.push(label),
                        _ => told.push(What::Made(vec![label])),
                    }
                }
                _ => {}
            }
        }
        let mut y = 44;
        let step = |what: What| {
            let step = StepView { y, what };
            y = step.end();
            step
        };
        Self { stage, steps: told.into_iter().map(step).collect() }
    }

    fn title(&self) -> String {
        let what = if self.stage.has_data() { "An exchange" } else { "A handshake" };
        format!("{what} at {}", self.stage.name)
    }

    fn height(&self) -> u32 {
        self.steps.last().map_or(0, |step| step.end() + 12)
    }

    fn told(&self) -> String {
        let step = |step: &StepView| match &step.what {
            What::Carried(carried) => {
                let to = if carried.is_from_client() { Role::Server } else { Role::Client };
                let CarriedView { from, sent, checked, .. } = carried;
                format!("The {from} sends {sent}. The {to}: {}", checked.join("; "))
            }
            What::Made(labels) => {
                let labels: Vec<_> =
                    labels.iter().map(|label| label.trim_matches(['←', '→', ' '])).collect();
                format!("Both sides make the {}", labels.join(", the "))
            }
        };
        self.steps.iter().map(step).collect::<Vec<_>>().join(". ")
    }
}

/// Who signs what, from the client's root to the keys of the connection.
#[derive(Template)]
#[template(path = "chain.svg")]
struct ChainView {
    stage: &'static Stage,
    /// The name of the message that it stands in.
    message: String,
    /// The name of the message that the signature of this connection stands in.
    signed_in: String,
    chain: Chain,
}

/// Someone in it who signs.
struct LinkView {
    y: u32,
    /// Its class in the style sheet.
    class: &'static str,
    name: String,
    what: &'static str,
    /// Where it is.
    place: String,
    /// What it does with what is below it.
    signs: String,
}

impl ChainView {
    /// The chain as the client received it, at a stage where it receives one.
    fn new(stage: &'static Stage, events: &[Event]) -> Option<Self> {
        let received = events.iter().find_map(|event| match (&event.kind, event.role) {
            (EventKind::Handshake(it), Role::Client) if it.direction == Way::Received => {
                Some((it.step.clone(), chain(&it.message)?))
            }
            _ => None,
        });
        let (message, chain) = received?;
        let signed_in = match chain.signature {
            Some(_) => message.clone(),
            None => events.iter().find_map(|event| match &event.kind {
                EventKind::Handshake(it) if is_over_what_was_said(&it.message) => {
                    Some(it.step.clone())
                }
                _ => None,
            })?,
        };
        Some(Self { stage, message, signed_in, chain })
    }

    /// Whether the signature is over both keys alone, and not over all that was said.
    fn is_over_keys(&self) -> bool {
        self.chain.signature.is_some()
    }

    fn title(&self) -> String {
        format!("Who signs what at {}", self.stage.name)
    }

    fn links(&self) -> Vec<LinkView> {
        let Self { message, signed_in, chain, .. } = self;
        let signs = if self.is_over_keys() {
            format!("signs, for this connection: the end of {message}")
        } else {
            format!("signs, for this connection: {signed_in}")
        };
        let root =
            (chain.root.as_str(), "length", "root", "the client has it beforehand".to_owned());
        let last = chain.links.len();
        let links = (1..).zip(&chain.links).map(|(at, link)| {
            let what = if at == last { "the server's certificate" } else { "certificate" };
            (link.subject.as_str(), "message", what, format!("on the wire, in {message}"))
        });
        (0..)
            .zip([root].into_iter().chain(links))
            .map(|(at, (name, class, what, place))| LinkView {
                y: 44 + ROW * at,
                class,
                name: name.to_owned(),
                what,
                place,
                signs: if at as usize == last {
                    signs.clone()
                } else {
                    "signs, for years".to_owned()
                },
            })
            .collect()
    }

    fn keys_at(&self) -> u32 {
        44 + ROW * u32::try_from(self.chain.links.len() + 1).unwrap_or(0)
    }

    fn height(&self) -> u32 {
        self.keys_at() + 56
    }

    fn told(&self) -> String {
        let link =
            |it: LinkView| format!("{}, {}, {}: it {}", it.name, it.what, it.place, it.signs);
        let links: Vec<_> = self.links().into_iter().map(link).collect();
        let last = if self.is_over_keys() {
            "the client's X25519 key and the server's".to_owned()
        } else {
            format!("all that was said, ClientHello to {}", self.message)
        };
        format!("{}. Last, {last}", links.join(". "))
    }
}

impl StepView {
    /// Where the next one begins.
    fn end(&self) -> u32 {
        let lines = |lines: &[String]| 15 * u32::try_from(lines.len()).unwrap_or(0);
        self.y
            + match &self.what {
                What::Carried(carried) => 65 + lines(&carried.checked),
                What::Made(labels) => 40 + lines(labels),
            }
    }
}

impl CarriedView {
    /// A record of data.
    fn record(stage: &Stage, from: Role, record: &Record) -> Self {
        let (plaintext, len) = (record.plaintext.len(), stage.header().len() + record.record.len());
        let sent = if len == plaintext {
            format!("{plaintext} bytes, as they are")
        } else {
            format!("record {}: {plaintext} bytes in {len}", record.index)
        };
        let checked = match (stage.has(field::Role::Tag), record.seq) {
            (true, Some(seq)) => format!("the tag verifies, and seq {seq} is the one expected"),
            (true, None) => "the tag verifies".to_owned(),
            (false, _) => "there is nothing to check".to_owned(),
        };
        let boxes = row(stage.places(), LEFT + 12, RIGHT - 12).into_iter().map(BoxView::from);
        Self { from, sent, boxes: boxes.collect(), checked: vec![checked] }
    }

    /// A message of the handshake. Its lengths are not told: a number may be a byte shorter once in a while.
    fn message(from: Role, message: &HandshakeMessage, events: &[Event]) -> Self {
        let received = events.iter().find_map(|event| match &event.kind {
            EventKind::Handshake(it)
                if it.step == message.step && it.direction == Way::Received =>
            {
                Some(it)
            }
            _ => None,
        });
        let mut boxes = Vec::new();
        for field in row(part::places(handshake::FIELDS), LEFT + 12, RIGHT - 12) {
            if field.place.field.role == field::Role::Message {
                let parts = u32::try_from(message.spans.len()).unwrap_or(1).max(1);
                let width = field.width / parts;
                boxes.extend((0..).zip(&message.spans).map(|(at, span)| BoxView {
                    field: field.place.field,
                    name: span.name.clone(),
                    x: field.x + at * width,
                    width,
                }));
            } else {
                boxes.push(field.into());
            }
        }
        let checked = received.map(|message| message.checked.clone()).unwrap_or_default();
        Self { from, sent: message.step.clone(), boxes, checked }
    }

    fn is_from_client(&self) -> bool {
        self.from == Role::Client
    }

    /// Beside the sender's line.
    fn sender(&self) -> u32 {
        if self.is_from_client() { LEFT + 12 } else { RIGHT - 12 }
    }

    /// Beside the receiver's line.
    fn receiver(&self) -> u32 {
        if self.is_from_client() { RIGHT - 12 } else { LEFT + 12 }
    }

    /// Returns whether a check can fail here.
    fn is_checked(&self) -> bool {
        self.boxes.iter().any(|it| matches!(it.field.role, field::Role::Tag | field::Role::Message))
    }
}

impl BoxView {
    fn middle(&self) -> u32 {
        self.x + self.width / 2
    }
}

impl From<FieldView> for BoxView {
    fn from(view: FieldView) -> Self {
        let field = view.place.field;
        Self { field, name: field.name.to_owned(), x: view.x, width: view.width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{ToClient, ToServer};
    use Role::{Client, Server};
    use Way::{Received, Sent};
    use stages::PART3_HKDF;

    /// A message with one X25519 key.
    const HELLO: [u8; 36] = {
        let mut hello = [7; 36];
        [hello[0], hello[1], hello[2], hello[3]] = [0, 0x10, 0, 32];
        hello
    };

    fn view() -> ExchangeView {
        let hello = |step, direction, checked: &[&str]| {
            EventKind::Handshake(HandshakeMessage::new(step, direction, &HELLO, checked))
        };
        let derived = |label: &str, direction| EventKind::Derived {
            label: label.to_owned(),
            from: String::new(),
            direction,
            fingerprint: None,
        };
        let record = || Record::new(&PART3_HKDF, 0, b"hello", &[0; 41]);
        let events = [
            (Client, hello("ClientHello", Sent, &[])),
            (Server, hello("ClientHello", Received, &["it is whole", "it is not zero"])),
            (Server, derived("shared secret", None)),
            (Server, hello("ServerHello", Sent, &[])),
            (Client, hello("ServerHello", Received, &["it is whole"])),
            (Client, derived("shared secret", None)),
            (Client, derived("client key", Some(ToServer))),
            (Client, derived("server key", Some(ToClient))),
            (Client, EventKind::Sent(record())),
            (Server, derived("client key", Some(ToServer))),
            (Server, EventKind::Received(record())),
        ];
        let event = |(role, kind)| Event { role, stage: &PART3_HKDF, kind };
        ExchangeView::new(&PART3_HKDF, &events.map(event))
    }

    #[test]
    fn a_handshake_is_drawn_message_by_message_and_what_both_sides_make_of_it_once() {
        let told = view().told();
        let expected = "The client sends ClientHello. The server: it is whole; it is not zero. \
                        The server sends ServerHello. The client: it is whole. \
                        Both sides make the shared secret, the client key, the server key. \
                        The client sends record 0: 5 bytes in 45. \
                        The server: the tag verifies, and seq 0 is the one expected";
        assert_eq!(told, expected);
        let view = view();
        let of = |step: &StepView| match &step.what {
            What::Carried(it) => it.boxes.iter().map(|it| it.name.clone()).collect(),
            What::Made(labels) => labels.clone(),
        };
        let shown: Vec<Vec<String>> = view.steps.iter().map(of).collect();
        assert_eq!(shown[0], ["length", "X25519 key"]);
        assert_eq!(shown[2], ["shared secret", "client key →", "← server key"]);
        assert_eq!(shown[3], ["length", "seq", "nonce", "ciphertext", "tag"]);
    }

    #[test]
    fn a_chain_is_drawn_from_the_root_to_both_keys() {
        let vectors = include_str!("../../../crates/handshake/tests/vectors/handshakes.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        let mut all = vectors["handshakes"].as_array().unwrap().iter();
        let auth = all.find_map(|it| it.get("server_auth")).unwrap();
        let auth: transcript::Hex = serde_json::from_value(auth.clone()).unwrap();
        let stage = STAGES.iter().find(|stage| stage.has_certificates()).unwrap();
        let event = |direction| Event {
            role: Client,
            stage,
            kind: EventKind::Handshake(HandshakeMessage::new("ServerAuth", direction, &auth, &[])),
        };
        assert!(ChainView::new(stage, &[event(Sent)]).is_none());
        let view = ChainView::new(stage, &[event(Received)]).unwrap();
        let links = view.links();
        let names: Vec<_> = links.iter().map(|link| link.name.as_str()).collect();
        assert_eq!(names, ["Root CA", "Intermediate CA", "localhost"]);
        assert!(links.windows(2).all(|pair| pair[0].y + 70 < pair[1].y), "an arrow has room");
        assert!(links[2].y + 70 < view.keys_at() && view.keys_at() + 40 < view.height());
        let svg = view.render().unwrap();
        assert_eq!(svg.matches("X25519 key</text>").count(), 2, "{svg}");
    }

    #[test]
    fn no_step_of_a_drawing_covers_another_and_none_reaches_beyond_it() {
        let view = view();
        for pair in view.steps.windows(2) {
            assert_eq!(pair[0].end(), pair[1].y);
        }
        for step in &view.steps {
            if let What::Carried(carried) = &step.what {
                let edges = carried.boxes.iter().map(|it| (it.x, it.x + it.width));
                let edges: Vec<_> = edges.collect();
                assert!(edges.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{edges:?}");
                assert!(edges.last().unwrap().1 <= RIGHT - 12, "{edges:?}");
            }
        }
        let svg = view.render().unwrap();
        let texts = svg.split("<text ").skip(1).map(|text| {
            let y = text.split_once("y=\"").unwrap().1.split('"').next().unwrap();
            y.parse::<u32>().unwrap()
        });
        let texts: Vec<_> = texts.collect();
        for pair in texts.windows(2).filter(|pair| pair[0] != pair[1]) {
            assert!(pair[0] + 13 <= pair[1], "{pair:?} in {texts:?}");
        }
        assert!(*texts.last().unwrap() < view.height());
    }
}

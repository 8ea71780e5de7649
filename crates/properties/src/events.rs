use std::net::SocketAddr;

use stages::{STAGES, Stage};
use transcript::{
    Detail, Direction, Event, EventKind, HandshakeMessage, Merge, Record, Role, Summary, Way,
    WireLane, text,
};

use crate::Choices;

/// Length beyond which a run shows nothing more.
const MAX_EVENTS: usize = 40;

/// Characters that random bytes hardly ever make and that nobody sees: they turn the direction of text, have no
/// width, end a line, or mean nothing.
const HIDDEN: &str = "\u{9b}\u{202e}\u{2066}\u{200b}\u{2028}\u{feff}\u{e0041}\u{10ffff}";

/// Checks a file of any bytes, read as a run: each line is an event or it is not, an event reads
/// back as it was written, and the events of the file can be shown and merged, whatever they say.
///
/// # Panics
/// Where that does not hold.
pub fn run_file(input: &[u8]) {
    let lines = input.split(|byte| *byte == b'\n');
    let events: Vec<Event> = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
    reads_back(&events);
    can_be_shown(&events);
    can_be_merged(&events, Choices::new(input));
}

/// Checks the same for any events, in any order, that programs could report.
///
/// # Panics
/// Where that does not hold.
pub fn transcript(input: &[u8]) {
    let mut choices = Choices::new(input);
    let schedule = choices;
    let mut events = Vec::new();
    while !choices.is_empty() && events.len() < MAX_EVENTS {
        events.push(event(&mut choices));
    }
    reads_back(&events);
    can_be_shown(&events);
    can_be_merged(&events, schedule);
}

fn event(choices: &mut Choices<'_>) -> Event {
    let role = [Role::Client, Role::Server, Role::Wire][choices.below(3)];
    let stage = STAGES[choices.below(STAGES.len())];
    Event { role, stage, kind: kind(stage, choices) }
}

fn kind(stage: &Stage, choices: &mut Choices<'_>) -> EventKind {
    let addr = || SocketAddr::from(([127, 0, 0, 1], 9002));
    let direction =
        |choices: &mut Choices<'_>| [Direction::ToServer, Direction::ToClient][choices.below(2)];
    match choices.below(11) {
        0 => EventKind::Listening { addr: addr() },
        1 => EventKind::Connected { peer: addr() },
        2 => EventKind::Sent(record(stage, choices)),
        3 => EventKind::Received(record(stage, choices)),
        4 => EventKind::Rejected {
            index: number(choices),
            step: (choices.below(2) == 1).then(|| "ServerHello".to_owned()),
            error: "bad_tag".to_owned(),
            message: String::from_utf8_lossy(bytes(choices)).into_owned() + HIDDEN,
            expected_seq: (choices.below(2) == 1).then(|| number(choices)),
            record: (choices.below(2) == 1).then(|| bytes(choices).into()),
        },
        5 => EventKind::Closed {
            clean: choices.below(2) == 1,
            records_sent: number(choices),
            records_received: number(choices),
        },
        6 => EventKind::Dropped { events: number(choices) },
        7 => EventKind::Chunk {
            direction: direction(choices),
            micros: number(choices),
            bytes: chunk(stage, choices).as_slice().into(),
        },
        8 => EventKind::End { direction: direction(choices), micros: number(choices) },
        9 => {
            let way = [Way::Sent, Way::Received][choices.below(2)];
            EventKind::Handshake(HandshakeMessage::new(
                "ClientHello",
                way,
                bytes(choices),
                &["form"],
            ))
        }
        _ => EventKind::Derived {
            label: "shared secret".to_owned(),
            from: String::from_utf8_lossy(bytes(choices)).into_owned() + HIDDEN,
            direction: (choices.below(2) == 1).then(|| direction(choices)),
            fingerprint: (choices.below(2) == 1).then(|| bytes(choices).into()),
        },
    }
}

fn record(stage: &Stage, choices: &mut Choices<'_>) -> Record {
    let (index, plaintext) = (number(choices), bytes(choices));
    let payload = [&vec![0; choices.byte().into()], bytes(choices)].concat();
    Record::new(stage, index, plaintext, &payload)
}

/// Any bytes, or a whole record.
fn chunk(stage: &Stage, choices: &mut Choices<'_>) -> Vec<u8> {
    if choices.below(2) == 0 {
        return bytes(choices).to_vec();
    }
    stage.record(&[&vec![0; stage.overhead()], bytes(choices)].concat())
}

fn bytes<'i>(choices: &mut Choices<'i>) -> &'i [u8] {
    let len = choices.byte();
    choices.bytes(len.into())
}

/// Small numbers, and the largest.
fn number(choices: &mut Choices<'_>) -> u64 {
    let byte = choices.byte();
    if byte < 0x80 { byte.into() } else { u64::MAX - u64::from(byte & 0x7f) }
}

fn reads_back(events: &[Event]) {
    for event in events {
        let line = serde_json::to_string(event).expect("an event has JSON");
        assert!(!line.contains('\n'), "an event is one line");
        let read: Event = serde_json::from_str(&line).expect("its JSON is an event");
        assert_eq!(read, *event);
    }
}

/// Checks that every lane shows every event, and lets nothing through that a terminal would act on,
/// except our own colours: the text in an event is somebody else's.
fn can_be_shown(events: &[Event]) {
    for detail in [Detail::Off, Detail::Fields, Detail::Full] {
        let mut lane = WireLane::new(detail);
        for event in events {
            assert_harmless(&lane.event(event));
        }
    }
    let mut summary = Summary::default();
    for event in events {
        assert_harmless(&text::event(event));
        assert_harmless(&summary.event(event));
    }
}

fn assert_harmless(text: &str) {
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\x1b') {
        assert_visible(before);
        let colour = behind.strip_prefix('[').and_then(|behind| behind.split_once('m'));
        let (number, behind) = colour.expect("an escape sequence that is not a colour");
        let is_ours = OURS.contains(&number) || number.starts_with("38;5;");
        assert!(is_ours, "{number:?}");
        rest = behind;
    }
    assert_visible(rest);
}

/// The numbers in our own escape sequences besides a colour: all off, bold, dimmed, red and green.
/// None hides text.
const OURS: [&str; 5] = ["0", "1", "2", "31", "32"];

fn assert_visible(text: &str) {
    let is_seen = |char: char| char.escape_debug().len() == 1 || "\n\\'\"".contains(char);
    let hidden = text.chars().find(|char| !is_seen(*char));
    assert_eq!(hidden, None, "{text:?}");
}

/// Checks that everything is told in the end, in whatever order it came, and each party's events in
/// their own order.
fn can_be_merged(events: &[Event], mut schedule: Choices<'_>) {
    for watched in [false, true] {
        let mut merge = Merge::new(watched);
        let mut told = Vec::new();
        for event in events {
            merge.push(event.clone());
            if schedule.below(2) == 1 {
                told.extend(merge.next_event());
            }
        }
        for role in [Role::Wire, Role::Server, Role::Client] {
            merge.end(role);
            if schedule.below(2) == 1 {
                told.extend(merge.next_event());
            }
        }
        for _ in told.len()..events.len() {
            told.extend(merge.next_event());
        }
        assert_eq!(merge.next_event(), None);
        for role in [Role::Client, Role::Server, Role::Wire] {
            let of = |events: &[Event]| -> Vec<Event> {
                events.iter().filter(|event| event.role == role).cloned().collect()
            };
            assert_eq!(of(&told), of(events), "{role}");
        }
    }
}

//! The program: events in, files out, and the code it ends with.

mod html;
mod wire;

use std::io::{self, Write};
use std::process::{Command, Output, Stdio};

use stages::{PART1_PLAIN, PART2_AEAD};
use transcript::{Direction, Event, EventKind, Record, Role};

/// Runs the program with this input.
fn render(option: &str, input: &[u8]) -> Output {
    render_to(Stdio::piped(), option, input)
}

fn render_to(out: impl Into<Stdio>, option: &str, input: &[u8]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_render"))
        .arg(option)
        .stdin(Stdio::piped())
        .stdout(out)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read everything.
    _ = program.stdin.take().unwrap().write_all(input);
    program.wait_with_output().unwrap()
}

/// A record on its way, as both sides and the wire report it.
fn events() -> Vec<Event> {
    let record = Record::new(&PART2_AEAD, 0, b"hi", &[0; 38]);
    let event = |role, kind| Event { role, stage: &PART2_AEAD, kind };
    let bytes = PART2_AEAD.record(&record.record).as_slice().into();
    let direction = Direction::ToServer;
    vec![
        event(Role::Client, EventKind::Sent(record.clone())),
        event(Role::Wire, EventKind::Chunk { direction, micros: 7, bytes }),
        event(Role::Server, EventKind::Received(record)),
    ]
}

fn lines(events: &[Event]) -> Vec<u8> {
    let line = |event| serde_json::to_string(event).unwrap() + "\n";
    events.iter().map(line).collect::<String>().into_bytes()
}

fn assert_fails(output: &Output, code: i32, complaint: &str) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(complaints.starts_with(&format!("render: {complaint}")), "{complaints}");
    assert_eq!(complaints.lines().count(), 1, "{complaints}");
}

#[test]
fn a_view_is_complete_when_its_input_ends() {
    for (option, expected) in
        [("--page", html::page(&events()).into_bytes()), ("--capture", wire::capture(events()))]
    {
        let output = render(option, &lines(&events()));
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        assert_eq!(output.stdout, expected);
    }
}

#[test]
fn a_line_that_is_no_event_is_named() {
    let good = lines(&events()[..1]);
    for option in ["--page", "--capture"] {
        for bad in [&b"{}"[..], b"\xff", b"{\"role\":\"client\",\"stage\":\"none\"}"] {
            let output = render(option, &[&good, bad, b"\n"].concat());
            assert_fails(&output, 2, "line 2 is not an event: ");
        }
        let output = render(option, &[&good, &b"{\"role\":\n"[..]].concat());
        assert_fails(&output, 2, "line 2 breaks off: ");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told() {
    for (option, what) in [("--page", "page"), ("--capture", "capture")] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = render_to(full, option, &lines(&events()));
        assert_fails(&output, 3, &format!("cannot write the {what}: "));
    }
}

#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    for option in ["--page", "--capture"] {
        let (nobody, into_nothing) = io::pipe().unwrap();
        drop(nobody);
        let output = render_to(into_nothing, option, &lines(&events()));
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
}

#[test]
fn a_time_that_no_capture_can_hold_is_named() {
    let direction = Direction::ToServer;
    for micros in [u64::MAX, u64::MAX / 1000 + 1] {
        let bytes = b"hi".as_slice().into();
        for kind in
            [EventKind::Chunk { direction, micros, bytes }, EventKind::End { direction, micros }]
        {
            let event = Event { role: Role::Wire, stage: &PART2_AEAD, kind };
            let output = render("--capture", &lines(&[event]));
            let complaint = format!("cannot write the capture: \"micros\":{micros} is ");
            assert_fails(&output, 3, &complaint);
        }
    }
}

#[test]
fn the_dissectors_tables_are_printed_when_asked_for() {
    let output = render("--dissector", b"");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), render::dissector::lua());
    assert!(!render::dissector::lua().contains(PART1_PLAIN.name), "a stage without records");
}

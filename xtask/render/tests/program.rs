//! The program: events in, files out, and the code it ends with.

mod html;
mod wire;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use stages::{PART1_PLAIN, PART2_AEAD};
use transcript::{Direction, Event, EventKind, Record, Role};

/// Runs the program with this input.
fn render(args: &[&str], input: &[u8]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_render"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read everything.
    _ = program.stdin.take().unwrap().write_all(input);
    program.wait_with_output().unwrap()
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
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
fn the_files_are_complete_when_its_input_ends() {
    let (page, capture) = (path("run.html"), path("run.pcapng"));
    let args = ["--page", page.to_str().unwrap(), "--capture", capture.to_str().unwrap()];
    let output = render(&args, &lines(&events()));
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert_eq!(fs::read_to_string(page).unwrap(), html::page(&events()));
    assert_eq!(fs::read(capture).unwrap(), wire::capture(events()));
}

#[test]
fn a_line_that_is_no_event_is_named() {
    let good = lines(&events()[..1]);
    for bad in
        [&b"{}"[..], b"{\"role\":", b"\xff", b"", b"{\"role\":\"client\",\"stage\":\"none\"}"]
    {
        let output = render(&[], &[&good, bad, b"\n"].concat());
        assert_fails(&output, 2, "line 2 is no event: ");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let nowhere = path("no-such-folder").join("file");
    for option in ["--page", "--capture"] {
        let output = render(&[option, nowhere.to_str().unwrap()], b"");
        assert_fails(&output, 3, &format!("cannot write {}: ", nowhere.display()));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told() {
    assert!(fs::File::options().write(true).open("/dev/full").is_ok());
    for (option, what) in [("--page", "page"), ("--capture", "capture")] {
        let output = render(&[option, "/dev/full"], &lines(&events()));
        assert_fails(&output, 3, &format!("cannot write the {what}: "));
    }
}

#[test]
fn the_dissectors_tables_are_printed_when_asked_for() {
    let output = render(&["--dissector"], b"");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), render::dissector::lua());
    assert!(!render::dissector::lua().contains(PART1_PLAIN.name), "a stage without records");
}

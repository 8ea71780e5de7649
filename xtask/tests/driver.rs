//! Programs that do what none of ours does: each is ended, and little of what it wrote is kept.

use std::path::Path;
use std::time::{Duration, Instant};

use transcript::read::MAX_LINE_LEN;
use xtask::launch::driver::Bounds;
use xtask::launch::process::Room;
use xtask::launch::{Driver, Report};

/// Longer than anything here takes; a test that reaches it has hung.
const PATIENCE: Duration = Duration::from_secs(60);

const EVENT: &str =
    r#"{"role":"server","stage":"part2-aead","event":"listening","addr":"127.0.0.1:1"}"#;

/// Runs a script to its end, as a program of ours. Returns its complaints and its exit code, or the error.
fn run(driver: Driver<()>, script: &str) -> Result<(Vec<String>, Option<i32>), String> {
    let mut driver = driver;
    let mut complaints = Vec::new();
    let script = format!("event='{EVENT}'\n{script}");
    driver.start((), Path::new("sh"), ["-c", &script]).unwrap();
    loop {
        match driver.next_report().map_err(|error| error.to_string())? {
            Some(((), Report::Event(_))) => {}
            Some(((), Report::Complaint(line))) => complaints.push(line),
            Some(((), Report::Ended(status))) => return Ok((complaints, status.unwrap().code())),
            None => panic!("it ended without an end"),
        }
    }
}

fn bounded() -> Driver<()> {
    Driver::new(PATIENCE).within(Bounds::SHORT)
}

#[test]
fn a_program_that_writes_without_end_is_ended_and_little_of_it_is_shown() {
    let long = format!("{} [cut after 1024 bytes]", "x".repeat(1024));
    let ended = |room, stream, shown: &str| {
        format!("a program wrote more than {room} MiB to {stream}: all were ended{shown}")
    };
    let lines = |first: &str| {
        format!("{}\n[more lines are left out here]\n{first}", format!("\n{first}").repeat(14))
    };
    for (script, why) in [
        ("yes xxxx | tr -d '\\n' >&2", ended(1, "standard error", &format!("\n{long}"))),
        ("yes >&2", ended(1, "standard error", &lines("y"))),
        ("tr '\\0' '\\n' < /dev/zero >&2", ended(1, "standard error", &lines(""))),
        ("yes \"$event\"", ended(4, "standard output", "")),
    ] {
        assert_eq!(run(bounded(), script), Err(why), "{script}");
    }
}

#[test]
fn a_line_on_standard_output_longer_than_any_event_is_none() {
    let why = format!(
        "a line on standard output that is no event: it is longer than {MAX_LINE_LEN} bytes: {} [cut \
         after 1024 bytes] (to print something, use eprintln! or dbg!)",
        "x".repeat(1024)
    );
    assert_eq!(run(bounded(), "yes xxxx | tr -d '\\n'"), Err(why));
}

#[test]
fn complaints_are_no_sign_of_life() {
    let driver = Driver::new(Duration::from_secs(1));
    let error = run(driver, "while :; do echo 'still here' >&2; sleep 0.1; done").unwrap_err();
    assert!(error.starts_with("nothing happened for 1 s: all were ended\nstill here\n"), "{error}");
}

#[test]
fn events_without_end_are_ended_in_time() {
    let bounds = Bounds { time: Duration::from_secs(1), room: Room::default() };
    let driver = Driver::new(PATIENCE).within(bounds);
    let ended = run(driver, "while :; do echo \"$event\"; sleep 0.1; done");
    assert_eq!(ended, Err("no end was reached within 1 s: all were ended".to_owned()));
}

#[test]
fn a_program_without_bounds_may_complain_for_ever() {
    let (complaints, code) =
        run(Driver::new(PATIENCE), "yes | head -c 3000000 >&2; printf last >&2; exit 3").unwrap();
    assert_eq!((complaints.len(), complaints.last().unwrap().as_str()), (1_500_001, "last"));
    assert_eq!(code, Some(3));
}

#[test]
fn bytes_that_are_no_text_are_taken_like_any_others() {
    let script = "printf 'one\\n\\377\\r\\nthree\\n' >&2; head -c 500000 /dev/zero >&2; exit 4";
    let (complaints, code) = run(bounded(), script).unwrap();
    assert_eq!(
        (&complaints[..3], code),
        (&["one", "\u{fffd}", "three"].map(str::to_owned)[..], Some(4))
    );
    assert_eq!(complaints[3], format!("{} [cut after 1024 bytes]", "\0".repeat(1024)));
    assert_eq!(complaints.len(), 4);
    let error = run(bounded(), "printf '\\377\\n'").unwrap_err();
    assert!(error.contains("expected value at line 1 column 1: \u{fffd} (to print"), "{error}");
}

#[test]
fn a_process_that_a_program_leaves_behind_does_not_hold_up_its_end() {
    // It reads what the program's standard input was, and is gone when that is closed.
    let script = "exec 3<&0; cat <&3 & echo \"$event\"; echo done >&2; exit 5";
    let began = Instant::now();
    assert_eq!(run(Driver::new(PATIENCE), script), Ok((vec!["done".to_owned()], Some(5))));
    assert!(began.elapsed() < PATIENCE / 2);
}

#[test]
fn a_program_that_closes_its_output_and_runs_on_is_ended() {
    let ended = run(Driver::new(PATIENCE), "exec >&- 2>&-; read line");
    assert_eq!(ended, Err("a program closed its output and ran on: it was ended".to_owned()));
}

#[test]
fn what_was_written_before_the_end_is_taken_however_late() {
    // More than a pipe holds, none of which is read until the program waits for a reader.
    let mut driver = Driver::with_backlog(PATIENCE, 1);
    let script = format!("yes '{EVENT}' | head -n 2000; exec 3<&0; cat <&3 & exit 6");
    driver.start((), Path::new("sh"), ["-c", &script]).unwrap();
    let mut events = 0;
    loop {
        match driver.next_report().unwrap().unwrap().1 {
            Report::Event(_) => events += 1,
            Report::Complaint(line) => panic!("{line}"),
            Report::Ended(status) => break assert_eq!(status.unwrap().code(), Some(6)),
        }
    }
    assert_eq!(events, 2000);
}

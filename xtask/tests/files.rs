//! Files and streams: what a command reads, writes and prints, where that is not what it was meant for.

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::{Folder, programs, xtask};
use stages::{PART2_AEAD, PART3_HKDF};
use transcript::{Direction, Event, EventKind, HandshakeMessage, Record, Role, Way};
use xtask::exercises::Exercise;
use xtask::launch::Programs;
use xtask::views::NewFile;

fn line(event: &Event) -> String {
    serde_json::to_string(event).unwrap() + "\n"
}

/// A record on its way, as a saved run has it.
fn run() -> String {
    let record = Record::new(&PART2_AEAD, 0, b"hi", &[0; 38]);
    let event = |role, kind| Event { role, stage: &PART2_AEAD, kind };
    line(&event(Role::Client, EventKind::Sent(record.clone())))
        + &line(&event(Role::Server, EventKind::Received(record)))
}

fn saved(folder: &Path, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join("run.jsonl");
    fs::write(&path, bytes).unwrap();
    path
}

fn show(path: &Path, args: &[&str]) -> Output {
    xtask().arg("show").arg(path).args(args).output().unwrap()
}

/// Shows the same on a terminal, as far as it can tell: elsewhere terminal escapes are removed from
/// everything.
fn show_in_colour(path: &Path, args: &[&str]) -> Output {
    xtask().env("CLICOLOR_FORCE", "1").arg("show").arg(path).args(args).output().unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn assert_shown(output: &Output) {
    assert!(output.status.success(), "{}", complaint(output));
}

/// The names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_new_file_takes_its_place_whole_or_not_at_all() {
    let folder = Folder::new();
    let path = folder.join("file");
    for old in ["", "old, and longer than the new one"] {
        let before = names(&folder);
        let mut file = NewFile::new(&path).unwrap();
        file.write_all(b"half").unwrap();
        assert_eq!(names(&folder), before);
        drop(file);
        assert_eq!(names(&folder), before);
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), old);

        NewFile::write(&path, b"new").unwrap();
        assert_eq!(names(&folder), ["file"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        fs::write(&path, "old, and longer than the new one").unwrap();
    }
}

#[test]
#[cfg(unix)]
fn a_view_in_the_file_of_its_run_is_refused_and_the_run_is_left() {
    let folder = Folder::new();
    let path = saved(&folder, run());
    let other_name = folder.join("symlink");
    std::os::unix::fs::symlink(&path, &other_name).unwrap();
    let roundabout = folder.join("..").join(folder.file_name().unwrap()).join("./run.jsonl");
    for (input, output) in
        [(&path, &path), (&path, &other_name), (&other_name, &path), (&path, &roundabout)]
    {
        for option in ["--capture", "--page"] {
            let shown = show(input, &[option, output.to_str().unwrap()]);
            assert_eq!(shown.status.code(), Some(2), "{}", complaint(&shown));
            let expected = format!("xtask: {} is the run itself", output.display());
            assert!(complaint(&shown).starts_with(&expected), "{}", complaint(&shown));
            assert_eq!(shown.stdout, b"");
            assert_eq!(fs::read_to_string(&path).unwrap(), run());
        }
    }
    let hard_link = folder.join("hard_link");
    fs::hard_link(&path, &hard_link).unwrap();
    assert_shown(&show(&path, &["--page", hard_link.to_str().unwrap()]));
    assert!(fs::read_to_string(&hard_link).unwrap().trim_end().ends_with("</html>"));
    assert_eq!(fs::read_to_string(&path).unwrap(), run());
    assert_eq!(names(&folder), ["hard_link", "run.jsonl", "symlink"]);
}

#[test]
fn two_views_in_one_file_are_refused() {
    let folder = Folder::new();
    let (path, old) = (saved(&folder, run()), folder.join("old"));
    fs::write(&old, "old").unwrap();
    let name = old.to_str().unwrap();
    let run = xtask().args(["run", "part2-aead", "--save", name, "--page", name]).output().unwrap();
    for output in [show(&path, &["--capture", name, "--page", name]), run] {
        assert_eq!(output.status.code(), Some(2), "{}", complaint(&output));
        let expected = format!("xtask: {name} is given twice: each file holds one thing\n");
        assert_eq!(complaint(&output), expected);
        assert_eq!(fs::read_to_string(&old).unwrap(), "old");
    }
}

#[test]
fn a_command_that_fails_leaves_the_old_file_as_it_was() {
    let folder = Folder::new();
    let path = saved(&folder, run() + "{}\n");
    let old = folder.join("old");
    let nowhere = folder.join("no-such-folder").join("file");
    fs::write(&old, "old").unwrap();
    let (old_name, nowhere) = (old.to_str().unwrap(), nowhere.to_str().unwrap());
    let cut = folder.join("cut.jsonl");
    fs::write(&cut, &run()[..300]).unwrap();
    let cut = cut.to_str().unwrap();
    let path = path.to_str().unwrap();
    for (code, args) in [
        (2, ["show", path, "--page", old_name, "--wire", "off"]),
        (2, ["show", path, "--capture", old_name, "--wire", "off"]),
        (2, ["show", cut, "--page", old_name, "--wire", "off"]),
        (3, ["run", "part1-plain", "--save", old_name, "--page", nowhere]),
        (3, ["run", "part1-plain", "--page", old_name, "--capture", nowhere]),
        (3, ["run", "part1-plain", "--capture", old_name, "--save", nowhere]),
    ] {
        let output = xtask().args(args).output().unwrap();
        let complaint = complaint(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {complaint}");
        if code == 3 {
            let expected = format!("xtask: cannot write {nowhere}: ");
            // Above it stands what cargo says.
            assert!(complaint.lines().last().unwrap().starts_with(&expected), "{complaint}");
        }
        assert_eq!(fs::read_to_string(&old).unwrap(), "old", "{args:?}");
    }
    assert_eq!(names(&folder), ["cut.jsonl", "old", "run.jsonl"]);
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_run_leaves_the_old_files_and_none_of_its_own() {
    use std::io::{BufRead, BufReader};

    let folder = Folder::new();
    for name in ["run", "page", "capture"] {
        fs::write(folder.join(name), "old").unwrap();
    }
    assert_shown(&show(&saved(&folder, run()), &["--page", "/dev/null"]));
    fs::remove_file(folder.join("run.jsonl")).unwrap();
    for signal in ["-INT", "-TERM", "-KILL"] {
        let mut launcher = Command::new("env")
            .args(["--default-signal=INT", env!("CARGO_BIN_EXE_xtask")])
            .args(["run", "part2-aead", "--requests", "1000000", "--json"])
            .args(["--save", "run", "--page", "page", "--capture", "capture"])
            .current_dir(&*folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(launcher.stdout.take().unwrap()).lines();
        let received =
            lines.by_ref().map_while(Result::ok).filter(|line| line.contains("received"));
        assert_eq!(received.take(100).count(), 100);
        let killed = Command::new("kill").args([signal, &launcher.id().to_string()]).status();
        assert!(killed.unwrap().success());
        drop(lines);
        assert!(!launcher.wait().unwrap().success());
        assert_eq!(names(&folder), ["capture", "page", "run"], "{signal}");
        for name in names(&folder) {
            assert_eq!(fs::read_to_string(folder.join(&name)).unwrap(), "old", "{signal}: {name}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_target_that_is_no_file_is_written_as_it_is() {
    let folder = Folder::new();
    let path = saved(&folder, run());
    let (fifo, page) = (folder.join("fifo"), folder.join("page.html"));
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    assert_shown(&show(&path, &["--page", page.to_str().unwrap()]));
    let page = fs::read_to_string(&page).unwrap();
    assert!(page.trim_end().ends_with("</html>"));

    let reader = fifo.clone();
    let read = std::thread::spawn(move || fs::read_to_string(reader).unwrap());
    assert_shown(&show(&path, &["--page", fifo.to_str().unwrap()]));
    assert_eq!(read.join().unwrap(), page);

    assert_shown(&show(&path, &["--page", "/dev/null", "--capture", "/dev/null"]));
    let shown = show(&path, &["--page", "/dev/stdout"]);
    assert_shown(&shown);
    assert!(String::from_utf8(shown.stdout).unwrap().contains(&page));
    let full = show(&path, &["--page", "/dev/full"]);
    assert_eq!(full.status.code(), Some(3), "{}", complaint(&full));
    assert_eq!(names(&folder), ["fifo", "page.html", "run.jsonl"]);
}

#[test]
#[cfg(unix)]
fn a_file_made_anew_keeps_its_access_and_a_link_stays_one() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::new();
    let path = saved(&folder, run());
    let (page, link) = (folder.join("page.html"), folder.join("link"));
    fs::write(&page, "old").unwrap();
    fs::set_permissions(&page, PermissionsExt::from_mode(0o640)).unwrap();
    symlink("page.html", &link).unwrap();
    assert_shown(&show(&path, &["--page", link.to_str().unwrap()]));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&page).unwrap().trim_end().ends_with("</html>"));
    assert_eq!(fs::metadata(&page).unwrap().permissions().mode() & 0o777, 0o640);
}

/// A character of each kind that a terminal or a page acts on, or shows as nothing.
const HIDDEN: [char; 17] = [
    '\u{0}',
    '\u{7}',
    '\u{8}',
    '\r',
    '\u{1b}',
    '\u{7f}',
    '\u{85}',
    '\u{9b}',
    '\u{ad}',
    '\u{61c}',
    '\u{200b}',
    '\u{200e}',
    '\u{202e}',
    '\u{2029}',
    '\u{2066}',
    '\u{feff}',
    '\u{e0041}',
];

/// Finds none of them, our own colours apart.
fn assert_visible(text: &str) {
    let colour = regex_lite::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    let text = colour.replace_all(text, "");
    let found = text.chars().find(|char| HIDDEN.contains(char));
    assert_eq!(found, None, "{text:?}");
}

#[test]
fn what_a_file_says_reaches_terminal_and_page_as_visible_text_alone() {
    let folder = Folder::new();
    let page = folder.join("page.html");
    for char in HIDDEN {
        let words = format!("{char}[2Jhere");
        let json = serde_json::to_string(&words).unwrap();
        let good = run();
        let unknown = good.replacen(r#""sent""#, &json, 1);
        let no_stage = good.replacen(r#""part2-aead""#, &json, 1);
        for file in [unknown, no_stage] {
            assert_ne!(file, good);
            let output = show_in_colour(&saved(&folder, file), &[]);
            let complaint = complaint(&output);
            assert_eq!(output.status.code(), Some(2), "{complaint}");
            assert!(complaint.contains("2Jhere"), "{complaint}");
            assert_visible(&complaint);
        }
        let rejected = EventKind::Rejected {
            index: 0,
            error: words.clone(),
            message: words.clone(),
            step: None,
            expected_seq: None,
            record: None,
        };
        let message = HandshakeMessage {
            step: words.clone(),
            direction: Way::Received,
            message: words.as_bytes().into(),
            record: None,
            opened: None,
            spans: vec![],
            checked: vec![words.clone()],
        };
        let derived = EventKind::Derived {
            label: words.clone(),
            from: words,
            direction: None,
            fingerprint: Some([0xff; 4].as_slice().into()),
        };
        let event = |kind| line(&Event { role: Role::Server, stage: &PART3_HKDF, kind });
        let path = saved(&folder, event(rejected));
        let output = show_in_colour(&path, &["--page", page.to_str().unwrap()]);
        assert_shown(&output);
        for text in [String::from_utf8(output.stdout).unwrap(), fs::read_to_string(&page).unwrap()]
        {
            assert!(text.contains("2Jhere"), "{text}");
            assert_visible(&text);
        }
        for kind in [EventKind::Handshake(message), derived] {
            for detail in [&[][..], &["--detail"]] {
                let output = show_in_colour(&saved(&folder, event(kind.clone())), detail);
                assert_shown(&output);
                let text = String::from_utf8(output.stdout).unwrap();
                assert!(text.contains("2Jhere"), "{text}");
                assert_visible(&text);
            }
        }
    }
}

/// Messages that no program of ours sends, in every place of a handshake and outside of one.
#[test]
fn a_saved_handshake_of_any_bytes_is_shown() {
    let folder = Folder::new();
    let messages = [
        &b""[..],
        b"\x00",
        b"\x00\x10\x00\x21short",
        b"\x00\x10\xff\xff",
        b"\x00\x00\x00\x00",
        b"\xff\xff\x00\x02hi\x00\x10",
        &[0; 1_024],
    ];
    for stage in stages::STAGES {
        for message in messages {
            let told = |way| {
                EventKind::Handshake(HandshakeMessage::new("ClientHello", way, message, &["form"]))
            };
            let chunk = EventKind::Chunk {
                direction: Direction::ToServer,
                micros: 0,
                bytes: stage.record_of_message(message).as_slice().into(),
            };
            let run: String = [
                (Role::Client, told(Way::Sent)),
                (Role::Wire, chunk),
                (Role::Server, told(Way::Received)),
                (Role::Wire, EventKind::End { direction: Direction::ToServer, micros: 0 }),
            ]
            .map(|(role, kind)| line(&Event { role, stage, kind }))
            .concat();
            let path = saved(&folder, run);
            for args in [&[][..], &["--detail"], &["--wire=full"]] {
                let output = show(&path, args);
                assert_shown(&output);
                let text = String::from_utf8(output.stdout).unwrap();
                assert!(text.contains("ClientHello"), "{text}");
                assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
            }
        }
    }
}

#[test]
fn what_stands_in_a_name_is_complained_of_as_visible_text() {
    for char in HIDDEN.into_iter().filter(|char| *char != '\0') {
        let output = show_in_colour(Path::new(&format!("{char}[2Jhere")), &[]);
        let of_xtask = complaint(&output);
        let client = programs().of(&PART2_AEAD, Role::Client).unwrap();
        let addr = format!("{char}[2Jhere:1");
        let output = Command::new(client).args(["--addr", &addr]).output().unwrap();
        let of_client = complaint(&output);
        let tunnel = tunnel();
        let name = format!("no-such-folder/{char}[2Jhere");
        let tunnel =
            Command::new(tunnel.named("tunnel").unwrap()).args(["--new-key", &name]).output();
        let of_tunnel = complaint(&tunnel.unwrap());
        for complaint in [of_xtask, of_client, of_tunnel] {
            assert!(complaint.contains("2Jhere"), "{complaint}");
            assert_visible(&complaint);
        }
    }
}

#[test]
fn what_an_exercise_writes_is_shown_as_visible_text() {
    let exercise = Exercise::find("1").unwrap();
    let program = Exercise::find("1").unwrap().build_answer("solution_1").unwrap();
    let mut check = exercise.check(programs(), &program).unwrap();
    for char in HIDDEN {
        let words = format!("{char}[2Jhere");
        check.wrote = vec![words.clone()];
        check.tried[0].why_not = Some(words);
        let told = exercise.told(&check, 1);
        assert_eq!(told.matches("[2Jhere").count(), 2, "{told}");
        assert_visible(&told);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_view_of_what_cannot_be_printed_is_not_written() {
    let folder = Folder::new();
    let (path, old) = (saved(&folder, run()), folder.join("old"));
    fs::write(&old, "old").unwrap();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut show = xtask();
    show.arg("show").arg(&path).arg("--page").arg(&old).stdout(full);
    assert_eq!(show.output().unwrap().status.code(), Some(3));
    assert_eq!(fs::read_to_string(&old).unwrap(), "old");
}

fn tunnel() -> Programs {
    Programs::tunnel(&[], false).unwrap()
}

/// Commands that have something to print, each new at every call.
fn speakers(folder: &Path) -> Vec<Command> {
    let path = saved(folder, run());
    let path = path.to_str().unwrap();
    let render = Programs::built(["--package=render", "--bin=render"]).unwrap();
    let tunnel = tunnel();
    let of_xtask = [
        &["show", path][..],
        &["run", "part1-plain"],
        &["run", "part1-plain", "--json"],
        &["list"],
        &["layout"],
        &["diff", "part1-ctr", "part2-hmac"],
        &["attack"],
        &["attack", "bit-flip", "part1-ctr"],
        &["attack", "nonce-reuse", "part1-ctr"],
        &["exercise"],
        &["exercise", "1", "--hint"],
        &["--help"],
        &["run", "--help"],
        &["bench", "--help"],
        &["book", "--help"],
    ];
    let mut commands: Vec<_> = of_xtask
        .into_iter()
        .map(|args| {
            let mut command = xtask();
            command.args(args);
            command
        })
        .collect();
    let key_file = folder.join("key");
    _ = fs::remove_file(&key_file);
    let named = |name: &str| programs().named(name).unwrap();
    let (render, tunnel) = (render.named("render").unwrap(), tunnel.named("tunnel").unwrap());
    for (program, args) in [
        (named("aead_client"), &["--help"][..]),
        (named("plain_server"), &["--help"]),
        (named("pipelined_client"), &["part2-aead", "--help"]),
        (named("tampering_demo"), &[]),
        (named("ctr_malleability_demo"), &[]),
        (named("dh_by_hand"), &[]),
        (named("tampering_demo"), &["--help"]),
        (render, &["--dissector"]),
        (render, &["--help"]),
        (tunnel, &["--help"]),
        (tunnel, &["--new-key", key_file.to_str().unwrap()]),
    ] {
        let mut command = Command::new(program);
        command.args(args);
        commands.push(command);
    }
    commands
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_that_cannot_print_says_so_and_ends_with_3() {
    for mut command in speakers(&Folder::new()) {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = command.stdin(Stdio::null()).stdout(full).output().unwrap();
        let complaint = complaint(&output);
        assert_eq!(output.status.code(), Some(3), "{command:?}: {complaint}");
        let said = complaint.matches("cannot write to standard output: No space left").count();
        assert_eq!(said, 1, "{command:?}: {complaint}");
    }
}

#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    for mut command in speakers(&Folder::new()) {
        let (nobody, into_nothing) = std::io::pipe().unwrap();
        drop(nobody);
        let output = command
            .env("CARGO_TERM_QUIET", "true")
            .stdin(Stdio::null())
            .stdout(into_nothing)
            .output()
            .unwrap();
        assert_eq!((output.status.code(), &*complaint(&output)), (Some(0), ""), "{command:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_and_a_server_that_cannot_report_end_with_3() {
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for stage in stages::STAGES {
        let (server, addr) = common::Lone::server(stage, &[]);
        let output = Command::new(programs().of(stage, Role::Client).unwrap())
            .args(["--addr", &addr.to_string()])
            .stdout(full())
            .output()
            .unwrap();
        let complaint = complaint(&output);
        assert_eq!(output.status.code(), Some(3), "{complaint}");
        assert!(
            complaint.contains("cannot write to standard output: No space left"),
            "{complaint}"
        );
        assert_eq!(server.end().code, Some(0));
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Command::new(programs().of(&PART2_AEAD, Role::Server).unwrap())
        .args(["--addr", &taken.to_string()])
        .stdout(full())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let client = (0..).find_map(|_| {
        let ended = common::Lone::client(&PART2_AEAD, taken, &[]).end();
        (ended.code == Some(0)).then_some(ended)
    });
    assert!(client.is_some());
    let output = server.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", complaint(&output));
}

#[test]
fn blank_lines_a_byte_order_mark_and_line_ends_of_windows_are_no_damage() {
    let folder = Folder::new();
    let expected = show(&saved(&folder, run()), &[]);
    assert_shown(&expected);
    let marked = format!("\u{feff}{}", run());
    let (first, second) =
        run().split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    for file in [
        run() + "\n",
        run().trim_end().to_owned(),
        format!("\n  \n{first}\n\r\n\n{second}\n\t\n"),
        run().replace('\n', "\r\n"),
        marked.clone(),
        marked.replace('\n', "\r\n") + "\r\n",
    ] {
        let shown = show(&saved(&folder, &file), &[]);
        assert_shown(&shown);
        assert_eq!(shown.stdout, expected.stdout, "{file:?}");
    }
}

/// Text in what Windows calls Unicode.
#[cfg(unix)]
fn utf_16(text: &str, mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let mark = mark.then_some('\u{feff}').map(String::from).unwrap_or_default();
    (mark + text).encode_utf16().flat_map(bytes).collect()
}

#[test]
#[cfg(unix)]
fn a_file_in_utf_16_is_called_that() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let tunnel = tunnel();
    let end = |key: &Path| {
        Command::new(tunnel.named("tunnel").unwrap())
            .args(["--stage", "aead", "--side", "client", "--listen", "nowhere.invalid:0"])
            .args(["--connect", "127.0.0.1:1", "--key-file"])
            .arg(key)
            .output()
            .unwrap()
    };
    let key = folder.join("key");
    let made = Command::new(tunnel.named("tunnel").unwrap()).arg("--new-key").arg(&key).output();
    assert_shown(&made.unwrap());
    let keys = fs::read_to_string(&key).unwrap();
    let private = |bytes: &[u8]| {
        fs::write(&key, bytes).unwrap();
        fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    };
    for mark in [true, false] {
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let shown = show(&saved(&folder, utf_16(&run(), mark, bytes)), &[]);
            assert_eq!(shown.status.code(), Some(2));
            let said = complaint(&shown);
            assert!(said.contains("is UTF-16") && said.contains("UTF-8"), "{said}");
            private(&utf_16(&keys, mark, bytes));
            let ended = end(&key);
            assert_eq!(ended.status.code(), Some(2));
            let said = complaint(&ended);
            assert!(said.contains("is UTF-16") && said.contains("UTF-8"), "{said}");
        }
    }
    for harmless in [format!("\u{feff}{keys}"), keys.replace('\n', "\r\n") + "\r\n\r\n"] {
        private(harmless.as_bytes());
        let ended = end(&key);
        // The keys are read; then there is no such place to listen.
        assert_eq!(ended.status.code(), Some(3), "{}", complaint(&ended));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_line_without_an_end_takes_no_memory_and_is_refused_with_the_limit() {
    let folder = Folder::new();
    let path = folder.join("run.jsonl");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all((run() + "{").as_bytes()).unwrap();
    file.set_len(600_000_000).unwrap();
    let output = Command::new("prlimit")
        .arg("--as=300000000")
        .args([env!("CARGO_BIN_EXE_xtask"), "show", path.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", complaint(&output));
    let expected = format!(
        "xtask: {}, line 3 is longer than 1048576 bytes, and no event is\n",
        path.display()
    );
    assert_eq!(complaint(&output), expected);
}

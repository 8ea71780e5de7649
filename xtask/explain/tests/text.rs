//! A run of our own programs, captured and explained: as text it is what the run itself tells.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;
use transcript::{Direction, Event, EventKind, Role, Way};
use xtask::launch::Programs;

/// A run that was captured, and the programs to look at it.
struct Run {
    folder: TempDir,
    programs: Programs,
    roots: PathBuf,
}

/// Runs the stage once for all tests.
fn run() -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| {
        let programs = Programs::built(["--package=xtask", "--bin=xtask"]).unwrap();
        let stage = Programs::of_stages(&[&stages::PART5_TLS13], false).unwrap();
        let roots = stage.certificates().unwrap().join("roots.pem");
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let run = Run { folder, programs, roots };
        let files = ["--save", "run", "--capture", "it.pcapng", "--keylog", "keys"];
        run.xtask(&[&["run", "part5-tls13"][..], &files].concat());
        run
    })
}

impl Run {
    fn xtask(&self, args: &[&str]) -> String {
        self.text(Command::new(self.programs.named("xtask").unwrap()).args(args))
    }

    fn explain(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_explain"));
        self.text(command.args(["it.pcapng", "--roots", self.roots.to_str().unwrap()]).args(args))
    }

    /// What a command prints, in 100 columns.
    fn text(&self, command: &mut Command) -> String {
        let command = command.current_dir(self.folder.path()).env_remove("CLICOLOR_FORCE");
        let Output { status, stdout, stderr } = command.env("COLUMNS", "100").output().unwrap();
        assert_eq!(status.code(), Some(0), "{}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    fn events(&self, file: &str) -> Vec<Event> {
        let text = std::fs::read_to_string(self.folder.path().join(file)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn the_overview_comes_first_then_each_message() {
    let run = run();
    let text = run.explain(&[]);
    let (overview, messages) = text.split_once("\n\n").unwrap();
    for line in [
        "asked for  \"localhost\", in the clear: anyone on the path reads it",
        "agreed     TLS 1.3, TLS_AES_128_GCM_SHA256, X25519MLKEM768, signed by ecdsa_secp256r1_sha256",
        "protected  client   records 0 and 1 in the clear",
        "                    record 2 by client_handshake_traffic_secret",
        "                    records 3 and 4 by client_application_traffic_secret_0",
        "           server   records 0 and 1 in the clear",
        "                    records 2 to 5 by server_handshake_traffic_secret",
        "                    records 6 and 7 by server_application_traffic_secret_0",
        "data       client   61 bytes in 1 record",
        "           server   78 bytes in 1 record",
        "end        client   it says that no more follows: close_notify",
        "           server   it says that no more follows: close_notify",
    ] {
        assert!(overview.lines().any(|it| it == line), "{line}\n{overview}");
    }
    // The capture of a run has no date of its own.
    assert!(!overview.contains("\nwhen "), "{overview}");
    assert!(overview.starts_with("who        client   127.0.0.1:"), "{overview}");
    assert!(!overview.contains("FAILS") && !overview.contains("not made"), "{overview}");
    for held in [
        "server: legacy_session_id_echo, ServerHello, downgrade, Certificate,",
        "client: Finished, end",
    ] {
        assert!(overview.contains(&format!(" OK       {held}")), "{held}\n{overview}");
    }

    // Which side ends first is chance: what each party says is in order.
    let says = |role: Role| -> Vec<_> {
        let lines = messages.lines().filter_map(|line| line.split_once(" │ "));
        lines.filter(|(who, _)| who.trim() == role.to_string()).map(|(_, what)| what).collect()
    };
    assert_eq!(
        says(Role::Client),
        [
            "sends    ClientHello",
            "sends    ChangeCipherSpec",
            "sends    Finished",
            r#"sends    "GET /transfer?to=bob&amount=100 HTTP/1.1\r\nHost: localhost\r\n\r\n""#,
            "sends    Alert close_notify",
        ]
    );
    assert_eq!(
        says(Role::Server),
        [
            "sends    ServerHello",
            "sends    ChangeCipherSpec",
            "sends    EncryptedExtensions, Certificate, CertificateVerify, Finished",
            r#"sends    "HTTP/1.1 200 OK\r\nContent-Type: text/ … ontent-Length: 13\r\n\r\nhello, client""#,
            "sends    Alert close_notify",
        ]
    );
    assert_eq!(
        says(Role::KeyLog),
        [
            "knows    client_handshake_traffic_secret, server_handshake_traffic_secret",
            "OK       Certificate, CertificateVerify, Finished",
            "knows    client_application_traffic_secret_0, server_application_traffic_secret_0",
            "OK       Finished",
            "OK       end",
            "OK       end",
        ]
    );
    let wire = says(Role::Wire);
    for line in [
        "1215 B   in the clear: ServerHello: TLS_AES_128_GCM_SHA256, X25519MLKEM768",
        "OK       legacy_session_id_echo, ServerHello, downgrade",
        "6 B      in the clear: ChangeCipherSpec",
        "83 B     encrypted: 61 bytes",
        "100 B    encrypted: 78 bytes",
        "ends     TCP, server to client",
        "ends     TCP, client to server",
    ] {
        assert!(wire.contains(&line), "{line}\n{messages}");
    }
    let last = "all 9 encrypted records were opened; checks: none fails, 9 OK\nmore: --detail\n";
    assert!(messages.ends_with(last), "{messages}");
    // What is said of a run is not true here: nobody knows what the receivers made of it.
    for said in ["accepted", "the sides have not agreed", "fingerprint"] {
        assert!(!text.contains(said), "{said}\n{text}");
    }
}

/// The rows of fields that a side tells of what it sends, in order.
fn sent(text: &str, side: &str) -> Vec<String> {
    let mut rows = Vec::new();
    let mut is_sent = false;
    for line in text.lines() {
        let Some((who, what)) = line.split_once(" │ ") else { continue };
        if !who.trim().is_empty() {
            is_sent = who.trim() == side && what.starts_with("sends ");
        } else if what == "a key log opens it" {
            // What only someone else tells of it.
            is_sent = false;
        }
        if is_sent {
            rows.push(what.to_owned());
        }
    }
    rows
}

#[test]
fn in_detail_each_side_sends_byte_for_byte_what_the_run_tells() {
    let run = run();
    let (ran, explained) = (run.xtask(&["show", "run", "--detail"]), run.explain(&["--detail"]));
    for side in ["client", "server"] {
        let rows = sent(&ran, side);
        assert!(rows.len() > 50, "{rows:?}");
        assert_eq!(sent(&explained, side), rows);
    }
    assert_eq!(explained.matches("│ a key log opens it\n").count(), 9);
    assert_eq!(explained.matches("= iv xor 0\n").count(), 4, "{explained}");
}

#[test]
fn an_explanation_that_was_saved_is_shown_as_it_was() {
    let run = run();
    let json = run.explain(&["--json"]);
    std::fs::write(run.folder.path().join("explained"), json).unwrap();
    for options in [&[][..], &["--detail"], &["--wire", "full"]] {
        let text = run.explain(options);
        let shown = run.xtask(&[&["show", "explained"], options].concat());
        let [text, shown] = [text, shown].map(|it| it.split("\nmore: ").next().unwrap().to_owned());
        assert_eq!(shown, text, "{options:?}");
    }
    // What the sides sent is what they said so themselves, as the capture has it.
    let told = |file: &str, role: Role| -> Vec<_> {
        let of_sender = |event: Event| match event.kind {
            EventKind::Handshake(it) if event.role == role && it.direction == Way::Sent => {
                Some((it.step, it.message, it.record))
            }
            EventKind::Sent(it) if event.role == role => {
                Some(("data".to_owned(), it.plaintext, Some(it.record)))
            }
            _ => None,
        };
        run.events(file).into_iter().filter_map(of_sender).collect()
    };
    for direction in [Direction::ToServer, Direction::ToClient] {
        let role = Role::sender(direction);
        assert_eq!(told("explained", role), told("run", role));
    }
}

#[test]
fn every_line_fits_the_terminal_and_has_no_colour_where_none_is_wanted() {
    let run = run();
    for columns in ["80", "100"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_explain"));
        let command = command.args(["it.pcapng", "--detail"]).current_dir(run.folder.path());
        let output = command.env("COLUMNS", columns).env("NO_COLOR", "1").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains('\x1b') && text.contains("no roots were given"), "{text}");
        let columns = columns.parse().unwrap();
        let too_long = text.lines().find(|line| line.chars().count() > columns);
        assert_eq!(too_long, None, "{columns}");
    }
}

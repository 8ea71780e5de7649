//! What can go wrong between two programs: each time the right exit code, one line that says why, and
//! nothing decrypted.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::vectors::{certificate_pem, key_der, key_pem, pem};
use common::{Folder, Lone, programs, record_stages, tagged_stages};
use crypto::keys::{AesKey, MacKey};
use crypto::{Seal, aead, hmac, hmac_seq};
use messages::tls13::{ClientHello, HandshakeMessage};
use program::REQUEST;
use stages::{
    PART1_PLAIN, PART2_AEAD, PART2_HMAC, PART2_HMAC_SEQ, PART4_CERT, PART5_TLS13, STAGES, Stage,
};
use transcript::{Event, EventKind, Role};

/// Sends bytes to a server and nothing more, and returns what it answers.
fn send(stream: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn a_client_without_a_server_ends_with_3() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for stage in STAGES {
        let ended = Lone::client(stage, free, &[]).end();
        assert_eq!((ended.code, ended.names()), (Some(3), vec![]));
        let expected =
            format!("{} client: cannot connect to {free}: Connection refused", stage.name);
        assert_eq!(ended.complaints.len(), 1);
        assert!(ended.complaints[0].starts_with(&expected), "{:?}", ended.complaints);
    }
}

#[test]
fn a_server_on_a_port_in_use_ends_with_3() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    for stage in STAGES {
        let program = programs().of(stage, Role::Server).unwrap();
        let output = Command::new(program).args(["--addr", &addr]).output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        let complaint = String::from_utf8(output.stderr).unwrap();
        let expected = format!("{} server: cannot listen on {addr}: Address", stage.name);
        assert!(complaint.starts_with(&expected) && complaint.lines().count() == 1, "{complaint}");
    }
}

#[test]
fn wrong_options_end_with_2_and_say_what_is_wrong() {
    let too_long = "x".repeat(16_385);
    for (stage, args, said) in [
        (&PART2_AEAD, &["--addr", "nowhere"][..], "expected HOST:PORT"),
        (&PART2_AEAD, &["--addr", "127.0.0.1:65536"], "expected HOST:PORT"),
        (&PART2_AEAD, &["--requests", "0"], "expected a whole number, from 1 to "),
        (&PART2_AEAD, &["--timeout", "0"], "expected seconds"),
        (&PART2_AEAD, &["--timeout", "nan"], "expected seconds"),
        (&PART2_AEAD, &["--request", &too_long], "longer than the 16384 bytes of a record"),
        (&PART1_PLAIN, &["--requests", "2"], "a connection carries one request"),
        (&PART1_PLAIN, &["--request", "a", "--request", "b"], "a connection carries one request"),
    ] {
        let program = programs().of(stage, Role::Client).unwrap();
        let output = Command::new(program).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(complaint.contains(said), "{complaint}");
    }
}

/// The stages at which the server says who it is.
fn certified_stages() -> impl Iterator<Item = &'static Stage> {
    STAGES.iter().copied().filter(|stage| stage.has_certificates())
}

/// A file that is of no use, the option that names it, and what is said about it.
type Useless<'u> = (&'u str, &'u Path, &'u str);

/// Writes files that are of no use. The key's is one where a chain is due, and the reverse.
fn useless_files(folder: &Path) -> Vec<(&'static str, PathBuf, &'static str)> {
    let chain = ["server", "intermediate"].map(certificate_pem).concat();
    let key = key_pem("server");
    let nine = certificate_pem("intermediate").repeat(9);
    let cut = |pem: &str| pem[..pem.len() - 100].to_owned();
    let no_base64 = key.replacen("\nMII", "\nM!I", 1);
    let other_form = |label: &str| pem(label, &key_der("server"));
    let mut files = vec![
        ("--certificate", folder.join("missing"), "cannot read"),
        ("--certificate", folder.to_owned(), "Is a directory"),
    ];
    let no_certificate = "there is no certificate in it";
    let no_key = "there is no private key in it";
    for (number, (option, content, said)) in [
        ("--certificate", "", no_certificate),
        ("--certificate", "no PEM at all\n", no_certificate),
        ("--certificate", &key, no_certificate),
        ("--certificate", &cut(&chain), "it is no PEM: it ends before the END line"),
        ("--certificate", &pem("CERTIFICATE", &[0x30; 100]), "certificate 1 in it cannot be read"),
        (
            "--certificate",
            &(chain.clone() + &pem("CERTIFICATE", &[])),
            "certificate 3 in it cannot",
        ),
        ("--certificate", &nine, "there are 9 certificates in it, and a server sends 8 at most"),
        ("--key", "", no_key),
        ("--key", "no PEM at all\n", no_key),
        ("--key", &chain, no_key),
        ("--key", &cut(&key), "it is no PEM: it ends before the END line"),
        ("--key", &no_base64, "it is no PEM: the lines between BEGIN and END are not base64"),
        ("--key", &other_form("ENCRYPTED PRIVATE KEY"), "its private key is encrypted"),
        (
            "--key",
            &key.replacen('\n', "\nProc-Type: 4,ENCRYPTED\n\n", 1),
            "its private key is encrypted",
        ),
        ("--key", &other_form("RSA PRIVATE KEY"), "its private key is not in PKCS #8"),
        ("--key", &other_form("EC PRIVATE KEY"), "its private key is not in PKCS #8"),
        ("--key", &pem("PRIVATE KEY", &key_der("server")[..700]), "is not an RSA key in PKCS #8"),
        ("--key", &key_pem("ed25519"), "is not an RSA key in PKCS #8"),
        ("--key", &key_pem("server1024"), "RSA of 1024 bits, and 2048 to 4096 are accepted"),
        ("--key", &key_pem("other"), "does not belong to the first certificate"),
        ("--roots", "", no_certificate),
        ("--roots", &key, no_certificate),
        ("--roots", &cut(&chain), "it is no PEM: it ends before the END line"),
        ("--roots", &pem("CERTIFICATE", &[0x30; 100]), "certificate 1 in it cannot be read"),
    ]
    .into_iter()
    .enumerate()
    {
        let file = folder.join(format!("file-{number}"));
        std::fs::write(&file, content).unwrap();
        files.push((option, file, said));
    }
    if cfg!(target_os = "linux") {
        let endless = ["--certificate", "--key", "--roots"]
            .map(|option| (option, PathBuf::from("/dev/zero"), "it is longer than 4194304 bytes"));
        files.extend(endless);
    }
    files
}

/// One line says so, and nothing of the file is in it: it may be a key. Nobody is connected to, and no address listened
/// at, before: else these would end with 3.
#[test]
fn a_file_of_no_use_ends_with_2_before_anything_else_is_tried() {
    let folder = Folder::new();
    let [chain, key] = ["chain.pem", "key.pem"].map(|name| folder.join(name));
    std::fs::write(&chain, ["server", "intermediate"].map(certificate_pem).concat()).unwrap();
    std::fs::write(&key, key_pem("server")).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let files = useless_files(&folder);
    let mut files: Vec<Useless<'_>> =
        files.iter().map(|(option, file, said)| (*option, &**file, *said)).collect();
    let unreadable = folder.join("unreadable");
    std::fs::write(&unreadable, key_pem("server")).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&unreadable, std::os::unix::fs::PermissionsExt::from_mode(0o0))
        .unwrap();
    // Root reads everything.
    if std::fs::read(&unreadable).is_err() {
        files.push(("--key", &unreadable, "Permission denied"));
    }
    // Which keys TLS takes, and what it says of others, is told below.
    for stage in certified_stages().filter(|stage| !stage.has_types()) {
        for (option, file, said) in &files {
            let role = if *option == "--roots" { Role::Client } else { Role::Server };
            let mut command = Command::new(programs().of(stage, role).unwrap());
            command.args(["--addr", &taken.local_addr().unwrap().to_string()]);
            // The last of an option counts, so what is named here is its pair.
            match *option {
                "--certificate" => command.arg("--key").arg(&key),
                "--key" => command.arg("--certificate").arg(&chain),
                _ => &mut command,
            };
            let output = command.arg(option).arg(file).output().unwrap();
            let complaint = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{option}, {said}: {complaint}");
            assert!(complaint.contains(said), "{said}: {complaint}");
            assert!(complaint.contains(file.to_str().unwrap()), "{complaint}");
            assert_eq!((complaint.lines().count(), output.stdout.len()), (1, 0), "{complaint}");
            // The others have no end, or no content.
            let is_ours = file.starts_with(&*folder) && file.is_file();
            let content = is_ours.then(|| std::fs::read_to_string(file).unwrap_or_default());
            let content = content.unwrap_or_default();
            for line in content.lines().filter(|line| line.len() > 60) {
                assert!(!complaint.contains(&line[..10]), "{complaint}");
            }
        }
    }
    taken.set_nonblocking(true).unwrap();
    assert!(taken.accept().is_err(), "somebody connected");
}

#[test]
fn a_name_that_no_server_has_ends_with_2() {
    for stage in certified_stages() {
        for name in
            ["", "a b", "*", "*.bank.example", "a..b", "-", "b\u{fc}cher.example", "127.0.0.256"]
        {
            let program = programs().of(stage, Role::Client).unwrap();
            let output = Command::new(program).args(["--name", name]).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{name}");
            let complaint = String::from_utf8(output.stderr).unwrap();
            assert!(complaint.contains("expected the name of a server"), "{complaint}");
        }
    }
}

#[test]
fn a_server_reads_its_files_once_before_it_listens() {
    for stage in certified_stages() {
        let folder = Folder::new();
        // One file with both is as good as two: each option takes what it looks for.
        let both = folder.join("both.pem");
        let pem = [&key_pem("server"), &*["server", "intermediate"].map(certificate_pem).concat()];
        std::fs::write(&both, pem.concat()).unwrap();
        let roots = folder.join("roots.pem");
        std::fs::write(&roots, ["evil root", "root"].map(certificate_pem).concat()).unwrap();
        let both_path = both.to_str().unwrap();
        let args = ["--certificate", both_path, "--key", both_path, "--connections", "2"];
        let (server, addr) = Lone::server(stage, &args);
        std::fs::remove_file(&both).unwrap();
        for _ in 0..2 {
            let ended = Lone::client(stage, addr, &["--roots", roots.to_str().unwrap()]).end();
            assert_eq!((ended.code, &ended.complaints[..]), (Some(0), &[][..]));
        }
        assert_eq!(server.end().code, Some(0));
    }
}

#[test]
fn the_help_names_no_path_of_this_machine() {
    for stage in STAGES {
        for role in [Role::Client, Role::Server] {
            let program = programs().of(stage, role).unwrap();
            let output =
                Command::new(program).arg("--help").env_remove("COLUMNS").output().unwrap();
            assert_eq!(output.status.code(), Some(0));
            let help = String::from_utf8(output.stdout).unwrap();
            let target = program.ancestors().nth(2).unwrap().to_str().unwrap();
            assert!(help.contains("--addr") && !help.contains(target), "{help}");
            let default = match (stage.has_certificates(), role) {
                (false, _) => continue,
                (true, Role::Client) => "target/certificates/roots.pem",
                (true, _) if stage.has_types() => "target/certificates/ecdsa_key.pem",
                (true, _) => "target/certificates/server_key.pem",
            };
            let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(default), "{help}");
        }
    }
}

#[test]
fn a_pipelined_client_is_told_its_stage_first() {
    for args in [&[][..], &["part9-tls"], &["part3-hkdf"], &["--requests", "2"]] {
        let program = programs().named("pipelined_client").unwrap();
        let output = Command::new(program).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(output.stderr, b"usage: pipelined_client STAGE [OPTION]...\n");
    }
}

#[test]
fn a_server_with_a_stray_connect_ends_with_3() {
    for stage in STAGES {
        let (server, addr) = Lone::server(stage, &[]);
        drop(TcpStream::connect(addr).unwrap());
        let ended = server.end();
        assert_eq!(ended.code, Some(3));
        assert_eq!(ended.names(), ["listening", "connected", "closed"]);
        let why = match stage.handshake {
            [] => "the client closed without sending anything".to_owned(),
            [first, ..] => {
                let hint = if stage.has_types() { "; perhaps it is at another stage" } else { "" };
                format!("the peer closed the connection where its {} was due{hint}", first.name)
            }
        };
        assert_eq!(ended.complaints, [format!("{} server: {why}", stage.name)]);
    }
}

#[test]
fn a_server_goes_on_after_a_connection_that_failed() {
    let (server, addr) = Lone::server(&PART2_AEAD, &["--connections", "2"]);
    drop(TcpStream::connect(addr).unwrap());
    assert_eq!(Lone::client(&PART2_AEAD, addr, &[]).end().code, Some(0));
    let ended = server.end();
    assert_eq!((ended.code, ended.complaints.len()), (Some(3), 1));
    assert_eq!(ended.names()[3..], ["connected", "received", "sent", "closed"]);
}

/// Sends a server bytes that it must refuse: nothing comes back, and it ends with 1 and one line.
fn refused(stage: &'static Stage, bytes: &[u8], error: &str) {
    let (server, addr) = Lone::server(stage, &[]);
    let answer = send(&mut TcpStream::connect(addr).unwrap(), bytes);
    let ended = server.end();
    assert_eq!(answer, b"", "a refused peer gets no answer");
    assert_eq!((ended.code, ended.rejection().0), (Some(1), error), "{}", stage.name);
    assert_eq!(ended.names(), ["listening", "connected", "rejected", "closed"]);
    assert!(matches!(
        ended.events[3].kind,
        EventKind::Closed { clean: false, records_received: 0, .. }
    ));
    assert_eq!(ended.complaints.len(), 1, "{:?}", ended.complaints);
}

#[test]
fn garbage_instead_of_a_record_ends_a_server_with_1() {
    let http = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"; // As a length: 0x47455420.
    for stage in record_stages().filter(|stage| stage.handshake.is_empty()) {
        refused(stage, http, "too_long");
        refused(stage, &[0xff; 4], "too_long");
        refused(stage, &[0, 0, 0, 1, 0], "too_short");
        refused(stage, &[0, 0], "truncated");
        refused(stage, &stage.record(&[0; 200])[..100], "truncated");
    }
    for stage in tagged_stages().filter(|stage| stage.handshake.is_empty()) {
        refused(stage, &stage.record(&[0; 200]), "bad_tag");
    }
    refused(&PART1_PLAIN, &[0xff; 100], "truncated");
    refused(&PART1_PLAIN, &http[..20], "truncated");
    refused(
        &PART1_PLAIN,
        &[b"GET / HTTP/1.1\r\nX: ".as_slice(), &[b'x'; 16_384]].concat(),
        "too_long",
    );
}

#[test]
fn a_peer_with_another_key_is_refused_with_bad_tag() {
    let refused = |stage: &'static Stage, sealer: &mut dyn Seal| {
        let header = stage.header().encode(sealer.overhead() + REQUEST.len());
        let mut payload = Vec::new();
        sealer.seal(&header, REQUEST.as_bytes(), &mut payload).unwrap();
        refused(stage, &stage.record(&payload), "bad_tag");
    };
    let keys = hmac::Keys { mac: MacKey::from(vec![7; 32]), ..demo_keys::hmac() };
    refused(&PART2_HMAC, &mut hmac::Sealer::new(&keys));
    refused(&PART2_HMAC_SEQ, &mut hmac_seq::Sealer::new(&keys));
    let keys = aead::Keys::new(AesKey::from([7; 32]));
    refused(&PART2_AEAD, &mut aead::Sealer::new(&keys));
}

#[test]
fn both_ends_are_told_that_the_other_may_be_at_another_stage() {
    let (server, addr) = Lone::server(&PART2_HMAC, &[]);
    let client = Lone::client(&PART2_AEAD, addr, &[]).end();
    let said = [server.end().complaints, client.complaints].concat();
    let expected = [
        "part2-hmac server: record 0 refused: its tag does not verify: the bytes were changed on the way, or \
         sealed under another key or at another stage; nothing was decrypted",
        "part2-aead client: the peer closed the connection where its answer was due; perhaps it refused the \
         request, or it is at another stage",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_refused_client_gets_no_answer_and_ends_with_3() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for stage in STAGES {
        let client = Lone::client(stage, listener.local_addr().unwrap(), &[]);
        let (mut stream, _) = listener.accept().unwrap();
        _ = stream.read(&mut [0; 4096]).unwrap();
        drop(stream);
        let ended = client.end();
        assert_eq!(ended.code, Some(3));
        let (event, due) = match stage.handshake {
            [] => ("sent", "answer"),
            [_, second, ..] => ("handshake", second.name),
            [_] => unreachable!("a handshake has two sides"),
        };
        assert_eq!(ended.names(), ["connected", event, "closed"]);
        assert_eq!(ended.complaints.len(), 1);
        let why = format!("closed the connection where its {due} was due");
        assert!(ended.complaints[0].contains(&why), "{:?}", ended.complaints);
    }
}

#[test]
fn a_client_refuses_a_changed_answer_with_1() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for stage in tagged_stages().filter(|stage| stage.handshake.is_empty()) {
        let client = Lone::client(stage, listener.local_addr().unwrap(), &[]);
        let (mut stream, _) = listener.accept().unwrap();
        let mut echo = vec![0; stage.record_overhead() + REQUEST.len()];
        stream.read_exact(&mut echo).unwrap();
        *echo.last_mut().unwrap() ^= 1;
        stream.write_all(&echo).unwrap();
        let ended = client.end();
        let payload = &echo[stage.header().len()..];
        assert_eq!((ended.code, ended.rejection()), (Some(1), ("bad_tag", Some(payload))));
    }
}

#[test]
fn a_silent_peer_is_given_up_after_the_time_out_with_3() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for stage in STAGES {
        let (server, addr) = Lone::server(stage, &["--timeout", "0.2"]);
        let silent_client = TcpStream::connect(addr).unwrap();
        // An answer may begin late: its request may be on its way for as long as a message may be.
        let to = listener.local_addr().unwrap();
        let client = Lone::client(stage, to, &["--message-timeout", "0.2"]);
        let (silent_server, _) = listener.accept().unwrap();
        let whys = match stage.handshake {
            [] => ["the peer sent nothing for 0.2 s"; 2],
            _ => [
                "the peer was silent for 0.2 s in the middle of a handshake, after 0 bytes",
                "the handshake was not whole within 0.2 s: 0 of its bytes came, ",
            ],
        };
        for (program, why) in [server, client].into_iter().zip(whys) {
            let ended = program.end();
            assert_eq!(ended.code, Some(3));
            assert_eq!(ended.complaints.len(), 1);
            assert!(ended.complaints[0].contains(why), "{:?}", ended.complaints);
        }
        drop((silent_client, silent_server));
    }
}

#[test]
fn a_peer_that_sends_a_byte_now_and_then_is_given_up_all_the_same() {
    let unfinished_record = [&[0, 0, 16, 0][..], &[0; 100]].concat();
    let unfinished_request = [b"GET /".as_slice(), &[b'a'; 100]].concat();
    // In a handshake these bytes are refused. One that comes slowly is in `handshakes.rs`.
    for stage in STAGES.iter().filter(|stage| stage.handshake.is_empty()) {
        let (server, addr) = Lone::server(stage, &["--message-timeout", "1"]);
        let mut slow = TcpStream::connect(addr).unwrap();
        // Waiting for an answer after each byte sends a byte every 50 ms, until the server closes.
        slow.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let bytes = if stage.has_records() { &unfinished_record } else { &unfinished_request };
        let given_up_after = bytes.iter().position(|byte| {
            slow.write_all(&[*byte]).is_err() || matches!(slow.read(&mut [0]), Ok(0))
        });
        assert!(given_up_after.is_some_and(|bytes| bytes > 1), "{given_up_after:?}");
        let ended = server.end();
        assert_eq!(ended.code, Some(3));
        let why = &ended.complaints[0];
        assert!(why.contains("the message was not whole within 1 s: ") && why.contains(" B/s, "));
    }
}

#[test]
fn a_server_restarted_at_once_binds_again() {
    let (server, addr) = Lone::server(&PART2_AEAD, &[]);
    // The side that closes first keeps the port busy for a while: here the server, after refusing.
    send(&mut TcpStream::connect(addr).unwrap(), &[0xff; 4]);
    assert_eq!(server.end().code, Some(1));
    let (again, same_addr) = Lone::server_at(&PART2_AEAD, &addr.to_string(), &[]);
    assert_eq!(same_addr, addr);
    assert_eq!(Lone::client(&PART2_AEAD, addr, &[]).end().code, Some(0));
    assert_eq!(again.end().code, Some(0));
}

#[test]
fn standard_output_closed_is_no_failure() {
    let mut server = Command::new(programs().of(&PART2_AEAD, Role::Server).unwrap())
        .args(["--addr", "127.0.0.1:0", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first_line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut first_line).unwrap();
    let EventKind::Listening { addr } = serde_json::from_str::<Event>(&first_line).unwrap().kind
    else {
        panic!("a server begins with listening: {first_line}");
    };

    let (nobody, into_nothing) = std::io::pipe().unwrap();
    drop(nobody);
    let client = Command::new(programs().of(&PART2_AEAD, Role::Client).unwrap())
        .args(["--addr", &addr.to_string()])
        .stdout(into_nothing)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    for program in [client, server] {
        let output = program.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
    }
}

#[test]
fn a_demo_that_nobody_reads_is_no_failure() {
    for demo in ["ctr_malleability_demo", "tampering_demo", "dh_by_hand"] {
        let (nobody, into_nothing) = std::io::pipe().unwrap();
        drop(nobody);
        let mut demo = Command::new(programs().named(demo).unwrap());
        let output = demo.stdout(into_nothing).stderr(Stdio::piped()).spawn().unwrap();
        let output = output.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
    }
}

/// A file among the certificates that the launcher has made.
fn made(name: &str) -> String {
    programs().certificates().unwrap().join(name).to_str().unwrap().to_owned()
}

#[test]
fn what_tls_cannot_use_ends_with_2_before_anyone_is_connected_to() {
    let folder = Folder::new();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let rsa = path("rsa.pem");
    std::fs::write(&rsa, key_pem("server1024")).unwrap();
    let [ecdsa_key, ed25519_chain] = ["ecdsa_key.pem", "ed25519_chain.pem"].map(made);
    let missing = path("missing");
    let nowhere = path("missing/key.log");
    let url = "expected https://HOST[:PORT]/PATH";
    for (role, args, said) in [
        (
            Role::Client,
            &["--suite", "TLS_RSA_WITH_RC4_128_MD5"][..],
            "expected one of TLS_AES_128_",
        ),
        (Role::Client, &["--group", "x448"], "expected one of X25519MLKEM768, x25519, secp256r1"),
        (Role::Client, &["--certificate", &ed25519_chain], "--key <KEY.pem>"),
        (Role::Client, &["--key", &ecdsa_key], "--certificate <CHAIN.pem>"),
        (Role::Client, &["--get", "http://localhost/"], url),
        (Role::Client, &["--get", "localhost"], url),
        (Role::Client, &["--get", "https://localhost:65536/"], url),
        (Role::Client, &["--get", "https://localhost/a b"], url),
        (Role::Client, &["--get", "https://localhost/\r\nX: y"], url),
        (Role::Client, &["--get", "https:///"], "expected the name of a server"),
        (Role::Client, &["--get", "https://a..b/"], "expected the name of a server"),
        (Role::Client, &["--get", "https://localhost/", "--request", "hi"], "cannot be used with"),
        (Role::Client, &["--keylog", &nowhere], "key.log: No such file"),
        (Role::Client, &["--roots", &missing], "missing: No such file"),
        (Role::Server, &["--keylog", &nowhere], "key.log: No such file"),
        (Role::Server, &["--key", &missing], "missing: No such file"),
        (Role::Server, &["--key", &ed25519_chain], "there is no private key in it"),
        (Role::Server, &["--certificate", &ecdsa_key], "there is no certificate in it"),
        (
            Role::Server,
            &["--certificate", &ed25519_chain],
            "does not belong to the first certificate",
        ),
        (Role::Server, &["--key", &rsa], "RSA of 1024 bits"),
        (Role::Server, &["--roots", &ecdsa_key], "there is no certificate in it"),
    ] {
        let program = programs().of(&PART5_TLS13, role).unwrap();
        let output = Command::new(program).args(args).output().unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {complaint}");
        assert!(complaint.contains(said), "{args:?}: {complaint}");
        assert_eq!(output.stdout, b"", "{args:?}");
    }
}

#[test]
fn two_sides_of_tls_that_have_nothing_in_common_are_told_what_is_missing() {
    let folder = Folder::new();
    let evil = folder.join("evil.pem");
    std::fs::write(&evil, certificate_pem("evil root")).unwrap();
    let (evil, roots) = (evil.to_str().unwrap(), made("roots.pem"));
    let [eve_chain, eve_key] = ["eve_chain.pem", "eve_key.pem"].map(made);
    let eve = ["--certificate", &eve_chain, "--key", &eve_key];
    let [client_chain, client_key] = ["client_chain.pem", "client_key.pem"].map(made);
    let client = ["--certificate", &client_chain, "--key", &client_key];
    for (server_args, client_args, of_server, of_client) in [
        (
            &["--suite", "TLS_AES_128_GCM_SHA256"][..],
            &["--suite", "TLS_AES_256_GCM_SHA384"][..],
            "have no cipher suite in common",
            "the alert handshake_failure",
        ),
        (
            &["--group", "x25519"],
            &["--group", "secp256r1"],
            "have no group in common",
            "the alert handshake_failure",
        ),
        (
            &["--alpn", "h2"],
            &["--alpn", "http/1.1"],
            "have no protocol (ALPN) in common",
            "the alert no_application_protocol",
        ),
        (&[], &["--name", "bank.example"], "the alert bad_certificate", "and not for bank.example"),
        (&[], &["--roots", evil], "the alert bad_certificate", "Certificate refused: "),
        (&eve, &[], "the alert bad_certificate", "and not for localhost"),
        (&["--roots", &roots], &[], "this server wants one", "the alert certificate_required"),
        (&["--roots", &roots], &eve, "Certificate refused: ", "the alert unsupported_certificate"),
        (&["--roots", evil], &client, "Certificate refused: ", "the alert bad_certificate"),
    ] {
        let (server, addr) = Lone::server(&PART5_TLS13, server_args);
        let client = Lone::client(&PART5_TLS13, addr, client_args).end();
        let server = server.end();
        for (ended, said) in [(server, of_server), (client, of_client)] {
            let case = (server_args, client_args, &ended.complaints);
            // The one that refuses ends with 1, the one that is refused with 3.
            let code = if said.starts_with("the alert") { 3 } else { 1 };
            assert_eq!((ended.code, ended.complaints.len()), (Some(code), 1), "{case:?}");
            assert_eq!(ended.names().contains(&"rejected"), code == 1, "{case:?}");
            assert!(ended.complaints[0].contains(said), "{case:?}");
            assert!(!ended.names().contains(&"received"), "no data is taken: {case:?}");
        }
    }
}

#[test]
fn whatever_is_no_tls_is_refused_at_once_and_said_to_be() {
    let http = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let other =
        "something that is no record of TLS (plain HTTP, it may be, or another stage) came where";
    let cert_hello = PART4_CERT.record(&[0, 0x10, 0, 2, 7, 7]);
    let old_hello = HandshakeMessage::ClientHello(ClientHello {
        legacy_version: 0x0303,
        random: [7; 32],
        legacy_session_id: Vec::new(),
        cipher_suites: vec![0x1301],
        legacy_compression_methods: vec![0],
        extensions: Vec::new(),
    });
    let old_hello = PART5_TLS13.record_of_message(&old_hello.encode());
    for (bytes, alert, said) in [
        (&http[..], 10, other),
        (&cert_hello, 10, other),
        (&old_hello, 70, "the peer does not offer TLS 1.3"),
    ] {
        let (server, addr) = Lone::server(&PART5_TLS13, &["--message-timeout", "600"]);
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        _ = stream.read_to_end(&mut answer);
        assert_eq!(answer, [21, 3, 3, 0, 2, 2, alert]);
        let ended = server.end();
        assert_eq!((ended.code, ended.complaints.len()), (Some(1), 1), "{:?}", ended.complaints);
        assert!(ended.complaints[0].contains(said), "{:?}", ended.complaints);
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let answers: [(&[u8], _, _); 2] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", 1, other),
        (&[21, 3, 3, 0, 2, 2, 70], 3, "the peer sent the alert protocol_version"),
    ];
    for (answer, code, said) in answers {
        let client = Lone::client(&PART5_TLS13, listener.local_addr().unwrap(), &[]);
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 1_000);
        stream.write_all(answer).unwrap();
        let ended = client.end();
        assert_eq!((ended.code, ended.complaints.len()), (Some(code), 1), "{:?}", ended.complaints);
        assert!(ended.complaints[0].contains(said), "{:?}", ended.complaints);
    }
}

/// Programs of other stages do not speak with each other, and both ends say what they met.
#[test]
fn a_client_of_tls_and_a_server_of_part_4_part_with_a_word_that_helps() {
    let (server, addr) = Lone::server(&PART4_CERT, &[]);
    let client = Lone::client(&PART5_TLS13, addr, &[]).end();
    assert_eq!((server.end().code, client.code), (Some(1), Some(3)));
    let said =
        "closed the connection where its ServerHello was due; perhaps it is at another stage";
    assert!(client.complaints[0].contains(said), "{:?}", client.complaints);

    let (server, addr) = Lone::server(&PART5_TLS13, &[]);
    let client = Lone::client(&PART4_CERT, addr, &[]).end();
    let server = server.end();
    assert_eq!((server.code, client.complaints.len()), (Some(1), 1), "{:?}", client.complaints);
    assert!(server.complaints[0].contains("or another stage"), "{:?}", server.complaints);
}

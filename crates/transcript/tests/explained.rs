//! A connection out of a capture, by hand: what a person reads of it.

use messages::tls13::{
    ClientHello, Extension, HandshakeMessage as Message, KeyShareEntry, ServerHello,
};
use stages::PART5_TLS13;
use transcript::{
    Detail, Detailed, Direction, Event, EventKind, HandshakeMessage, Opened, Outcome, Overview,
    Record, Role, Summary, Way, WireLane,
};

const ENCRYPTED_EXTENSIONS: &[u8] = &[8, 0, 0, 2, 0, 0];
const FINISHED: &[u8] = &[20, 0, 0, 2, 7, 7];

/// Events as they grow, and the time.
#[derive(Default)]
struct Connection {
    events: Vec<Event>,
    micros: u64,
}

fn direction(role: Role) -> Direction {
    if role == Role::Server { Direction::ToClient } else { Direction::ToServer }
}

fn opened(key: &str, seq: u8, padding: usize) -> Opened {
    let nonce = [[0xab; 11].as_slice(), &[seq]].concat();
    Opened { key: key.to_owned(), seq: seq.into(), nonce: nonce.as_slice().into(), padding }
}

/// The payload of a record that has so many bytes inside, padding included.
fn sealed(len: usize) -> Vec<u8> {
    (0..=255).cycle().take(len + 17).collect()
}

impl Connection {
    /// One between two hosts that begins in 2026.
    fn new() -> Self {
        let mut it = Self::default();
        let kind = EventKind::Captured {
            client: ([10, 0, 0, 1], 50_000).into(),
            server: ([10, 0, 0, 2], 443).into(),
            unix_micros: 1_785_499_200_000_000,
        };
        it.tell(Role::Wire, kind);
        it
    }

    fn tell(&mut self, role: Role, kind: EventKind) {
        self.events.push(Event { role, stage: &PART5_TLS13, kind });
    }

    fn passes(&mut self, role: Role, bytes: &[u8]) {
        self.micros += 1_500;
        let (direction, micros) = (direction(role), self.micros);
        self.tell(Role::Wire, EventKind::Chunk { direction, micros, bytes: bytes.into() });
    }

    /// A message, in a record of its own if `how` says how that was opened.
    fn message(&mut self, role: Role, step: &str, bytes: &[u8], how: Option<Opened>) {
        let mut message = HandshakeMessage::new(step, Way::Sent, bytes, &[]);
        let record = match how {
            None => PART5_TLS13.record_of_message(bytes),
            Some(how) => {
                let payload = sealed(bytes.len() + how.padding);
                message = message.sealed_in(Some(&payload));
                message.opened = Some(how);
                PART5_TLS13.record(&payload)
            }
        };
        self.tell(role, EventKind::Handshake(message));
        self.passes(role, &record);
    }

    fn data(&mut self, role: Role, plaintext: &[u8], how: Option<Opened>) {
        let padding = how.as_ref().map_or(0, |how| how.padding);
        let payload = sealed(plaintext.len() + padding);
        let record = Record::new(&PART5_TLS13, 0, plaintext, &payload);
        self.tell(role, EventKind::Sent(Record { opened: how, ..record }));
        self.passes(role, &PART5_TLS13.record(&payload));
    }

    fn check(&mut self, of: Role, what: &str, outcome: Outcome, message: &str) {
        let (what, message) = (what.to_owned(), message.to_owned());
        self.tell(Role::KeyLog, EventKind::Check { of: Some(of), what, outcome, message });
    }

    fn knows(&mut self, label: &str) {
        let kind = EventKind::Derived {
            label: label.to_owned(),
            from: "the key log".to_owned(),
            direction: None,
            fingerprint: None,
        };
        self.tell(Role::KeyLog, kind);
    }

    fn ends(&mut self, role: Role) {
        let (direction, micros) = (direction(role), self.micros);
        self.tell(Role::Wire, EventKind::End { direction, micros });
    }

    fn hellos(&mut self) {
        let hello = ClientHello {
            legacy_version: 0x0303,
            random: [7; 32],
            legacy_session_id: Vec::new(),
            cipher_suites: vec![0x1303],
            legacy_compression_methods: vec![0],
            extensions: vec![Extension::ServerName(Some("bank.example".to_owned()))],
        };
        self.message(Role::Client, "ClientHello", &Message::ClientHello(hello).encode(), None);
        let share = KeyShareEntry { group: 29, key_exchange: vec![9; 32] };
        let hello = ServerHello {
            legacy_version: 0x0303,
            random: [9; 32],
            legacy_session_id_echo: Vec::new(),
            cipher_suite: 0x1303,
            legacy_compression_method: 0,
            extensions: vec![Extension::SelectedVersion(0x0304), Extension::KeyShare(share)],
        };
        self.message(Role::Server, "ServerHello", &Message::ServerHello(hello).encode(), None);
    }

    /// A whole one, whose server's Finished is checked with this outcome.
    fn whole(outcome: Outcome) -> Self {
        let mut it = Self::new();
        it.hellos();
        it.knows("client_handshake_traffic_secret");
        it.knows("server_handshake_traffic_secret");
        let key = "server_handshake_traffic_secret";
        it.message(
            Role::Server,
            "EncryptedExtensions",
            ENCRYPTED_EXTENSIONS,
            Some(opened(key, 0, 3)),
        );
        it.message(Role::Server, "Finished", FINISHED, Some(opened(key, 1, 0)));
        it.check(Role::Server, "Finished", outcome, "made again");
        let key = "client_handshake_traffic_secret";
        it.message(Role::Client, "Finished", FINISHED, Some(opened(key, 0, 0)));
        it.check(Role::Client, "Finished", Outcome::NotMade, "no secret");
        let key = "client_application_traffic_secret_0";
        it.data(Role::Client, b"GET / HTTP/1.1\r\n\r\n", Some(opened(key, 0, 0)));
        it.message(Role::Client, "Alert close_notify", &[1, 0], Some(opened(key, 1, 0)));
        let key = "server_application_traffic_secret_0";
        it.data(
            Role::Server,
            &[0, 0, 18, 4, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            Some(opened(key, 0, 0)),
        );
        it.ends(Role::Server);
        it.ends(Role::Client);
        it
    }

    fn overview(&self) -> Overview {
        let mut overview = Overview::default();
        self.events.iter().for_each(|event| overview.take(event));
        overview
    }

    fn summary(&self) -> String {
        let mut summary = Summary::default();
        let text: String = self.events.iter().map(|event| summary.event(event)).collect();
        plain(&(text + &summary.conclusion(&PART5_TLS13)))
    }

    fn detail(&self) -> String {
        let (mut detailed, mut lane) = (Detailed::default(), WireLane::new(Detail::Fields));
        let text = |event| detailed.event(event) + &lane.event(event);
        plain(&self.events.iter().map(text).collect::<String>())
    }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn an_overview_tells_who_what_was_agreed_when_and_what_became_of_it() {
    let overview = Connection::whole(Outcome::Holds).overview();
    let expected = "\
who        client   10.0.0.1:50000
           server   10.0.0.2:443
asked for  \"bank.example\", in the clear: anyone on the path reads it
when       2026-07-31 12:00:00 UTC
agreed     TLS 1.3, TLS_CHACHA20_POLY1305_SHA256, x25519
time       since the first packet, and since the step before
           client   ClientHello                1.500 ms     +1.500 ms
           server   ServerHello                3.000 ms     +1.500 ms
           server   Finished                   6.000 ms     +3.000 ms
           client   Finished                   7.500 ms     +1.500 ms
           client   first data                 9.000 ms     +1.500 ms
           client   end                       10.500 ms     +1.500 ms
           server   first data                12.000 ms     +1.500 ms
           server   end                       12.000 ms     +0.000 ms
protected  client   record 0 in the clear
                    record 1 by client_handshake_traffic_secret
                    records 2 and 3 by client_application_traffic_secret_0
           server   record 0 in the clear
                    records 1 and 2 by server_handshake_traffic_secret
                    record 3 by server_application_traffic_secret_0
data       client   18 bytes in 1 record
           server   18 bytes in 1 record
checks     not made Finished of the client: no secret
           OK       server: Finished
end        client   it says that no more follows: close_notify
           server   TCP ends, and no close_notify says that this is the end: it may be cut off

";
    assert_eq!(plain(&overview.told()), expected);
}

#[test]
fn a_check_that_fails_is_the_first_thing_and_the_last() {
    let connection = Connection::whole(Outcome::Fails);
    let told = plain(&connection.overview().told());
    assert!(
        told.starts_with("1 of 2 checks FAILS\nFinished of the server: made again\n\nwho "),
        "{told}"
    );
    assert_eq!(told.matches("made again").count(), 1, "{told}");
    let summary = connection.summary();
    let last =
        "\nall 6 encrypted records were opened; checks: Finished of the server FAILS, 1 not made\n";
    assert!(summary.ends_with(last), "{summary}");
}

#[test]
fn a_summary_puts_together_what_a_side_sends_in_a_row() {
    let expected = "\
client │ sends    ClientHello
wire   │ 73 B     in the clear: ClientHello: \"bank.example\"; TLS_CHACHA20_POLY1305_SHA256
server │ sends    ServerHello
wire   │ 95 B     in the clear: ServerHello: TLS_CHACHA20_POLY1305_SHA256, x25519
keylog │ knows    client_handshake_traffic_secret, server_handshake_traffic_secret
server │ sends    EncryptedExtensions, Finished
wire   │ 59 B     encrypted, in 2 records: 9 and 6 bytes
keylog │ OK       Finished
client │ sends    Finished
wire   │ 28 B     encrypted: 6 bytes
keylog │ not made Finished of the client: no secret
client │ sends    \"GET / HTTP/1.1\\r\\n\\r\\n\"
client │ sends    Alert close_notify
wire   │ 64 B     encrypted, in 2 records: 18 and 2 bytes
server │ sends    18 bytes: 00 00 12 04 00 00 00 00 00 01 02 03 04 05 06 07 …
wire   │ 40 B     encrypted: 18 bytes
wire   │ ends     TCP, server to client
wire   │ ends     TCP, client to server

all 6 encrypted records were opened; checks: none fails, 1 OK, 1 not made
";
    assert_eq!(Connection::whole(Outcome::Holds).summary(), expected);
}

#[test]
fn in_detail_each_record_has_its_key_number_nonce_inner_type_and_padding() {
    let detail = Connection::whole(Outcome::Holds).detail();
    let expected = "\
server │ sends EncryptedExtensions: 31 bytes on the wire, encrypted
       │       msg_type       1 B  08 = EncryptedExtensions
       │       length         3 B  00 00 02 = 2
       │       length         2 B  00 00 = 0
       │ encrypted, it travels as
       │       type           1 B  17 = 23
       │       version        2 B  03 03
       │       length         2 B  00 1a = 26
       │       ciphertext     6 B  00 01 02 03 04 05
       │       inner type     1 B  06
       │       padding        3 B  07 08 09
       │       tag           16 B  0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19
       │ a key log opens it
       │       key                 made of server_handshake_traffic_secret
       │       number              0 under this key: counted, not sent
       │       nonce         12 B  ab ab ab ab ab ab ab ab ab ab ab 00 = iv xor 0
       │       inner type     1 B  16 = 22
       │       padding        3 B  zero bytes, of which only the key tells
wire   │ encrypted record 1, server to client: 31 bytes at 0.004500 s
       │     0 type           1 B  17 = 23
       │     1 version        2 B  03 03
       │     3 length         2 B  00 1a
       │     5 ciphertext     6 B  00 01 02 03 04 05
       │    11 inner type     1 B  06
       │    12 padding        3 B  07 08 09
       │    15 tag           16 B  0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19
";
    assert!(detail.contains(expected), "{detail}");
    for expected in [
        "keylog │ OK: Finished of the server\n       │       check               made again\n",
        "keylog │ not made: Finished of the client\n",
        "keylog │ knows client_handshake_traffic_secret\n\
         \x20      │       opens               what the client says in the handshake\n",
        "       │       plaintext     18 B  00 00 12 04 00 00 00 00 00 01 02 03 04 05 06 07 …\n",
        "       │       plaintext     18 B  \"GET / HTTP/1.1\\r\\n\"\n",
        "wire   │ TCP ends, client to server\n",
    ] {
        assert!(detail.contains(expected), "{expected}\n{detail}");
    }
}

#[test]
fn without_a_key_it_is_said_that_an_eavesdropper_sees_no_more_and_how_to_see_more() {
    let mut it = Connection::new();
    it.hellos();
    for role in [Role::Server, Role::Server, Role::Client] {
        it.passes(role, &PART5_TLS13.record(&sealed(10)));
    }
    it.ends(Role::Client);
    let overview = it.overview();
    assert!(overview.is_eavesdropped());
    let told = plain(&overview.told());
    let first = "No key opens what is encrypted here: this is what an eavesdropper sees, and this is all.\n\
                 To see more, record ";
    assert!(told.starts_with(first), "{told}");
    for expected in [
        "           server   first encrypted record     4.500 ms     +1.500 ms\n",
        "           server   record 0 in the clear\n                    records 1 and 2 by a key that nobody here has\n",
        "data       client   1 record of 2 not opened\n           server   2 records of 3 not opened\n",
        "checks     none: nothing here can be checked without a key\n",
        "end        client   TCP ends; whether a close_notify came first is encrypted\n           \
         server   none: the capture ends before\n",
        "SSLKEYLOGFILE=keys.log",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    let last = "\nnone of 3 encrypted records was opened; checks: none\n";
    assert!(it.summary().ends_with(last), "{}", it.summary());
    assert!(!plain(&Connection::whole(Outcome::Holds).overview().told()).contains("eavesdropper"));
}

#[test]
fn a_message_in_several_records_is_told_where_it_ends_and_each_byte_is_of_some_part() {
    let mut it = Connection::new();
    let message = Message::Finished(vec![7; 50]).encode();
    let (begin, rest) = message.split_at(30);
    for _ in 0..2 {
        let kind = EventKind::Fragment {
            direction: Direction::ToClient,
            step: "Finished".to_owned(),
            bytes: begin[..15].into(),
            record: None,
            opened: None,
        };
        it.tell(Role::Server, kind);
        it.passes(Role::Server, &[&[22, 3, 3, 0, 15], &begin[..15]].concat());
    }
    let told = HandshakeMessage::new("Finished", Way::Sent, &message, &[]);
    it.tell(Role::Server, EventKind::Handshake(told));
    // In the same record stands a second message.
    let told = HandshakeMessage::new("Finished", Way::Sent, FINISHED, &[]);
    it.tell(Role::Server, EventKind::Handshake(told));
    it.passes(Role::Server, &[&[22, 3, 3, 0, 30], rest, FINISHED].concat());

    let summary = it.summary();
    let expected = "\
server │ sends    a part of Finished
wire   │ 20 B     in the clear
wire   │ 20 B     in the clear
server │ sends    the rest of Finished, Finished
wire   │ 35 B     in the clear
";
    assert!(summary.starts_with(expected), "{summary}");
    let detail = it.detail();
    for expected in [
        "server │ sends the beginning of Finished: 15 bytes of it\n",
        "server │ sends more of Finished: 15 bytes of it\n",
        "server │ sends the rest of Finished, which has 54 bytes in all\n",
        "server │ sends Finished: 6 bytes behind the last, in the same record\n",
        "wire   │ a part of Finished, Finished, server to client: 35 bytes at 0.004500 s\n",
        "       │     5 part          24 B  07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 …\n       \
         │    29 msg_type       1 B  14 = Finished\n",
    ] {
        assert!(detail.contains(expected), "{expected}\n{detail}");
    }
}

#[test]
fn records_behind_missing_bytes_are_told_and_folded_ones_are_counted() {
    let mut it = Connection::new();
    it.passes(Role::Server, b"no record");
    let direction = Direction::ToClient;
    it.tell(Role::Wire, EventKind::Missing { direction, micros: 1, bytes: Some(7) });
    let key = "server_application_traffic_secret_0";
    it.data(Role::Server, b"behind the gap, all in one", Some(opened(key, 0, 0)));
    it.tell(Role::Wire, EventKind::Folded { direction, records: 5, bytes: 100 });
    it.data(Role::Server, b"the last record of them all", Some(opened(key, 6, 0)));
    let overview = it.overview();
    let side = &overview.server;
    assert_eq!((side.data_records, side.data, side.records, side.loose), (7, 153, 7, 9));
    assert_eq!((side.keys[0].first, side.keys[0].records), (0, 7));
    assert!(side.has_gap && side.missing == 7);
    let (summary, detail) = (it.summary(), it.detail());
    for expected in [
        "wire   │ lacks    7 bytes, server to client: not in the capture\n",
        "wire   │ and      5 more records with 100 bytes, server to client\n",
    ] {
        assert!(summary.contains(expected), "{expected}\n{summary}");
    }
    assert!(detail.contains("wire   │ encrypted record 6, server to client"), "{detail}");
    let told = plain(&overview.told());
    assert!(told.contains("           server   unknown: not all is in the capture; 7 bytes are missing in the capture\n"), "{told}");
}

/// Names out of a stranger's file have no power over the terminal.
#[test]
fn hostile_names_are_made_harmless() {
    let hostile = "\x1b[2J\u{202e}";
    let mut it = Connection::new();
    it.knows(hostile);
    it.message(Role::Client, hostile, &[20, 0, 0, 1, 0], Some(opened(hostile, 0, 0)));
    for outcome in [Outcome::Holds, Outcome::Fails, Outcome::NotMade] {
        it.check(Role::Client, hostile, outcome, hostile);
    }
    let mut summary = Summary::default();
    let summary: String = it.events.iter().map(|event| summary.event(event)).collect();
    let mut detailed = Detailed::default();
    let detail: String = it.events.iter().map(|event| detailed.event(event)).collect();
    for text in [summary, detail, it.overview().told()] {
        let text = plain(&text);
        assert!(!text.contains(['\x1b', '\u{202e}']), "{text:?}");
    }
}

#[test]
fn what_anyone_checks_stands_in_the_lane_of_the_wire_and_what_a_key_opens_in_that_of_the_key_log() {
    let mut it = Connection::new();
    it.hellos();
    for (by, what) in [
        (Role::Wire, "legacy_session_id_echo"),
        (Role::Wire, "downgrade"),
        (Role::KeyLog, "binder"),
        (Role::KeyLog, "Finished"),
        (Role::Wire, "ServerHello"),
    ] {
        let (what, message) = (what.to_owned(), "it is".to_owned());
        let kind =
            EventKind::Check { of: Some(Role::Server), what, outcome: Outcome::Holds, message };
        it.tell(by, kind);
    }
    let expected = "\
wire   │ OK       legacy_session_id_echo, downgrade
keylog │ OK       binder, Finished
wire   │ OK       ServerHello
";
    let summary = it.summary();
    assert!(summary.contains(expected), "{summary}");
    assert!(it.detail().contains("wire   │ OK: legacy_session_id_echo of the server\n"));
}

/// The bytes of another version are not taken for what they are in TLS 1.3, and what is no TLS is shown as it is.
#[test]
fn what_is_not_explained_is_said_to_be_that() {
    let mut it = Connection::new();
    it.hellos();
    let EventKind::Handshake(hello) = &mut it.events[3].kind else { panic!() };
    // Without the extension that chooses another, the version is that of TLS 1.2.
    let mut message = hello.message.to_vec();
    let at = message.windows(6).position(|it| it == [0, 43, 0, 2, 3, 4]).unwrap();
    message[at + 1] = 99;
    hello.message = message.as_slice().into();
    let record = [22, 3, 3, 0, 2, 1, 1];
    it.passes(Role::Server, &record.repeat(2));
    it.passes(Role::Client, b"GET / HTTP/1.1\r\n");
    let told = plain(&it.overview().told());
    let first = "TLS 1.2 was agreed on: it is recognised here, and not explained.\n\nwho ";
    assert!(told.starts_with(first), "{told}");
    assert!(!told.contains("protected") && !told.contains("SSLKEYLOGFILE"), "{told}");
    let expected = "\
wire   │ 7 B      a record that is not explained
wire   │ 7 B      a record that is not explained
wire   │ 16 B     no record: \"GET / HTTP/1.1\\r\\n\"
";
    assert!(it.summary().contains(expected), "{}", it.summary());
    let expected = "wire   │ a record, server to client: 7 bytes at 0.004500 s\n";
    let detail = it.detail();
    assert_eq!(detail.matches(expected).count(), 2, "{detail}");
    assert_eq!(detail.matches("       │     5 unexplained    2 B  01 01\n").count(), 2, "{detail}");
}

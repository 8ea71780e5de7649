//! A stage whose client and server agree on something first: an attack is still handed the first
//! request.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use attacker::attacks::{bit_flip, control};
use attacker::{Outcome, Path};
use framing::Direction::{ToClient, ToServer};
use stages::{Message, PART1_CTR, Role, STAGES, Stage};

const WITH_HANDSHAKE: Stage = Stage {
    handshake: &[
        Message { name: "ClientHello", direction: ToServer, fields: &[], is_sealed: false },
        Message { name: "ServerHello", direction: ToClient, fields: &[], is_sealed: false },
        Message { name: "ServerAuth", direction: ToClient, fields: &[], is_sealed: false },
    ],
    ..PART1_CTR
};

#[test]
fn the_messages_of_a_handshake_pass_before_an_attack_takes_the_first_request() {
    let record = |byte: u8| WITH_HANDSHAKE.record(&[byte; 16 + 61]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let path = Path::new(&WITH_HANDSHAKE, listener.local_addr().unwrap()).unwrap();
    thread::scope(|scope| {
        let attack = scope.spawn(|| (bit_flip::ATTACK.run)(&path));
        let server = scope.spawn(|| {
            let (mut server, _) = listener.accept().unwrap();
            server.write_all(&[record(2), record(3)].concat()).unwrap();
            server.shutdown(Shutdown::Write).unwrap();
            let mut received = Vec::new();
            server.read_to_end(&mut received).unwrap();
            received
        });
        let mut client = TcpStream::connect(path.addr().unwrap()).unwrap();
        client.write_all(&[record(1), record(4)].concat()).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut answered = Vec::new();
        client.read_to_end(&mut answered).unwrap();

        assert_eq!(answered, [record(2), record(3)].concat(), "the server's side of it passes");
        let mut expected = [record(1), record(4)].concat();
        expected[record(1).len() + 4 + 16 + 28] ^= b'1' ^ b'9';
        assert_eq!(server.join().unwrap(), expected, "the request alone is changed");
        attack.join().unwrap().unwrap();
    });
}

#[test]
fn a_later_stage_inherits_the_outcome_of_the_nearest_before_it() {
    for stage in STAGES.iter().filter(|stage| stage.has_data()) {
        let expected =
            if stage.has(Role::Tag) { Outcome::Refused("bad_tag") } else { Outcome::Succeeds };
        assert_eq!(bit_flip::ATTACK.outcome_at(stage), expected, "{stage:?}");
    }
}

#[test]
fn an_attack_on_data_has_nothing_to_try_where_none_travels() {
    let mut found = 0;
    for stage in STAGES.iter().filter(|stage| !stage.has_data()) {
        assert!(matches!(bit_flip::ATTACK.outcome_at(stage), Outcome::NotApplicable(_)));
        assert_eq!(control::ATTACK.outcome_at(stage), Outcome::Succeeds);
        found += 1;
    }
    assert!(found > 0);
}

//! The traces of RFC 8448, from their secrets to their bytes: what they say is read and written again, every secret
//! comes out, every record of either side opens and is sealed to the same bytes, every Finished is the one that is made
//! here. Left out: what is random or by a key that nobody has (the CertificateVerify of RSA with 1,024 bits, which is
//! shorter than any that is accepted here), and the agreement on P-256, whose result is taken from the figures.

use crypto::secret::SharedSecret;
use crypto::tls13::group::KeyShare;
use crypto::tls13::record::{ContentType, Opener, Sealer};
use crypto::tls13::secret::Secret;
use crypto::tls13::suite::Suite;
use crypto::tls13::transcript::Transcript;
use messages::tls13::HandshakeMessage;
use serde_json::Value;
use tls::schedule::Handshake;

const SUITE: Suite = Suite::Aes128GcmSha256;

/// The traces without a key from before: those of sections 3, 5, 6 and 7.
fn traces() -> Vec<Value> {
    let vectors: Value = serde_json::from_str(include_str!("vectors/rfc8448.json")).unwrap();
    let traces = vectors["traces"].as_array().unwrap();
    assert_eq!(traces.len(), 5);
    traces.iter().filter(|trace| trace["psk"].is_null()).cloned().collect()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// The messages of one side behind its Hello.
fn messages(trace: &Value, side: &str) -> Vec<Vec<u8>> {
    trace[side].as_array().unwrap().iter().map(|message| bytes(&message[1])).collect()
}

/// The messages in the clear, in order, without the headers of their records.
fn hellos(trace: &Value) -> Vec<Vec<u8>> {
    let names = ["ClientHello_1", "HelloRetryRequest", "ClientHello_2", "ServerHello"];
    let records = &trace["records"];
    let hellos = names.iter().filter(|name| !records[*name].is_null());
    hellos.map(|name| bytes(&records[*name])[5..].to_vec()).collect()
}

/// The records in what stands for one or several.
fn records(value: &Value) -> Vec<Vec<u8>> {
    let mut rest = bytes(value);
    let mut records = Vec::new();
    while !rest.is_empty() {
        let len = 5 + usize::from(u16::from_be_bytes([rest[3], rest[4]]));
        let behind = rest.split_off(len);
        records.push(std::mem::replace(&mut rest, behind));
    }
    records
}

fn opened(opener: &mut Opener, record: &[u8]) -> (Option<ContentType>, Vec<u8>) {
    let (header, payload) = record.split_at(5);
    let mut payload = payload.to_vec();
    let (kind, plaintext) = opener.open(header, &mut payload).unwrap();
    (kind, plaintext.to_vec())
}

fn assert_is(secret: &Secret, expected: &Value) {
    assert_eq!(hex::encode(secret.for_key_log()), expected.as_str().unwrap());
}

#[test]
fn every_message_is_read_and_written_again() {
    for trace in traces() {
        let all = [hellos(&trace), messages(&trace, "server_messages")].concat();
        for message in all.iter().chain(&messages(&trace, "client_messages")) {
            let read = HandshakeMessage::decode(message).unwrap();
            assert_eq!(hex::encode(read.encode()), hex::encode(message), "{}", read.name());
            let explained = HandshakeMessage::explain(message);
            let told: usize = explained.leaves().map(|leaf| leaf.len).sum();
            assert_eq!(told, message.len(), "{}", read.name());
        }
    }
}

#[test]
fn every_secret_comes_out_every_record_opens_and_every_finished_verifies() {
    for trace in traces() {
        let (secrets, wire) = (&trace["secrets"], &trace["records"]);
        let shared = bytes(&secrets["shared"]);
        let mut transcript = Transcript::new(SUITE);
        let hellos = hellos(&trace);
        for (index, hello) in hellos.iter().enumerate() {
            transcript.add(hello);
            if hellos.len() == 4 && index == 0 {
                transcript.retry();
            }
        }
        let schedule = Handshake::new(SUITE, &SharedSecret::guessed(&shared), &transcript.hash());
        assert_is(&schedule.traffic.client, &secrets["client_handshake_traffic"]);
        assert_is(&schedule.traffic.server, &secrets["server_handshake_traffic"]);

        let mut opener = Opener::new(&schedule.traffic.server);
        let mut behind = Vec::new();
        for record in records(&wire["ServerHandshakeMessages"]) {
            // The change of the compatibility mode is not under any key.
            if record[0] != 20 {
                let (kind, plaintext) = opened(&mut opener, &record);
                assert_eq!(kind, Some(ContentType::Handshake));
                behind.extend(plaintext);
            }
        }
        let server = messages(&trace, "server_messages");
        assert_eq!(behind, server[1..].concat());
        for message in &server[1..] {
            if let HandshakeMessage::Finished(tag) = HandshakeMessage::decode(message).unwrap() {
                assert!(schedule.traffic.server.verify_finished(&transcript.hash(), &tag));
                assert_eq!(*schedule.traffic.server.finished(&transcript.hash()), tag);
            }
            transcript.add(message);
        }
        let application = schedule.application(&transcript.hash());
        assert_is(&application.traffic.client, &secrets["client_application_traffic"]);
        assert_is(&application.traffic.server, &secrets["server_application_traffic"]);
        assert_is(&application.exporter, &secrets["exporter_master"]);

        let mut opener = Opener::new(&schedule.traffic.client);
        let client: Vec<_> = records(&wire["ClientFinished"])
            .iter()
            .filter(|record| record[0] != 20)
            .flat_map(|record| opened(&mut opener, record).1)
            .collect();
        assert_eq!(client, messages(&trace, "client_messages").concat());
        for message in messages(&trace, "client_messages") {
            if let HandshakeMessage::Finished(tag) = HandshakeMessage::decode(&message).unwrap() {
                assert!(schedule.traffic.client.verify_finished(&transcript.hash(), &tag));
            }
            transcript.add(&message);
        }

        // Every sealed record of both sides, opened and sealed again: ChangeCipherSpec is in the clear.
        let mut sealed = 0;
        for (secret, names) in [
            (&schedule.traffic.server, &["ServerHandshakeMessages"][..]),
            (&schedule.traffic.client, &["ClientFinished"]),
            (
                &application.traffic.server,
                &["NewSessionTicket", "Server_AppData", "Server_CloseNotify"],
            ),
            (&application.traffic.client, &["Client_AppData", "Client_CloseNotify"]),
        ] {
            let (mut opener, mut sealer) = (Opener::new(secret), Sealer::new(secret));
            let present = names.iter().filter(|name| !wire[*name].is_null());
            let all = present.flat_map(|name| records(&wire[*name]));
            for record in all.filter(|record| record[0] != 20) {
                let (kind, plaintext) = opened(&mut opener, &record);
                let mut again = record[..5].to_vec();
                let header = again.clone();
                sealer.seal(&header, (kind.unwrap(), &plaintext), 0, &mut again).unwrap();
                assert_eq!(hex::encode(again), hex::encode(record));
                sealed += 1;
            }
        }
        let expected = if trace["section"] == "3" { 7 } else { 4 };
        assert_eq!(sealed, expected, "{}", trace["name"]);
    }
}

#[test]
fn the_agreements_on_x25519_are_those_of_the_traces() {
    for trace in traces().iter().filter(|trace| trace["group"] == "x25519") {
        let private = |side: &str| <[u8; 32]>::try_from(bytes(&trace[side])).unwrap();
        let client = KeyShare::x25519(private("client_private"));
        let server = KeyShare::x25519(private("server_private"));
        let shared = SharedSecret::guessed(&bytes(&trace["secrets"]["shared"])).fingerprint();
        assert_eq!(client.agree(&server.public).unwrap().fingerprint(), shared);
        assert_eq!(server.agree(&client.public).unwrap().fingerprint(), shared);
    }
}

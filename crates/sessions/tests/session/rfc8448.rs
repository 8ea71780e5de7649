//! The traces of RFC 8448, with their secrets for a key log: explained whole.

use crypto::tls13::secret::Secret;
use crypto::tls13::suite::Suite;
use crypto::tls13::transcript::Transcript;
use serde_json::Value;

use super::told::{
    Has, Piece, ToClient, ToServer, checks, derived, explain, message, opened, said, sealed,
};

/// All five.
pub fn trace(section: &str) -> (Vec<Piece>, Has) {
    let vectors = include_str!("../../../tls/tests/vectors/rfc8448.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let traces = vectors["traces"].as_array().unwrap();
    let trace = traces.iter().find(|trace| trace["section"] == section).unwrap();
    let bytes = |value: &Value| hex::decode(value.as_str().unwrap()).unwrap();
    let order = [
        ("ClientHello_1", ToServer),
        ("Client_EarlyAppData", ToServer),
        ("HelloRetryRequest", ToClient),
        ("ClientHello_2", ToServer),
        ("ServerHello", ToClient),
        ("ServerHandshakeMessages", ToClient),
        ("ClientFinished", ToServer),
        ("NewSessionTicket", ToClient),
        ("Client_AppData", ToServer),
        ("Server_AppData", ToClient),
        ("Client_CloseNotify", ToServer),
        ("Server_CloseNotify", ToClient),
    ];
    let records = trace["records"].as_object().unwrap();
    assert!(records.keys().all(|name| order.iter().any(|(it, _)| it == name)));
    let pieces = order.iter().filter(|(name, _)| records.contains_key(*name));
    let mut pieces: Vec<_> =
        pieces.map(|(name, way)| Piece::Bytes(*way, bytes(&records[*name]))).collect();
    pieces.extend([Piece::End(ToServer), Piece::End(ToClient)]);

    let hello = bytes(&records["ClientHello_1"]);
    let random = hex::encode(&hello[11..43]);
    let secrets = &trace["secrets"];
    let suite = Suite::Aes128GcmSha256;
    let early = Secret::from_key_log(suite, &bytes(&secrets["early"])).unwrap();
    let mut transcript = Transcript::new(suite);
    transcript.add(&hello[5..]);
    let early = early.derive("c e traffic", &transcript.hash());
    let mut keylog =
        format!("CLIENT_EARLY_TRAFFIC_SECRET {random} {}\n", hex::encode(early.for_key_log()));
    for (label, name) in [
        ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "client_handshake_traffic"),
        ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "server_handshake_traffic"),
        ("CLIENT_TRAFFIC_SECRET_0", "client_application_traffic"),
        ("SERVER_TRAFFIC_SECRET_0", "server_application_traffic"),
    ] {
        let secret = secrets[name].as_str().unwrap();
        keylog += &[label, &random, secret].join(" ");
        keylog += "\n";
    }
    let psks = trace["psk"].as_str().unwrap_or_default().to_owned();
    (pieces, Has { keylog, psks, ..Has::default() })
}

const SECTIONS: [&str; 5] = ["3", "4", "5", "6", "7"];

#[test]
fn every_record_of_every_trace_is_opened_and_every_check_that_can_be_made_holds() {
    for section in SECTIONS {
        let (pieces, has) = trace(section);
        let events = explain(&pieces, &has);
        assert_eq!(opened(&events).len(), sealed(&events), "{section}");
        let mut expected = vec![];
        if section == "4" {
            expected.push("+ client binder");
        }
        let hello =
            ["+ server legacy_session_id_echo", "+ server ServerHello", "+ server downgrade"];
        if section == "5" {
            expected.extend([hello[0], "+ server HelloRetryRequest", hello[2]]);
            expected.push("+ client second ClientHello");
        }
        expected.extend(hello);
        if section == "5" {
            expected.push("+ server hash after HelloRetryRequest");
        }
        if section != "4" {
            // No roots are given. The keys have 1,024 bits, but for that of section 6.
            expected.push("? server Certificate");
            let outcome = if section == "6" { "+" } else { "?" };
            expected.push(if outcome == "+" {
                "+ server CertificateVerify"
            } else {
                "? server CertificateVerify"
            });
        }
        expected.push("+ server Finished");
        if section == "6" {
            expected.extend(["? client Certificate", "? client CertificateVerify"]);
        }
        expected.extend(["+ client Finished", "+ client end", "+ server end"]);
        assert_eq!(checks(&events), expected, "{section}");
    }
}

#[test]
fn early_data_is_under_a_key_of_its_own_until_its_end() {
    let (pieces, has) = trace("4");
    let events = explain(&pieces, &has);
    let said = said(&events);
    assert_eq!(
        said[..8],
        [
            "client ClientHello",
            "client ABCDEF",
            "server ServerHello",
            "server EncryptedExtensions",
            "server Finished",
            "client EndOfEarlyData",
            "client Finished",
            &said[7],
        ]
    );
    assert!(derived(&events)[0] == "client_early_traffic_secret", "{:?}", derived(&events));
    let keys: Vec<_> = opened(&events).into_iter().map(|it| (it.key, it.seq)).collect();
    let early = |seq| ("client_early_traffic_secret".to_owned(), seq);
    assert_eq!(keys[0], early(0));
    assert_eq!(keys[2], early(1));
    assert_eq!(keys[3].0, "client_handshake_traffic_secret");
}

/// The client's Finished is over an end of early data that nobody could open, and that is known all the same.
#[test]
fn without_the_secret_of_early_data_only_that_stays_closed() {
    let (pieces, mut has) = trace("4");
    has.keylog = has.keylog.lines().skip(1).collect::<Vec<_>>().join("\n");
    let events = explain(&pieces, &has);
    assert_eq!(opened(&events).len(), sealed(&events) - 2);
    let text = message(&events, "? client key log");
    assert!(text.contains("CLIENT_EARLY_TRAFFIC_SECRET"), "{text}");
    assert!(text.contains("before the server has answered"), "{text}");
    assert!(checks(&events).contains(&"+ client Finished".to_owned()));
    assert!(checks(&events).iter().all(|check| !check.starts_with('-')));
}

#[test]
fn a_binder_holds_for_its_key_alone() {
    let (pieces, has) = trace("4");
    let text = message(&explain(&pieces, &has), "+ client binder");
    assert!(text.contains("a ticket's"), "{text}");
    let other = Has { psks: "00".repeat(32), ..has.clone() };
    message(&explain(&pieces, &other), "- client binder");
    let both = Has { psks: format!("# two\n{}\n\n{}\n", other.psks, has.psks), ..has.clone() };
    message(&explain(&pieces, &both), "+ client binder");
    let none = Has { psks: String::new(), ..has };
    let text = message(&explain(&pieces, &none), "? client binder");
    assert!(text.contains("--psk"), "{text}");
}

/// Each byte of each record on its own, and all of a side at once.
#[test]
fn it_is_the_same_however_the_stream_was_cut() {
    for section in SECTIONS {
        let (pieces, has) = trace(section);
        let whole = explain(&pieces, &has);
        let single: Vec<_> = pieces
            .iter()
            .flat_map(|piece| match piece {
                Piece::Bytes(way, bytes) => {
                    bytes.iter().map(|byte| Piece::Bytes(*way, vec![*byte])).collect()
                }
                other => vec![other.clone()],
            })
            .collect();
        assert_eq!(explain(&single, &has), whole, "{section}");
    }
}

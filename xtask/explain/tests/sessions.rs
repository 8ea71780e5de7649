//! Recorded sessions between programs of others: each is told whole, and what is found is what has to be.

mod recorded;

use std::fs::{self, File};
use std::path::Path;

use pcap_file::pcapng::{Block, PcapNgReader, PcapNgWriter};
use recorded::explained::{assert_explained, explain};
use recorded::session::Session;
use recorded::table::SESSIONS;
use recorded::{capture, each, readme, recordings};
use transcript::{EventKind, Outcome, Role};

#[test]
fn every_recorded_session_is_told_to_its_last_byte_and_every_check_is_made() {
    each(SESSIONS, |session| assert_explained(recordings(), session, false));
}

#[test]
fn the_page_beside_the_recordings_says_what_they_hold() {
    let page = readme::written();
    let (said, _) = page.split_once(readme::SEEN).expect("a part with programs");
    assert!(said == readme::said(), "expected\n{}", readme::said());
}

fn session(name: &str) -> &'static Session {
    SESSIONS.iter().find(|session| session.name == name).unwrap()
}

fn copy(name: &str, into: &Path) {
    fs::write(into.join(name), fs::read(recordings().join(name)).unwrap()).unwrap();
}

#[test]
fn without_its_key_log_a_session_is_told_as_far_as_anyone_on_the_path_can_read_it() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    copy("openssl-psk.pcap", folder.path());
    copy("roots.pem", folder.path());
    let told = &explain(folder.path(), session("openssl-psk"))[0];
    assert_eq!(told.exit, Some(0), "{}", told.complaints);
    let sent = ["ClientHello ChangeCipherSpec sealed", "ServerHello ChangeCipherSpec sealed"];
    assert_eq!(told.found().sent, sent);
}

#[test]
fn where_a_packet_of_the_handshake_was_lost_no_check_that_covers_it_is_made_and_none_fails() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    copy("roots.pem", folder.path());
    let session = session("gnutls-rekey");
    let file = File::open(capture(recordings(), session)).unwrap();
    let mut reader = PcapNgReader::new(file).unwrap();
    let into = File::create(capture(folder.path(), session)).unwrap();
    let mut writer = PcapNgWriter::with_section_header(into, reader.section().clone()).unwrap();
    while let Some(block) = reader.next_block() {
        let block = block.unwrap();
        // The longest is of the server: from EncryptedExtensions to Finished.
        if !matches!(&block, Block::EnhancedPacket(packet) if packet.data.len() > 2_000) {
            writer.write_block(&block).unwrap();
        }
    }
    drop(writer);
    let told = &explain(folder.path(), session)[0];
    let checks = told.events.iter().filter_map(|event| match &event.kind {
        EventKind::Check { of: Some(Role::Client), what, outcome, .. } => Some((&**what, *outcome)),
        _ => None,
    });
    let finished: Vec<_> = checks.filter(|(what, _)| *what == "Finished").collect();
    assert_eq!(finished, [("Finished", Outcome::NotMade)]);
    assert_eq!(told.exit, Some(0), "{}", told.complaints);
}

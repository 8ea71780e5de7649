//! Sessions between programs of others, recorded here and now: each is told whole, and what is found is what has to be.

mod recorded;

use std::env;
use std::fs;
use std::path::Path;

use recorded::explained::assert_explained;
use recorded::record::{ours, record};
use recorded::table::SESSIONS;
use recorded::{each, readme, recordings};

/// The variable that has the recordings in the repository made anew.
const WRITE: &str = "WRITE_SESSIONS";

fn write_roots(into: &Path) {
    let roots = ours().certificates().unwrap().join("roots.pem");
    fs::write(into.join("roots.pem"), fs::read(roots).unwrap()).unwrap();
}

#[test]
#[ignore = "needs OpenSSL, GnuTLS, NSS, curl, wget, Python, Node.js, nginx, stunnel, Chromium, Firefox, tcpdump and editcap, from outside"]
fn sessions_of_programs_here_are_told_to_their_last_byte_and_every_check_is_made() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    write_roots(folder.path());
    each(SESSIONS, |session| {
        record(session, folder.path());
        assert_explained(folder.path(), session, true);
    });
}

#[test]
#[ignore = "records the sessions in the repository anew, when asked to"]
fn writes_the_recordings() {
    if env::var_os(WRITE).is_none() {
        return;
    }
    for file in fs::read_dir(recordings()).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    write_roots(recordings());
    each(SESSIONS, |session| record(session, recordings()));
    fs::write(recordings().join("README.md"), readme::said() + &readme::seen()).unwrap();
}

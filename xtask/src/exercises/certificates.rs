//! Checks the exercises on certificates: chains to be judged, and a handshake in which somebody else's may be put.
//!
//! The chains in files were signed once, by `authority::issue` with keys that nobody kept, and most of what is in them
//! is valid until 2056. The others are those of the real server and of the lab's attacker, which every machine makes
//! for itself.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Context;
use stages::PART4_CERT;

use super::check::{Check, Checked, last_words};
use super::defences::honest;
use super::random::{number, one_client};
use super::whole::cut_short;
use crate::lab::scenario::{BASE, Scenario};
use crate::lab::victims::Played;
use crate::launch::Programs;

/// A chain as a client meets it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The requirement.
    pub what: &'static str,
    /// Its file.
    pub chain: File,
    /// The file of the root that the client trusts.
    pub root: File,
    /// The name that the client wants.
    pub name: &'static str,
    /// The time, in seconds since 1970; without it, now.
    pub time: Option<RangeInclusive<usize>>,
    /// The check of the real client that refuses it, if one does.
    pub refused_by: Option<&'static str>,
}

/// A file of certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// In `exercises/chains/`, for the reader to look at.
    Shown(&'static str),
    /// In `chains/` beside this.
    Hidden(&'static str),
    /// Made on this machine.
    Made(&'static str),
}

use File::{Hidden, Made, Shown};

const ROOT: File = Shown("roots.pem");
const MADE_ROOT: File = Made("roots.pem");

/// 2026-01-01, 2050-01-01 and 2056-01-01, between which the certificates of [`UNTIL_2050`] begin and end.
const TIMES: [usize; 3] = [1_767_225_600, 2_524_608_000, 2_713_910_400];
const UNTIL_2050: Case = Case { chain: Hidden("until_2050.pem"), ..GOOD };

const GOOD: Case = Case {
    what: "the real server's chain is believed",
    chain: Made("server_chain.pem"),
    root: ROOT,
    name: "localhost",
    time: None,
    refused_by: None,
};

const fn shown(what: &'static str, file: &'static str, by: &'static str) -> Case {
    Case { what, chain: Shown(file), refused_by: Some(by), ..GOOD }
}

const fn hidden(what: &'static str, file: &'static str, refused_by: Option<&'static str>) -> Case {
    Case { what, chain: Hidden(file), refused_by, ..GOOD }
}

/// What a client meets: the real server, the five, and others.
pub const CASES: [Case; 18] = [
    Case { root: MADE_ROOT, ..GOOD },
    shown("what is wrong with chain 1 is found", "1.pem", "expired"),
    shown("what is wrong with chain 2 is found", "2.pem", "wrong_name"),
    shown("what is wrong with chain 3 is found", "3.pem", "not_an_authority"),
    shown("what is wrong with chain 4 is found", "4.pem", "bad_certificate_signature"),
    shown("what is wrong with chain 5 is found", "5.pem", "unknown_issuer"),
    Case {
        what: "another server's chain is believed by a client that wants that server",
        chain: Made("eve_chain.pem"),
        root: MADE_ROOT,
        name: "eve.example",
        ..GOOD
    },
    hidden("a server of several names is believed", "several_names.pem", None),
    hidden("a chain with one authority more is believed", "longer.pem", None),
    hidden("a chain that has the root in it is believed", "with_the_root.pem", None),
    Case {
        what: "a certificate is believed until its last second is over",
        time: Some(TIMES[1]..=TIMES[1]),
        ..UNTIL_2050
    },
    Case {
        what: "a server's certificate that has expired is refused",
        time: Some(TIMES[1] + 1..=TIMES[2]),
        refused_by: Some("expired"),
        ..UNTIL_2050
    },
    Case {
        what: "a chain that is not valid yet is refused",
        time: Some(0..=TIMES[0] - 1),
        refused_by: Some("not_yet_valid"),
        ..UNTIL_2050
    },
    Case {
        what: "a chain for eve.example is refused by a client that wants example",
        chain: Made("eve_chain.pem"),
        root: MADE_ROOT,
        name: "example",
        refused_by: Some("wrong_name"),
        ..GOOD
    },
    hidden(
        "a server's certificate without the authority that signed it is refused",
        "alone.pem",
        Some("unknown_issuer"),
    ),
    hidden(
        "a certificate whose name was changed after it was signed is refused",
        "changed.pem",
        Some("bad_certificate_signature"),
    ),
    Case {
        what: "the real server's chain is refused where another root of the same name is trusted",
        refused_by: Some("bad_certificate_signature"),
        ..GOOD
    },
    hidden(
        "an authority is refused that was made one by somebody who is none",
        "deeper.pem",
        Some("not_an_authority"),
    ),
];

impl File {
    /// Where it is.
    ///
    /// # Errors
    /// When nothing was built that makes certificates.
    pub fn path(self, programs: &Programs) -> anyhow::Result<PathBuf> {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        Ok(match self {
            Shown(name) => here.join("../exercises/chains").join(name),
            Hidden(name) => here.join("src/exercises/chains").join(name),
            Made(name) => programs.certificates()?.join(name),
        })
    }
}

/// Exercise 10: judges chains as a client does.
pub(super) fn five_chains(check: &mut Check) -> Checked {
    for Case { what, chain, root, name, time, refused_by } in CASES {
        let path = |file: File| anyhow::Ok(file.path(&check.programs)?.display().to_string());
        let now = || SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        let time = time.map_or_else(|| now().to_string(), |range| number(range).to_string());
        let given = [&*path(chain)?, &*path(root)?, name, &*time];
        let judged = check.run(what, &given, |_| ())?;
        let found = judged.refusal();
        let why_not = match (found, refused_by) {
            (None, _) if judged.code != Some(0) => Some(last_words("it broke off", &judged)),
            (Some((check, _)), Some(by)) if check == by => None,
            (None, None) => None,
            (None, Some(_)) => Some("your code finds nothing wrong with it".to_owned()),
            (Some((_, fault)), None) => Some(format!("your code says {fault}, and it is good")),
            (Some((_, fault)), Some(_)) => {
                Some(format!("your code says {fault}, and that is not what is wrong with it"))
            }
        };
        check.note(what, why_not)?;
    }
    Ok(())
}

/// A name for which the lab's attacker has a certificate.
const EVE: Option<&str> = Some("eve.example");

/// What is tried on a handshake: the attack, for which the harness has a name, the name that the client wants, and what
/// is wrong with the result.
type Attacked = (&'static str, &'static str, Option<&'static str>, fn(&Played) -> Option<String>);

const ATTACKS: [Attacked; 6] = [
    (
        "certificate-swap is noticed before the client has sent anything",
        "certificate-swap",
        None,
        |played| not_noticed(played, "a certificate that the server did not send"),
    ),
    (
        "unknown-key-share is refused: nobody acts on the request",
        "unknown-key-share",
        EVE,
        |played| {
            let [server, client] = [&played.server, &played.clients[0]];
            match (server.refusal(), client.refusal()) {
            _ if !server.received().is_empty() => Some(
                "the client wants eve.example, whose certificate and signature it got, and it is the real server \
                 that acts on its request"
                    .to_owned(),
            ),
            (Some(("bad_tag", _)), None) | (None, Some(("bad_signature", _))) => None,
            _ => Some(last_words("it ended in another way", server)),
        }
        },
    ),
    ("a field that is added to ClientHello is noticed", "ClientHello", None, |played| {
        not_noticed(played, "that the server got its ClientHello, and the server got another")
    }),
    ("a field that is added to ServerHello is noticed", "ServerHello", None, |played| {
        not_noticed(played, "a ServerHello that the server did not send")
    }),
    ("a field that is added to ServerAuth is noticed", "ServerAuth", None, |played| {
        not_noticed(played, "a ServerAuth that the server did not send")
    }),
    (
        "a field that is moved from ClientHello to ServerHello is noticed",
        "moved-field",
        None,
        |played| {
            not_noticed(
                played,
                "that a field stood in front of ServerHello, which to the server stood behind ClientHello",
            )
        },
    ),
];

/// Exercise 11: a client and a server that notice when they have not heard the same.
pub(super) fn bind_certificate(check: &mut Check) -> Checked {
    let what = "an honest conversation goes through, both ways";
    let played = check.play_both(what, &honest(), &PART4_CERT, None)?;
    let why_not = match played.clients[0].refusal() {
        Some(("bad_signature", _)) => Some(
            "the client refuses the signature: the two sides make different bytes of the same messages".to_owned(),
        ),
        _ => cut_short(&played),
    };
    check.note(what, why_not)?;

    let folder = check.programs.certificates()?;
    let folder =
        folder.to_str().context("the name of the folder of certificates is not readable")?;
    for (what, attack, wanted, why_not) in ATTACKS {
        let scenario = Scenario { clients: one_client(1), wanted, ..BASE };
        let played = check.play_both(what, &scenario, &PART4_CERT, Some(&[attack, folder]))?;
        check.note(what, why_not(&played))?;
    }
    Ok(())
}

/// Says how a client took what the server did not say, if it did not refuse the signature at once.
fn not_noticed(played: &Played, what: &str) -> Option<String> {
    let client = &played.clients[0];
    match client.refusal() {
        Some(("bad_signature", _)) => None,
        Some((_, words)) => Some(words.to_owned()),
        None if !client.received().is_empty() => Some(format!("the client believes {what}")),
        None if !client.sent().is_empty() => Some(format!(
            "the client believes {what}, and has sent its request when the server notices"
        )),
        None => Some(last_words("it ended in another way", client)),
    }
}
